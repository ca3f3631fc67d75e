import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct DeletionTests {
    private let fixture: VaultFixture
    private var vault: Vault { fixture.vault }
    private let alice = VaultFixture.alice
    private let id = SecretID("a")

    init() throws { fixture = try VaultFixture() }

    private func destroyDue() throws -> Int {
        try fixture.core.write { transaction in
            let count = try transaction.destroyDue(by: alice)
            try transaction.audit.record(.apply, by: alice)
            return count
        }
    }

    private func states() async throws -> [String] { try await vault.versions(of: id, by: alice).map(\.state) }

    @Test func rollbackBringsAnOlderValueBackAsANewVersion() async throws {
        for text in ["one", "two", "three"] { try await fixture.set("a", text) }
        #expect(try await vault.rollback(id, by: alice).version == 4)
        #expect(try await fixture.text("a") == "two")
        #expect(try await vault.rollback(id, to: 1, by: alice).version == 5)
        #expect(try await fixture.text("a") == "one")
        for version in [0, 6] as [Int64] {
            await #expect(throws: VaultFailure(.versionNotFound, "")) {
                try await vault.rollback(id, to: version, by: alice)
            }
        }
        #expect(try await vault.versions(of: id, by: alice).count == 5)
    }

    @Test func thereIsNothingBeforeTheFirstVersion() async throws {
        try await fixture.set("a", "one")
        await #expect(throws: VaultFailure(.versionNotFound, "")) { try await vault.rollback(id, by: alice) }
        await #expect(throws: VaultFailure(.secretNotFound, "")) { try await vault.rollback(SecretID("no"), by: alice) }
    }

    @Test func aDeletedSecretIsHiddenAndComesBack() async throws {
        try await fixture.set("a", "one")
        #expect(try await vault.delete(id, by: alice).version == 1)
        #expect(try fixture.secret("a").purgeAt == fixture.clock.now.adding(TimeSpan(seconds: 7 * 86_400)))
        for version in [nil, 1] as [Int64?] {
            await #expect(throws: VaultFailure(.deleted, "")) { try await vault.get(id, version: version, by: alice) }
        }
        await #expect(throws: VaultFailure(.deleted, "")) { try await vault.delete(id, by: alice) }
        #expect(try await vault.rollback(id, by: alice).version == 2)
        #expect(try await fixture.text("a") == "one")
        let secret = try fixture.secret("a")
        #expect(secret.state == .active && secret.purgeAt == nil && secret.deletedAt == nil)
    }

    @Test func settingADeletedSecretBringsItBackWithItsHistory() async throws {
        try await fixture.set("a", "one")
        _ = try await vault.delete(id, by: alice)
        #expect(try await fixture.set("a", "two").version == 2)
        #expect(try await fixture.text("a") == "two")
        #expect(try await fixture.text("a", version: 1) == "one")
        #expect(try await states() == ["previous", "current"])
    }

    @Test func previousVersionsGoAfterKeepPrevious() async throws {
        try await fixture.set("a", "one")
        try fixture.clock.advance("1d")
        try await fixture.set("a", "two")
        try fixture.clock.advance("6d23h59m59s")
        #expect(try destroyDue() == 0)
        try fixture.clock.advance("1s")
        #expect(try destroyDue() == 1)
        #expect(try await states() == ["destroyed", "current"])
        #expect(try await vault.versions(of: id, by: alice)[0].destroyedAt == fixture.clock.now)
        await #expect(throws: VaultFailure(.versionDestroyed, "")) { try await fixture.text("a", version: 1) }
        await #expect(throws: VaultFailure(.versionDestroyed, "")) { try await vault.rollback(id, to: 1, by: alice) }
        #expect(try await fixture.text("a") == "two")
        #expect(try destroyDue() == 0)
    }

    @Test func keepPreviousOfTheSecretCounts() async throws {
        try await fixture.set("a", "one")
        try fixture.manage("a", as: "one") { $0.keepPrevious = TimeSpan(seconds: 60) }
        try await fixture.set("a", "two")
        try fixture.clock.advance("59s")
        #expect(try destroyDue() == 0)
        try fixture.clock.advance("1s")
        #expect(try destroyDue() == 1)
    }

    @Test func aDeletedSecretGoesAfterKeepPrevious() async throws {
        try await fixture.set("a", "one")
        try await fixture.set("a", "two")
        try await fixture.set("other", "stays")
        _ = try await vault.delete(id, by: alice)
        try fixture.clock.advance("7d")
        #expect(try destroyDue() == 2)
        #expect(try await states() == ["destroyed", "destroyed"])
        #expect(try fixture.secret("a").purgeAt == nil)
        await #expect(throws: VaultFailure(.versionNotFound, "")) { try await vault.rollback(id, by: alice) }
        #expect(try fixture.secret("a").state == .deleted)
        // It can be set again, and counts on.
        #expect(try await fixture.set("a", "three").version == 3)
        #expect(try await fixture.text("a") == "three")
        #expect(try await fixture.text("other") == "stays")
    }

    @Test func destroyingLeavesNoKeyInTheFiles() async throws {
        for text in ["one", "two"] { try await fixture.set("a", text) }
        try await fixture.set("other", "stays")
        let row = try fixture.secret("a").rowID
        let sealed = try fixture.core.store.read { store in
            try [1, 2].map { try #require(try store.sealedValue($0, of: row)) }
        }
        #expect(try await vault.delete(id, destroying: true, by: alice).version == 2)
        let bytes = try Folder.files(in: fixture.home.path).flatMap { try AtomicFile.read($0, limit: 1 << 30) }
        for value in sealed {
            #expect(!bytes.holds(Array(value.wrappedDEK[12..<44])) && !bytes.holds(value.ciphertext))
        }
        #expect(try await states() == ["destroyed", "destroyed"])
        #expect(try fixture.secret("a").purgeAt == nil)
        await #expect(throws: VaultFailure(.deleted, "")) { try await vault.get(id, by: alice) }
        // Again, and after a soft deletion.
        _ = try await vault.delete(id, destroying: true, by: alice)
        _ = try await vault.delete(SecretID("other"), by: alice)
        _ = try await vault.delete(SecretID("other"), destroying: true, by: alice)
        await #expect(throws: VaultFailure(.versionNotFound, "")) {
            try await vault.rollback(SecretID("other"), by: alice)
        }
    }

    @Test func protectionForbidsDeletion() async throws {
        try await fixture.set("a", "one")
        try fixture.manage("a", as: "one") { $0.deletionProtection = true }
        for destroying in [false, true] {
            await #expect(throws: VaultFailure(.protected, "")) {
                try await vault.delete(id, destroying: destroying, by: alice)
            }
        }
        #expect(try await fixture.text("a") == "one")
        // Writing is not deleting.
        #expect(try await fixture.set("a", "two").version == 2)
    }
}

