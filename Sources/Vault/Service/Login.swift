package import ResealCore
package import ResealSealing

/// Somebody who proved who he is, and wants a token.
package struct Login: Sendable {
    package let principal: Principal
    package let organization: String
    package let identity: TokenIdentity
    package let ttl: TimeSpan
    /// How he proved it, for the audit trail.
    package let means: String

    package init(
        _ principal: Principal, organization: String, identity: TokenIdentity, ttl: TimeSpan, means: String
    ) {
        self.principal = principal
        self.organization = organization
        self.identity = identity
        self.ttl = ttl
        self.means = means
    }
}

/// Why a login is refused. Whoever tries gets the same answer always; the reason stands in the audit trail.
package struct LoginFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case malformed = "login.malformed"
        case unknownIssuer = "login.unknown-issuer"
        case audience = "login.audience"
        case algorithm = "login.algorithm"
        case unknownKey = "login.unknown-key"
        case keysUnavailable = "login.keys-unavailable"
        case signature = "login.signature"
        case expired = "login.expired"
        case notYetValid = "login.not-yet-valid"
        case namespace = "login.namespace"
        case noCertificate = "login.no-certificate"
        /// Proven, and yet nobody here.
        case noRole = "login.no-role"
    }

    package let kind: Kind
    package let message = "permission denied"
    package var hint: String? { nil }
    package var code: String { kind.rawValue }

    package init(_ kind: Kind) { self.kind = kind }
}

extension SecretService {
    /// A token for somebody who holds at least one role by what he proved. It cannot be renewed: whoever still is who he
    /// was can log in again.
    package func logIn(
        _ login: Login, _ caller: Caller
    ) async throws -> (token: SecretBytes, session: Session) {
        let context = caller.context(as: login.principal)
        let (roles, identity) = try await readers.run { [door] in
            try door.read { store, _, _ in try store.roles(of: login) }
        }
        guard !roles.isEmpty else {
            let failure = LoginFailure(.noRole)
            try await commits.record(
                AuditEntry(
                    .login, "", result: .refused, detail: "\(failure.code): \(login.means)", by: context))
            throw failure
        }
        let request = TokenRequest(
            login.principal, organization: login.organization, ttl: login.ttl, maxTTL: login.ttl, isRenewable: false,
            identity: identity)
        return try await commits.audited(.login, "", by: context) { transaction in
            let (token, record) = try transaction.createToken(request, parent: nil, by: context)
            try transaction.audit.record(
                .login, record.address, detail: "\(login.means), roles: \(roles.joined(separator: " "))", by: context)
            return (token, Session(record, caller))
        }
    }

    /// Records that a login proved nothing.
    package func refuseLogin(_ failure: LoginFailure, means: String, _ caller: Caller) async throws {
        guard let context = caller.context() else { return }
        try await commits.record(
            AuditEntry(.login, "", result: .refused, detail: "\(failure.code): \(means)", by: context))
    }
}

extension StoreReader {
    /// The roles that a login gives, by name, and what of its proof they ask for.
    fileprivate func roles(of login: Login) throws -> (names: [String], identity: TokenIdentity) {
        var names: [String] = []
        var all: [AccessRules.Role] = []
        for name in try appliedNames(kind: .role, organization: login.organization) {
            guard let role = try accessRole(ResourceKey(.role, name, organization: login.organization)) else {
                continue
            }
            all.append(role)
            if login.identity.reason(for: name, role) != nil { names.append(name) }
        }
        return (names, login.identity.reduced(to: all))
    }
}
