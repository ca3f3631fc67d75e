package import ResealCore
package import ResealSealing

/// An unlocked vault: the store, its keys and the time. Calls block; actors above run them on queues of their own.
package struct VaultCore: Sendable {
    package let store: any Store
    package private(set) var keyring: Keyring
    package let clock: WallClock
    fileprivate let knownHead = KnownHead()

    /// Opens the keyring. Throws ``VaultFailure/Kind/notInitialized`` or ``VaultFailure/Kind/wrongRootKey``.
    package init(unlocking store: any Store, with provider: some RootKeyProvider, clock: WallClock = .system) throws {
        let (id, entries) = try store.read { (try $0.metadata(.vaultID), try $0.keyring()) }
        guard let id else {
            throw VaultFailure(.notInitialized, "the vault is not initialised", hint: "run `reseal init`")
        }
        self.store = store
        self.clock = clock
        keyring = try Keyring(
            vaultID: String(decoding: id, as: UTF8.self), entries: entries, root: provider.rootKey())
    }

    /// The same vault, which tells `observe` of every leaf of every value that it opens: what a log must not show.
    package func observed(_ observe: @escaping @Sendable (SecretBytes) -> Void) -> VaultCore {
        var core = self
        core.keyring.onOpen = { stored in
            guard let value = try? SecretValue(decoding: stored) else { return }
            for leaf in value.leaves { observe(leaf.bytes) }
        }
        return core
    }

    /// Makes keyring and identity of a new vault, in one transaction with the first audit record.
    package static func initialize(
        _ store: any Store, with provider: some RootKeyProvider, clock: WallClock, by context: ActionContext
    ) throws {
        let now = clock.now()
        let vaultID = Hex.encode(try SystemRandom.bytes(16))
        let root = try provider.rootKey()
        let entries = try Keyring.create(vaultID: vaultID, root: root, at: now)
        let keyring = try Keyring(vaultID: vaultID, entries: entries, root: root)
        try store.write { transaction in
            guard try transaction.metadata(.vaultID) == nil else {
                throw VaultFailure(
                    .alreadyInitialized, "the vault exists already", hint: "choose another --home for a second vault")
            }
            for entry in entries { try transaction.insert(entry) }
            try transaction.setMetadata(.vaultID, Array(vaultID.utf8))
            try transaction.setMetadata(.rootKey, provider.descriptor.json.canonicalBytes)
            try transaction.setMetadata(.createdAt, Array(now.description.utf8))
            try transaction.setMetadata(.auditPublicKey, keyring.auditKey.publicKey.bytes)
            let audit = AuditTrail(beginning: transaction, at: now)
            try audit.record(.vaultInit, by: context)
            try audit.sign(keyring, serial: 0)
        }
    }

    /// How the root key of a vault is made, readable without it. `nil` while the vault is not initialised.
    package static func rootKeyDescriptor(of store: any Store) throws -> RootKeyDescriptor? {
        guard let bytes = try store.read({ try $0.metadata(.rootKey) }) else { return nil }
        guard let json = try? JSON(parsing: bytes), let descriptor = RootKeyDescriptor(json: json) else {
            throw VaultFailure(
                .newerSchema, "the vault names a root key provider that this version does not know",
                hint: "update reseal")
        }
        return descriptor
    }

    /// Runs `body` in one durable transaction together with the audit records that it writes. The serial rises when the
    /// body changed the vault, and the new end of the chain is signed.
    package func write<R>(_ body: (VaultTransaction) throws -> R) throws -> R {
        try store.write { raw in
            let transaction = try VaultTransaction(raw, core: self)
            let result = try body(transaction)
            try transaction.finish()
            return result
        }
    }

    /// Runs `body` like ``write(_:)``. When it is refused or fails, that is recorded too, in a transaction of its own.
    ///
    /// - Parameter subject: asked only for that record, when the body has run.
    package func audited<R>(
        _ action: AuditAction, _ subject: @autoclosure () -> String, by context: ActionContext,
        _ body: (VaultTransaction) throws -> R
    ) throws -> R {
        do {
            return try write(body)
        } catch let failure as any UserFacingFailure {
            try recordRefusal(of: action, subject(), failure: failure, by: context)
            throw failure
        }
    }

    /// Records that an action was refused or failed. Where the store itself is the reason, there is nowhere to record
    /// to, and the original failure is what the caller has to see.
    ///
    /// - Parameter result: by the failure's kind unless given.
    package func recordRefusal(
        of action: AuditAction, _ subject: String = "", commit: ObjectID? = nil, failure: any UserFacingFailure,
        result: AuditResult? = nil, by context: ActionContext
    ) throws {
        guard let judged = failure.auditResult else { return }
        try write {
            try $0.audit.record(
                action, subject, result: result ?? judged, commit: commit, detail: failure.code, by: context)
        }
    }
}

