package import ResealCore

/// A permission that the vault's owner gives in the settings, for secrets that no manifest describes.
package struct AccessRule: Sendable, Hashable {
    package let organization: String
    /// Names of secrets; one that ends in `*` fits all that begin like it.
    package let names: [String]
    package let principals: [Principal]
    package let actions: Set<AccessAction>
    /// Where it stands, for explanations.
    package let place: String

    package init(
        organization: String, names: [String], principals: [Principal], actions: Set<AccessAction>, place: String
    ) {
        self.organization = organization
        self.names = names
        self.principals = principals
        self.actions = actions
        self.place = place
    }

    package func fits(_ key: ResourceKey) -> Bool {
        key.organization == organization
            && names.contains { name in
                name.hasSuffix("*") ? key.name.hasPrefix(name.dropLast()) : key.name == name
            }
    }
}

/// All that decides who may do what with one resource.
package struct AccessRules: Sendable {
    /// A role with its members, as Git last said.
    package struct Role: Sendable {
        package let members: [Principal]
        /// What is asked of those who log in with a token of an identity provider.
        package let claims: [ClaimRule]
        /// Names of client certificates.
        package let certificates: [String]
        package let place: String

        package init(
            members: [Principal], claims: [ClaimRule] = [], certificates: [String] = [], place: String
        ) {
            self.members = members
            self.claims = claims
            self.certificates = certificates
            self.place = place
        }

        fileprivate init(_ record: AppliedRecord) {
            let spec = (try? JSON(parsing: record.spec))?["spec"]
            let claims = (spec?["oidc"]?.arrayValue ?? []).compactMap { rule in
                rule["provider"]?.stringValue.map { provider in
                    ClaimRule(
                        provider: provider, claims: (rule["claims"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
                    )
                }
            }
            self.init(
                members: record.members, claims: claims,
                certificates: (spec?["certificates"]?.arrayValue ?? []).compactMap(\.stringValue),
                place: record.position.span.description)
        }
    }

    package let key: ResourceKey
    /// The manifest's permissions and its place; `nil` where no manifest describes the resource.
    package let manifest: (grants: Grants, place: String)?
    /// By name; those of the resource's organization that anything here names.
    package let roles: [String: Role]
    /// What the settings say of it: only rules that fit, and none beside a manifest, which leaves them nothing to say.
    package let settings: [AccessRule]

    package init(
        _ key: ResourceKey, manifest: (grants: Grants, place: String)?, roles: [String: Role], settings: [AccessRule]
    ) {
        self.key = key
        self.manifest = manifest
        self.roles = roles
        self.settings = settings
    }

    /// Every principal that is named, a role's members included.
    package var principals: Set<Principal> {
        let named = manifest.map { manifest in AccessAction.grantable.flatMap(manifest.grants.principals) } ?? []
        return Set(named).union(settings.flatMap(\.principals)).union(roles.values.flatMap(\.members))
    }
}

extension StoreReader {
    /// What decides about a resource. Alike for a secret that does not exist and one that no manifest describes.
    package func accessRules(for key: ResourceKey, settings: [AccessRule]) throws -> AccessRules {
        var roles: [ResourceKey: AccessRules.Role] = [:]
        return try accessRules(key, manifest: try accessManifest(of: key), settings, &roles)
    }

    /// As above for a secret whose record is known, without the manifest's place: for long lists.
    ///
    /// - Parameter known: roles that were looked up before.
    func accessRules(
        for record: SecretRecord, settings: [AccessRule], roles known: inout [ResourceKey: AccessRules.Role]
    ) throws -> AccessRules {
        let manifest = record.currentGrants.map { (grants: $0, place: "") }
        return try accessRules(ResourceKey(record.id), manifest: manifest, settings, &known)
    }

    private func accessRules(
        _ key: ResourceKey, manifest: (grants: Grants, place: String)?, _ settings: [AccessRule],
        _ known: inout [ResourceKey: AccessRules.Role]
    ) throws -> AccessRules {
        let fitting = manifest == nil ? settings.filter { $0.fits(key) } : []
        let named =
            manifest.map { $0.grants.roles(in: key.organization) }
            ?? Set(
                fitting.flatMap(\.principals).filter { $0.kind == .role }.map {
                    ResourceKey(.role, $0.name, organization: key.organization)
                })
        var roles: [String: AccessRules.Role] = [:]
        for role in named {
            guard let found = try known[role] ?? accessRole(role) else { continue }
            known[role] = found
            roles[role.name] = found
        }
        return AccessRules(key, manifest: manifest, roles: roles, settings: fitting)
    }

    private func accessManifest(of key: ResourceKey) throws -> (grants: Grants, place: String)? {
        let record = try applied(key)
        let place = record?.position.span.description
        guard key.kind == .secret else {
            return record.map { (grants: Grants(spec: $0.spec), place: place ?? "") }
        }
        guard let grants = try secret(key.secretID)?.currentGrants else { return nil }
        return (grants, place ?? "a manifest that is gone from Git")
    }

    func accessRole(_ key: ResourceKey) throws -> AccessRules.Role? { try applied(key).map(AccessRules.Role.init) }
}

extension AppliedRecord {
    /// Of a role: its members.
    package var members: [Principal] {
        let members = (try? JSON(parsing: spec))?["spec"]?["members"]?.arrayValue ?? []
        return members.compactMap { $0.stringValue.flatMap { Principal($0) } }
    }
}

extension SecretRecord {
    /// What a manifest gives; `nil` where none describes the secret, and the settings decide.
    ///
    /// A manifest that is gone from Git gives nothing, and leaves the settings nothing to say, as long as the values
    /// last that it described: whom the settings name is not whom the manifest named.
    fileprivate var currentGrants: Grants? {
        if isManaged { return Grants(spec: spec) }
        return state == .deleted && purgeAt != nil && !spec.isEmpty ? Grants.none : nil
    }
}
