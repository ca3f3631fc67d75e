package import ResealCore
internal import ResealSealing

/// One value that a caller wants, of several.
package struct SecretReference: Sendable, Hashable {
    package var id: SecretID
    /// `nil` for the current one.
    package var version: Int64?

    package init(_ id: SecretID, version: Int64? = nil) {
        self.id = id
        self.version = version
    }
}

/// What the native API does beyond the KV API.
extension SecretService {
    /// Of all values of one answer together.
    private static let largestAnswer = 16 << 20

    /// Several values of one snapshot, each judged on its own, all recorded with one sync.
    package func readings(
        _ wanted: [SecretReference], by session: Session
    ) async throws -> [Result<SecretReading, any Error>] {
        let (settings, width) = (settings, width)
        let results = try await readers.run { [door] in
            var room = Self.largestAnswer
            let (found, keyring) = try door.read { store, keyring, now in
                (try wanted.map { try store.outcome(of: $0, &room, settings, session, at: now) }, keyring)
            }
            // Opening takes the most time, and needs the snapshot no more.
            return try ParallelMap.run(found.count, workers: width, state: {}) { _, index in
                found[index].flatMap { Self.open($0, of: wanted[index].id, keyring) }
            }
        }
        try await commits.record(zip(wanted, results).map { Self.entry($0, $1, session) })
        return results
    }

    private static func open(
        _ found: (version: KVVersion, value: SealedValue), of id: SecretID, _ keyring: Keyring
    ) -> Result<SecretReading, any Error> {
        let number = found.version.number
        return Result {
            let value = try SecretValue(decoding: keyring.open(found.value, for: id, version: number))
            return SecretReading(id: id, version: number, createdAt: found.version.createdAt, value: value)
        }
    }

    private static func entry(
        _ wanted: SecretReference, _ result: Result<SecretReading, any Error>, _ session: Session
    ) -> AuditEntry {
        let subject = ResourceKey(wanted.id).description
        switch result {
        case .success(let reading):
            return AuditEntry(.secretRead, subject, version: reading.version, by: session.context)
        case .failure(let error):
            let failure = UnexpectedFailure.wrapping(error)
            return AuditEntry(
                .secretRead, subject, version: wanted.version, result: failure.auditResult ?? .failed,
                detail: failure.code, by: session.context)
        }
    }

    /// Secrets that the caller may see, in order of name.
    ///
    /// - Parameter after: only names behind this one.
    package func infos(
        prefix: String, after: String = "", limit: Int? = nil, includingDeleted: Bool = false, by session: Session
    ) async throws -> [SecretInfo] {
        struct Enough: Error {}
        let settings = settings
        return try await look(.secretList, "", session) { store, _, _ in
            var roles: [ResourceKey: AccessRules.Role] = [:]
            var infos: [SecretInfo] = []
            do {
                try store.forEachSecret(organization: session.token.organization, prefix: prefix) { record in
                    guard record.id.name > after, record.state == .active || includingDeleted else { return }
                    let rules = try store.accessRules(for: record, settings: settings, roles: &roles)
                    guard session.mayDo(.list, rules) else { return }
                    if infos.count == limit { throw Enough() }
                    infos.append(SecretInfo(record))
                }
            } catch is Enough {}
            return Look(value: infos, detail: prefix)
        }
    }

    /// Every version of a secret that ever was, oldest first, without values.
    package func versions(of id: SecretID, by session: Session) async throws -> [VersionInfo] {
        let settings = settings
        return try await look(.secretList, ResourceKey(id).description, session) { store, _, _ in
            try store.require(.list, id, settings, session)
            guard let secret = try store.secret(id) else { throw ServiceFailure.notFound }
            return Look(value: try store.versions(of: secret.rowID).map(VersionInfo.init), detail: "versions")
        }
    }

    /// Makes an older value current again, as a new version. A deleted secret comes back.
    ///
    /// - Parameter check: the current version as the caller believes it to be.
    package func rollback(
        _ id: SecretID, to version: Int64?, check: Int64? = nil, by session: Session
    ) async throws -> SecretWriting {
        try await changeExisting(.secretRollback, .write, id, check, session) { transaction, secret in
            try transaction.rollBack(&secret, to: version, by: session.context)
            try transaction.finishKVWrite(&secret, by: session.context)
        }
    }

    /// Deletes a secret softly with all its versions, or destroys them.
    package func remove(
        _ id: SecretID, destroying: Bool, check: Int64? = nil, by session: Session
    ) async throws -> SecretWriting {
        let writing = try await changeExisting(.secretDelete, .delete, id, check, session) { transaction, secret in
            try transaction.delete(&secret, destroying: destroying, by: session.context)
        }
        if destroying { try await scrub() }
        return writing
    }

    private func changeExisting(
        _ action: AuditAction, _ access: AccessAction, _ id: SecretID, _ check: Int64?, _ session: Session,
        _ body: @escaping @Sendable (VaultTransaction, inout SecretRecord) throws -> Void
    ) async throws -> SecretWriting {
        let settings = settings
        return try await change(action, ResourceKey(id).description, session) { transaction in
            try transaction.store.require(access, id, settings, session)
            guard var secret = try transaction.store.secret(id) else { throw ServiceFailure.notFound }
            try Self.compare(
                check, try KVSecret(id, in: transaction.store), mayBeRequired: access == .write)
            try transaction.requireChangeable(secret)
            try body(transaction, &secret)
            let version = access == .delete ? secret.latestVersion : secret.currentVersion
            return SecretWriting(id: id, version: version, isManaged: secret.isManaged)
        }
    }
}

extension StoreReader {
    /// Failures that are of this secret alone are an outcome; a store that cannot be read is thrown.
    fileprivate func outcome(
        of wanted: SecretReference, _ room: inout Int, _ settings: [AccessRule], _ session: Session, at now: Timestamp
    ) throws -> Result<(version: KVVersion, value: SealedValue), any Error> {
        do {
            let (version, value, _) = try readable(wanted.id, version: wanted.version, settings, session, at: now)
            guard let value else {
                throw VaultFailure(.deleted, "this version of \(wanted.id) is deleted")
            }
            room -= value.ciphertext.count
            guard room >= 0 else {
                throw ServiceFailure(.badRequest, "the values are too large together; ask for fewer at a time")
            }
            return .success((version, value))
        } catch let failure as any UserFacingFailure where failure.auditResult != nil {
            return .failure(failure)
        }
    }
}
