import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Secrets, their versions and the end of them.
@Suite struct SecretContract {
    private func expectEqual(_ a: SecretRecord, _ b: SecretRecord?) throws {
        let b = try #require(b)
        #expect(a.id == b.id && a.state == b.state && a.spec == b.spec && a.specDigest == b.specDigest)
        #expect(a.currentVersion == b.currentVersion && a.latestVersion == b.latestVersion)
        #expect(a.fingerprint == b.fingerprint && a.fields == b.fields && a.isManaged == b.isManaged)
        #expect(a.deletionProtection == b.deletionProtection && a.keepPrevious == b.keepPrevious && a.drift == b.drift)
        #expect(a.createdAt == b.createdAt && a.updatedAt == b.updatedAt)
        #expect(a.deletedAt == b.deletedAt && a.purgeAt == b.purgeAt)
    }

    @Test(arguments: StoreKind.all) func everyFieldOfASecretIsKept(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        var rows: [Int64] = []
        for secret in [Sample.secret("a"), Sample.fullSecret("b")] {
            rows.append(try store.write { try $0.insert(secret) })
            try expectEqual(secret, try store.read { try $0.secret(secret.id) })
        }
        #expect(Set(rows).count == 2)
        // An update turns each into the other.
        for (row, var secret) in zip(rows, [Sample.fullSecret("a"), Sample.secret("b")]) {
            secret.rowID = row
            try store.write { try $0.update(secret) }
            try expectEqual(secret, try store.read { try $0.secret(secret.id) })
        }
        #expect(try store.read { try $0.secret(SecretID("none")) } == nil)
        #expect(try store.read { try $0.secret(SecretID("a", organization: "other")) } == nil)
    }

    @Test(arguments: StoreKind.all) func secretsAreListedInOrderAndByPrefix(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.write { (transaction) throws in
            for name in ["prod/b", "prod", "prod/a", "prod-2", "prod.x", "dev/a", "z"] {
                _ = try transaction.insert(Sample.secret(name))
            }
            _ = try transaction.insert(Sample.secret("prod/a", organization: "acme"))
        }
        func list(_ organization: String?, _ prefix: String) throws -> [String] {
            try store.read { (reader) throws in
                var names: [String] = []
                try reader.forEachSecret(organization: organization, prefix: prefix) { names.append($0.id.description) }
                return names
            }
        }
        #expect(
            try list(nil, "")
                == ["acme:prod/a", "dev/a", "prod", "prod-2", "prod.x", "prod/a", "prod/b", "z"])
        #expect(try list(nil, "prod/") == ["acme:prod/a", "prod/a", "prod/b"])
        #expect(try list("default", "prod/") == ["prod/a", "prod/b"])
        #expect(try list("acme", "") == ["acme:prod/a"])
        // A prefix is text, not a pattern.
        for prefix in ["%", "_", "*", "prod*", "prod_", "'", "p'; --"] { #expect(try list(nil, prefix) == []) }
        #expect(try list("none", "") == [])
    }

    @Test(arguments: StoreKind.all) func countsAndDriftLookAtStates(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        try store.write { (transaction) throws in
            var secret = Sample.secret("managed")
            secret.isManaged = true
            _ = try transaction.insert(secret)
            secret = Sample.secret("drifted")
            secret.drift = .value
            _ = try transaction.insert(secret)
            secret = Sample.fullSecret("deleted")
            secret.drift = .deleted
            _ = try transaction.insert(secret)
        }
        try store.read { (reader) throws in
            let count = try reader.secretCount()
            #expect(count == (active: 2, managed: 1, deleted: 1))
            #expect(try reader.driftedSecrets().map(\.drift) == [.value, .deleted])
        }
    }

