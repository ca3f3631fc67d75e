import Foundation
import GRDB
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// A damaged store gives a clear failure or a finding, never a crash, never another value, and is not made worse.
@Suite struct CorruptionTests {
    private let fixture: VaultFixture
    private let alice = VaultFixture.alice
    private let pageBytes = 4096
    /// The store's file as it was when it was whole.
    private let sound: [UInt8]

    init() async throws {
        fixture = try VaultFixture()
        for name in ["a", "b", "c"] {
            for text in ["one", "two"] {
                try await fixture.set(name, "\(text) of \(name)" + String(repeating: ".", count: 3000))
            }
        }
        try fixture.manage("a", as: "x")
        try fixture.core.store.scrub()
        sound = try AtomicFile.read(fixture.home.storePath, limit: 1 << 30)
    }

    /// A copy of the vault with another store, closed before and after.
    private func damaged(_ bytes: [UInt8]) throws -> VaultHome {
        let copy = VaultHome(path: fixture.folder.file("copy"))
        try? FileManager.default.removeItem(atPath: copy.path)
        try AtomicFile.createPrivateFolder(copy.path)
        try AtomicFile.write(bytes, to: copy.storePath)
        try Folder.copy(fixture.home.rootKeyPath, to: copy.rootKeyPath)
        return copy
    }

    /// Everything that reads or writes; what it found.
    private func exercise(_ home: VaultHome) async throws -> (failures: [VaultFailure.Kind], findings: [String]) {
        var failures: [VaultFailure.Kind] = []
        func attempt(_ body: () async throws -> Void) async throws {
            do {
                try await body()
            } catch let failure as VaultFailure {
                failures.append(failure.kind)
            }
        }
        var findings: [String] = []
        try await attempt {
            let vault = try Vault(home: home.path)
            for name in ["a", "b", "c"] {
                try await attempt {
                    let value = try await vault.get(SecretID(name), by: alice).value
                    #expect(value.leaves[0].bytes.revealText()?.hasPrefix("two of \(name)") == true)
                }
            }
            try await attempt { _ = try await vault.list(includingDeleted: true, by: alice) }
            try await attempt { _ = try await vault.versions(of: SecretID("a"), by: alice) }
            try await attempt { _ = try await vault.status() }
            try await attempt { findings = try await vault.verifyAudit(expectedHead: nil).problems }
        }
        return (failures, findings)
    }

    @Test func aSoundCopyHasNothingToShow() async throws {
        let outcome = try await exercise(damaged(sound))
        #expect(outcome.failures.isEmpty && outcome.findings.isEmpty)
    }

