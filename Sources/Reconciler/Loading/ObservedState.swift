internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// Reads what the vault has, and what was last applied.
struct ObservedState {
    let store: any Store
    /// `nil` before the first apply.
    let source: SourceRecord?
    let serial: Int64

    init(_ core: VaultCore, location: String, folder: String) throws {
        store = core.store
        (serial, source) = try core.store.read { store in
            (try store.integer(.serial), Self.matching(try store.sources(), location: location, folder: folder))
        }
    }

    /// The place that was applied from before. A repository that moved is known by its one folder.
    private static func matching(_ sources: [SourceRecord], location: String, folder: String) -> SourceRecord? {
        let sameFolder = sources.filter { $0.path == folder }
        return sameFolder.first { $0.location == location } ?? (sameFolder.count == 1 ? sameFolder.first : nil)
    }

    // MARK: Everything

    /// Fingerprint and newest version of every secret.
    func allSecrets() throws -> [SecretID: SecretRecord] {
        var secrets: [SecretID: SecretRecord] = [:]
        try store.read { store in
            try store.forEachSecret(organization: nil, prefix: "") { secret in
                var secret = secret
                // Specs are large and mostly equal to Git's; those that differ are read again when it is known which.
                secret.spec = []
                secrets[secret.id] = secret
            }
        }
        return secrets
    }

    func allApplied() throws -> [ResourceKey: AppliedRecord] {
        guard let source else { return [:] }
        var applied: [ResourceKey: AppliedRecord] = [:]
        try store.read { store in try store.forEachApplied(source: source.id) { applied[$0.key] = $0 } }
        return applied
    }

    // MARK: Parts

    func applied(inPaths paths: some Sequence<String>) throws -> [ResourceKey: AppliedRecord] {
        guard let source else { return [:] }
        return try store.read { store in
            var applied: [ResourceKey: AppliedRecord] = [:]
            for path in paths {
                for record in try store.applied(source: source.id, path: path) { applied[record.key] = record }
            }
            return applied
        }
    }

    func secrets(_ ids: some Sequence<SecretID>) throws -> [SecretID: SecretRecord] {
        try store.read { store in
            var secrets: [SecretID: SecretRecord] = [:]
            for id in ids { if let secret = try store.secret(id) { secrets[id] = secret } }
            return secrets
        }
    }

    /// Reads the specs of secrets that differ from Git's, and the origin of values whose counter fell.
    func complete(_ state: inout VaultState, for desired: [DesiredResource], deleted: [SecretID]) throws {
        try store.read { store in
            for resource in desired {
                guard resource.secret != nil, let observed = state.secrets[resource.key.secretID] else { continue }
                if observed.specDigest != resource.specDigest, observed.spec.isEmpty {
                    state.secrets[observed.id]?.spec = try store.secret(observed.id)?.spec ?? []
                }
                if resource.hasOlderField(than: observed), observed.currentVersion > 0 {
                    let version = try store.version(observed.currentVersion, of: observed.rowID)
                    state.currentOrigins[observed.id] = version?.origin
                }
            }
            for id in deleted where state.secrets[id]?.spec.isEmpty == true {
                state.secrets[id]?.spec = try store.secret(id)?.spec ?? []
            }
        }
    }

    // MARK: Rules of the base

    func roles() throws -> RoleDirectory {
        var roles = RoleDirectory()
        for manifest in try definitions(.role) {
            if case .role(let spec) = manifest.spec { roles.set(manifest.key, members: spec.members) }
        }
        return roles
    }

    func recipients() throws -> (rules: RecipientRules, digest: Digest256)? {
        for manifest in try definitions(.recipients) {
            if case .recipients(let spec) = manifest.spec {
                return (try RecipientRules(spec), Digest256(hashing: manifest.publicForm))
            }
        }
        return nil
    }

    private func definitions(_ kind: ResourceKind) throws -> [Manifest] {
        guard let source else { return [] }
        return try store.read { try $0.applied(kind: kind, source: source.id) }.compactMap(StoredManifest.read)
    }

    /// Secrets outside of `known` whose access follows from a role that differs.
    func secrets(
        ofRolesThatDiffer before: RoleDirectory, _ after: RoleDirectory, without known: Set<SecretID>
    ) throws -> [SecretID: Permissions] {
        guard let source, before != after else { return [:] }
        let roles = Set(before.members.keys).union(after.members.keys)
            .filter { before.members[$0] != after.members[$0] }
        return try store.read { store in
            var permissions: [SecretID: Permissions] = [:]
            for role in roles {
                for applied in try store.referrers(to: .resource(role), source: source.id)
                where applied.key.kind == .secret && !known.contains(applied.key.secretID) {
                    guard let secret = try store.secret(applied.key.secretID) else { continue }
                    permissions[secret.id] = Permissions(spec: secret.spec)
                }
            }
            return permissions
        }
    }
}

extension DesiredResource {
    fileprivate func hasOlderField(than observed: SecretRecord) -> Bool {
        guard let value = secret?.value, value.fingerprint != observed.fingerprint else { return false }
        let known = Dictionary(observed.fields.map { ($0.field, $0.highestCounter) }, uniquingKeysWith: max)
        return value.fields.contains { $0.counter > 0 && $0.counter < known[$0.field] ?? 0 }
    }
}

/// Reads a definition back from the index. Its canonical JSON is YAML too, so the one reader of manifests serves.
enum StoredManifest {
    static func read(_ applied: AppliedRecord) -> Manifest? {
        guard let stored = try? JSON(parsing: applied.spec), var members = stored.objectValue else { return nil }
        var metadata = members["metadata"]?.objectValue ?? [:]
        metadata["name"] = .string(applied.key.name)
        metadata["organization"] = .string(applied.key.organization)
        members["metadata"] = .object(metadata)
        members["apiVersion"] = "reseal/v1"
        members["kind"] = .string(applied.key.kind.rawValue)
        let file = ManifestFile(path: applied.position.path, bytes: JSON.object(members).canonicalBytes, commit: nil)
        return ManifestReader.read(file, limits: ManifestLimits()).manifests.first
    }
}
