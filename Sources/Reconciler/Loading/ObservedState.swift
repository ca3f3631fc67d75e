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

    /// The rules as they were applied.
    var policy: RepositoryPolicy? { source.flatMap { RepositoryPolicy(decoding: $0.policy) } }

    /// How many secrets Git describes, as it was applied.
    func appliedSecretCount() throws -> Int {
        guard let source else { return 0 }
        return try store.read { try $0.appliedSecretCount(source: source.id) }
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

    /// Reads the specs of secrets that differ from Git's, and where values came from whose counter would
    /// fall, or that say they are older.
    func complete(_ state: inout VaultState, for desired: [DesiredResource], deleted: [SecretID]) throws {
        try store.read { store in
            for resource in desired {
                guard resource.secret != nil, let observed = state.secrets[resource.key.secretID] else { continue }
                if observed.specDigest != resource.specDigest || !observed.isManaged, observed.spec.isEmpty {
                    state.secrets[observed.id]?.spec = try store.secret(observed.id)?.spec ?? []
                }
                for field in resource.olderFields(than: observed) {
                    guard try store.isRotated(field, of: observed) else { continue }
                    state.rotatedFields[observed.id, default: []].insert(field)
                }
            }
            for id in deleted where state.secrets[id]?.spec.isEmpty == true {
                state.secrets[id]?.spec = try store.secret(id)?.spec ?? []
            }
        }
    }

    /// The fields that Git does not hold yet, of values that rotation made or that were adopted.
    func unwritten() throws -> [SecretID: [FieldState]] {
        let waiting = try store.read { try $0.rotations() }.filter { !$0.unwritten.isEmpty }
        return Dictionary(waiting.map { ($0.id, $0.unwritten) }, uniquingKeysWith: { $1 })
    }

    /// Adopted values of this source that Git does not hold yet.
    func adoptionsWaiting() throws -> [SecretID] {
        guard let source else { return [] }
        return try store.read { store in
            try store.rotations().filter(\.isWriteBackPending).compactMap { journal in
                guard let secret = try store.secret(journal.id),
                    try store.applied(ResourceKey(journal.id))?.source == source.id,
                    try journal.unwritten.contains(where: { try !store.isRotated($0.field, of: secret) })
                else { return nil }
                return journal.id
            }
        }
    }

    /// What Git held, when it was applied, of secrets that somebody changed by hand and Git changed too.
    func appliedFields(
        of desired: [DesiredResource], _ secrets: [SecretID: SecretRecord], _ applied: [ResourceKey: AppliedRecord]
    ) throws -> [SecretID: [FieldState]] {
        try store.read { store in
            var fields: [SecretID: [FieldState]] = [:]
            for resource in desired {
                guard let secret = secrets[resource.key.secretID], secret.drift != nil,
                    let known = applied[resource.key]?.fingerprint, known != resource.secret?.value?.fingerprint
                else { continue }
                fields[secret.id] = try store.fields(of: secret, fingerprint: known)
            }
            return fields
        }
    }

    /// Which of the resources another source described first, and where that source is. The folder of one repository
    /// may move.
    func ownersElsewhere(of keys: [ResourceKey], repositoryID: String) throws -> [ResourceKey: String] {
        try store.read { store in
            let others = try store.sources().filter { $0.id != source?.id && $0.repositoryID != repositoryID }
            guard !others.isEmpty else { return [:] }
            let places = Dictionary(
                others.map { ($0.id, "\($0.location) (folder \($0.path))") }, uniquingKeysWith: { $1 })
            var owners: [ResourceKey: String] = [:]
            for key in keys { owners[key] = try store.applied(key).flatMap { places[$0.source] } }
            return owners
        }
    }

    // MARK: Rules of the base

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
}

extension DesiredResource {
    fileprivate func olderFields(than observed: SecretRecord) -> [String] {
        guard let value = secret?.value, value.fingerprint != observed.fingerprint else { return [] }
        let known = Dictionary(observed.fields.map { ($0.field, $0.highestCounter) }, uniquingKeysWith: max)
        return value.fields.indices.filter { index in
            let field = value.fields[index]
            return field.counter > 0 && min(field.counter, value.givenAt(index)) < known[field.field] ?? 0
        }.map { value.fields[$0].field }
    }
}

/// Reads a definition back from the index. Its canonical JSON is YAML too, so the one reader of manifests serves.
enum StoredManifest {
    static func read(_ applied: AppliedRecord) -> Manifest? {
        guard let stored = try? JSON(parsing: applied.spec), let members = stored.objectValue else { return nil }
        return read(members, as: applied.key, path: applied.position.path)
    }

    /// - Parameter form: the public form; the shape that a secret's value has there is left out.
    static func read(_ form: [String: JSON], as key: ResourceKey, path: String = "stored") -> Manifest? {
        var members = form
        if key.kind == .secret, var spec = members["spec"]?.objectValue {
            spec["value"] = nil
            members["spec"] = .object(spec)
        }
        var metadata = members["metadata"]?.objectValue ?? [:]
        metadata["name"] = .string(key.name)
        metadata["organization"] = .string(key.organization)
        members["metadata"] = .object(metadata)
        members["apiVersion"] = "reseal/v1"
        members["kind"] = .string(key.kind.rawValue)
        let file = ManifestFile(path: path, bytes: JSON.object(members).canonicalBytes, commit: nil)
        return ManifestReader.read(file, limits: ManifestLimits()).manifests.first
    }
}
