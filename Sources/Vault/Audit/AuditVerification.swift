internal import ResealCore
package import ResealSealing

/// What a check of the whole audit trail found.
package struct AuditVerification: Sendable {
    package var records: Int64
    package var signedHeads: Int
    package var head: AuditHead?
    /// What is wrong, in order of sequence; empty when the trail is whole.
    package var problems: [String]

    package var isWhole: Bool { problems.isEmpty }
}

package enum AuditVerifier {
    /// At most this many findings are listed; a broken chain tends to break at each later record too.
    private static let maximumProblems = 20

    /// Recomputes every hash and checks every signed head.
    ///
    /// - Parameter expected: a head kept outside the vault (`<sequence>:<hash>`, from a commit trailer or a printed
    ///   `apply`). Only such a one shows that the whole vault file was put back to an older copy of itself.
    package static func verify(
        _ store: any StoreReader, vaultID: String, publicKey: Ed25519PublicKey, expected: String? = nil
    ) throws -> AuditVerification {
        let heads = try store.auditHeads()
        var report = AuditVerification(records: 0, signedHeads: heads.count, head: heads.last, problems: [])
        func note(_ problem: String) {
            if report.problems.count < maximumProblems { report.problems.append(problem) }
        }
        var expectedSeen = expected == nil
        var previous = AuditTrail.genesis
        var next: Int64 = 1
        var headIndex = 0
        try store.forEachAuditRecord(AuditFilter()) { record in
            report.records += 1
            if record.sequence != next {
                note("record \(next) is missing: the next one is \(record.sequence)")
            }
            if Digest256(hashing: record.hashInput(after: previous)) != record.hash {
                note("record \(record.sequence) was changed, moved or follows a removed one")
            }
            while headIndex < heads.count, heads[headIndex].sequence < record.sequence { headIndex += 1 }
            if headIndex < heads.count, heads[headIndex].sequence == record.sequence,
                heads[headIndex].hash != record.hash
            {
                note("record \(record.sequence) is not the one that was signed")
            }
            if !expectedSeen, expected == "\(record.sequence):\(record.hash)" { expectedSeen = true }
            previous = record.hash
            next = record.sequence == .max ? .max : record.sequence + 1
        }
        checkSignatures(heads, vaultID: vaultID, publicKey: publicKey, note)
        if let last = heads.last, last.sequence >= next {
            note("the trail was cut: it ends at record \(next - 1), but a head of record \(last.sequence) was signed")
        }
        if heads.isEmpty {
            note("the trail has no signed head")
        } else if let last = heads.last, last.sequence < next - 1 {
            note("the end of the trail, record \(next - 1), is not signed")
        }
        let serial = try store.integer(.serial)
        if let last = heads.last, last.serial != serial {
            note("the vault has serial \(serial), but the signed head says \(last.serial)")
        }
        if !expectedSeen { note("the expected head is not in the trail: an older copy of the vault was put in place") }
        return report
    }

    private static func checkSignatures(
        _ heads: [AuditHead], vaultID: String, publicKey: Ed25519PublicKey, _ note: (String) -> Void
    ) {
        for head in heads where !head.isSigned(by: publicKey, vaultID: vaultID) {
            note("the signature of the head at record \(head.sequence) is not valid")
        }
    }
}

extension StoreReader {
    /// A number stored by name; 0 when it is absent.
    package func integer(_ key: MetadataKey) throws -> Int64 {
        guard let bytes = try metadata(key) else { return 0 }
        return Int64(String(decoding: bytes, as: UTF8.self)) ?? 0
    }
}
