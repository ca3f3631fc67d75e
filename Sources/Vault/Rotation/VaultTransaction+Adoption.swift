internal import ResealCore
package import ResealSealing

// What was made by hand and is to stand in Git goes the way of a rotated value: the journal remembers which fields wait.

extension VaultTransaction {
    /// Makes the vault authoritative for fields that were changed by hand, until Git holds them too.
    ///
    /// - Parameter fields: as Git holds them; one that it lacks has a counter and a fingerprint of 0.
    package func adopt(_ fields: [FieldState], of secret: SecretRecord) throws {
        var journal =
            try store.rotation(of: secret.rowID)
            ?? RotationRecord(
                rowID: secret.rowID, id: secret.id, step: .promoted, candidate: secret.currentVersion, previous: 0,
                startedAt: now, updatedAt: now)
        let known = Set(journal.unwritten.map(\.field))
        journal.unwritten += fields.filter { !known.contains($0.field) }
        // What was pushed before holds another value. A rotation that is under way goes on, and writes these with its own.
        if !journal.step.isUnpromoted { journal.step = .promoted }
        journal.updatedAt = now
        try store.save(journal)
        markChanged()
    }
}

extension StoreReader {
    /// True when the present content of a field was made by rotation, whatever was written beside it since.
    package func isRotated(_ field: String, of secret: SecretRecord) throws -> Bool {
        func content(_ fields: [FieldState]) -> UInt64? {
            fields.first { $0.field == field && !$0.isGone }?.fingerprint
        }
        guard let present = content(secret.fields) else { return false }
        var origin = Origin.git
        for version in try versions(of: secret.rowID).reversed() where version.number <= secret.currentVersion {
            guard content(version.fields) == present else { break }
            origin = version.origin
        }
        return origin == .rotation
    }

    /// The fields of the newest version with this fingerprint; `nil` where there never was one.
    package func fields(of secret: SecretRecord, fingerprint: Digest256) throws -> [FieldState]? {
        try versions(of: secret.rowID).last { $0.fingerprint == fingerprint }?.fields.present
    }
}
