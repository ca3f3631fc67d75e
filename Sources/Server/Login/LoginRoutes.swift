internal import ResealCore
internal import ResealVault

/// What is asked by those who have no token yet.
struct LoginRoutes: Sendable {
    private let service: SecretService
    private let tokens: TokenLogin
    private let certificates: CertificateLogin

    init(_ service: SecretService, issuers: [TokenIssuer], certificateTTL: TimeSpan) {
        self.service = service
        tokens = TokenLogin(issuers, service.clock)
        certificates = CertificateLogin(ttl: certificateTTL, clock: service.clock)
    }

    static func isLogin(_ request: APIRequest) -> Bool {
        [TokenLogin.path, CertificateLogin.path].contains(request.path) && request.verb == .write
    }

    /// A token for whoever proves who he is. Every failure is recorded, and gets the same answer.
    func answer(_ request: APIRequest) async throws -> APIReply {
        let members = try request.members()
        let login: Login
        do throws(LoginFailure) {
            login =
                request.path == TokenLogin.path
                ? try await byToken(request, members) : try await byCertificate(request, members)
        } catch {
            try await service.refuseLogin(error, means: request.path, request.caller)
            throw error
        }
        return try await enter(login, request)
    }

    private func byToken(_ request: APIRequest, _ members: [String: JSON]) async throws(LoginFailure) -> Login {
        guard let jwt = members["jwt"]?.stringValue else { throw LoginFailure(.malformed) }
        let login = try await tokens.verify(jwt, role: Self.text(members["role"]))
        guard request.namespace.map({ $0 == login.organization }) ?? true else { throw LoginFailure(.namespace) }
        return login
    }

    /// A certificate belongs to no organization: the roles of the one that is asked for decide.
    private func byCertificate(_ request: APIRequest, _ members: [String: JSON]) async throws(LoginFailure) -> Login {
        try certificates.verify(
            await request.clientCertificate(), organization: request.namespace ?? SecretID.defaultOrganization,
            role: Self.text(members["name"]))
    }

    private static func text(_ value: JSON?) -> String? { value?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    private func enter(_ login: Login, _ request: APIRequest) async throws -> APIReply {
        let asker = Asker(login.principal, organization: login.organization)
        let wrapping = try ResponseWrapping(request, service)
        try await wrapping?.prepare(for: asker)
        let (token, session) = try await service.logIn(login, request.caller)
        let answer = TokenDocument.answer(
            session.token, token: token, requestID: request.caller.requestID, at: service.clock.now())
        let reply = APIReply(200, body: answer, accessor: session.token.accessor)
        return try await wrapping?.wrap(reply, for: asker, by: session.context) ?? reply
    }
}
