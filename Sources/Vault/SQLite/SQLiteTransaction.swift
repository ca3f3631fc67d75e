internal import GRDB
internal import ResealCore
internal import ResealSealing

/// Effects on one SQLite connection, inside a write transaction that the store opened.
final class SQLiteTransaction: SQLiteReader, StoreTransaction {
    /// Reference sets seen in this transaction: thousands of manifests share a few.
    private var knownSets: [[ReferenceTarget]: Int64] = [:]
    var hasChangedSecrets = false
    var hasChangedTokens = false
    // The statements that run for each secret of an apply, once they were prepared.
    private var insertSecret: RowStatement?
    private var updateSecret: RowStatement?
    private var insertDataKey: RowStatement?
    private var insertVersion: RowStatement?
    private var saveApplied: RowStatement?
    private var appendRecord: RowStatement?
    /// The values of the statement that runs, in memory that serves one after another.
    private var values = RowValues()

    func attempt<R>(_ body: () throws -> R) throws -> R {
        let (changes, hadChanged) = (db.totalChangesCount, (hasChangedSecrets, hasChangedTokens))
        do { return try body() } catch let error as DatabaseError { throw error } catch let error as BrokenPart {
            throw error
        } catch {
            // A savepoint would undo it alone, and all that goes well would pay a tenth of its time for it.
            guard db.totalChangesCount == changes else { throw BrokenPart(reason: error) }
            (hasChangedSecrets, hasChangedTokens) = hadChanged
            throw error
        }
    }

    func setMetadata(_ key: MetadataKey, _ value: [UInt8]) throws {
        try run("INSERT OR REPLACE INTO metadata (key, value) VALUES (?, ?)", [key.rawValue, value])
    }

    func insert(_ entry: KeyringEntry) throws {
        try run(
            "INSERT INTO keyring (id, purpose, created_at, wrapped) VALUES (?, ?, ?, ?)",
            [entry.id, entry.purpose.rawValue, entry.createdAt.milliseconds, entry.wrapped])
    }

    func update(_ entry: KeyringEntry) throws {
        try run("UPDATE keyring SET wrapped = ? WHERE id = ?", [entry.wrapped, entry.id])
    }

    func removeKeyringEntry(_ id: Int64) throws { try run("DELETE FROM keyring WHERE id = ?", [id]) }

    func rewrapDEKs(_ body: (StoredDEK) throws -> StoredDEK) throws {
        hasChangedSecrets = true
        let sql = """
            SELECT s.organization, s.name, v.number, v.kek, k.wrapped, v.secret, k.id FROM versions v
            JOIN secrets s ON s.id = v.secret JOIN data_keys k ON k.id = v.data_key
            """
        // Read to the end first: SQLite leaves open what a query sees of rows that change under it.
        let stored = try all(sql) { row in
            (
                dek: StoredDEK(
                    id: SecretID(row.text(1), organization: row.text(0)), version: row.integer(2),
                    kek: row.integer(3), wrapped: row.bytes(4)),
                secret: row.integer(5), key: row.integer(6)
            )
        }
        for item in stored {
            let fresh = try body(item.dek)
            // Of the same size, so the row stays where it is.
            try run("UPDATE data_keys SET wrapped = ? WHERE id = ?", [fresh.wrapped, item.key])
            try run(
                "UPDATE versions SET kek = ? WHERE secret = ? AND number = ?",
                [fresh.kek, item.secret, item.dek.version])
        }
    }

    // MARK: Secrets

    private static let insertSecretSQL =
        "INSERT INTO secrets (\(SecretRecord.columns)) VALUES (NULL\(String(repeating: ", ?", count: 17)))"

    func insert(_ secret: SecretRecord) throws -> Int64 {
        hasChangedSecrets = true
        try run(&insertSecret, Self.insertSecretSQL) { secret.addValues(to: &$0) }
        return db.lastInsertedRowID
    }

    private static let updateSecretSQL = """
        UPDATE secrets SET (organization, name, state, spec, spec_digest, current_version, latest_version,
            fingerprint, fields, is_managed, deletion_protection, keep_previous, drift, created_at, updated_at,
            deleted_at, purge_at) = (?\(String(repeating: ", ?", count: 16))) WHERE id = ?
        """

    func update(_ secret: SecretRecord) throws {
        hasChangedSecrets = true
        try run(&updateSecret, Self.updateSecretSQL) { row in
            secret.addValues(to: &row)
            row.add(secret.rowID)
        }
    }

    private static let insertVersionSQL = """
        INSERT INTO versions (\(VersionRecord.columns), secret, kek, data_key, ciphertext)
        VALUES (?\(String(repeating: ", ?", count: 18)))
        """
    private static let insertDataKeySQL = "INSERT INTO data_keys (wrapped) VALUES (?)"

    func insert(_ version: VersionRecord, value: SealedValue, of rowID: Int64) throws {
        hasChangedSecrets = true
        try run(&insertDataKey, Self.insertDataKeySQL) { row in row.add(value.wrappedDEK) }
        let key = db.lastInsertedRowID
        try run(&insertVersion, Self.insertVersionSQL) { row in
            version.addValues(to: &row)
            row.add(rowID)
            row.add(value.kek)
            row.add(key)
            row.add(value.ciphertext)
        }
    }

