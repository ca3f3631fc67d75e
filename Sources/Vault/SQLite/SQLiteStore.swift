internal import ResealCore
internal import GRDB
internal import GRDBSQLite
internal import Foundation

/// The embedded store: one SQLite file in WAL mode, synced before a commit is acknowledged.
package final class SQLiteStore: Store {
    private let pool: DatabasePool
    private let path: String
    /// What the writer keeps of its pages after a transaction, at most: a large one leaves no more behind than others do.
    private static let keptPages: Int32 = 2 << 20

    /// Opens an existing store and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - creating: makes the file when it is missing, and the tables when it is empty; otherwise either is an error, so
    ///     that a file that was cut down to nothing does not pass for a vault without secrets.
    ///   - patience: how many seconds to wait for another writer.
    ///   - readers: how many snapshots can be read at the same time.
    package init(path: String, creating: Bool = false, patience: Double = 10, readers: Int = 2) throws {
        self.path = path
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? UInt64
        guard creating || size != nil else {
            throw VaultFailure(
                .notInitialized, "there is no vault at \(path)",
                hint: "make one with `reseal init`, or name another --home")
        }
        guard creating || size != 0 else { throw Self.noVault(path) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(patience)
        configuration.maximumReaderCount = readers
        configuration.prepareDatabase { db in
            // Deleted content is overwritten, and nothing spills into temporary files. A file that somebody prepared
            // gets no functions to call.
            try db.execute(
                sql: """
                    PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
                    PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -512;
                    """)
        }
        do {
            if size == nil { try AtomicFile.write([], to: path, mode: 0o600, replacing: false) }
            pool = try DatabasePool(path: path, configuration: configuration)
            // A commit is on disk before it is acknowledged. Only now: opening the pool sets NORMAL, which syncs at
            // checkpoints alone. The cache of 8 MiB lets most pages of a large apply be written once. Readers keep half
            // a MiB each: what they find beyond that is in the system's cache. Who commits when a checkpoint is due waits for
            // two more syncs, so they come less often than by default.
            try pool.writeWithoutTransaction {
                try $0.execute(
                    sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000")
            }
            try migrate(creating: creating)
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    private func migrate(creating: Bool) throws {
        let migrator = SQLiteSchema.migrator
        let (isNewer, isOurs, isEmpty, isCurrent) = try pool.read { db in
            let tables = "SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB 'grdb_*' AND name NOT GLOB 'sqlite_*'"
            return (
                try migrator.hasBeenSuperseded(db), try !migrator.appliedIdentifiers(db).isEmpty,
                try Int.fetchOne(db, sql: tables) == 0, try migrator.hasCompletedMigrations(db)
            )
        }
        guard !isNewer else {
            throw VaultFailure(
                .newerSchema, "the vault at \(path) was written by a newer version of reseal",
                hint: "update reseal; this version leaves the vault untouched")
        }
        guard isOurs || isEmpty && creating else { throw Self.noVault(path) }
        if !isCurrent { try migrator.migrate(pool) }
    }

    private static func noVault(_ path: String) -> VaultFailure {
        VaultFailure(
            .notInitialized, "the file \(path) holds no vault",
            hint: "restore it from a backup; if `reseal init` was interrupted, run it again")
    }

    package func read<R>(_ body: (any StoreReader) throws -> R) throws -> R {
        do {
            return try pool.unsafeRead { db in try Self.snapshot(of: db, body) }
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    /// GRDB would prepare the statements around it anew each time, which costs more than a short look itself.
    private static func snapshot<R>(of db: Database, _ body: (any StoreReader) throws -> R) throws -> R {
        try RowStatement(db, "BEGIN DEFERRED").run([])
        let result = Result { try body(SQLiteReader(db: db)) }
        let end = Result { try RowStatement(db, "COMMIT").run([]) }
        let value = try result.get()
        try end.get()
        return value
    }

    package func write<R>(_ body: (any StoreTransaction) throws -> R) throws -> R {
        do {
            let result = try pool.writeWithoutTransaction { db in
                defer { Self.releasePages(of: db) }
                return try Self.transaction(on: db, body)
            }
            FaultPoint.pass("store.afterCommit")
            return result
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    private static func transaction<R>(
        on db: Database, _ body: (any StoreTransaction) throws -> R
    ) throws -> R {
        try RowStatement(db, "BEGIN IMMEDIATE").run([])
        do {
            FaultPoint.pass("store.begin")
            let result = try body(SQLiteTransaction(db: db))
            FaultPoint.pass("store.beforeCommit")
            try RowStatement(db, "COMMIT").run([])
            return result
        } catch {
            // SQLite itself has ended it after some failures.
            if db.isInsideTransaction { try? RowStatement(db, "ROLLBACK").run([]) }
            throw error
        }
    }

    private static func releasePages(of db: Database) {
        var (now, most): (Int32, Int32) = (0, 0)
        sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_CACHE_USED, &now, &most, 0)
        if now > keptPages { sqlite3_db_release_memory(db.sqliteConnection) }
    }

    package func integrityProblems() throws -> [String] {
        do {
            return try pool.read { db in
                try String.fetchAll(db, sql: "PRAGMA integrity_check(10)").filter { $0 != "ok" }
            }
        } catch {
            let failure = Self.translate(error, path: path)
            // Damage that stops the check is a finding of it.
            guard let failure = failure as? VaultFailure, failure.kind == .corrupt else { throw failure }
            return [failure.message]
        }
    }

    package func scrub() throws {
        do {
            try pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            // A reader holds the old pages; the next checkpoint truncates the log.
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    /// Turns SQLite's codes into failures that say what to do. SQL and bound values never enter the text.
    private static func translate(_ error: any Error, path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return VaultFailure(
                .corrupt, "the vault file \(path) is damaged", hint: "restore it from a backup; nothing was changed")
        case .SQLITE_FULL:
            return VaultFailure(
                .diskFull, "no room left to write \(path)",
                hint: "free some space and run the command again; nothing was changed")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH:
            return VaultFailure(
                .readOnly, "cannot write the vault file \(path)",
                hint: "the file, its folder and the -wal and -shm files beside it must be writable")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return VaultFailure(.locked, "another process is writing the vault", hint: "wait for it and try again")
        case .SQLITE_IOERR:
            return VaultFailure(
                .diskFull, "the system refused to read or write \(path)",
                hint: "check the disk and its free space; nothing was changed")
        default:
            return VaultFailure(.storage, "the vault's store failed (SQLite code \(error.extendedResultCode.rawValue))")
        }
    }
}
