import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct ReadWriteTests {
    private let fixture: VaultFixture
    private var vault: Vault { fixture.vault }
    private let alice = VaultFixture.alice

    init() throws { fixture = try VaultFixture() }

    @Test func whatWasSetIsRead() async throws {
        let first = try await fixture.set("prod/db", "one")
        #expect(first.version == 1 && !first.isManaged && first.id == SecretID("prod/db"))
        try fixture.clock.advance("1h")
        #expect(try await fixture.set("prod/db", "two").version == 2)
        let reading = try await vault.get(SecretID("prod/db"), by: alice)
        #expect(reading.version == 2 && reading.createdAt == fixture.clock.now && reading.id.name == "prod/db")
        #expect(reading.value.leaves[0].bytes.revealText() == "two")
        #expect(try await fixture.text("prod/db", version: 1) == "one")
        #expect(try await fixture.text("prod/db", version: 2) == "two")
    }

    @Test func everyShapeOfValueComesBack() async throws {
        let leaves = [
            SecretValue.Leaf(path: ["tls", "key"], type: .binary, bytes: SecretBytes([0, 255, 10])),
            SecretValue.Leaf(path: ["port"], type: .integer, bytes: SecretBytes(utf8: "5432")),
            SecretValue.Leaf(path: ["user"], bytes: SecretBytes(utf8: "ä\u{0}b")),
            SecretValue.Leaf(path: ["empty"], bytes: SecretBytes([])),
        ]
        let large = SecretBytes([UInt8](repeating: 7, count: 3 << 20))
        let values = [
            SecretValue(scalar: SecretBytes(utf8: "x")), SecretValue(scalar: SecretBytes([])),
            SecretValue(scalar: SecretBytes([0xff, 0]), type: .binary), try SecretValue(leaves: leaves),
            try SecretValue(leaves: []), SecretValue(scalar: large),
        ]
        for (index, value) in values.enumerated() {
            let id = SecretID("s\(index)")
            _ = try await vault.set(id, to: value, by: alice)
            let read = try await fixture.reopened().get(id, by: alice).value
            #expect(read.encoded().isEqual(to: value.encoded()))
            #expect(read.leaves.map(\.path) == value.leaves.map(\.path) && read.isScalar == value.isScalar)
        }
    }

    @Test func manyAreReadTogetherOrNotAtAll() async throws {
        for name in ["a", "b", "c"] { try await fixture.set(name, "value of \(name)") }
        let readings = try await vault.getMany(["c", "a", "c"].map { SecretID($0) }, by: alice)
        #expect(readings.map { $0.value.leaves[0].bytes.revealText() } == ["value of c", "value of a", "value of c"])
        #expect(try await vault.getMany([], by: alice).isEmpty)
        await #expect(throws: VaultFailure(.secretNotFound, "")) {
            try await vault.getMany(["a", "nope", "b"].map { SecretID($0) }, by: alice)
        }
    }

    @Test func whatIsNotThereIsSaidWithAHint() async throws {
        try await fixture.set("prod/orders-db", "x")
        func failure(_ body: () async throws -> Void) async -> VaultFailure? {
            do { try await body() } catch { return error as? VaultFailure }
            return nil
        }
        var found = await failure { _ = try await vault.get(SecretID("prod/order-db"), by: alice) }
        #expect(found?.kind == .secretNotFound && found?.hint == "did you mean `prod/orders-db`?")
        found = await failure { _ = try await vault.get(SecretID("zzz"), by: alice) }
        #expect(found?.kind == .secretNotFound && found?.hint == "`reseal list` shows the secrets of this vault")
        for version in [-1, 0, 2] as [Int64] {
            found = await failure { _ = try await vault.get(SecretID("prod/orders-db"), version: version, by: alice) }
            #expect(found?.kind == .versionNotFound && found?.hint == "its versions are 1 to 1")
        }
        found = await failure { _ = try await vault.versions(of: SecretID("nope"), by: alice) }
        #expect(found?.kind == .secretNotFound)
    }

    /// Nothing of one organization is visible in another.
    @Test func organizationsAreApart() async throws {
        let (ours, theirs) = (SecretID("db"), SecretID("db", organization: "acme"))
        _ = try await vault.set(ours, to: SecretValue(scalar: SecretBytes(utf8: "ours")), by: alice)
        await #expect(throws: VaultFailure(.secretNotFound, "")) { try await vault.get(theirs, by: alice) }
        _ = try await vault.set(theirs, to: SecretValue(scalar: SecretBytes(utf8: "theirs")), by: alice)
        #expect(try await vault.get(ours, by: alice).value.leaves[0].bytes.revealText() == "ours")
        #expect(try await vault.list(organization: "acme", by: alice).map(\.id) == [theirs])
        _ = try await vault.delete(theirs, destroying: true, by: alice)
        #expect(try await vault.get(ours, by: alice).value.leaves[0].bytes.revealText() == "ours")
    }

    @Test(arguments: [
        SecretID("Prod"), SecretID("a/../b"), SecretID(""), SecretID("a\u{0}"), SecretID("a", organization: "x/y"),
    ])
    func badNamesAreNotStored(id: SecretID) async throws {
        await #expect(throws: NameFailure.self) {
            try await vault.set(id, to: SecretValue(scalar: SecretBytes(utf8: "x")), by: alice)
        }
        #expect(try await vault.list(by: alice).isEmpty)
    }

    @Test func listsShowStateAndNoValue() async throws {
        try await fixture.set("prod/a", "canary-1")
        try await fixture.set("prod/b", "canary-2")
        try await fixture.set("dev/a", "canary-3")
        _ = try await vault.delete(SecretID("prod/b"), by: alice)
        #expect(try await vault.list(by: alice).map(\.id.name) == ["dev/a", "prod/a"])
        #expect(try await vault.list(prefix: "prod/", by: alice).map(\.id.name) == ["prod/a"])
        let all = try await vault.list(prefix: "prod/", includingDeleted: true, by: alice)
        #expect(all.map(\.isActive) == [true, false] && all.map(\.currentVersion) == [1, 1])
        #expect(!"\(all)".contains("canary"))
    }

    @Test func versionsTellTheirHistory() async throws {
        try await fixture.set("a", "one")
        try fixture.clock.advance("1h")
        try await fixture.set("a", "two")
        _ = try await vault.rollback(SecretID("a"), by: alice)
        let versions = try await vault.versions(of: SecretID("a"), by: alice)
        #expect(versions.map(\.number) == [1, 2, 3] && versions.map(\.state) == ["previous", "previous", "current"])
        #expect(versions.map(\.origin) == ["manual", "manual", "rollback"])
        #expect(versions.map(\.restoredFrom) == [nil, nil, 1] && versions.allSatisfy { $0.createdBy == Sample.alice })
        let kept = fixture.clock.now.adding(TimeSpan(seconds: 7 * 86_400))
        #expect(versions.map(\.keptUntil) == [kept, kept, nil] && versions.allSatisfy { $0.destroyedAt == nil })
    }

    /// Each effect raises the serial by one, a look by nothing: saved plans compare it.
    @Test func onlyChangesRaiseTheSerial() async throws {
        #expect(try await vault.status().serial == 0)
        try await fixture.set("a", "x")
        _ = try await vault.get(SecretID("a"), by: alice)
        _ = try await vault.list(by: alice)
        _ = try? await vault.get(SecretID("nope"), by: alice)
        #expect(try await vault.status().serial == 1)
        _ = try await vault.rollback(SecretID("a"), to: 1, by: alice)
        _ = try await vault.delete(SecretID("a"), by: alice)
        let status = try await vault.status()
        #expect(status.serial == 3 && status.active == 0 && status.deleted == 1 && status.drifted.isEmpty)
    }

    /// Values show nowhere in the store's files, and neither do the keys.
    @Test func filesHoldNoPlaintext() async throws {
        let canary = "canary-5f1e-plaintext"
        try await fixture.set("a", canary)
        _ = try await vault.set(
            SecretID("b"),
            to: SecretValue(leaves: [SecretValue.Leaf(path: ["password"], bytes: SecretBytes(utf8: canary))]), by: alice
        )
        _ = try await vault.get(SecretID("a"), by: alice)
        let root = try KeyFileProvider(path: fixture.home.rootKeyPath).rootKey().revealBytes()
        let fingerprintKey = fixture.core.keyring.fingerprintKey.revealBytes()
        for file in try Folder.files(in: fixture.home.path) where file != fixture.home.rootKeyPath {
            let bytes = try AtomicFile.read(file, limit: 1 << 30)
            for secret in [
                Array(canary.utf8), Array(Base64.encode(Array(canary.utf8), padded: false).utf8), root, fingerprintKey,
            ] {
                #expect(!bytes.holds(secret))
            }
        }
    }
}
