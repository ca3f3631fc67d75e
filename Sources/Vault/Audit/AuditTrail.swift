package import ResealCore
internal import ResealSealing
internal import Synchronization

/// The writing end of the audit chain within one transaction.
package final class AuditTrail {
    private let transaction: any StoreTransaction
    private let now: Timestamp
    private let known: KnownHead
    /// Of the last record.
    private(set) package var sequence: Int64
    private let hasher: ChainHasher
    /// Recorded, but not given to the hasher yet.
    private var waiting: [AuditRecord] = []
    private var isHashing = false
    private(set) package var appended = 0

    /// Records that are hashed together. Few enough that those of a large apply take no noticeable memory.
    private static let batch = 512

    /// What a record's hash covers in place of a record before the first.
    static let genesis = Digest256(hashing: Array("reseal/v1/audit-genesis".utf8))

    /// Begins the chain of a new vault.
    init(beginning transaction: any StoreTransaction, at now: Timestamp) {
        self.transaction = transaction
        self.now = now
        known = KnownHead()
        sequence = 0
        hasher = ChainHasher(after: Self.genesis)
    }

    /// Goes on with the chain where the signed head says that it ends. Throws ``VaultFailure/Kind/auditBroken`` when it
    /// does not end there: the next head would sign what was done to it, and hide it.
    ///
    /// - Parameter known: of the same keyring.
    init(
        continuing transaction: any StoreTransaction, keyring: Keyring, known: KnownHead, serial: Int64,
        at now: Timestamp
    ) throws {
        guard let last = try transaction.lastAuditRecord(), let head = try transaction.auditHeads().last,
            head.sequence == last.sequence, head.hash == last.hash, head.serial == serial,
            known.isSigned(head, by: keyring)
        else {
            throw VaultFailure(
                .auditBroken, "the audit trail does not end as it was signed: somebody changed the vault's store",
                hint: "`reseal audit verify` shows what is wrong; restore the vault from a backup")
        }
        self.transaction = transaction
        self.now = now
        self.known = known
        sequence = last.sequence
        hasher = ChainHasher(after: last.hash)
    }

    /// Adds a record. It is in the store when the transaction is finished.
    package func record(
        _ action: AuditAction, _ subject: String = "", version: Int64? = nil, result: AuditResult = .ok,
        commit: ObjectID? = nil, detail: String = "", by context: ActionContext
    ) throws {
        sequence += 1
        appended += 1
        waiting.append(
            AuditRecord(
                sequence: sequence, at: now, principal: context.principal, action: action, subject: subject,
                version: version, result: result, source: context.source, userAgent: context.userAgent,
                requestID: context.requestID, commit: commit,
                detail: detail.isEmpty || context.credential.isEmpty
                    ? context.credential + detail : "\(context.credential): \(detail)",
                hash: Self.genesis))
        guard waiting.count == Self.batch else { return }
        // The batch before this one is done by now, or nearly.
        if isHashing { try append(hasher.finish().records) }
        hasher.begin(waiting)
        waiting.removeAll(keepingCapacity: true)
        isHashing = true
    }

    /// A place in the transaction's records.
    struct Mark { fileprivate let sequence: Int64, appended: Int, waiting: Int, hashed: Int }

    var mark: Mark {
        Mark(sequence: sequence, appended: appended, waiting: waiting.count, hashed: appended - waiting.count)
    }

    /// Forgets what was recorded since. Throws where some of it was hashed already: then only the whole transaction can be
    /// undone.
    func goBack(to mark: Mark) throws {
        guard mark.hashed == appended - waiting.count else {
            throw VaultFailure(.storage, "a part of a transaction is too large to be undone alone", hint: "try again")
        }
        (sequence, appended) = (mark.sequence, mark.appended)
        waiting.removeSubrange(mark.waiting...)
    }

    /// Signs the new end of the chain, together with the vault's serial.
    func sign(_ keyring: Keyring, serial: Int64) throws {
        let (records, last) = hasher.finish(waiting)
        waiting = []
        try append(records)
        var head = AuditHead(sequence: sequence, hash: last, serial: serial, at: now, signature: [])
        head.signature = try keyring.auditKey.sign(head.signedBytes(vaultID: keyring.vaultID))
        try transaction.save(head)
        known.note(head)
    }

    private func append(_ records: [AuditRecord]) throws {
        for record in records { try transaction.append(record) }
    }
}

/// The last head of one keyring whose signature is known to be right. To look at the same bytes again says nothing new, and
/// takes as long as all else of a small transaction.
final class KnownHead: Sendable {
    private let head = Mutex<AuditHead?>(nil)

    func note(_ signed: AuditHead) { head.withLock { $0 = signed } }

    func isSigned(_ other: AuditHead, by keyring: Keyring) -> Bool {
        if head.withLock({ $0 == other }) { return true }
        guard other.isSigned(by: keyring.auditKey.publicKey, vaultID: keyring.vaultID) else { return false }
        note(other)
        return true
    }
}
