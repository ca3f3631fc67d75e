package import ResealCore

/// What the KV API reads.
extension SecretService {
    /// A version with its value; without the value where it was deleted or destroyed.
    package func read(
        _ id: SecretID, version: Int64? = nil, by session: Session
    ) async throws -> (version: KVVersion, value: SecretValue?) {
        let settings = settings
        return try await look(.secretRead, ResourceKey(id).description, session) { store, keyring, now in
            let (found, sealed) = try store.readable(id, version: version, settings, session, at: now)
            guard let sealed else {
                return Look(value: (found, nil), version: found.number, result: .failed, detail: "deleted")
            }
            let value = try SecretValue(decoding: keyring.open(sealed, for: id, version: found.number))
            return Look(value: (found, value), version: found.number)
        }
    }

    package func metadata(_ id: SecretID, by session: Session) async throws -> KVSecret {
        let settings = settings
        return try await look(.secretList, ResourceKey(id).description, session) { store, _, _ in
            try store.require(.list, id, settings, session)
            guard let secret = try KVSecret(id, in: store) else { throw ServiceFailure.notFound }
            return Look(value: secret, detail: "metadata")
        }
    }

    /// The names right below `folder` that the caller may see; those of further folders end in `/`. With `deep`, all
    /// names below it.
    package func list(_ folder: String, deep: Bool, by session: Session) async throws -> [String] {
        let settings = settings
        return try await look(.secretList, "", session) { store, _, _ in
            var roles: [ResourceKey: AccessRules.Role] = [:]
            var keys: Set<String> = []
            try store.forEachSecret(organization: session.token.organization, prefix: folder) { record in
                guard !(record.state == .deleted && record.purgeAt == nil) else { return }
                let rest = record.id.name.dropFirst(folder.count)
                let key = deep ? String(rest) : rest.firstIndex(of: "/").map { String(rest[...$0]) } ?? String(rest)
                guard !key.isEmpty, !keys.contains(key) else { return }
                let rules = try store.accessRules(for: record, settings: settings, roles: &roles)
                if session.mayDo(.list, rules) { keys.insert(key) }
            }
            guard !keys.isEmpty else { throw ServiceFailure.notFound }
            return Look(value: keys.sorted(), detail: folder)
        }
    }

    /// What the caller may do with a secret, whether there is one or not.
    package func capabilities(_ id: SecretID, by session: Session) async throws -> [AccessAction] {
        let settings = settings
        return try await look(.accessRead, ResourceKey(id).description, session) { store, _, _ in
            let rules = try store.accessRules(for: ResourceKey(id), settings: settings)
            return Look(value: AccessAction.allCases.filter { session.mayDo($0, rules) })
        }
    }
}

extension StoreReader {
    /// Throws ``ServiceFailure/denied`` unless the caller may do it.
    func require(_ action: AccessAction, _ id: SecretID, _ settings: [AccessRule], _ session: Session) throws {
        guard session.mayDo(action, try accessRules(for: ResourceKey(id), settings: settings)) else {
            throw ServiceFailure.denied
        }
    }

    /// A version as it is stored, for a caller who may read it; without a value where it was deleted or destroyed.
    func readable(
        _ id: SecretID, version: Int64?, _ settings: [AccessRule], _ session: Session, at now: Timestamp
    ) throws -> (version: KVVersion, value: SealedValue?) {
        try require(.read, id, settings, session)
        guard let secret = try KVSecret(id, in: self) else { throw ServiceFailure.notFound }
        let wanted = version.map { $0 == 0 ? secret.currentVersion : $0 } ?? secret.currentVersion
        guard let found = secret.version(wanted) else { throw ServiceFailure.notFound }
        return (found, found.isReadable(at: now) ? try sealedValue(wanted, of: secret.record.rowID) : nil)
    }
}
