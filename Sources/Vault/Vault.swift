public import ResealCore
public import ResealSealing
internal import Glibc

/// The embedded vault: reads and writes of secrets, each with its audit record in the same transaction.
///
/// ```swift
/// let vault = try Vault(home: "/var/lib/reseal")
/// let password = try await vault.get(SecretID("prod/orders-db"), by: context).value.leaf(named: "password")
/// ```
///
/// Whoever opens a vault holds its root key and is trusted with all of it; `by:` says who an action is attributed to.
public actor Vault {
    package let core: VaultCore
    private let executor = QueueExecutor(label: "reseal.vault")

    /// A queue of its own: the store's calls block.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(core: VaultCore) { self.core = core }

    /// Opens the vault in the folder `home`.
    ///
    /// - Parameter passphrase: needed when the vault's root key is made from one; ignored otherwise.
    /// - Throws: a failure that says what to do when there is no vault, the root key is another's, or the store is
    ///   damaged.
    public init(home: String, passphrase: SecretBytes? = nil, clock: WallClock = .system) throws {
        core = try VaultCore.open(VaultHome(path: home), passphrase: { passphrase }, clock: clock)
    }

    /// Opens the vault in the folder `home`, and makes one there first where there is none.
    ///
    /// - Parameter passphrase: what a new vault's root key is made from; `nil` for a key file, `root.key`, of which a
    ///   copy has to be kept apart from the store.
    public static func openOrCreate(
        home: String, passphrase: SecretBytes? = nil, clock: WallClock = .system, by context: ActionContext
    ) throws -> Vault {
        do {
            try VaultCore.create(VaultHome(path: home), passphrase: passphrase, clock: clock, by: context)
        } catch let failure as VaultFailure where failure.kind == .alreadyInitialized {}
        return try Vault(home: home, passphrase: passphrase, clock: clock)
    }

    /// The value of a secret; the current version unless `version` says otherwise.
    public func get(_ id: SecretID, version: Int64? = nil, by context: ActionContext) throws -> SecretReading {
        let id = try id.validated()
        return try core.audited(.secretRead, ResourceKey(id).description, by: context) { transaction in
            try transaction.reading(id, version: version, by: context)
        }
    }

    /// The current values of several secrets, all or none, in the order asked for.
    public func getMany(_ ids: [SecretID], by context: ActionContext) throws -> [SecretReading] {
        let ids = try ids.map { try $0.validated() }
        var subject = ""
        return try core.audited(.secretRead, subject, by: context) { transaction in
            try ids.map { id in
                subject = ResourceKey(id).description
                return try transaction.reading(id, by: context)
            }
        }
    }

    /// Writes a new version by hand. A secret that Git manages then counts as drifted until the next apply decides.
    ///
    /// Throws a failure when the name breaks the rules, or the value is too large.
    public func set(_ id: SecretID, to value: SecretValue, by context: ActionContext) throws -> SecretWriting {
        try write(id, by: context) { _ in value }
    }

    /// Writes a new version with one field replaced or added, whatever others write to the secret at the same time. A
    /// secret without a value gets one of just this field.
    package func set(
        _ id: SecretID, field leaf: SecretValue.Leaf, by context: ActionContext
    ) throws -> SecretWriting {
        try write(id, by: context) { current in
            try SecretValue.replacing(leaf, in: try current(), of: id)
        }
    }

    /// - Parameter change: makes the new value; it may ask for the current one.
    private func write(
        _ id: SecretID, by context: ActionContext,
        _ change: (_ current: () throws -> SecretValue?) throws -> SecretValue
    ) throws -> SecretWriting {
        let id = try id.validated()
        return try core.audited(.secretWrite, ResourceKey(id).description, by: context) { transaction in
            var secret = try transaction.store.secret(id) ?? transaction.newSecret(id)
            let isNew = secret.rowID == 0
            if secret.state == .deleted { try transaction.undelete(&secret) }
            let value = try change { secret.currentVersion > 0 ? try transaction.read(secret).1 : nil }
            try transaction.writeByHand(value, to: &secret, isNew: isNew, by: context)
            return SecretWriting(id: id, version: secret.currentVersion, isManaged: secret.isManaged)
        }
    }

    /// Secrets whose name starts with `prefix`, of one organization or of all, deleted ones only when asked for.
    public func list(
        organization: String? = nil, prefix: String = "", includingDeleted: Bool = false, by context: ActionContext
    ) throws -> [SecretInfo] {
        try core.audited(.secretList, "", by: context) { transaction in
            var infos: [SecretInfo] = []
            try transaction.store.forEachSecret(organization: organization, prefix: prefix) { secret in
                if includingDeleted || secret.state == .active { infos.append(SecretInfo(secret)) }
            }
            try transaction.audit.record(.secretList, detail: prefix, by: context)
            return infos
        }
    }

    /// Every version of a secret that ever was, oldest first, without values.
    public func versions(of id: SecretID, by context: ActionContext) throws -> [VersionInfo] {
        let id = try id.validated()
        return try core.audited(.secretList, ResourceKey(id).description, by: context) { transaction in
            let secret = try transaction.existing(id)
            try transaction.audit.record(.secretList, ResourceKey(id).description, detail: "versions", by: context)
            return try transaction.store.versions(of: secret.rowID).map(VersionInfo.init)
        }
    }

    /// Makes an older value current again, as a new version. A deleted secret comes back.
    ///
    /// - Parameter version: the one before the current (or, of a deleted secret, the last) unless given.
    public func rollback(
        _ id: SecretID, to version: Int64? = nil, by context: ActionContext
    ) throws -> SecretWriting {
        let id = try id.validated()
        return try core.audited(.secretRollback, ResourceKey(id).description, by: context) { transaction in
            var secret = try transaction.existing(id)
            try transaction.rollBack(&secret, to: version, by: context)
            return SecretWriting(id: id, version: secret.currentVersion, isManaged: secret.isManaged)
        }
    }

    /// Deletes a secret softly: its values stay for its `keepPrevious`. With `destroying`, they go at once.
    ///
    /// Throws ``VaultFailure`` of kind `protected` while the secret has deletion protection.
    public func delete(_ id: SecretID, destroying: Bool = false, by context: ActionContext) throws -> SecretWriting {
        let id = try id.validated()
        let writing = try core.audited(.secretDelete, ResourceKey(id).description, by: context) { transaction in
            var secret = try transaction.existing(id)
            try transaction.delete(&secret, destroying: destroying, by: context)
            return SecretWriting(id: id, version: secret.latestVersion, isManaged: secret.isManaged)
        }
        if destroying { try core.store.scrub() }
        return writing
    }
}

