internal import GRDB
internal import ResealCore
internal import ResealSealing

/// Queries on one SQLite connection, inside a transaction that the store opened.
class SQLiteReader: StoreReader {
    let db: Database

    init(db: Database) { self.db = db }

    func metadata(_ key: MetadataKey) throws -> [UInt8]? {
        try one("SELECT value FROM metadata WHERE key = ?", [key.rawValue]) { $0.bytes(0) }
    }

    func keyring() throws -> [KeyringEntry] {
        try all("SELECT id, purpose, created_at, wrapped FROM keyring ORDER BY id") { row in
            KeyringEntry(
                id: row.integer(0), purpose: try row.word(1, as: KeyringEntry.Purpose.self), createdAt: row.time(2),
                wrapped: row.bytes(3))
        }
    }

    func currentKEK() throws -> Int64? {
        try one("SELECT id FROM keyring WHERE purpose = 'kek' ORDER BY id DESC LIMIT 1") { $0.integer(0) }
    }

    // MARK: Secrets

    func secret(_ id: SecretID) throws -> SecretRecord? {
        try one(
            "SELECT \(SecretRecord.columns) FROM secrets WHERE organization = ? AND name = ?",
            [id.organization, id.name], SecretRecord.init(row:))
    }

    func secret(rowID: Int64) throws -> SecretRecord? {
        try one("SELECT \(SecretRecord.columns) FROM secrets WHERE id = ?", [rowID], SecretRecord.init(row:))
    }

    func forEachMark(_ body: (SecretMark) throws -> Void) throws {
        try each("SELECT id, current_version, spec_digest FROM secrets WHERE state = 'active' ORDER BY id") { row in
            try body(
                SecretMark(rowID: row.integer(0), currentVersion: row.integer(1), spec: try row.digest(2).leading))
        }
    }

    func forEachSecret(organization: String?, prefix: String, _ body: (SecretRecord) throws -> Void) throws {
        // GLOB would need escaping; a half-open range does not, and uses the index. U+10FFFF sorts behind every name.
        try each(
            """
            SELECT \(SecretRecord.columns) FROM secrets
            WHERE (?1 IS NULL OR organization = ?1) AND name >= ?2 AND name < ?2 || char(1114111)
            ORDER BY organization, name
            """, [organization, prefix]
        ) { try body(SecretRecord(row: $0)) }
    }

    func secretCount() throws -> (active: Int, managed: Int, deleted: Int) {
        let sql = """
            SELECT count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state = 'active' AND is_managed),
                count(*) FILTER (WHERE state = 'deleted') FROM secrets
            """
        return try one(sql) { (Int($0.integer(0)), Int($0.integer(1)), Int($0.integer(2))) } ?? (0, 0, 0)
    }

    func driftedSecrets() throws -> [SecretRecord] {
        try all(
            "SELECT \(SecretRecord.columns) FROM secrets WHERE drift IS NOT NULL ORDER BY id", [],
            SecretRecord.init(row:))
    }

    func versions(of rowID: Int64) throws -> [VersionRecord] {
        try all(
            "SELECT \(VersionRecord.columns) FROM versions WHERE secret = ? ORDER BY number", [rowID],
            VersionRecord.init(row:))
    }

    func versions(of rowID: Int64, above number: Int64) throws -> [VersionRecord] {
        try all(
            "SELECT \(VersionRecord.columns) FROM versions WHERE secret = ? AND number > ? ORDER BY number",
            [rowID, number], VersionRecord.init(row:))
    }

    func previousVersions(of rowID: Int64, upTo number: Int64) throws -> [Int64] {
        try all(
            "SELECT number FROM versions WHERE secret = ? AND number <= ? AND state = 'previous' ORDER BY number",
            [rowID, number]
        ) { $0.integer(0) }
    }

    func version(_ number: Int64, of rowID: Int64) throws -> VersionRecord? {
        try one(
            "SELECT \(VersionRecord.columns) FROM versions WHERE secret = ? AND number = ?", [rowID, number],
            VersionRecord.init(row:))
    }

