internal import ResealCore

/// What somebody proved of himself when he logged in, as far as roles ask for it. Which roles that gives is judged at each
/// request, by what Git says then.
package struct TokenIdentity: Sendable, Hashable {
    package enum Proof: Sendable, Hashable {
        /// Texts of each claim that an identity provider vouches for.
        case claims(provider: String, [String: [String]])
        /// Names of a client certificate.
        case certificate([String])
    }

    package var proof: Proof
    /// The only role that counts; `nil` for all.
    package var role: String?

    package init(_ proof: Proof, role: String? = nil) {
        self.proof = proof
        self.role = role
    }

    /// Why he has a role; `nil` where he has not.
    func reason(for name: String, _ role: AccessRules.Role) -> String? {
        guard self.role.map({ $0 == name }) ?? true else { return nil }
        switch proof {
        case .claims(let provider, let claims):
            let fits = role.claims.contains { $0.provider == provider && $0.fits(claims) }
            return fits ? "spec.oidc of role:\(name) fits the claims that \(provider) vouches for" : nil
        case .certificate(let names):
            let certificate = role.certificates.first(where: names.contains)
            return certificate.map { "spec.certificates of role:\(name) names \($0)" }
        }
    }

    /// Without the claims that none of `roles` asks for.
    func reduced(to roles: [AccessRules.Role]) -> TokenIdentity {
        guard case .claims(let provider, let claims) = proof else { return self }
        let rules = roles.flatMap(\.claims).filter { $0.provider == provider }
        let wanted = Set(rules.flatMap(\.claims.keys))
        return TokenIdentity(.claims(provider: provider, claims.filter { wanted.contains($0.key) }), role: role)
    }

    var json: JSON {
        var members: [String: JSON] = [:]
        members["role"] = role.map(JSON.string)
        switch proof {
        case .claims(let provider, let claims):
            members["provider"] = .string(provider)
            members["claims"] = .object(claims.mapValues { .array($0.map(JSON.string)) })
        case .certificate(let names): members["certificate"] = .array(names.map(JSON.string))
        }
        return .object(members)
    }

    /// Throws ``VaultFailure/Kind/corrupt``: an identity that cannot be read must not pass for none, which has no role to
    /// be narrowed to.
    init(stored bytes: [UInt8]) throws {
        func texts(_ json: JSON?) -> [String]? { json?.arrayValue?.compactMap(\.stringValue) }
        let json = try? JSON(parsing: bytes)
        role = json?["role"]?.stringValue
        if let names = texts(json?["certificate"]) {
            proof = .certificate(names)
        } else if let provider = json?["provider"]?.stringValue, let claims = json?["claims"]?.objectValue {
            proof = .claims(provider: provider, claims.compactMapValues { texts($0) })
        } else {
            throw VaultFailure(.corrupt, "the stored identity of a token cannot be read")
        }
    }
}

/// What a role asks of the claims of those who hold it.
package struct ClaimRule: Sendable, Hashable {
    package let provider: String
    /// By name; `*` within a value stands for any text.
    package let claims: [String: String]

    /// One text of each claim has to fit. A rule without claims fits nobody.
    func fits(_ given: [String: [String]]) -> Bool {
        !claims.isEmpty
            && claims.allSatisfy { name, pattern in
                given[name]?.contains { Wildcards.match(pattern, $0) } ?? false
            }
    }
}