extension Vault {
    /// Calls `body` with records of the audit trail, oldest first, some at a time: a trail may be larger than memory, and
    /// whoever takes it slowly keeps nobody from writing. The look itself is recorded before, and is not among them.
    ///
    /// - Parameter filter: without ``AuditFilter/first``.
    package func audit(
        _ filter: AuditFilter, by context: ActionContext, _ body: @Sendable ([AuditRecord]) throws -> Void
    ) throws {
        let own = try core.audited(.auditRead, "", by: context) { transaction in
            try transaction.audit.record(.auditRead, by: context)
            return transaction.audit.sequence
        }
        var page = filter
        page.before = min(own, filter.before ?? own)
        if filter.limit == nil { page.first = Self.auditPage }
        while true {
            var records: [AuditRecord] = []
            try core.store.read { store in try store.forEachAuditRecord(page) { records.append($0) } }
            if !records.isEmpty { try body(records) }
            guard filter.limit == nil, records.count == Self.auditPage else { return }
            page.after = records.last?.sequence
        }
    }

    private static let auditPage = 1000

    /// Checks the whole audit trail. See ``AuditVerifier``.
    package func verifyAudit(expectedHead: String?) throws -> AuditVerification {
        let problems = try core.store.integrityProblems()
        var report = AuditVerification(records: 0, signedHeads: 0, head: nil, problems: [])
        do {
            report = try core.store.read { store in
                try AuditVerifier.verify(
                    store, vaultID: core.keyring.vaultID, publicKey: core.keyring.auditKey.publicKey,
                    expected: expectedHead)
            }
        } catch let failure as VaultFailure where failure.kind == .corrupt {
            report.problems = ["the trail cannot be read to its end: \(failure.message)"]
        }
        report.problems += problems.map { "the store is damaged: \($0)" }
        return report
    }

    /// What the vault holds, in numbers.
    package func status() throws -> VaultStatus {
        try core.store.read { store in
            let count = try store.secretCount()
            return VaultStatus(
                serial: try store.integer(.serial), active: count.active, managed: count.managed,
                deleted: count.deleted, sources: try store.sources(),
                drifted: try store.driftedSecrets().map(\.id), rotations: try store.rotations(),
                auditHead: try store.auditHeads().last?.text ?? "",
                kekCreatedAt: try store.keyring().last { $0.purpose == .kek }?.createdAt)
        }
    }
}

extension SecretID {
    /// Throws ``NameFailure`` for a name that breaks the rules: what might be anything stands in no audit record.
    fileprivate func validated() throws -> SecretID { try SecretID(validating: name, organization: organization) }
}

extension VaultTransaction {
    fileprivate func reading(
        _ id: SecretID, version: Int64? = nil, by context: ActionContext
    ) throws -> SecretReading {
        let (record, value) = try read(try existing(id), version: version)
        try audit.record(.secretRead, ResourceKey(id).description, version: record.number, by: context)
        return SecretReading(id: id, version: record.number, createdAt: record.createdAt, value: value)
    }
}

extension WallClock {
    /// The system's clock.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
