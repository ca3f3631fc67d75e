package import ResealCore
internal import ResealSealing

/// The writing end of the audit chain within one transaction.
package final class AuditTrail {
    private let transaction: any StoreTransaction
    private let now: Timestamp
    private var sequence: Int64
    private var hash: Digest256
    private(set) package var appended = 0

    /// What a record's hash covers in place of a record before the first.
    static let genesis = Digest256(hashing: Array("reseal/v1/audit-genesis".utf8))

    init(_ transaction: any StoreTransaction, at now: Timestamp) throws {
        self.transaction = transaction
        self.now = now
        let head = try transaction.auditHead()
        sequence = head?.sequence ?? 0
        hash = head?.hash ?? Self.genesis
    }

    package func record(
        _ action: AuditAction, _ subject: String = "", version: Int64? = nil, result: AuditResult = .ok,
        commit: ObjectID? = nil, detail: String = "", by context: ActionContext
    ) throws {
        sequence += 1
        appended += 1
        var record = AuditRecord(
            sequence: sequence, at: now, principal: context.principal, action: action, subject: subject,
            version: version, result: result, source: context.source, userAgent: context.userAgent,
            requestID: context.requestID, commit: commit, detail: detail, hash: hash)
        record.hash = Digest256(hashing: record.hashInput(after: hash))
        hash = record.hash
        try transaction.append(record)
    }

    /// Signs the new end of the chain, together with the vault's serial.
    func sign(_ keyring: Keyring, serial: Int64) throws {
        var head = AuditHead(sequence: sequence, hash: hash, serial: serial, at: now, signature: [])
        head.signature = try keyring.auditKey.sign(head.signedBytes(vaultID: keyring.vaultID))
        try transaction.save(head)
    }
}