    @Test(arguments: StoreKind.all) func everyFieldOfAVersionIsKept(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let row = try store.write { try $0.insert(Sample.secret("a")) }
        let (plain, full) = (Sample.version(1), Sample.fullVersion(2))
        let sealed = Sample.sealed(3)
        try store.write { (transaction) throws in
            try transaction.insert(full, value: Sample.sealed(4), of: row)
            try transaction.insert(plain, value: sealed, of: row)
        }
        try store.read { (reader) throws in
            let versions = try reader.versions(of: row)
            #expect(versions.map(\.number) == [1, 2])
            for (wanted, found) in zip([plain, full], versions) {
                #expect(wanted.state == found.state && wanted.origin == found.origin)
                #expect(wanted.createdAt == found.createdAt && wanted.createdBy == found.createdBy)
                #expect(wanted.fingerprint == found.fingerprint && wanted.fields == found.fields)
                #expect(wanted.source == found.source && wanted.restoredFrom == found.restoredFrom)
                #expect(wanted.purgeAt == found.purgeAt && wanted.destroyedAt == found.destroyedAt)
            }
            let value = try #require(try reader.sealedValue(1, of: row))
            #expect(value.kek == sealed.kek && value.wrappedDEK == sealed.wrappedDEK)
            #expect(value.ciphertext == sealed.ciphertext)
            #expect(try reader.version(2, of: row)?.number == 2)
            #expect(try reader.version(3, of: row) == nil && reader.sealedValue(3, of: row) == nil)
            #expect(try reader.versions(of: row + 1).isEmpty)
        }
        // Numbers are never given twice, and no version stands without a secret.
        for bad in [row, row + 1] {
            #expect(throws: VaultFailure(.storage, "")) {
                try store.write { try $0.insert(plain, value: sealed, of: bad) }
            }
        }
    }

    @Test(arguments: StoreKind.all) func aRetiredVersionIsDueAtItsTime(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let row = try store.addSecret("a")
        let due = Timestamp(milliseconds: Sample.start.milliseconds + 1000)
        try store.write { (transaction) throws in
            try transaction.retire(1, of: row, purgeAt: due)
            try transaction.insert(Sample.version(2), value: Sample.sealed(2), of: row)
        }
        try store.read { (reader) throws in
            #expect(try reader.versions(of: row).map(\.state) == [.previous, .current])
            #expect(try reader.version(1, of: row)?.purgeAt == due)
            #expect(try reader.sealedValue(1, of: row) != nil)
            #expect(try reader.duePurges(at: Timestamp(milliseconds: due.milliseconds - 1)).isEmpty)
            let items = try reader.duePurges(at: due)
            #expect(items.map(\.secret.rowID) == [row] && items.map(\.versions) == [[1]])
        }
        // Only a current version can be retired.
        try store.write { try $0.retire(1, of: row, purgeAt: Timestamp(seconds: 1)) }
        #expect(try store.read { try $0.version(1, of: row)?.purgeAt } == due)
    }

    @Test(arguments: StoreKind.all) func aDeletedSecretIsDueWithAllItsVersions(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let row = try store.addSecret("a")
        try store.addSecret("other")
        let due = Timestamp(milliseconds: Sample.start.milliseconds + 5000)
        try store.write { (transaction) throws in
            try transaction.retire(1, of: row, purgeAt: Timestamp(seconds: due.milliseconds))
            try transaction.insert(Sample.version(2), value: Sample.sealed(2), of: row)
            var secret = try #require(try transaction.secret(SecretID("a")))
            secret.state = .deleted
            secret.purgeAt = due
            try transaction.update(secret)
        }
        try store.read { (reader) throws in
            #expect(try reader.duePurges(at: Sample.start).isEmpty)
            #expect(try reader.duePurges(at: due).map(\.versions) == [[1, 2]])
        }
    }

    @Test(arguments: StoreKind.all) func aDestroyedVersionKeepsItsRecordOnly(_ kind: StoreKind) throws {
        let store = try StoreFixture(kind).store
        let row = try store.addSecret("a")
        let now = Timestamp(milliseconds: Sample.start.milliseconds + 9)
        try store.write { try $0.destroy(1, of: row, at: now) }
        try store.read { (reader) throws in
            let version = try #require(try reader.version(1, of: row))
            #expect(version.state == .destroyed && version.destroyedAt == now && version.purgeAt == nil)
            #expect(version.fingerprint == Sample.version(1).fingerprint)
            #expect(try reader.sealedValue(1, of: row) == nil)
            #expect(try reader.duePurges(at: Timestamp(milliseconds: .max)).isEmpty)
        }
    }

    /// After a scrub, no part of the wrapped key stands anywhere on disk: not in free pages, not in their slack, not in a
    /// log. Without it, the ciphertext is noise.
    @Test(arguments: StoreKind.all) func aDestroyedKeyIsGoneFromDisk(_ kind: StoreKind) throws {
        let fixture = try StoreFixture(kind)
        var random = SeededGenerator(seed: 5)
        let rows = try fixture.store.write { transaction in
            try (0..<40).map { try transaction.insert(Sample.secret("s\($0)")) }
        }
        var next = [Int64](repeating: 1, count: rows.count)
        var kept: [(row: Int64, number: Int64, key: [UInt8])] = []
        var gone: [[UInt8]] = []
        // Rows come and go in no order and of all sizes, so that the store has to move them about.
        for _ in 0..<60 {
            try fixture.store.write { transaction in
                for _ in 0..<20 {
                    if kept.isEmpty || Int.random(in: 0..<10, using: &random) < 7 {
                        let secret = Int.random(in: 0..<rows.count, using: &random)
                        let size = [40, 60, 100, 300, 900, 2500].randomElement(using: &random) ?? 0
                        let value = SealedValue(kek: 1, wrappedDEK: random.bytes(60), ciphertext: random.bytes(size))
                        try transaction.insert(Sample.version(next[secret]), value: value, of: rows[secret])
                        kept.append((rows[secret], next[secret], value.wrappedDEK))
                        next[secret] += 1
                    } else {
                        let victim = kept.remove(at: Int.random(in: 0..<kept.count, using: &random))
                        try transaction.destroy(victim.number, of: victim.row, at: Sample.start)
                        gone.append(victim.key)
                    }
                }
            }
        }
        try fixture.store.scrub()
        let bytes = try fixture.place.bytesOnDisk()
        let leaks = gone.filter { key in [0, 16, 32, 44].contains { bytes.holds(Array(key[$0..<$0 + 16])) } }
        #expect(leaks.isEmpty && gone.count > 300)
        // The search finds what is still there.
        #expect(kept.allSatisfy { bytes.holds($0.key) })
    }
}
