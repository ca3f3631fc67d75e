package import ResealCore

/// What the KV API reads.
extension SecretService {
    /// A version with its value; without the value where it was deleted or destroyed.
    package func read(
        _ id: SecretID, version: Int64? = nil, by session: Session
    ) async throws -> (version: KVVersion, value: SecretValue?) {
        let (settings, known) = (settings, knownVersions)
        let wanted = SecretReference(id, version: version)
        return try await glance(.secretRead, ResourceKey(id).description, session) { snapshot in
            let (found, unlocked) = try snapshot.readable(wanted, settings, session, remembering: known)
            guard let unlocked else {
                return Look(value: (found, nil), version: found.number, result: .failed, detail: "deleted")
            }
            let value = try SecretValue(decoding: snapshot.keyring.open(unlocked))
            return Look(value: (found, value), version: found.number)
        }
    }

    package func metadata(_ id: SecretID, by session: Session) async throws -> KVSecret {
        let settings = settings
        return try await glance(.secretList, ResourceKey(id).description, session) { snapshot in
            try snapshot.store.require(.list, id, settings, session)
            guard let secret = try KVSecret(id, in: snapshot.store) else { throw ServiceFailure.notFound }
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
        return try await glance(.accessRead, ResourceKey(id).description, session) { snapshot in
            let rules = try snapshot.store.accessRules(for: ResourceKey(id), settings: settings)
            return Look(value: AccessAction.allCases.filter { session.mayDo($0, rules) })
        }
    }
}

extension StoreReader {
    /// Throws ``ServiceFailure/denied`` unless the caller may do it. What decided it.
    @discardableResult
    func require(
        _ action: AccessAction, _ id: SecretID, _ settings: [AccessRule], _ session: Session
    ) throws -> AccessRules {
        let rules = try accessRules(for: ResourceKey(id), settings: settings)
        guard session.mayDo(action, rules) else { throw ServiceFailure.denied }
        return rules
    }

    /// As above, for a record that was looked up; `nil` for none.
    func require(
        _ action: AccessAction, _ id: SecretID, of record: SecretRecord?, _ settings: [AccessRule], _ session: Session
    ) throws {
        guard let record else {
            try require(action, id, settings, session)
            return
        }
        var roles: [ResourceKey: AccessRules.Role] = [:]
        let rules = try accessRules(for: record, settings: settings, roles: &roles)
        guard session.mayDo(action, rules) else { throw ServiceFailure.denied }
    }

    /// A version as it is stored, for a caller who may read it; without a value where it was deleted or destroyed.
    func readable(
        _ id: SecretID, version: Int64?, _ settings: [AccessRule], _ session: Session, at now: Timestamp
    ) throws -> (version: KVVersion, value: SealedValue?, rules: AccessRules) {
        let rules = try require(.read, id, settings, session)
        guard let secret = try KVSecret(id, version.map { .number($0) } ?? .current, in: self) else {
            throw ServiceFailure.notFound
        }
        let wanted = version.map { $0 == 0 ? secret.currentVersion : $0 } ?? secret.currentVersion
        guard let found = secret.version(wanted) else { throw ServiceFailure.notFound }
        let value = found.isReadable(at: now) ? try sealedValue(wanted, of: secret.record.rowID) : nil
        return (found, value, rules)
    }
}

extension Snapshot {
    /// As ``StoreReader/readable(_:version:_:_:at:)``, where it can from what is remembered. What is not for the caller is
    /// looked up in any case, so that the time does not tell him whether it is there.
    fileprivate func readable(
        _ wanted: SecretReference, _ settings: [AccessRule], _ session: Session,
        remembering versions: StampedMemory<SecretReference, KnownVersion>
    ) throws -> (version: KVVersion, value: UnlockedValue?) {
        if let known = versions.value(wanted, at: serial), session.mayDo(.read, known.rules) {
            return (known.version, known.version.isReadable(at: now) ? known.value : nil)
        }
        let (version, sealed, rules) = try store.readable(
            wanted.id, version: wanted.version, settings, session, at: now)
        guard let sealed else { return (version, nil) }
        let value = try keyring.unlock(sealed, for: wanted.id, version: version.number)
        let known = KnownVersion(wanted.id, rules, version, value)
        if known.isSmall { versions.remember(known, for: wanted, at: serial) }
        return (version, value)
    }
}