    func retire(_ version: Int64, of rowID: Int64, purgeAt: Timestamp) throws {
        hasChangedSecrets = true
        try run(
            "UPDATE versions SET state = 'previous', purge_at = ? WHERE secret = ? AND number = ? AND state = 'current'",
            [purgeAt.milliseconds, rowID, version])
    }

    func promote(_ version: Int64, of rowID: Int64) throws {
        hasChangedSecrets = true
        try run(
            "UPDATE versions SET state = 'current' WHERE secret = ? AND number = ? AND state = 'pending'",
            [rowID, version])
    }

    func save(_ rotation: RotationRecord) throws {
        try run(
            """
            INSERT OR REPLACE INTO rotations (secret, step, candidate, previous, unwritten, started_at, updated_at,
                retire_at, failures, next_attempt_at, last_failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                rotation.rowID, rotation.step.rawValue, rotation.candidate, rotation.previous,
                rotation.unwritten.encoded, rotation.startedAt.milliseconds, rotation.updatedAt.milliseconds,
                rotation.retireAt?.milliseconds, rotation.failures, rotation.nextAttemptAt?.milliseconds,
                rotation.lastFailure,
            ])
    }

    func removeRotation(of rowID: Int64) throws { try run("DELETE FROM rotations WHERE secret = ?", [rowID]) }

    func destroy(_ version: Int64, of rowID: Int64, at now: Timestamp) throws {
        hasChangedSecrets = true
        // Of the same length, hence in the same place.
        try run(
            """
            UPDATE data_keys SET wrapped = zeroblob(length(wrapped))
            WHERE id = (SELECT data_key FROM versions WHERE secret = ? AND number = ?)
            """, [rowID, version])
        try run(
            """
            UPDATE versions SET state = 'destroyed', kek = NULL, data_key = NULL, ciphertext = NULL, purge_at = NULL,
                destroyed_at = ? WHERE secret = ? AND number = ?
            """, [now.milliseconds, rowID, version])
    }

    // MARK: What Git last said

    func save(_ source: SourceRecord) throws -> Int64 {
        let id: Int64? = source.id == 0 ? nil : source.id
        var values: RowValues = [id]
        source.addValues(to: &values)
        // Not OR REPLACE: that deletes the row first, and SQLite then looks through every row that refers to it.
        try run(
            """
            INSERT INTO sources (\(SourceRecord.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET location = excluded.location, path = excluded.path, ref = excluded.ref,
                repository_id = excluded.repository_id, commit_id = excluded.commit_id, tree_id = excluded.tree_id,
                applied_at = excluded.applied_at, policy = excluded.policy
            """, values)
        return id ?? db.lastInsertedRowID
    }

    private static let saveAppliedSQL =
        "INSERT OR REPLACE INTO applied (\(AppliedRecord.columns)) VALUES (?\(String(repeating: ", ?", count: 11)))"

    func save(_ applied: AppliedRecord) throws {
        hasChangedSecrets = true
        try run(&saveApplied, Self.saveAppliedSQL) { applied.addValues(to: &$0) }
    }

    func removeApplied(_ key: ResourceKey) throws {
        hasChangedSecrets = true
        try run(
            "DELETE FROM applied WHERE kind = ? AND organization = ? AND name = ?",
            [key.kind.rawValue, key.organization, key.name])
    }

    func referenceSetID(_ targets: [ReferenceTarget]) throws -> Int64 {
        if let known = knownSets[targets] { return known }
        let texts = Set(targets.map(\.text)).sorted()
        let digest = Digest256(hashing: Array(texts.joined(separator: "\n").utf8)).bytes
        let id: Int64
        if let existing = try one("SELECT id FROM reference_sets WHERE digest = ?", [digest], { $0.integer(0) }) {
            id = existing
        } else {
            try run("INSERT INTO reference_sets (digest) VALUES (?)", [digest])
            id = db.lastInsertedRowID
            for text in texts {
                try run("INSERT INTO reference_set_members (target, reference_set) VALUES (?, ?)", [text, id])
            }
        }
        knownSets[targets] = id
        return id
    }

    // MARK: Audit

    private static let appendRecordSQL =
        "INSERT INTO audit (\(AuditRecord.columns)) VALUES (?\(String(repeating: ", ?", count: 12)))"

    func append(_ record: AuditRecord) throws {
        try run(&appendRecord, Self.appendRecordSQL) { record.addValues(to: &$0) }
    }

    func save(_ head: AuditHead) throws {
        // An older head that stayed would vouch for a trail that was cut down to it.
        try run("DELETE FROM audit_heads")
        try run(
            "INSERT INTO audit_heads (sequence, hash, serial, at, signature) VALUES (?, ?, ?, ?, ?)",
            [head.sequence, head.hash.bytes, head.serial, head.at.milliseconds, head.signature])
    }

    func saveAuditCursor(_ name: String, _ sequence: Int64) throws {
        try run("INSERT OR REPLACE INTO audit_cursors (name, sequence) VALUES (?, ?)", [name, sequence])
    }

    private func run(
        _ statement: inout RowStatement?, _ sql: String, _ fill: (inout RowValues) -> Void
    ) throws {
        let prepared = try statement ?? RowStatement(db, sql)
        statement = prepared
        values.removeAll()
        fill(&values)
        try prepared.run(values)
    }

    func run(_ sql: String, _ values: RowValues = []) throws { try RowStatement(db, sql).run(values) }
}
