internal import ResealCore
internal import ResealSealing

/// The host keys that a person has accepted: the format of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Plain names,
/// wildcards, negation, `[host]:port`, hashed names and `@revoked` are read. Lines of certificate authorities are left
/// out, for libssh2 knows no host certificates.
package struct KnownHosts: Sendable {
    package enum Verdict: Sendable, Hashable {
        case trusted
        /// No line names this host with a key of this type.
        case unknown
        /// A line names this host with another key of the same type.
        case changed
        case revoked
    }

    private struct Line: Sendable {
        let names: String
        let isRevoked: Bool
        let key: HostKey
    }

    private var lines: [Line] = []

    package init(parsing text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            var fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            let isRevoked = first == "@revoked"
            if isRevoked { fields.removeFirst() } else if first.hasPrefix("@") { continue }
            guard fields.count >= 3, let key = Base64.decode(fields[2].utf8, padded: true),
                let hostKey = HostKey(key), hostKey.type == fields[1]
            else { continue }
            lines.append(Line(names: String(fields[0]), isRevoked: isRevoked, key: hostKey))
        }
    }

    /// Adds the lines of another file.
    package mutating func append(_ other: KnownHosts) { lines += other.lines }

    /// Judges the key that a host has shown. As with ssh, a key that is known for a host without a port counts for its
    /// other ports too.
    package func verdict(on key: HostKey, of host: String, port: Int) -> Verdict {
        let own = entries(for: host, port: port)
        let shared = port == Self.standardPort ? [] : entries(for: host, port: Self.standardPort)
        if (own + shared).contains(where: { $0.isRevoked && $0.key == key }) { return .revoked }
        if (own + shared).contains(where: { !$0.isRevoked && $0.key == key }) { return .trusted }
        return own.contains { !$0.isRevoked && $0.key.type == key.type } ? .changed : .unknown
    }

    /// The keys by which a host may prove itself, best type first.
    package func keys(of host: String, port: Int) -> [HostKey] {
        var lines = entries(for: host, port: port)
        if port != Self.standardPort { lines += entries(for: host, port: Self.standardPort) }
        let revoked = Set(lines.filter(\.isRevoked).map(\.key))
        return lines.filter { !$0.isRevoked && !revoked.contains($0.key) }.map(\.key)
            .sorted { HostKey.rank($0.type) < HostKey.rank($1.type) }
    }

    static let standardPort = 22

    private func entries(for host: String, port: Int) -> [Line] {
        let name = port == Self.standardPort ? host.lowercased() : "[\(host.lowercased())]:\(port)"
        return lines.filter { Self.matches($0.names, name) }
    }

    private static func matches(_ names: String, _ name: String) -> Bool {
        if names.hasPrefix("|") { return matchesHash(names, name) }
        var found = false
        for pattern in names.lowercased().split(separator: ",") {
            if pattern.hasPrefix("!") {
                if matchesPattern(pattern.dropFirst(), name) { return false }
            } else if matchesPattern(pattern, name) {
                found = true
            }
        }
        return found
    }

    /// `|1|salt|HMAC-SHA1 of the name under the salt`, both in base64.
    private static func matchesHash(_ field: String, _ name: String) -> Bool {
        let parts = field.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1] == "1", let salt = Base64.decode(parts[2].utf8, padded: true),
            let expected = Base64.decode(parts[3].utf8, padded: true),
            let code = try? HMAC.code(Array(name.utf8), key: SecretBytes(salt), digest: .sha1)
        else { return false }
        return code == expected
    }

    /// `*` stands for any characters and `?` for one. Linear in the product of the lengths, whatever the pattern.
    private static func matchesPattern(_ pattern: Substring, _ name: String) -> Bool {
        let (p, n) = (Array(pattern.utf8), Array(name.utf8))
        var (i, j) = (0, 0)
        var retry: (pattern: Int, name: Int)?
        while j < n.count {
            if i < p.count, p[i] == UInt8(ascii: "*") {
                retry = (i + 1, j)
                i += 1
            } else if i < p.count, p[i] == UInt8(ascii: "?") || p[i] == n[j] {
                i += 1
                j += 1
            } else if let last = retry {
                retry = (last.pattern, last.name + 1)
                (i, j) = (last.pattern, last.name + 1)
            } else {
                return false
            }
        }
        return p[i...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// A public key in SSH's wire format (RFC 4253, section 6.6).
package struct HostKey: Sendable, Hashable {
    package let blob: [UInt8]
    /// For example `ssh-ed25519`.
    package let type: String

    /// `nil` unless the blob begins with the name of a type.
    package init?(_ blob: [UInt8]) {
        guard blob.count >= 4 else { return nil }
        let count = blob[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard count > 0, count <= 64, blob.count > 4 + count,
            blob[4..<(4 + count)].allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        self.blob = blob
        type = String(decoding: blob[4..<(4 + count)], as: UTF8.self)
    }

    /// As `ssh-keygen -l` shows it.
    package var fingerprint: String { "SHA256:\(Base64.encode(SHA256.hash(blob), padded: false))" }

    /// The types that libssh2 1.10 can check, best first. RSA is last: it only knows the variant with SHA-1, which
    /// current servers refuse.
    static let types = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    ]
    static func rank(_ type: String) -> Int { types.firstIndex(of: type) ?? types.count }
}
