internal import Foundation
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// The certificate that the API has when nobody gave it one: self-signed, made once, kept in the vault's folder.
struct OwnCertificate {
    let certificate: String
    let key: String
    /// SHA-256 of the public key, in the form that `curl --pinnedpubkey` takes.
    let pin: String

    private static let lifetime = TimeSpan(seconds: 3650 * 86_400)

    /// Makes it where there is none. The certificate is written last: where it stands, the rest does too.
    static func ensure(_ home: VaultHome, host: String, clock: WallClock = .system) throws -> OwnCertificate {
        let folder = "\(home.path)/tls"
        let (certificate, key, pin) = ("\(folder)/server.pem", "\(folder)/server.key", "\(folder)/server.pin")
        if !FileProbe.exists(certificate) {
            try AtomicFile.createPrivateFolder(folder)
            let pair = try KeyPair(.ec(.p256))
            let text = try pair.certificate(subject(host, at: clock.now()))
            try AtomicFile.write(try pair.privatePEM().revealBytes(), to: key, mode: 0o600)
            try AtomicFile.write(Array(try fingerprint(of: pair).utf8), to: pin, mode: 0o644)
            try AtomicFile.write(Array(text.utf8), to: certificate, mode: 0o644)
        }
        let stored = try AtomicFile.read(pin, limit: 256)
        return OwnCertificate(certificate: certificate, key: key, pin: String(decoding: stored, as: UTF8.self))
    }

    private static func subject(_ host: String, at now: Timestamp) -> CertificateSubject {
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        var names: Set = ["localhost", ProcessInfo.processInfo.hostName]
        var addresses: Set = ["127.0.0.1", "::1"]
        if isAddress { addresses.insert(host) } else { names.insert(host) }
        return CertificateSubject(
            commonName: "reseal", dnsNames: names.filter(isName).sorted(), ipAddresses: addresses.sorted(),
            from: now.subtracting(TimeSpan(seconds: 3600)), until: now.adding(lifetime))
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || (48...57).contains(byte)
                    || (65...90).contains(byte) || (97...122).contains(byte)
            }
    }

    private static func fingerprint(of pair: KeyPair) throws -> String {
        let base64 = try pair.publicPEM().split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let der = Base64.decode(Array(base64.utf8), padded: true) ?? []
        return "sha256//\(Base64.encode(Digest256(hashing: der).bytes, padded: true))"
    }
}
