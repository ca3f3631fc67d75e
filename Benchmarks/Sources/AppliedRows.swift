internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// Every row of a vault, held in memory so that it can be inserted again without any work but SQLite's.
final class AppliedRows {
    private struct Table {
        let name: String
        let columns: Int
        /// Copies that this object owns, one row behind the other.
        var values: [OpaquePointer] = []
    }

    private var tables: [Table] = []
    private var schema: [String] = []
    private(set) var secrets = 0

    init(vault: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        try DatabaseQueue(path: vault, configuration: configuration).read { db in
            // In the order in which they were made, so that what a row refers to comes before it.
            let made = "FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY rowid"
            schema = try String.fetchAll(db, sql: "SELECT sql \(made)")
            let names = try String.fetchAll(db, sql: "SELECT iif(type = 'table', name, '') \(made)")
            for name in names where !name.isEmpty { tables.append(try Self.read(name, db)) }
            secrets = try Int.fetchOne(db, sql: "SELECT count(*) FROM secrets") ?? 0
        }
    }

    deinit { for table in tables { table.values.forEach(sqlite3_value_free) } }

    private static func read(_ name: String, _ db: Database) throws -> Table {
        let statement = try db.makeStatement(sql: "SELECT * FROM \(name)")
        var table = Table(name: name, columns: statement.columnCount)
        while sqlite3_step(statement.sqliteStatement) == SQLITE_ROW {
            for column in 0..<table.columns {
                let value = sqlite3_value_dup(sqlite3_column_value(statement.sqliteStatement, Int32(column)))
                guard let value else { throw DatabaseError(resultCode: .SQLITE_NOMEM) }
                table.values.append(value)
            }
        }
        return table
    }

    /// Inserts all rows into a fresh file in `folder`, by prepared statements in one durable transaction.
    func insertSeconds(_ folder: String) throws -> Double {
        let path = "\(folder)/floor-\(getpid()).db"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let pool = try DatabasePool(path: path)
        return try pool.writeWithoutTransaction { db in
            for sql in schema { try db.execute(sql: sql) }
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192")
            return try measure {
                try db.inTransaction {
                    for table in tables { try Self.insert(table, db) }
                    return .commit
                }
            }
        }
    }

    private static func insert(_ table: Table, _ db: Database) throws {
        let marks = repeatElement("?", count: table.columns).joined(separator: ", ")
        let statement = try db.makeStatement(sql: "INSERT INTO \(table.name) VALUES (\(marks))")
        let raw = statement.sqliteStatement
        for row in stride(from: 0, to: table.values.count, by: table.columns) {
            for column in 0..<table.columns { sqlite3_bind_value(raw, Int32(column + 1), table.values[row + column]) }
            let status = sqlite3_step(raw)
            guard status == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
            sqlite3_reset(raw)
        }
    }
}
