import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealVault

/// All or nothing, one after the other, durable, and seen as of one moment.
@Suite struct TransactionContract {
    @Test(arguments: StoreKind.all) func aTransactionIsAllOrNothing(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.addSecret("a")
        #expect(throws: Abort()) {
            try store.write { (transaction) throws in
                let row = try transaction.insert(Sample.secret("b"))
                try transaction.insert(Sample.version(1), value: Sample.sealed(), of: row)
                try transaction.setMetadata(.serial, [1])
                try transaction.append(Sample.audit(1))
                try transaction.save(Sample.head(1))
                _ = try transaction.save(Sample.source())
                #expect(try transaction.secret(SecretID("b")) != nil)
                throw Abort()
            }
        }
        #expect(try store.names() == ["a"])
        try store.read { (reader) throws in
            #expect(try reader.metadata(.serial) == nil)
            #expect(try reader.lastAuditRecord() == nil)
            #expect(try reader.auditHeads().isEmpty && reader.sources().isEmpty)
        }
        // The store goes on working.
        try store.addSecret("c")
        #expect(try store.names() == ["a", "c"])
    }

    /// A statement that the store refuses undoes the ones before it.
    @Test(arguments: StoreKind.all) func aRefusedStatementUndoesTheTransaction(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.addSecret("a")
        for attempt in 0..<2 {
            #expect(throws: VaultFailure(.storage, "")) {
                try store.write { (transaction) throws in
                    _ = try transaction.insert(Sample.secret("b\(attempt)"))
                    _ = try transaction.insert(Sample.secret("a"))
                }
            }
        }
        #expect(try store.names() == ["a"])
    }

    /// Where a part fails before it has done anything, the transaction goes on; otherwise all of it is undone.
    @Test(arguments: StoreKind.all) func aPartMayFailAsLongAsItDidNothing(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.write { (transaction) throws in
            _ = try transaction.insert(Sample.secret("a"))
            let failing = {
                guard try transaction.secret(SecretID("a")) != nil else { return }
                throw Abort()
            }
            #expect(throws: Abort()) { try transaction.attempt(failing) }
            let row = try transaction.attempt { try transaction.insert(Sample.secret("c")) }
            #expect(try transaction.secret(SecretID("c"))?.rowID == row)
        }
        #expect(try store.names() == ["a", "c"])
        #expect(throws: BrokenPart.self) {
            try store.write { (transaction) throws in
                _ = try transaction.insert(Sample.secret("d"))
                try transaction.attempt {
                    _ = try transaction.insert(Sample.secret("b"))
                    throw Abort()
                }
            }
        }
        #expect(try store.names() == ["a", "c"])
    }

    @Test(arguments: StoreKind.all) func effectsAreSeenWithinTheirTransaction(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.write { (transaction) throws in
            let row = try transaction.insert(Sample.secret("a"))
            var secret = try #require(try transaction.secret(SecretID("a")))
            #expect(secret.rowID == row)
            secret.drift = .value
            try transaction.update(secret)
            #expect(try transaction.driftedSecrets().map(\.id.name) == ["a"])
            try transaction.insert(Sample.version(1), value: Sample.sealed(), of: row)
            #expect(try transaction.versions(of: row).count == 1)
        }
    }

    @Test(arguments: StoreKind.all) func whatWasWrittenIsThereAfterReopening(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        try fixture.store.addSecret("a")
        // While the first connection is open, and without it.
        #expect(try fixture.reopened().names() == ["a"])
        try fixture.reopened().addSecret("b")
        #expect(try fixture.store.names() == ["a", "b"])
        #expect(try fixture.reopened().integrityProblems().isEmpty)
    }

    @Test(arguments: StoreKind.all) func aReaderSeesOneSnapshot(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        let other = try fixture.reopened()
        try fixture.store.addSecret("a")
        try fixture.store.read { (reader) throws in
            #expect(try reader.secretCount().active == 1)
            try other.addSecret("b")
            #expect(try reader.secretCount().active == 1)
            #expect(try reader.secret(SecretID("b")) == nil)
        }
        #expect(try fixture.store.names() == ["a", "b"])
    }

    /// The sum over two secrets stays the same in every snapshot, whatever is being written.
    @Test(arguments: StoreKind.all) func readersNeverSeeHalfATransaction(_ kind: StoreKind) async throws {
        let fixture = try StoreFixture(kind)
        let store = fixture.store
        for name in ["a", "b"] { try store.addSecret(name) }
        // One takes from the other what it gets.
        @Sendable func share(_ step: Int64) throws {
            try store.write { (transaction) throws in
                for (name, value) in [("a", 50 + step), ("b", 50 - step)] {
                    var secret = try #require(try transaction.secret(SecretID(name)))
                    secret.latestVersion = value
                    try transaction.update(secret)
                }
            }
        }
        try share(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for step in 1...40 as ClosedRange<Int64> { try share(step) }
            }
            group.addTask {
                for _ in 0..<80 {
                    let sum = try store.read { (reader) throws in
                        try ["a", "b"].reduce(0) { $0 + (try reader.secret(SecretID($1))?.latestVersion ?? 0) }
                    }
                    #expect(sum == 100)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Two connections increase one number: no increase is lost.
    @Test(arguments: StoreKind.all) func writersWaitForEachOther(_ kind: StoreKind) async throws {
        let fixture = try StoreFixture(kind)
        let stores = [fixture.store, try fixture.reopened()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores {
                group.addTask {
                    for _ in 0..<30 {
                        try store.write { (transaction) throws in
                            let serial = try transaction.integer(.serial)
                            try transaction.setMetadata(.serial, Array("\(serial + 1)".utf8))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try fixture.store.read { try $0.integer(.serial) } == 60)
    }

    /// A body may run the same query again while it goes through the answer.
    @Test(arguments: StoreKind.all) func queriesMayNest(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        for name in ["a", "b", "c"] { try store.addSecret(name) }
        try store.read { (reader) throws in
            var pairs: [String] = []
            try reader.forEachSecret(organization: nil, prefix: "") { outer in
                try reader.forEachSecret(organization: nil, prefix: "") { inner in
                    pairs.append(outer.id.name + inner.id.name)
                }
            }
            #expect(pairs == ["aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"])
        }
        #expect(throws: Abort()) {
            try store.read { try $0.forEachSecret(organization: nil, prefix: "") { _ in throw Abort() } }
        }
        #expect(try store.names() == ["a", "b", "c"])
    }

    @Test(arguments: StoreKind.all) func metadataAndKeysAreKept(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        let entries = [
            KeyringEntry(id: 1, purpose: .kek, createdAt: Sample.start, wrapped: [1, 2]),
            KeyringEntry(id: 2, purpose: .fingerprint, createdAt: Sample.start, wrapped: [3]),
            KeyringEntry(id: 5, purpose: .auditSigning, createdAt: Sample.start, wrapped: []),
        ]
        try fixture.store.write { (transaction) throws in
            for key in [MetadataKey.vaultID, .rootKey, .createdAt, .serial, .auditPublicKey] {
                try transaction.setMetadata(key, Array(key.rawValue.utf8))
            }
            try transaction.setMetadata(.serial, Array("41".utf8))
            try transaction.setMetadata(.serial, Array("42".utf8))
            for entry in entries.reversed() { try transaction.insert(entry) }
        }
        try fixture.reopened().read { (reader) throws in
            #expect(try reader.metadata(.vaultID) == Array("vault-id".utf8))
            #expect(try reader.integer(.serial) == 42)
            let kept = try reader.keyring()
            #expect(kept.map(\.id) == [1, 2, 5] && kept.map(\.purpose) == entries.map(\.purpose))
            #expect(kept.map(\.wrapped) == entries.map(\.wrapped) && kept[0].createdAt == Sample.start)
        }
        #expect(throws: VaultFailure(.storage, "")) { try fixture.store.write { try $0.insert(entries[0]) } }
    }
}
