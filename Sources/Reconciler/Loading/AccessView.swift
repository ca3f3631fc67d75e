internal import ResealCore
internal import ResealManifests
internal import ResealVault

/// The roles that matter to a plan, before and after, and whose access they decide besides the resources in scope.
///
/// Roles are looked up by name, so that the cost follows the change and not the number of roles.
struct AccessView {
    private(set) var before = RoleDirectory()
    private(set) var after = RoleDirectory()
    private(set) var grantsOfChangedRoles: [ResourceKey: Grants] = [:]

    /// For a plan of everything: all roles stand in the two states.
    init(applied: [ResourceKey: AppliedRecord], declared: RoleDirectory) {
        for record in applied.values { before.set(record) }
        after = declared
    }

    /// For a plan of some files: `applied` holds what they declared before, `desired` what they declare now.
    init(
        _ observed: ObservedState, applied: [ResourceKey: AppliedRecord], desired: DesiredState,
        secrets: [SecretID: SecretRecord]
    ) throws {
        for record in applied.values { before.set(record) }
        after = desired.roles
        let changed = Set(before.members.keys).union(after.members.keys)
        let different = changed.filter { before.members[$0] != after.members[$0] }
        let inScope = Set(desired.resources.map(\.key)).union(applied.keys)
        grantsOfChangedRoles = try observed.grants(naming: different, without: inScope)
        var named: Set<ResourceKey> = []
        var changedSecrets = secrets
        for resource in desired.resources {
            named.formUnion(resource.grantedRoles)
            let id = resource.key.secretID
            if resource.secret != nil, secrets[id]?.specDigest == resource.specDigest { changedSecrets[id] = nil }
        }
        for (id, secret) in changedSecrets { named.formUnion(Grants(spec: secret.spec).roles(in: id.organization)) }
        for (key, record) in applied where key.kind == .dynamicSecret {
            named.formUnion(Grants(spec: record.spec).roles(in: key.organization))
        }
        for (key, grants) in grantsOfChangedRoles { named.formUnion(grants.roles(in: key.organization)) }
        for record in try observed.applied(named.subtracting(changed)) {
            before.set(record)
            after.set(record)
        }
    }
}

extension RoleDirectory {
    /// Takes the members of an applied role; does nothing for other kinds.
    fileprivate mutating func set(_ record: AppliedRecord) {
        guard record.key.kind == .role else { return }
        set(record.key, members: record.members)
    }
}

extension DesiredResource {
    fileprivate var grantedRoles: [ResourceKey] {
        references.compactMap { target in
            if case .resource(let key) = target, key.kind == .role { key } else { nil }
        }
    }
}

extension ObservedState {
    func applied(_ keys: Set<ResourceKey>) throws -> [AppliedRecord] {
        guard let source, !keys.isEmpty else { return [] }
        return try store.read { store in
            try keys.compactMap { try store.applied($0) }.filter { $0.source == source.id }
        }
    }

    /// The grants of applied resources outside of `known` that name one of the roles. Deleted secrets give no access.
    fileprivate func grants(
        naming roles: Set<ResourceKey>, without known: Set<ResourceKey>
    ) throws -> [ResourceKey: Grants] {
        guard let source, !roles.isEmpty else { return [:] }
        return try store.read { store in
            var grants: [ResourceKey: Grants] = [:]
            for role in roles {
                for record in try store.referrers(to: .resource(role), source: source.id)
                where record.key.kind.isAccessible && !known.contains(record.key) && grants[record.key] == nil {
                    if record.key.kind == .dynamicSecret {
                        grants[record.key] = Grants(spec: record.spec)
                    } else if let secret = try store.secret(record.key.secretID), secret.state == .active {
                        grants[record.key] = Grants(spec: secret.spec)
                    }
                }
            }
            return grants
        }
    }
}