extension UserFacingFailure {
    /// How the trail has it; `nil` where the store itself failed, and has nowhere to record to.
    var auditResult: AuditResult? {
        let kind = (self as? VaultFailure)?.kind
        if kind?.isStorage == true { return nil }
        let isRefusal = kind == .protected || code.hasPrefix("access.") || code == TokenFailure.Kind.noWrapping.rawValue
        return isRefusal ? .refused : .failed
    }
}

extension VaultFailure.Kind {
    /// True when the store cannot be relied on to take another record.
    fileprivate var isStorage: Bool {
        switch self {
        case .corrupt, .diskFull, .readOnly, .storage, .locked, .newerSchema, .auditBroken: true
        default: false
        }
    }
}

/// One transaction of an unlocked vault.
package final class VaultTransaction {
    package let store: any StoreTransaction
    package let audit: AuditTrail
    package let keyring: Keyring
    package let now: Timestamp
    private let serialBefore: Int64
    private var tokenSerialBefore: Int64?
    private var isChanged = false
    /// Records when the part of the transaction that runs began.
    private var recordsBefore = 0

    init(_ store: any StoreTransaction, core: VaultCore) throws {
        self.store = store
        keyring = core.keyring
        now = core.clock.now()
        // Another process may have rotated the keys since this one read them. A value written with a key that is gone
        // could never be opened.
        guard try store.currentKEK() == core.keyring.currentKEK else {
            throw VaultFailure(
                .serialMoved, "the vault's keys were rotated meanwhile", hint: "run the command again")
        }
        serialBefore = try store.integer(.serial)
        audit = try AuditTrail(
            continuing: store, keyring: core.keyring, known: core.knownHead, serial: serialBefore, at: now)
    }

    /// The vault's serial as it was when the transaction began.
    package var serial: Int64 { serialBefore }

    /// True when the secrets are no other ones than when the vault's serial was this.
    func areSecretsStill(_ serial: Int64) -> Bool { serialBefore == serial && !isChanged && !store.hasChangedSecrets }

    /// True when the tokens are no other ones than when theirs was this.
    func areTokensStill(_ serial: Int64) throws -> Bool {
        guard !store.hasChangedTokens else { return false }
        let before = try tokenSerialBefore ?? store.integer(.tokenSerial)
        tokenSerialBefore = before
        return before == serial
    }

    /// True when this transaction, or the part of it that runs, has written to the audit trail.
    var hasRecords: Bool { audit.appended > recordsBefore }

    /// Says that the vault's contents differ after this transaction.
    package func markChanged() { isChanged = true }

    /// Runs `body` as a part of the transaction, which can go on when it throws, but for a ``BrokenPart``.
    package func attempt<R>(_ body: (VaultTransaction) throws -> R) throws -> R {
        let (mark, wasChanged, before) = (audit.mark, isChanged, recordsBefore)
        defer { recordsBefore = before }
        recordsBefore = audit.appended
        do { return try store.attempt { try body(self) } } catch let error as BrokenPart { throw error } catch {
            try audit.goBack(to: mark)
            isChanged = wasChanged
            throw error
        }
    }

    fileprivate func finish() throws {
        precondition(!isChanged || audit.appended > 0, "a change of the vault without an audit record")
        // What a server remembers of secrets holds as long as the serial does, so that one rises with each change of them.
        let rises = isChanged || store.hasChangedSecrets
        let serial = serialBefore + (rises ? 1 : 0)
        if rises { try store.setMetadata(.serial, Array(String(serial).utf8)) }
        if rises || audit.appended > 0 { try audit.sign(keyring, serial: serial) }
    }
}
