package import ResealCore
package import ResealSealing

/// To what a token is narrowed, whatever its principal may do.
package struct TokenScope: Sendable, Hashable {
    /// Beginnings of names; empty for all.
    package var prefixes: [String]
    /// `nil` for all.
    package var actions: Set<AccessAction>?

    package init(prefixes: [String] = [], actions: Set<AccessAction>? = nil) {
        self.prefixes = prefixes
        self.actions = actions
    }

    /// Whether it leaves room for an action on the secret `name`. To see that it is there takes no action of its own.
    package func permits(_ action: AccessAction, _ name: String) -> Bool {
        (actions?.contains(action) ?? true || action == .list)
            && (prefixes.isEmpty || prefixes.contains { name.hasPrefix($0) })
    }

    /// True when everything that `other` permits is permitted here too.
    package func contains(_ other: TokenScope) -> Bool {
        let hasActions = actions.map { actions in other.actions?.isSubset(of: actions) ?? false } ?? true
        let hasNames = prefixes.isEmpty || !other.prefixes.isEmpty
        return hasActions && hasNames
            && other.prefixes.allSatisfy { name in prefixes.isEmpty || prefixes.contains { name.hasPrefix($0) } }
    }

    package var json: JSON {
        [
            "prefixes": .array(prefixes.map(JSON.string)),
            "actions": actions.map { .array($0.sorted().map { .string($0.rawValue) }) } ?? .null,
        ]
    }

    /// Throws ``VaultFailure/Kind/corrupt``: a scope that cannot be read must not pass for none.
    init(stored bytes: [UInt8]) throws {
        guard let json = try? JSON(parsing: bytes), let prefixes = json["prefixes"]?.arrayValue,
            let actions = json["actions"]
        else { throw VaultFailure(.corrupt, "the stored scope of a token cannot be read") }
        self.prefixes = prefixes.compactMap(\.stringValue)
        self.actions = actions.arrayValue.map { Set($0.compactMap { AccessAction(rawValue: $0.stringValue ?? "") }) }
    }
}

/// A token as it is stored. The token itself is nowhere: only its keyed digest.
package struct TokenRecord: Sendable, Hashable {
    /// HMAC-SHA-256 of the token under a key of the vault.
    package var digest: Digest256
    /// Names the token where the token itself must not stand: in the audit trail, and to revoke it.
    package var accessor: String
    /// The accessor of the token that it was made with; revoking that one revokes this one.
    package var parent: String?
    package var principal: Principal
    package var organization: String
    package var scope: TokenScope
    /// Why permissions do not count; `nil` for an ordinary token.
    package var breakGlassReason: String?
    package var createdAt: Timestamp
    package var createdBy: Principal
    /// How long one renewal lasts.
    package var ttl: TimeSpan
    package var expiresAt: Timestamp
    /// No renewal goes beyond it.
    package var endsAt: Timestamp
    package var isRenewable: Bool
    /// `nil` for any number.
    package var usesLeft: Int64?
    package var revokedAt: Timestamp?
    /// What was proved at the login that it was made by; `nil` for one that was made otherwise.
    package var identity: TokenIdentity?

    package func isValid(at now: Timestamp) -> Bool { revokedAt == nil && now < expiresAt && usesLeft != 0 }

    package var isBreakGlass: Bool { breakGlassReason != nil }
    package var asker: Asker { Asker(principal, organization: organization, identity: identity) }
    /// The address in the audit trail.
    package var address: String { "Token.\(organization)/\(accessor)" }

    /// `active`, `revoked`, `expired` or `used`.
    package func state(at now: Timestamp) -> String {
        if revokedAt != nil { return "revoked" }
        if now >= expiresAt { return "expired" }
        return usesLeft == 0 ? "used" : "active"
    }
}

/// A token is wrong, or cannot be made as it was asked for.
package struct TokenFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// Unknown, expired, revoked or used up: it is never told which.
        case invalid = "token.invalid"
        case unknown = "token.unknown"
        case badRequest = "token.bad-request"
        /// There is no such wrapping token, or no longer: it is never told which.
        case noWrapping = "token.no-wrapping"
        /// Too much waits to be unwrapped.
        case wrappingsFull = "token.wrappings-full"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
