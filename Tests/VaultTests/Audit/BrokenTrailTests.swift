import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// No audit, no access: where a record cannot be written, or would go behind a trail that was cut, nothing is done.
@Suite struct BrokenTrailTests {
    private let fixture: VaultFixture
    private let alice = VaultFixture.alice
    private let id = SecretID("a")

    init() async throws {
        fixture = try VaultFixture()
        for text in ["one", "two"] { try await fixture.set("a", text) }
    }

    private func failures(of vault: Vault) async -> [VaultFailure.Kind?] {
        var kinds: [VaultFailure.Kind?] = []
        func note(_ body: () async throws -> Void) async {
            do {
                try await body()
                kinds.append(nil)
            } catch { kinds.append((error as? VaultFailure)?.kind) }
        }
        let value = SecretValue(scalar: SecretBytes(utf8: "x"))
        await note { _ = try await vault.get(id, by: alice) }
        await note { _ = try await vault.getMany([id], by: alice) }
        await note { _ = try await vault.set(id, to: value, by: alice) }
        await note { _ = try await vault.set(SecretID("new"), to: value, by: alice) }
        await note { _ = try await vault.list(by: alice) }
        await note { _ = try await vault.versions(of: id, by: alice) }
        await note { _ = try await vault.rollback(id, by: alice) }
        await note { _ = try await vault.delete(id, by: alice) }
        await note { _ = try await vault.delete(id, destroying: true, by: alice) }
        await note { try await vault.audit(AuditFilter(), by: alice) { _ in } }
        return kinds
    }

    private func state() throws -> [String] {
        try fixture.core.store.read { store in
            var lines: [String] = []
            try store.forEachSecret(organization: nil, prefix: "") { secret in
                lines.append("\(secret.id) \(secret.state) \(secret.currentVersion) of \(secret.latestVersion)")
            }
            return lines + (try store.versions(of: 1).map { "\($0.number) \($0.state)" })
        }
    }

    @Test(arguments: ["audit", "audit_heads"]) func nothingIsDoneWithoutItsRecord(table: String) async throws {
        let before = try state()
        try fixture.meddle(
            "CREATE TRIGGER no_record BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(await failures(of: fixture.vault) == [VaultFailure.Kind?](repeating: .storage, count: 10))
        #expect(try state() == before)
        try fixture.meddle("DROP TRIGGER no_record")
        #expect(try await fixture.problems().isEmpty)
        #expect(try fixture.records().count == 3)
        #expect(try await fixture.text("a") == "two")
    }

    /// Otherwise the next record would be signed on top of what is left, and nothing would show any more.
    @Test(arguments: [
        "DELETE FROM audit WHERE sequence > 1", "DELETE FROM audit", "DELETE FROM audit_heads",
        "DELETE FROM audit; DELETE FROM audit_heads", "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3",
        "UPDATE audit_heads SET signature = zeroblob(64)", "UPDATE audit_heads SET hash = zeroblob(32)",
        "UPDATE audit_heads SET sequence = 4", "UPDATE audit_heads SET serial = 7",
        "UPDATE metadata SET value = CAST('1' AS BLOB) WHERE key = 'serial'",
        """
        DELETE FROM audit WHERE sequence > 2;
        UPDATE audit_heads SET sequence = 2, hash = (SELECT hash FROM audit WHERE sequence = 2)
        """,
    ])
    func nothingIsDoneBehindACutTrail(change: String) async throws {
        let before = try state()
        try fixture.meddle(change)
        let problems = try await fixture.problems()
        #expect(!problems.isEmpty)
        #expect(await failures(of: fixture.vault) == [VaultFailure.Kind?](repeating: .auditBroken, count: 10))
        #expect(await failures(of: try fixture.reopened()) == [VaultFailure.Kind?](repeating: .auditBroken, count: 10))
        #expect(try state() == before)
        // The traces are as they were.
        #expect(try await fixture.problems() == problems)
    }

    /// A change further back does not lock anybody out, and goes on to be found.
    @Test func aChangeFurtherBackStaysFound() async throws {
        try fixture.meddle("UPDATE audit SET principal = 'user:mallory' WHERE sequence = 2")
        try await fixture.set("a", "three")
        #expect(try await fixture.text("a") == "three")
        #expect(try await fixture.problems() == ["record 2 was changed, moved or follows a removed one"])
    }

    @Test func theFailureSaysWhatToDo() async throws {
        try fixture.meddle("DELETE FROM audit_heads")
        await #expect {
            try await fixture.text("a")
        } throws: { error in
            guard let failure = error as? VaultFailure else { return false }
            return failure.code == "audit.broken" && failure.hint?.contains("reseal audit verify") == true
        }
    }
}
