package import ResealCore
internal import ResealSealing

/// What the KV API changes.
extension SecretService {
    /// How a write is to be made.
    package enum Content: Sendable {
        case replace(SecretValue)
        /// A mapping as the KV API has it, where a scalar stands under the key `value`.
        case replaceMapping(SecretValue)
        /// RFC 7386, onto the current value.
        case merge(JSON)
        /// One field of the current value.
        case field(SecretValue.Leaf)
    }

    /// - Parameter check: the current version as the caller believes it to be; 0 for none.
    package func write(
        _ id: SecretID, _ content: Content, check: Int64?, by session: Session
    ) async throws -> KVVersion {
        let settings = settings
        return try await change(.secretWrite, ResourceKey(id).description, session) { transaction in
            try transaction.write(id, content, check: check, settings, by: session)
        }
    }

    /// - Parameter mayBeRequired: whether the secret's settings may ask for a check, as for what writes a version.
    static func compare(
        _ check: Int64?, _ view: KVSecret?, mayBeRequired: Bool = true
    ) throws(ServiceFailure) {
        guard let check else {
            guard !mayBeRequired || view?.settings.casRequired != true else {
                throw ServiceFailure(.badRequest, "check-and-set parameter required for this call")
            }
            return
        }
        guard check == view?.currentVersion ?? 0 else { throw ServiceFailure.versionMismatch }
    }

    /// - Parameter current: asked only where the new value depends on it.
    fileprivate static func value(
        _ content: Content, of id: SecretID, _ current: () throws -> SecretValue?
    ) throws -> SecretValue {
        switch content {
        case .replace(let value): return value
        case .replaceMapping(let value): return try value.isKVScalar ? value.inForm(of: current()) : value
        case .field(let leaf): return try SecretValue.replacing(leaf, in: current(), of: id)
        case .merge(let patch):
            guard let old = try current() else { throw ServiceFailure.notFound }
            let shown = old.kvForm.revealJSON().withUnsafeBytes { Array($0) }
            guard let json = try? JSON(parsing: shown), let merged = json.merging(patch).objectValue else {
                throw ServiceFailure(.badRequest, "the patch is no object")
            }
            return try SecretValue(kv: merged).inForm(of: old)
        }
    }

    /// Deletes versions softly; the current one, and with it the secret, unless some are named.
    package func delete(_ id: SecretID, versions: [Int64]? = nil, by session: Session) async throws {
        try await onExisting(.secretDelete, .delete, id, session) { transaction, view in
            guard let view else { return }
            var secret = view.record
            var settings = view.settings
            for number in versions ?? [view.currentVersion] {
                guard view.version(number)?.isReadable(at: transaction.now) == true else { continue }
                settings.deleted[number] = transaction.now
                if number == secret.currentVersion { try transaction.deleteByHand(&secret) }
                try transaction.audit.record(
                    .secretDelete, ResourceKey(id).description, version: number, by: session.context)
            }
            try transaction.save(settings, of: secret)
        }
    }

    package func undelete(_ id: SecretID, versions: [Int64], by session: Session) async throws {
        try await onExisting(.secretRestore, .write, id, session) { transaction, view in
            guard let view else { return }
            var secret = view.record
            var settings = view.settings
            for number in versions {
                settings.deleted[number] = nil
                settings.expires[number] = nil
                guard number == secret.currentVersion, secret.state == .deleted else { continue }
                try transaction.undelete(&secret)
                try transaction.noteDrift(.restored, in: &secret)
                try transaction.store.update(secret)
            }
            try transaction.save(settings, of: secret)
            try transaction.audit.record(
                .secretRestore, ResourceKey(id).description, detail: "versions \(versions)", by: session.context)
        }
    }

    /// Destroys versions for good.
    package func destroy(_ id: SecretID, versions: [Int64], by session: Session) async throws {
        try await onExisting(.secretDestroy, .delete, id, session) { transaction, view in
            guard let view else { return }
            var secret = view.record
            for number in versions
            where view.versions.contains(where: { $0.number == number && $0.state != .destroyed }) {
                try transaction.destroy(number, of: &secret, by: session.context)
            }
        }
        try await scrub()
    }

    /// Destroys every version, and forgets what the API kept beside them.
    package func erase(_ id: SecretID, by session: Session) async throws {
        try await onExisting(.secretDelete, .delete, id, session) { transaction, view in
            guard let view else { return }
            var secret = view.record
            try transaction.deleteByHand(&secret)
            try transaction.audit.record(
                .secretDelete, ResourceKey(id).description, detail: "with all versions", by: session.context)
            try transaction.destroyAll(of: &secret, by: session.context)
            try transaction.save(KVSettings(), of: secret)
        }
        try await scrub()
    }

    /// Changes what stands beside a secret; one without a version is made where there is none.
    package func setMetadata(
        _ id: SecretID, by session: Session, _ change: @escaping @Sendable (inout KVSettings) throws -> Void
    ) async throws {
        try await onExisting(.secretUpdate, .write, id, session) { transaction, view in
            var settings = view?.settings ?? KVSettings()
            try change(&settings)
            settings.number += 1
            var secret = view?.record ?? transaction.newSecret(id)
            if view == nil, let erased = try transaction.store.secret(id) {
                secret = erased
                try transaction.undelete(&secret)
                try transaction.store.update(secret)
            } else if secret.rowID == 0 {
                secret.rowID = try transaction.store.insert(secret)
            }
            try transaction.save(settings, of: secret)
            try transaction.audit.record(
                .secretUpdate, ResourceKey(id).description, detail: "metadata", by: session.context)
        }
    }

