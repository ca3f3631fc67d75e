internal import GRDB
internal import GRDBSQLite

/// A prepared statement that is bound and stepped straight through SQLite: GRDB's arguments are an array of boxed values for
/// each run, and its rows are looked at by several layers, which costs more than what SQLite itself does for one row.
struct RowStatement {
    private let statement: Statement
    private let db: Database

    /// For one transaction, as `db` is.
    ///
    /// - Parameter isShared: false for a statement of its own, where a run may begin while another one is not over.
    init(_ db: Database, _ sql: String, isShared: Bool = true) throws {
        self.db = db
        statement = isShared ? try db.cachedStatement(sql: sql) : try db.makeStatement(sql: sql)
    }

    /// Runs the statement to its end.
    ///
    /// - Parameter values: for the statement's parameters, in their order.
    func run(_ values: RowValues) throws { try query(values) { _ in false } }

    /// Calls `body` with each row, until it returns false.
    func query(_ values: RowValues, _ body: (StatementRow) throws -> Bool) throws {
        let raw = statement.sqliteStatement
        precondition(values.count == sqlite3_bind_parameter_count(raw), "a value for each parameter")
        try values.withBound(to: raw) { status in
            defer { sqlite3_reset(raw) }
            var status = status
            if status == SQLITE_OK { status = sqlite3_step(raw) }
            while status == SQLITE_ROW {
                guard try body(StatementRow(raw)) else { return }
                status = sqlite3_step(raw)
            }
            guard status == SQLITE_DONE else {
                throw DatabaseError(resultCode: ResultCode(rawValue: status), message: db.lastErrorMessage)
            }
        }
    }
}