    func sealedValue(_ number: Int64, of rowID: Int64) throws -> SealedValue? {
        try one(
            """
            SELECT v.kek, k.wrapped, v.ciphertext FROM versions v JOIN data_keys k ON k.id = v.data_key
            WHERE v.secret = ? AND v.number = ?
            """, [rowID, number]
        ) { SealedValue(kek: $0.integer(0), wrappedDEK: $0.bytes(1), ciphertext: $0.bytes(2)) }
    }

    func duePurges(at now: Timestamp) throws -> [PurgeItem] {
        var due: [Int64: [Int64]] = [:]
        let sql = """
            SELECT secret, number FROM versions WHERE purge_at <= ?1
            UNION
            SELECT v.secret, v.number FROM versions v JOIN secrets s ON s.id = v.secret
            WHERE s.purge_at <= ?1 AND v.ciphertext IS NOT NULL
            """
        try each(sql, [now.milliseconds]) { due[$0.integer(0), default: []].append($0.integer(1)) }
        return try due.sorted { $0.key < $1.key }.compactMap { rowID, versions in
            try secret(rowID: rowID).map { PurgeItem(secret: $0, versions: versions) }
        }
    }

    // MARK: Rotations

    func rotation(of rowID: Int64) throws -> RotationRecord? {
        try one("\(RotationRecord.query) WHERE r.secret = ?", [rowID], RotationRecord.init(row:))
    }

    func rotations() throws -> [RotationRecord] {
        try all("\(RotationRecord.query) ORDER BY s.organization, s.name", [], RotationRecord.init(row:))
    }

    // MARK: What Git last said

    func sources() throws -> [SourceRecord] {
        try all("SELECT \(SourceRecord.columns) FROM sources ORDER BY id", [], SourceRecord.init(row:))
    }

    func applied(_ key: ResourceKey) throws -> AppliedRecord? {
        try one(
            "SELECT \(AppliedRecord.columns) FROM applied WHERE kind = ? AND organization = ? AND name = ?",
            [key.kind.rawValue, key.organization, key.name], AppliedRecord.init(row:))
    }

    func applied(source: Int64, path: String) throws -> [AppliedRecord] {
        try all(
            "SELECT \(AppliedRecord.columns) FROM applied WHERE source = ? AND path = ?", [source, path],
            AppliedRecord.init(row:))
    }

    func forEachApplied(source: Int64, _ body: (AppliedRecord) throws -> Void) throws {
        try each(
            "SELECT \(AppliedRecord.columns) FROM applied WHERE source = ? ORDER BY kind, organization, name",
            [source]
        ) { try body(AppliedRecord(row: $0)) }
    }

    func applied(kind: ResourceKind, source: Int64) throws -> [AppliedRecord] {
        try all(
            "SELECT \(AppliedRecord.columns) FROM applied WHERE kind = ? AND source = ? ORDER BY organization, name",
            [kind.rawValue, source], AppliedRecord.init(row:))
    }

    func appliedSecretCount(source: Int64) throws -> Int {
        let sql = "SELECT count(*) FROM applied WHERE kind = 'Secret' AND source = ?"
        return try one(sql, [source]) { Int($0.integer(0)) } ?? 0
    }

    func appliedNames(kind: ResourceKind, organization: String) throws -> [String] {
        try all(
            "SELECT name FROM applied WHERE kind = ? AND organization = ? ORDER BY name",
            [kind.rawValue, organization]
        ) { $0.text(0) }
    }

    func referenceSet(_ id: Int64) throws -> [ReferenceTarget] {
        try all("SELECT target FROM reference_set_members WHERE reference_set = ? ORDER BY target", [id]) { row in
            guard let target = ReferenceTarget(text: row.text(0)) else { throw StatementRow.malformed("a reference") }
            return target
        }
    }

    func referrers(to target: ReferenceTarget, source: Int64) throws -> [AppliedRecord] {
        let columns = AppliedRecord.columns.split(separator: ",").map { "a.\($0.filter { !$0.isWhitespace })" }
        // CROSS and + make SQLite begin with the target; by itself it would go through all that was applied.
        return try all(
            """
            SELECT \(columns.joined(separator: ", ")) FROM reference_set_members m
            CROSS JOIN applied a ON a.reference_set = m.reference_set
            WHERE m.target = ? AND +a.source = ? ORDER BY a.kind, a.organization, a.name
            """, [target.text, source], AppliedRecord.init(row:))
    }