    private func onExisting(
        _ action: AuditAction, _ access: AccessAction, _ id: SecretID, _ session: Session,
        _ body: @escaping @Sendable (VaultTransaction, KVSecret?) throws -> Void
    ) async throws {
        let settings = settings
        try await change(action, ResourceKey(id).description, session) { transaction in
            try transaction.store.require(access, id, settings, session)
            let view = try KVSecret(id, in: transaction.store)
            if let view { try transaction.requireChangeable(view.record) }
            if access == .delete, view?.record.deletionProtection == true {
                throw ServiceFailure(.protected, "permission denied: \(id) has deletion protection")
            }
            try body(transaction, view)
            if !transaction.hasRecords {
                try transaction.audit.record(
                    action, ResourceKey(id).description, detail: "nothing to do", by: session.context)
            }
        }
    }
}

extension VaultTransaction {
    /// - Parameter settings: permissions for secrets that no manifest describes.
    func write(
        _ id: SecretID, _ content: SecretService.Content, check: Int64?, _ settings: [AccessRule], by session: Session
    ) throws -> KVVersion {
        let stored = try store.secret(id)
        try store.require(.write, id, of: stored, settings, session)
        let view = try KVSecret(ifNotErased: stored, .none, in: store)
        try SecretService.compare(check, view)
        var secret = stored ?? newSecret(id)
        try requireChangeable(secret)
        let isNew = secret.latestVersion == 0
        let value = try SecretService.value(content, of: id) { try currentValue(view) }
        if secret.state == .deleted { try undelete(&secret) }
        try writeByHand(value, to: &secret, isNew: isNew, by: session.context)
        return try finishKVWrite(&secret, settings: view?.settings, by: session.context)
    }

    /// What Git describes and its drift policy would set back is not to be changed here.
    func requireChangeable(_ secret: SecretRecord) throws {
        guard secret.isManaged, let applied = try store.applied(ResourceKey(secret.id)) else { return }
        let own = (try? JSON(parsing: secret.spec))?["spec"]?["driftPolicy"]?.stringValue
        let source = try store.sources().first { $0.id == applied.source }
        let general = source.flatMap { try? JSON(parsing: $0.policy) }?["drift_policy"]?.stringValue
        guard own ?? general == "revert" else { return }
        throw ServiceFailure(
            .managedByGit,
            "permission denied: \(secret.id) is managed by Git, change it in \(applied.position.span.description)")
    }

    fileprivate func currentValue(_ view: KVSecret?) throws -> SecretValue? {
        guard let view = try view.map({ try KVSecret($0.record, .current, settings: $0.settings, in: store) }),
            view.version(view.currentVersion)?.isReadable(at: now) == true
        else { return nil }
        return try openValue(of: view.record, version: view.currentVersion)
    }

    fileprivate func save(_ settings: KVSettings, of secret: SecretRecord) throws {
        try store.saveKVSettings(settings.encoded, of: secret.rowID)
        markChanged()
    }

    /// Notes when the new version expires, and destroys versions beyond the number that is kept. Those of a secret that
    /// a manifest describes are only hidden: how long they stay is for `keepPrevious` to say.
    ///
    /// - Parameter known: the settings as they are stored; looked up unless given.
    @discardableResult
    func finishKVWrite(
        _ secret: inout SecretRecord, settings known: KVSettings? = nil, by context: ActionContext
    ) throws -> KVVersion {
        var settings = try known ?? KVSettings(stored: store.kvSettings(of: secret.rowID))
        let oldest = secret.currentVersion - settings.effectiveMaxVersions
        let before = settings
        if !secret.isManaged { try destroyPrevious(upTo: oldest, of: &secret, by: context) }
        let noted = Set(settings.deleted.keys).union(settings.expires.keys)
        for number in noted where number <= oldest {
            guard try store.version(number, of: secret.rowID)?.state == .destroyed else { continue }
            settings.deleted[number] = nil
            settings.expires[number] = nil
        }
        if settings.deleteVersionAfter.seconds > 0 {
            settings.expires[secret.currentVersion] = now.adding(settings.deleteVersionAfter)
        }
        if settings != before { try save(settings, of: secret) }
        return try KVSecret(secret, .none, settings: settings, in: store)
            .describe(secret.currentVersion, createdAt: now)
    }

    /// Both versions of a rotation stay: the target may still have to be told to forget the one before.
    private func destroyPrevious(
        upTo oldest: Int64, of secret: inout SecretRecord, by context: ActionContext
    ) throws {
        let numbers = oldest > 0 ? try store.previousVersions(of: secret.rowID, upTo: oldest) : []
        guard !numbers.isEmpty else { return }
        let journal = try store.rotation(of: secret.rowID)
        let named = [journal?.previous, journal?.candidate]
        for number in numbers where !named.contains(number) {
            try destroy(number, of: &secret, by: context)
        }
    }
}
