internal import ResealCore
internal import ResealHTTP
public import ResealSealing
public import ResealWire

/// A vault behind a server, `reseal serve`: reads and writes of secrets over TLS 1.3.
///
/// ```swift
/// let client = try SecretClient(
///     address: "https://vault.example.org:8200", token: token, trust: .init(pin: "sha256//…="))
/// let login = try await client.get("prod/orders-db", as: DatabaseCredential.self, cache: .seconds(300))
/// ```
///
/// Its calls have the shape of those of the embedded `Vault`. They throw ``ClientFailure``. What only reads, and what the
/// server has certainly not done, is tried again after growing pauses, or those that the server asks for.
public final class SecretClient: Sendable {
    /// How the server proves who it is.
    public struct Trust: Sendable, Hashable {
        /// A PEM file of certificate authorities; the system's where it is `nil`.
        public var authorityFile: String?
        /// SHA-256 of the server's public key, as `reseal serve` logs it and `curl --pinnedpubkey` takes it:
        /// `sha256//` and base64. Without ``authorityFile``, it alone decides.
        public var pin: String?

        /// By default what the system trusts.
        public init(authorityFile: String? = nil, pin: String? = nil) {
            self.authorityFile = authorityFile
            self.pin = pin
        }
    }

    private static let page = 1000

    private let transport: Transport
    private let cache = ReadingCache()

    /// - Parameters:
    ///   - address: `https://…`; `http://` only for this machine; `unix:///…` for its agent, which needs no token.
    ///   - attempts: how often a call is tried at most.
    /// - Throws: ``ClientFailure`` for an address that the token would be sent to in the clear, or a pin that is none.
    public init(address: String, token: SecretBytes, trust: Trust = Trust(), attempts: Int = 4) throws {
        let connection = try ServerConnection(address, trust)
        transport = Transport(
            base: connection.base, token: token, client: WebClient(connection.settings), attempts: max(1, attempts))
    }

    /// Ends its connections and forgets the values it keeps; calls that are under way fail.
    public func shutdown() async {
        cache.dropAll()
        await transport.client.shutdown()
    }

    // MARK: Reading

    /// The value of a secret.
    ///
    /// - Parameters:
    ///   - version: another than the current one.
    ///   - age: for how long the value may be kept, in protected memory, and how old one may be that was kept before.
    public func get(_ name: String, version: Int64? = nil, cache age: Duration = .zero) async throws -> SecretReading {
        let key = ReadingCache.Key(name: name, version: version)
        if age > .zero, let known = cache.reading(key, upTo: age) { return known }
        let query = version.map { "?version=\($0)" } ?? ""
        let mark = cache.mark
        let answer = try await ask("GET", "secrets/\(PercentEncoding.encode(name))\(query)")
        guard let json = try? SecretJSON(parsing: answer.body), let reading = SecretReading(json) else { throw strange }
        if age > .zero { cache.keep(reading, key, for: age, since: mark) }
        return reading
    }

    /// A value that has the fields of a well-known type.
    public func get<T: TypedSecret>(
        _ name: String, as type: T.Type, version: Int64? = nil, cache age: Duration = .zero
    ) async throws -> T {
        try T(try await get(name, version: version, cache: age).value)
    }

    /// The current values of several secrets as they were at one moment, all or none, in the order asked for.
    public func getMany(_ names: [String]) async throws -> [SecretReading] {
        try await outcomes(of: names).map { try $0.get() }
    }

    /// As ``getMany(_:)``, with the reason in the place of each value that the caller does not get.
    public func outcomes(of names: [String]) async throws -> [Result<SecretReading, ClientFailure>] {
        guard !names.isEmpty else { return [] }
        let order: JSON = ["secrets": .array(names.map { ["name": .string($0)] })]
        let answer = try await ask("POST", "read", .bytes(order.canonicalBytes))
        guard let items = (try? SecretJSON(parsing: answer.body))?["secrets"]?.items, items.count == names.count else {
            throw strange
        }
        return try items.map { item in
            if let reading = SecretReading(item) { return .success(reading) }
            guard let error = item["error"]?.revealJSON(), let failure = ClientFailure(error, status: 200) else {
                throw strange
            }
            return .failure(failure)
        }
    }

    /// Secrets that the caller may see and whose name starts with `prefix`, without values, in order of name.
    public func list(prefix: String = "", includingDeleted: Bool = false) async throws -> [SecretInfo] {
        var infos: [SecretInfo] = []
        var after = ""
        while true {
            let query = "prefix=\(PercentEncoding.encode(prefix))&after=\(PercentEncoding.encode(after))"
            let json = try await document(
                "GET", "secrets?\(query)&limit=\(Self.page)&deleted=\(includingDeleted)", isRepeatable: true)
            infos += try items(json["secrets"], SecretInfo.init)
            guard let next = json["next"]?.stringValue, next > after else { return infos }
            after = next
        }
    }

    /// Every version of a secret that ever was, oldest first, without values.
    public func versions(of name: String) async throws -> [VersionInfo] {
        let json = try await document("GET", "versions/\(PercentEncoding.encode(name))", isRepeatable: true)
        return try items(json["versions"], VersionInfo.init)
    }

