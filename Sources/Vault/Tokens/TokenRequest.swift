package import ResealCore

/// What a token shall be.
package struct TokenRequest: Sendable {
    package static let longestBreakGlass = TimeSpan(seconds: 3600)
    package static let longestLife = TimeSpan(seconds: 366 * 86_400)

    package var principal: Principal
    package var organization: String
    package var ttl: TimeSpan
    package var maxTTL: TimeSpan
    package var isRenewable: Bool
    package var uses: Int64?
    package var scope: TokenScope
    /// Makes it a token for emergencies, whose permissions are all of its organization.
    package var breakGlassReason: String?
    package var identity: TokenIdentity?

    package init(
        _ principal: Principal, organization: String = SecretID.defaultOrganization, ttl: TimeSpan,
        maxTTL: TimeSpan? = nil, isRenewable: Bool = true, uses: Int64? = nil, scope: TokenScope = TokenScope(),
        breakGlassReason: String? = nil, identity: TokenIdentity? = nil
    ) {
        self.principal = principal
        self.organization = organization
        self.ttl = ttl
        self.maxTTL = maxTTL ?? max(ttl, TimeSpan(seconds: 32 * 86_400))
        self.isRenewable = isRenewable
        self.uses = uses
        self.scope = scope
        self.breakGlassReason = breakGlassReason
        self.identity = identity
    }

    func validate() throws(TokenFailure) {
        guard principal.kind == .user || principal.kind == .service else {
            throw TokenFailure(
                .badRequest, "a token belongs to someone who acts, not to `\(principal)`",
                hint: "write user:NAME or service:NAME")
        }
        guard ResourceName.organizationProblem(organization) == nil else {
            throw TokenFailure(.badRequest, "the organization's name is wrong", hint: "for example `default`")
        }
        guard ttl.seconds > 0, ttl <= maxTTL, maxTTL <= Self.longestLife else {
            throw TokenFailure(
                .badRequest, "the token's lifetime is wrong",
                hint: "at least 1s, at most its maximum (\(maxTTL)), and no maximum over \(Self.longestLife)")
        }
        guard uses.map({ $0 > 0 }) ?? true else {
            throw TokenFailure(.badRequest, "a token has at least one use", hint: "leave the number out for no limit")
        }
        if let breakGlassReason { try validateBreakGlass(breakGlassReason) }
    }

    private func validateBreakGlass(_ reason: String) throws(TokenFailure) {
        guard reason.contains(where: { !$0.isWhitespace }), reason.utf8.count <= 500 else {
            throw TokenFailure(
                .badRequest, "a break-glass token needs a reason of 1 to 500 bytes", hint: "say what happened")
        }
        guard ttl <= Self.longestBreakGlass else {
            throw TokenFailure(
                .badRequest, "a break-glass token lasts 1h at most", hint: "make another one when it ends")
        }
    }
}