    @Test func aDamagedHeaderIsDamage() throws {
        for (offset, bytes) in [
            (0, [UInt8](repeating: 0, count: 16)), (0, Array("not a database..".utf8)), (16, [0, 7]),
        ] {
            var other = sound
            other.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            let home = try damaged(other)
            #expect {
                try VaultCore.open(home, passphrase: { nil })
            } throws: { error in
                (error as? VaultFailure)?.code == "vault.corrupt" && "\(error)".contains("restore it from a backup")
            }
            #expect(try AtomicFile.read(home.storePath, limit: 1 << 30) == other)
        }
    }

    @Test func aCutFileIsDamage() async throws {
        for count in [1, 99, 100, pageBytes - 1, pageBytes, 3 * pageBytes, sound.count / 2, sound.count - pageBytes] {
            let outcome = try await exercise(damaged(Array(sound.prefix(count))))
            #expect(Set(outcome.failures).subtracting([.corrupt, .notInitialized]).isEmpty)
            #expect(!outcome.failures.isEmpty || !outcome.findings.isEmpty, "cut to \(count) bytes")
        }
        #expect(throws: VaultFailure(.notInitialized, "")) {
            try VaultCore.open(try damaged([]), passphrase: { nil })
        }
    }

    /// Each page in turn is overwritten. Whatever was done with the damaged vault: with the page put back, it is whole.
    @Test func aDamagedPageIsDamage() async throws {
        var random = SeededGenerator(seed: 40)
        let pages = sound.count / pageBytes
        #expect(pages > 25)
        for page in 0..<pages {
            let place = page * pageBytes..<(page + 1) * pageBytes
            var other = sound
            other.replaceSubrange(place, with: random.bytes(pageBytes))
            let home = try damaged(other)
            let outcome = try await exercise(home)
            #expect(Set(outcome.failures).subtracting([.corrupt, .notAuthentic]).isEmpty, "page \(page)")
            #expect(!outcome.failures.isEmpty || !outcome.findings.isEmpty, "page \(page)")

            var healed = try AtomicFile.read(home.storePath, limit: 1 << 30)
            guard healed[place].elementsEqual(other[place]) else { continue }
            healed.replaceSubrange(place, with: sound[place])
            let values = try await exercise(damaged(healed))
            #expect(values.failures.isEmpty, "page \(page)")
        }
    }

    /// Bytes changed at random: whatever is read is right, or refused.
    @Test func randomDamageNeverCrashesNorChangesAValue() async throws {
        var random = SeededGenerator(seed: 41)
        var noticed = 0
        for _ in 0..<150 {
            var other = sound
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                other[Int.random(in: 0..<other.count, using: &random)] = random.bytes(1)[0]
            }
            let outcome = try await exercise(damaged(other))
            if !outcome.failures.isEmpty || !outcome.findings.isEmpty { noticed += 1 }
        }
        #expect(noticed > 30)
    }

    /// Numbers that nothing can be added to.
    @Test(arguments: [
        "UPDATE secrets SET latest_version = 9223372036854775807", "UPDATE secrets SET current_version = -1",
        "UPDATE secrets SET keep_previous = 9223372036854775807",
        "UPDATE secrets SET updated_at = -9223372036854775808",
        "UPDATE versions SET created_at = 9223372036854775807, number = 9223372036854775807 WHERE number = 1",
        "UPDATE secrets SET fields = x'ff'", "UPDATE secrets SET state = 'x'", "UPDATE versions SET created_by = 'x'",
        "UPDATE secrets SET fingerprint = x'00'", "UPDATE versions SET source_path = 'p', source_commit = x'00'",
        "UPDATE versions SET ciphertext = x'', data_key = 1", "UPDATE data_keys SET wrapped = x''",
        "UPDATE keyring SET wrapped = x''", "UPDATE keyring SET purpose = 'x'",
        "UPDATE metadata SET value = x'ff' WHERE key <> 'vault-id'", "DELETE FROM metadata",
    ])
    func absurdContentsCrashNothing(change: String) async throws {
        let home = try damaged(sound)
        let queue = try DatabaseQueue(path: home.storePath)
        try await queue.write { try $0.execute(sql: change) }
        try queue.close()
        let outcome = try await exercise(home)
        let known: Set<VaultFailure.Kind> = [
            .corrupt, .notAuthentic, .auditBroken, .wrongRootKey, .notInitialized, .newerSchema, .noValue,
        ]
        #expect(Set(outcome.failures).isSubset(of: known))
        // Writing does not crash either.
        guard let vault = try? Vault(home: home.path) else { return }
        for name in ["a", "b"] {
            _ = try? await vault.set(SecretID(name), to: SecretValue(scalar: SecretBytes(utf8: "x")), by: alice)
            _ = try? await vault.rollback(SecretID(name), by: alice)
            _ = try? await vault.delete(SecretID(name), by: alice)
        }
    }

    /// A log that was cut is the vault as it was a little earlier, which only a head kept elsewhere shows.
    @Test func aCutLogIsAnOlderVault() async throws {
        let early = try await fixture.head()
        try await fixture.set("a", "three")
        let late = try await fixture.head()
        let copy = VaultHome(path: fixture.folder.file("copy"))
        try Folder.copy(fixture.home.path, to: copy.path)
        try? FileManager.default.removeItem(atPath: copy.storePath + "-shm")
        let log = try AtomicFile.read(copy.storePath + "-wal", limit: 1 << 30)
        try AtomicFile.write(Array(log.prefix(log.count / 3)), to: copy.storePath + "-wal")
        let vault = try Vault(home: copy.path)
        #expect(try await vault.verifyAudit(expectedHead: early).isWhole)
        #expect(try await !vault.verifyAudit(expectedHead: late).isWhole)
        #expect(try await vault.get(SecretID("a"), by: alice).version == 2)
    }
}
