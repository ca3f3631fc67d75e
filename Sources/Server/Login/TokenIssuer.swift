package import ResealCore
internal import ResealHTTP
internal import ResealSealing
internal import ResealVault

/// An identity provider whose tokens are taken: what the settings say of it.
package struct TokenIssuer: Sendable, Hashable {
    /// By which roles name it.
    package var name: String
    /// Exactly as it stands in tokens.
    package var issuer: String
    /// One of them has to be in a token.
    package var audiences: [String]
    /// Where its keys are; `nil` to ask the issuer where (OpenID Connect Discovery).
    package var keysAddress: String?
    /// PEM certificates of the authorities that its own certificate is checked by; the system's by default.
    package var authorityFile: String?
    package var organization: String
    /// How long a token of the vault lasts that is given for one of its.
    package var ttl: TimeSpan

    package init(
        name: String, issuer: String, audiences: [String], keysAddress: String?, authorityFile: String?,
        organization: String, ttl: TimeSpan
    ) {
        self.name = name
        self.issuer = issuer
        self.audiences = audiences
        self.keysAddress = keysAddress
        self.authorityFile = authorityFile
        self.organization = organization
        self.ttl = ttl
    }
}

/// Fetches the keys of one issuer, and keeps them for a while.
actor IssuerKeySource {
    private static let discovery = ".well-known/openid-configuration"
    private let issuer: TokenIssuer
    private let clock: WallClock
    private let client: WebClient
    private var keys = IssuerKeys()
    /// All who need the keys at the same time wait for one answer.
    private var fetching: Task<Void, Never>?

    init(_ issuer: TokenIssuer, _ clock: WallClock) {
        self.issuer = issuer
        self.clock = clock
        var settings = WebSettings()
        settings.authorityFile = issuer.authorityFile
        settings.connectTimeout = TimeSpan(seconds: 5)
        settings.readTimeout = TimeSpan(seconds: 10)
        settings.timeout = TimeSpan(seconds: 10)
        settings.bodyLimit = 512 << 10
        client = WebClient(settings)
    }

    /// The keys that may have signed a token.
    func candidates(for token: JSONWebToken) async throws(LoginFailure) -> [IssuerKey] {
        switch keys.step(for: token, at: clock.now()) {
        case .use(let found): return found
        case .fetch: await fetch()
        case .refuse: await fetching?.value
        }
        switch keys.step(for: token, at: clock.now(), mayFetch: false) {
        case .use(let found): return found
        case .refuse(let reason): throw LoginFailure(reason)
        case .fetch: throw LoginFailure(.keysUnavailable)
        }
    }

    private func fetch() async {
        keys.noteQuestion(at: clock.now())
        let task = Task {
            // An issuer that does not answer has the keys that he had.
            if let document = try? await self.document() { self.keys.noteAnswer(document, at: self.clock.now()) }
        }
        fetching = task
        await task.value
        fetching = nil
    }

    private func document() async throws -> JSON {
        if let address = issuer.keysAddress { return try await get(try WebAddress(address)) }
        let found = try await get(try WebAddress(issuer.issuer).appending(Self.discovery))
        // Whoever answers for another issuer does not say where the keys of this one are.
        guard found["issuer"]?.stringValue == issuer.issuer, let text = found["jwks_uri"]?.stringValue else {
            throw LoginFailure(.keysUnavailable)
        }
        let address = try WebAddress(text)
        guard address.scheme == .https || address.isLoopback else { throw LoginFailure(.keysUnavailable) }
        return try await get(address)
    }

    private func get(_ address: WebAddress) async throws -> JSON {
        let answer = try await client.send(WebRequest("GET", address, headers: [("accept", "application/json")]))
        guard answer.head.isSuccess else { throw LoginFailure(.keysUnavailable) }
        return try JSON(parsing: answer.body.revealBytes(), maximumDepth: 16)
    }
}