/// What a change by hand means for a secret that Git manages.
@Suite struct DriftTests {
    private let fixture: VaultFixture
    private var vault: Vault { fixture.vault }
    private let alice = VaultFixture.alice
    private let id = SecretID("a")

    init() async throws {
        fixture = try VaultFixture()
        try await fixture.set("a", "from git")
        try fixture.manage("a", as: "from git")
    }

    private var drift: SecretRecord.Drift? { get throws { try fixture.secret("a").drift } }

    @Test func aNewValueIsDriftUntilItIsGitsAgain() async throws {
        #expect(try await fixture.set("a", "by hand").isManaged)
        #expect(try drift == .value)
        #expect(try await vault.status().drifted == [id])
        try await fixture.set("a", "from git")
        #expect(try drift == nil)
        try await fixture.set("a", "by hand")
        _ = try await vault.rollback(id, to: 1, by: alice)
        #expect(try drift == nil)
        _ = try await vault.rollback(id, to: 2, by: alice)
        #expect(try drift == .value)
    }

    @Test func deletionIsDriftUntilItIsUndone() async throws {
        _ = try await vault.delete(id, by: alice)
        #expect(try drift == .deleted)
        _ = try await vault.rollback(id, by: alice)
        #expect(try drift == nil)
        try await fixture.set("a", "by hand")
        _ = try await vault.delete(id, by: alice)
        #expect(try drift == .deleted)
        _ = try await vault.rollback(id, by: alice)
        #expect(try drift == .restored)
    }

    @Test func whatGitDoesNotManageNeverDrifts() async throws {
        try await fixture.set("own", "one")
        try await fixture.set("own", "two")
        _ = try await vault.delete(SecretID("own"), by: alice)
        #expect(try fixture.secret("own").drift == nil)
        #expect(try await vault.status().drifted.isEmpty)
    }

    /// A field's counter outlives writes by hand, so that an old ciphertext is still known as old.
    @Test func countersSurviveWritesByHand() async throws {
        try fixture.manage("a", as: "from git") {
            $0.fields = [FieldState(field: "", counter: 5, fingerprint: 1)]
        }
        try await fixture.set("a", "by hand")
        let fields = try fixture.secret("a").fields
        #expect(fields.map(\.field) == [""] && fields.map(\.highestCounter) == [5])
        #expect(fields[0].fingerprint != 1)
    }
}
