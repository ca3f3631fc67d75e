import Foundation
import GRDB
import ResealCore
import TestSupport
import Testing

@testable import ResealVault

/// What holds for the SQLite store beyond the contract of all stores.
@Suite struct SQLiteStoreTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("vault.db") }

    init() throws { folder = try TemporaryFolder() }

    private func pragma(_ name: String, of store: SQLiteStore) throws -> Int {
        try store.write { transaction in
            let db = try #require(transaction as? SQLiteTransaction).db
            return try #require(try Int.fetchOne(db, sql: "PRAGMA \(name)"))
        }
    }

    private func makeDatabase(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// 2 is FULL: the log is synced at each commit. NORMAL would give back acknowledged commits after a power cut.
    @Test func everyCommitIsSynced() throws {
        let store = try SQLiteStore(path: path, creating: true)
        #expect(try pragma("synchronous", of: store) == 2)
        #expect(try pragma("synchronous", of: SQLiteStore(path: path)) == 2)
    }

    @Test func nothingIsLeftInFreedPagesNorSpilt() throws {
        let store = try SQLiteStore(path: path, creating: true)
        #expect(try pragma("secure_delete", of: store) == 1)
        #expect(try pragma("temp_store", of: store) == 2)
        #expect(try pragma("trusted_schema", of: store) == 0)
        #expect(try pragma("foreign_keys", of: store) == 1)
    }

    @Test func aMissingFileIsNoVault() throws {
        #expect(throws: VaultFailure(.notInitialized, "")) { try SQLiteStore(path: path) }
        #expect(try Folder.files(in: folder.path).isEmpty)
    }

    /// A file that was cut down to nothing is no new vault.
    @Test func anEmptyFileIsLeftAlone() throws {
        try folder.write("", to: "vault.db")
        #expect(throws: VaultFailure(.notInitialized, "")) { try SQLiteStore(path: path) }
        #expect(try Folder.files(in: folder.path) == [path] && folder.read("vault.db").isEmpty)
    }

    @Test(arguments: [false, true]) func anotherProgramsDatabaseIsLeftAlone(creating: Bool) throws {
        try makeDatabase("CREATE TABLE bookmarks (url TEXT)")
        #expect(throws: VaultFailure(.notInitialized, "")) { try SQLiteStore(path: path, creating: creating) }
        let queue = try DatabaseQueue(path: path)
        #expect(try queue.read { try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema") } == ["bookmarks"])
    }

    /// A death between the first steps of making the tables.
    @Test func halfMadeTablesAreFinished() throws {
        try makeDatabase("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        #expect(throws: VaultFailure(.notInitialized, "")) { try SQLiteStore(path: path) }
        let store = try SQLiteStore(path: path, creating: true)
        try store.addSecret("a")
        #expect(try SQLiteStore(path: path).names() == ["a"])
    }

    @Test(arguments: [false, true]) func aNewerSchemaIsRefused(creating: Bool) throws {
        try SQLiteStore(path: path, creating: true).addSecret("a")
        try makeDatabase("INSERT INTO grdb_migrations VALUES ('v999')")
        #expect { try SQLiteStore(path: path, creating: creating) } throws: {
            ($0 as? VaultFailure)?.kind == .newerSchema
                && ($0 as? VaultFailure)?.hint?.contains("update reseal") == true
        }
        let queue = try DatabaseQueue(path: path)
        #expect(try queue.read { try String.fetchAll($0, sql: "SELECT name FROM secrets") } == ["a"])
    }

    @Test func anotherWriterIsWaitedForNotForever() throws {
        try SQLiteStore(path: path, creating: true).addSecret("a")
        let impatient = try SQLiteStore(path: path, patience: 0.05)
        let other = try DatabaseQueue(path: path)
        try other.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            #expect {
                try impatient.addSecret("b")
            } throws: {
                ($0 as? VaultFailure)?.kind == .locked && ($0 as? VaultFailure)?.retry == .later
            }
            // Readers need not wait.
            #expect(try impatient.names() == ["a"])
            try db.execute(sql: "ROLLBACK")
        }
        try impatient.addSecret("b")
        #expect(try impatient.names() == ["a", "b"])
    }

    /// A reader of old pages keeps the log from being cut; that is no failure, and the next scrub does it.
    @Test func scrubCutsTheLogWhenNobodyReadsIt() throws {
        let store = try SQLiteStore(path: path, creating: true, patience: 0.05)
        try store.addSecret("a")
        func logBytes() throws -> Int { try folder.read("vault.db-wal").count }
        let reader = try DatabaseQueue(path: path)
        try reader.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN")
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM secrets")
            try store.addSecret("b")
            try store.scrub()
            #expect(try logBytes() > 0)
            try db.execute(sql: "COMMIT")
        }
        try store.scrub()
        #expect(try logBytes() == 0)
        #expect(try store.names() == ["a", "b"])
    }

    /// Errors name the file and what to do, never SQL or values.
    @Test func failuresShowNoSQL() throws {
        let store = try SQLiteStore(path: path, creating: true)
        try store.addSecret("canary")
        #expect {
            try store.addSecret("canary")
        } throws: { error in
            let text = "\(error)"
            return text.contains("SQLite code 2067") && !text.contains("canary") && !text.contains("INSERT")
        }
    }
}
