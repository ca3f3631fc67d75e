internal import Glibc
internal import ResealCore
internal import ResealEngines
internal import ResealHTTP
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What the controller's own configuration allows: servers in `endpoints/NAME.yaml` and programs in
/// `commands/NAME.yaml` of the vault's folder. Git only names them.
struct TargetFiles: Sendable {
    private static let largestFile = 1 << 16
    private let home: VaultHome

    init(_ home: VaultHome) { self.home = home }

    // MARK: Commands

    struct Command: Sendable {
        let program: String
        let arguments: [String]
    }

    func command(_ name: String) throws -> Command {
        let path = "\(home.commandsPath)/\(name).yaml"
        let settings = try texts(path, keys: ["program", "arguments"], what: "command `\(name)`")
        guard let program = settings["program"], program.hasPrefix("/") else {
            throw HandlerFailure(
                .notConfigured, "\(path) names no program by its full path", hint: "set `program: /path/to/program`")
        }
        try requireGuarded(program)
        let words = (settings["arguments"] ?? "").split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        return Command(program: program, arguments: words)
    }

    // MARK: Servers

    /// A server that speaks HTTP.
    struct WebEndpoint: Sendable {
        let path: String
        let address: WebAddress
        let settings: WebSettings
        let signingKey: SecretBytes?
        let options: [String: String]
    }

    /// - Parameter keys: further ones, beside those of every such server.
    func webEndpoint(_ name: String, keys: [String] = [], timeout: TimeSpan?) throws -> WebEndpoint {
        let path = endpointPath(name)
        let known = [
            "url", "url-file", "ca-file", "client-certificate", "client-key", "proxy", "connect-timeout",
            "signing-key-file",
        ]
        let texts = try texts(path, keys: known + keys, what: "endpoint `\(name)`")
        var settings = WebSettings()
        settings.authorityFile = texts["ca-file"]
        if let timeout { (settings.timeout, settings.readTimeout) = (timeout, timeout) }
        if let text = texts["connect-timeout"] { settings.connectTimeout = try span(text, path) }
        if let text = texts["proxy"] { settings.proxy = try proxy(text, path) }
        switch (texts["client-certificate"], texts["client-key"]) {
        case (let certificate?, let key?):
            settings.clientCertificate = .init(certificate: certificate, key: key)
        case (nil, nil): break
        default:
            throw HandlerFailure(
                .notConfigured, "\(path) has a certificate without its key, or a key without its certificate",
                hint: "set both `client-certificate` and `client-key`")
        }
        return WebEndpoint(
            path: path, address: try address(texts, path), settings: settings,
            signingKey: try texts["signing-key-file"].map { try secret(inFile: $0) }, options: texts)
    }

    func endpointPath(_ name: String) -> String { "\(home.endpointsPath)/\(name).yaml" }

    private func address(_ texts: [String: String], _ path: String) throws -> WebAddress {
        var text = texts["url"]
        // An address can be a secret itself, as those of incoming webhooks are.
        if let file = texts["url-file"] { text = try secret(inFile: file).revealText() }
        guard let text, texts["url"] == nil || texts["url-file"] == nil else {
            throw HandlerFailure(
                .notConfigured, "\(path) names no address, or two",
                hint: "set `url`, or `url-file` where the address is a secret")
        }
        let address = try WebAddress(text)
        guard address.scheme == .https || address.isLoopback else {
            throw HandlerFailure(
                .notConfigured, "\(path) sends in plain text to another machine", hint: "use an address with https://")
        }
        return address
    }

    private func proxy(_ text: String, _ path: String) throws -> WebProxy {
        if let proxy = WebProxy(setting: text) { return proxy }
        throw HandlerFailure(
            .notConfigured, "\(path) has a `proxy` that is none", hint: "write http://HOST:PORT, or none")
    }

    private func span(_ text: String, _ path: String) throws -> TimeSpan {
        if let span = TimeSpan(text), span.seconds > 0 { return span }
        throw HandlerFailure(
            .notConfigured, "\(path) has a time that is none", hint: "write a length of time, for example 90s or 5m")
    }

    // MARK: Files

    func texts(_ path: String, keys: [String], what: String) throws -> [String: String] {
        guard access(path, F_OK) == 0 else {
            throw HandlerFailure(
                .notConfigured, "the controller's configuration has no \(what)",
                hint: "make \(path); docs/rotation.md says what stands in it")
        }
        try requireGuarded(path)
        return try SettingsFile.texts(try AtomicFile.read(path, limit: Self.largestFile), name: path, keys: keys)
    }

    /// The first line of a file that nobody else may read.
    func secret(inFile path: String) throws -> SecretBytes {
        var bytes = try AtomicFile.readPrivate(path, limit: Self.largestFile)
        let line = SecretBytes(consuming: &bytes)
        let end = line.withUnsafeBytes { $0.firstIndex { $0 == 0x0a || $0 == 0x0d } ?? $0.count }
        return line.slice(0..<end)
    }

    /// Whoever can change the file decides where values go.
    private func requireGuarded(_ path: String) throws {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw HandlerFailure(.notConfigured, "there is no file \(path)", hint: "correct the configuration")
        }
        guard info.st_mode & 0o022 == 0 else {
            throw FileFailure(.tooOpen, "\(path) can be changed by other users", hint: "chmod go-w \(path)")
        }
    }
}
