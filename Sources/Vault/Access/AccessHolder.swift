package import ResealCore

/// Somebody who has access: by his name, or as the holder of a role that he proves to have when he logs in.
package enum AccessHolder: Sendable, Hashable {
    case principal(Principal)
    case claims(ClaimRule, role: String)
    case certificate(String, role: String)

    /// Who would ask, had he logged in with just that.
    func asker(in organization: String) -> Asker {
        switch self {
        case .principal(let principal): Asker(principal, organization: organization)
        case .claims(let rule, let role):
            // A pattern fits itself.
            Asker(
                .everyone, organization: organization,
                identity: TokenIdentity(
                    .claims(provider: rule.provider, rule.claims.mapValues { [$0] }), role: role))
        case .certificate(let name, let role):
            Asker(.everyone, organization: organization, identity: TokenIdentity(.certificate([name]), role: role))
        }
    }

    package var description: String {
        switch self {
        case .principal(let principal): principal.description
        case .claims(let rule, let role):
            "role:\(role) by \(rule.provider) ("
                + rule.claims.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ") + ")"
        case .certificate(let name, let role): "role:\(role) by certificate \(name)"
        }
    }

    package var json: [String: JSON] {
        switch self {
        case .principal(let principal): ["principal": .string(principal.description)]
        case .claims(let rule, let role):
            [
                "principal": .string("role:\(role)"), "provider": .string(rule.provider),
                "claims": .object(rule.claims.mapValues(JSON.string)),
            ]
        case .certificate(let name, let role):
            ["principal": .string("role:\(role)"), "certificate": .string(name)]
        }
    }
}

extension AccessRules {
    /// What the roles that are named here ask of those who log in, by role.
    var proofs: [AccessHolder] {
        roles.sorted { $0.key < $1.key }.flatMap { name, role in
            role.claims.map { .claims($0, role: name) } + role.certificates.map { .certificate($0, role: name) }
        }
    }
}