    // MARK: Audit

    func lastAuditRecord() throws -> AuditRecord? {
        try one(
            "SELECT \(AuditRecord.columns) FROM audit ORDER BY sequence DESC LIMIT 1", [], AuditRecord.init(row:))
    }

    func auditHeads() throws -> [AuditHead] {
        try all("SELECT sequence, hash, serial, at, signature FROM audit_heads ORDER BY sequence") { row in
            AuditHead(
                sequence: row.integer(0), hash: try row.digest(1), serial: row.integer(2), at: row.time(3),
                signature: row.bytes(4))
        }
    }

    func forEachAuditRecord(_ filter: AuditFilter, _ body: (AuditRecord) throws -> Void) throws {
        let sql = """
            SELECT * FROM (
                SELECT \(AuditRecord.columns) FROM audit
                WHERE (?1 IS NULL OR action = ?1 OR substr(action, 1, length(?1) + 1) = ?1 || '.')
                    AND (?2 IS NULL OR subject = ?2 OR substr(subject, instr(subject, '/') + 1) = ?2)
                    AND (?3 IS NULL OR principal = ?3) AND (?4 IS NULL OR result = ?4)
                    AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6) AND sequence > ?8 AND sequence < ?10
                    AND (?9 IS NULL
                        OR substr(subject, instr(subject, '.') + 1, length(?9) + 1) = ?9 || '/')
                ORDER BY sequence \(filter.limit == nil && filter.first != nil ? "ASC" : "DESC") LIMIT ?7
            ) ORDER BY sequence
            """
        let everything = "SELECT \(AuditRecord.columns) FROM audit ORDER BY sequence"
        let isFiltered =
            filter.action != nil || filter.subject != nil || filter.principal != nil || filter.result != nil
            || filter.since != nil || filter.until != nil || filter.limit != nil || filter.first != nil
            || filter.after != nil || filter.before != nil || filter.organization != nil
        // Without a filter, rows stream instead of being sorted twice.
        try each(
            isFiltered ? sql : everything,
            isFiltered
                ? [
                    filter.action, filter.subject, filter.principal, filter.result?.rawValue,
                    filter.since?.milliseconds, filter.until?.milliseconds, filter.limit ?? filter.first ?? -1,
                    filter.after ?? 0, filter.organization, filter.before ?? .max,
                ] : []
        ) { try body(AuditRecord(row: $0)) }
    }

    func changedSubjects(after sequence: Int64) throws -> [String] {
        try all(
            """
            SELECT DISTINCT subject FROM audit WHERE sequence > ? AND result = 'ok'
                AND action LIKE 'vault.secret.%' AND action NOT IN ('vault.secret.read', 'vault.secret.list')
            """, [sequence]
        ) { $0.text(0) }
    }

    func auditCursor(_ name: String) throws -> Int64? {
        try one("SELECT sequence FROM audit_cursors WHERE name = ?", [name]) { $0.integer(0) }
    }

    // MARK: Statements

    /// A statement of its own, since `body` may run the same query, which would start a cached one over.
    func each(_ sql: String, _ values: RowValues = [], _ body: (StatementRow) throws -> Void) throws {
        try RowStatement(db, sql, isShared: false).query(values) { row in
            try body(row)
            return true
        }
    }

    func all<T>(_ sql: String, _ values: RowValues = [], _ make: (StatementRow) throws -> T) throws -> [T] {
        var items: [T] = []
        try RowStatement(db, sql).query(values) { row in
            items.append(try make(row))
            return true
        }
        return items
    }

    func one<T>(_ sql: String, _ values: RowValues = [], _ make: (StatementRow) throws -> T) throws -> T? {
        var item: T?
        try RowStatement(db, sql).query(values) { row in
            item = try make(row)
            return false
        }
        return item
    }
}