    /// Which secrets changed since `cursor`, which an answer before gave; without one, the cursor to begin with.
    ///
    /// - Parameter wait: how long to wait for a change, 50 seconds at most.
    public func changes(since cursor: Int64?, wait: Duration = .zero) async throws -> (names: [String], cursor: Int64) {
        let query = cursor.map { "?since=\($0)&wait=\(max(0, wait.components.seconds))s" } ?? ""
        let json = try await document("GET", "changes\(query)", isRepeatable: true)
        guard let names = json["changed"]?.arrayValue, let next = json["cursor"]?.integerValue else { throw strange }
        return (names.compactMap(\.stringValue), next)
    }

    // MARK: Writing

    /// Writes a new version.
    ///
    /// - Parameter expected: the version that must be current, 0 for none; else nothing is written.
    @discardableResult
    public func set(
        _ name: String, to value: SecretValue, expecting expected: Int64? = nil
    ) async throws -> SecretWriting {
        try await write("PUT", "secrets", name, .secret(value.document()), expected: expected)
    }

    /// Writes a new version with one field replaced or added.
    @discardableResult
    public func set(
        _ name: String, field: String, to leaf: SecretValue, expecting expected: Int64? = nil
    ) async throws -> SecretWriting {
        try await write(
            "PUT", "secrets", name, query: "?field=\(PercentEncoding.encode(field))", .secret(leaf.document()),
            expected: expected)
    }

    /// Makes an older value current again, as a new version: the one before, unless `version` is given.
    @discardableResult
    public func rollback(_ name: String, to version: Int64? = nil) async throws -> SecretWriting {
        let order: JSON = .object(version.map { ["to": .integer($0)] } ?? [:])
        return try await write("POST", "rollback", name, .bytes(order.canonicalBytes))
    }

    /// Deletes a secret; its values stay for its `keepPrevious` unless they are destroyed.
    @discardableResult
    public func delete(_ name: String, destroying: Bool = false) async throws -> SecretWriting {
        try await write("DELETE", "secrets", name, query: "?destroy=\(destroying)", .none)
    }

    /// Renews a value: makes it, hands it to its target, uses it there, and makes it current.
    ///
    /// - Parameters:
    ///   - value: the new value in place of one that is made.
    ///   - field: the one that gets it; by default what the manifest says.
    @discardableResult
    public func rotate(
        _ name: String, to value: SecretBytes? = nil, field: String? = nil
    ) async throws -> SecretRotation {
        defer { cache.drop(name) }
        var parts: [SecretBytes] = []
        if let value { parts += [SecretBytes(utf8: "\"value\":"), SecretValue(scalar: value).revealJSON()] }
        if let field {
            parts.append(SecretBytes(utf8: "\(parts.isEmpty ? "" : ",")\"field\":\(JSON.string(field).canonical)"))
        }
        let body = SecretBytes.joined([SecretBytes(utf8: "{")] + parts + [SecretBytes(utf8: "}")])
        let json = try await document(
            "POST", "rotate/\(PercentEncoding.encode(name))", .secret(body), isRepeatable: false)
        guard let rotation = SecretRotation(json) else { throw strange }
        return rotation
    }

    private func write(
        _ method: String, _ folder: String, _ name: String, query: String = "", _ body: WebRequest.Body,
        expected: Int64? = nil
    ) async throws -> SecretWriting {
        defer { cache.drop(name) }
        let condition = expected.map { $0 == 0 ? ("if-none-match", "*") : ("if-match", "\"v\($0)\"") }
        let json = try await document(
            method, "\(folder)/\(PercentEncoding.encode(name))\(query)", body, headers: condition.map { [$0] } ?? [],
            isRepeatable: false)
        guard let writing = SecretWriting(json) else { throw strange }
        return writing
    }

    // MARK: The token

    /// Whom the token stands for, for example `service:orders`.
    public func principal() async throws -> String {
        guard let name = try await document("GET", "whoami", isRepeatable: true)["principal"]?.stringValue else {
            throw strange
        }
        return name
    }

    /// Ends the token that this client has.
    public func revokeToken() async throws {
        _ = try await transport.send("DELETE", "reseal/token", isRepeatable: false)
    }

    // MARK: Answers

    private var strange: ClientFailure { .answer(transport.base.place) }

    private func ask(
        _ method: String, _ path: String, _ body: WebRequest.Body = .none
    ) async throws -> WebResponse {
        try await transport.send(method, "reseal/\(path)", body, isRepeatable: true)
    }

    /// An answer without secrets.
    private func document(
        _ method: String, _ path: String, _ body: WebRequest.Body = .none, headers: [(String, String)] = [],
        isRepeatable: Bool
    ) async throws -> JSON {
        let answer = try await transport.send(
            method, "reseal/\(path)", body, headers: headers, isRepeatable: isRepeatable)
        guard let json = answer.body.withUnsafeBytes({ try? JSON(parsing: $0) }) else { throw strange }
        return json
    }

    private func items<T>(_ list: JSON?, _ read: (JSON) -> T?) throws -> [T] {
        guard let list = list?.arrayValue else { throw strange }
        let items = list.compactMap(read)
        guard items.count == list.count else { throw strange }
        return items
    }
}
