internal import ResealCore
internal import ResealSealing

// What the API keeps: tokens, answers for their holders, and settings beside secrets.

extension SQLiteReader {
    func kvSettings(of rowID: Int64) throws -> [UInt8]? {
        try one("SELECT document FROM kv_settings WHERE secret = ?", [rowID]) { $0.bytes(0) }
    }

    func token(_ digest: Digest256) throws -> TokenRecord? {
        try one(
            "SELECT \(TokenRecord.columns) FROM tokens WHERE digest = ?", [digest.bytes], TokenRecord.init(row:))
    }

    func token(accessor: String) throws -> TokenRecord? {
        try one("SELECT \(TokenRecord.columns) FROM tokens WHERE accessor = ?", [accessor], TokenRecord.init(row:))
    }

    func tokens() throws -> [TokenRecord] {
        try all("SELECT \(TokenRecord.columns) FROM tokens ORDER BY created_at, accessor", [], TokenRecord.init(row:))
    }

    func wrapping(_ digest: Digest256) throws -> (record: WrappingRecord, sealed: [UInt8])? {
        try one(
            "SELECT \(WrappingRecord.columns), sealed FROM wrappings WHERE digest = ?", [digest.bytes]
        ) { row in (try WrappingRecord(row: row), row.bytes(9)) }
    }

    func wrappings(of asker: Asker, at time: Timestamp) throws -> (count: Int, bytes: Int) {
        let sql = """
            SELECT count(*), ifnull(sum(length(sealed)), 0) FROM wrappings
            WHERE organization = ? AND principal = ? AND expires_at > ?
            """
        let found = try one(sql, [asker.organization, asker.principal.description, time.milliseconds]) { row in
            (count: Int(row.integer(0)), bytes: Int(row.integer(1)))
        }
        return found ?? (0, 0)
    }

    func hasWrappings(endedBy time: Timestamp) throws -> Bool {
        try one("SELECT 1 FROM wrappings WHERE expires_at <= ? LIMIT 1", [time.milliseconds]) { _ in true } ?? false
    }
}

extension SQLiteTransaction {
    func saveKVSettings(_ document: [UInt8], of rowID: Int64) throws {
        hasChangedSecrets = true
        try run(
            "INSERT OR REPLACE INTO kv_settings (secret, document) VALUES (?, ?)", [rowID, document])
    }

    func save(_ token: TokenRecord) throws {
        hasChangedTokens = true
        try run(
            "INSERT OR REPLACE INTO tokens (\(TokenRecord.columns)) VALUES (?\(String(repeating: ", ?", count: 15)))",
            token.values)
    }

    func removeTokens(endedBefore time: Timestamp) throws {
        hasChangedTokens = true
        try run(
            "DELETE FROM tokens WHERE expires_at < ?1 OR revoked_at < ?1", [time.milliseconds])
    }

    func insert(_ wrapping: WrappingRecord, sealed: [UInt8]) throws {
        try run(
            "INSERT INTO wrappings (\(WrappingRecord.columns), sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            wrapping.values(sealed: sealed))
    }

    func removeWrapping(_ digest: Digest256) throws {
        try run("DELETE FROM wrappings WHERE digest = ?", [digest.bytes])
    }

    func removeWrappings(endedBy time: Timestamp) throws {
        try run("DELETE FROM wrappings WHERE expires_at <= ?", [time.milliseconds])
    }
}

extension TokenRecord {
    fileprivate static let columns = """
        digest, accessor, parent, principal, organization, scope, break_glass_reason, created_at, created_by, ttl,
        expires_at, ends_at, is_renewable, uses_left, revoked_at, identity
        """

    fileprivate init(row: StatementRow) throws {
        guard let principal = Principal(row.text(3)), let author = Principal(row.text(8)) else {
            throw StatementRow.malformed("a principal")
        }
        self.init(
            digest: try row.digest(0), accessor: row.text(1), parent: row.optionalText(2), principal: principal,
            organization: row.text(4), scope: try TokenScope(stored: row.bytes(5)),
            breakGlassReason: row.optionalText(6), createdAt: row.time(7), createdBy: author,
            ttl: TimeSpan(seconds: row.integer(9)), expiresAt: row.time(10), endsAt: row.time(11),
            isRenewable: row.integer(12) != 0, usesLeft: row.optionalInteger(13), revokedAt: row.optionalTime(14),
            identity: try row.optionalBytes(15).map(TokenIdentity.init(stored:)))
    }

    fileprivate var values: RowValues {
        [
            digest.bytes, accessor, parent, principal.description, organization, scope.json.canonicalBytes,
            breakGlassReason, createdAt.milliseconds, createdBy.description, ttl.seconds, expiresAt.milliseconds,
            endsAt.milliseconds, isRenewable, usesLeft, revokedAt?.milliseconds,
            identity.map { $0.json.canonicalBytes },
        ]
    }
}

extension WrappingRecord {
    fileprivate static let columns =
        "digest, accessor, principal, organization, path, wrapped_accessor, created_at, ttl, expires_at"

    fileprivate init(row: StatementRow) throws {
        guard let principal = Principal(row.text(2)) else { throw StatementRow.malformed("a principal") }
        self.init(
            digest: try row.digest(0), accessor: row.text(1), principal: principal, organization: row.text(3),
            path: row.text(4), wrappedAccessor: row.optionalText(5), createdAt: row.time(6),
            ttl: TimeSpan(seconds: row.integer(7)))
    }

    fileprivate func values(sealed: [UInt8]) -> RowValues {
        [
            digest.bytes, accessor, principal.description, organization, path, wrappedAccessor,
            createdAt.milliseconds, ttl.seconds, expiresAt.milliseconds, sealed,
        ]
    }
}
