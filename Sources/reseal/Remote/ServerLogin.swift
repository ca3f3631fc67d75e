internal import Glibc
internal import ResealClient
internal import ResealCore
internal import ResealSealing

/// A server with a token for it, and how it proves who it is.
struct ServerLogin: Sendable {
    var server: String
    var token: SecretBytes
    var trust: SecretClient.Trust

    func client() throws -> SecretClient { try SecretClient(address: server, token: token, trust: trust) }

    // MARK: The stored one

    private static let largest = 1 << 16

    /// In the user's folder of settings (XDG Base Directory Specification).
    static func path(_ environment: [String: String]) throws -> String {
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        guard let folder = folder ?? environment["HOME"].flatMap({ $0.isEmpty ? nil : "\($0)/.config" }) else {
            throw UsageFailure("there is no folder for the login", hint: "set HOME or XDG_CONFIG_HOME")
        }
        return "\(folder)/reseal/login.json"
    }

    /// `nil` where nobody logged in. Throws for a file that others can read.
    static func stored(_ environment: [String: String]) throws -> ServerLogin? {
        guard let path = try? path(environment), FileProbe.exists(path) else { return nil }
        var bytes = try AtomicFile.readPrivate(path, limit: largest)
        defer { bytes.withUnsafeMutableBytes { explicitZero($0) } }
        guard let json = try? JSON(parsing: bytes), let server = json["server"]?.stringValue,
            let token = json["token"]?.stringValue
        else { throw UsageFailure("\(path) is no login", hint: "`reseal login` writes it anew") }
        return ServerLogin(
            server: server, token: SecretBytes(utf8: token),
            trust: SecretClient.Trust(
                authorityFile: json["ca_file"]?.stringValue, pin: json["pin"]?.stringValue))
    }

    func store(_ environment: [String: String]) throws {
        let path = try Self.path(environment)
        try AtomicFile.createPrivateFolder(String(path.dropLast("/login.json".count)))
        let document: JSON = [
            "server": .string(server), "token": .string(token.revealText() ?? ""),
            "ca_file": trust.authorityFile.map(JSON.string) ?? .null, "pin": trust.pin.map(JSON.string) ?? .null,
        ]
        try AtomicFile.write(document.canonicalBytes, to: path, mode: 0o600)
    }

    static func forget(_ environment: [String: String]) throws {
        let path = try Self.path(environment)
        guard unlink(path) == 0 || errno == ENOENT else {
            throw FileFailure(.unwritable, "cannot remove \(path): \(String(cString: strerror(errno)))")
        }
    }
}
