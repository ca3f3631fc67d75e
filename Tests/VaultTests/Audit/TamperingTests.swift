import Foundation
import GRDB
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Whoever can write the store's file changes the trail; the verifier tells.
@Suite struct TamperingTests {
    private let fixture: VaultFixture
    private let alice = VaultFixture.alice

    /// Eight records, of which the fourth has a commit and no version, and the others a version and no commit.
    init() async throws {
        fixture = try VaultFixture()
        for text in ["one", "two"] { try await fixture.set("a", text) }
        try fixture.core.write {
            try $0.audit.record(.plan, "Secret.default/a", commit: Sample.object(1), detail: "plan 1", by: alice)
        }
        for _ in 0..<4 { _ = try await fixture.text("a") }
        let problems = try await fixture.problems()
        #expect(problems.isEmpty)
        #expect(try fixture.records().count == 8)
    }

    /// Puts the chain right again behind a change, as far as that goes without the signing key.
    private func recompute(from first: Int64) throws {
        let records = try fixture.records()
        var previous = records.last { $0.sequence < first }?.hash ?? AuditTrail.genesis
        for record in records where record.sequence >= first {
            previous = Digest256(hashing: record.hashInput(after: previous))
            try fixture.meddle(
                "UPDATE audit SET hash = ? WHERE sequence = ?", [DatabaseValue(previous), record.sequence])
        }
    }

    @Test(arguments: [
        "at = at + 1", "at = at - 86400000", "principal = 'user:mallory'", "action = 'vault.secret.list'",
        "subject = 'Secret.default/b'", "subject = ''", "version = 1", "version = NULL", "result = 'failed'",
        "source = 'local'", "user_agent = ''", "request_id = 'x'", "commit_id = zeroblob(20)", "detail = 'x'",
        "detail = detail || ' '", "hash = zeroblob(32)", "principal = 'nobody'", "action = 'no.action'",
        "result = 'maybe'",
        "hash = zeroblob(31)", "commit_id = zeroblob(5)", "commit_id = zeroblob(0)", "sequence = 100", "sequence = 0",
        "sequence = 9223372036854775807", "sequence = -9223372036854775808",
    ])
    func aChangedFieldIsFound(change: String) async throws {
        try fixture.meddle("UPDATE audit SET \(change) WHERE sequence = 6")
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test(arguments: ["commit_id = NULL", "commit_id = zeroblob(20)", "version = 0", "version = -1", "detail = ''"])
    func aChangedCommitIsFound(change: String) async throws {
        try fixture.meddle("UPDATE audit SET \(change) WHERE sequence = 4")
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test func aChangeIsNamedByItsRecord() async throws {
        try fixture.meddle("UPDATE audit SET principal = 'user:mallory' WHERE sequence = 6")
        #expect(try await fixture.problems() == ["record 6 was changed, moved or follows a removed one"])
    }

    @Test(arguments: 1...8) func aRemovedRecordIsFound(sequence: Int) async throws {
        try fixture.meddle("DELETE FROM audit WHERE sequence = \(sequence)")
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test func aRemovedRecordIsFoundThoughTheOthersCloseUp() async throws {
        try fixture.meddle(
            "DELETE FROM audit WHERE sequence = 5; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5")
        #expect(try await fixture.problems().count >= 4)
        try recompute(from: 5)
        #expect(
            try await fixture.problems()
                == ["the trail was cut: it ends at record 7, but a head of record 8 was signed"])
    }

    @Test func exchangedRecordsAreFound() async throws {
        try fixture.meddle(
            """
            UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 5;
            UPDATE audit SET sequence = 5 WHERE sequence = 100
            """)
        #expect(try await fixture.problems().count >= 2)
        try recompute(from: 3)
        #expect(try await fixture.problems() == ["record 8 is not the one that was signed"])
    }

    @Test func anInsertedRecordIsFound() async throws {
        let columns =
            "at, principal, action, subject, version, result, source, user_agent, request_id, commit_id, detail, hash"
        try fixture.meddle(
            """
            UPDATE audit SET sequence = sequence + 1000 WHERE sequence > 4;
            UPDATE audit SET sequence = sequence - 999 WHERE sequence > 1000;
            INSERT INTO audit (sequence, \(columns)) SELECT 5, \(columns) FROM audit WHERE sequence = 4
            """)
        #expect(try await fixture.problems().count >= 2)
        try recompute(from: 5)
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test func anAppendedRecordIsFound() async throws {
        let columns =
            "at, principal, action, subject, version, result, source, user_agent, request_id, commit_id, detail, hash"
        try fixture.meddle(
            "INSERT INTO audit (sequence, \(columns)) SELECT 9, \(columns) FROM audit WHERE sequence = 8")
        try recompute(from: 9)
        #expect(try await fixture.problems() == ["the end of the trail, record 9, is not signed"])
    }

    /// The whole chain behind the change is right again; only the signature is not to be had.
    @Test func aRecomputedChainIsFound() async throws {
        try fixture.meddle("UPDATE audit SET principal = 'user:mallory' WHERE sequence = 2")
        try recompute(from: 2)
        #expect(try await fixture.problems() == ["record 8 is not the one that was signed"])
    }

    @Test(arguments: 1...7) func aCutTailIsFound(kept: Int) async throws {
        try fixture.meddle("DELETE FROM audit WHERE sequence > \(kept)")
        #expect(
            try await fixture.problems()
                == ["the trail was cut: it ends at record \(kept), but a head of record 8 was signed"])
    }

    @Test(arguments: 0...7) func aCutTailIsFoundThoughTheHeadIsGoneToo(kept: Int) async throws {
        try fixture.meddle(
            """
            DELETE FROM audit WHERE sequence > \(kept); DELETE FROM audit_heads;
            UPDATE metadata SET value = CAST('0' AS BLOB) WHERE key = 'serial'
            """)
        #expect(try await fixture.problems() == ["the trail has no signed head"])
    }

    @Test func aHeadThatSaysWhatIsLeftNeedsItsSignature() async throws {
        let third = try fixture.records()[2]
        try fixture.meddle("DELETE FROM audit WHERE sequence > 3")
        for change in ["sequence = 3", "hash = x'\(third.hash)'", "at = \(third.at.milliseconds)"] {
            try fixture.meddle("UPDATE audit_heads SET \(change)")
        }
        #expect(try await fixture.problems() == ["the signature of the head at record 3 is not valid"])
    }

    @Test func aHeadOfAnotherKeyIsForged() async throws {
        let last = try #require(try fixture.records().last)
        var head = try #require(try fixture.core.store.read { try $0.auditHeads().last })
        #expect(head.hash == last.hash)
        head.signature = try Ed25519PrivateKey().sign(head.signedBytes(vaultID: fixture.core.keyring.vaultID))
        try fixture.meddle("UPDATE audit_heads SET signature = x'\(Hex.encode(head.signature))'")
        #expect(try await fixture.problems() == ["the signature of the head at record 8 is not valid"])
    }

    @Test(arguments: [
        "sequence = 7", "sequence = 9", "hash = zeroblob(32)", "serial = 1", "at = at + 1", "signature = zeroblob(64)",
        "signature = zeroblob(0)",
    ])
    func aChangedHeadIsFound(change: String) async throws {
        try fixture.meddle("UPDATE audit_heads SET \(change)")
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test func aSecondHeadIsFound() async throws {
        try fixture.meddle(
            "INSERT INTO audit_heads (sequence, hash, serial, at, signature) SELECT 3, hash, serial, at, signature FROM audit_heads"
        )
        #expect(try await fixture.problems().count == 2)
    }

    @Test(arguments: ["0", "99", "x", ""]) func aChangedSerialIsFound(serial: String) async throws {
        try fixture.meddle("UPDATE metadata SET value = CAST('\(serial)' AS BLOB) WHERE key = 'serial'")
        #expect(try await !fixture.problems().isEmpty)
    }

    @Test func aWipedTrailIsFound() async throws {
        try fixture.meddle("DELETE FROM audit; DELETE FROM audit_heads")
        #expect(try await !fixture.problems().isEmpty)
    }

    /// The store put back to an older copy of itself is whole; only a head that was kept elsewhere tells.
    @Test func anOlderCopyIsFoundByAHeadKeptElsewhere() async throws {
        let early = try await fixture.head()
        try fixture.core.store.scrub()
        try Folder.copy(fixture.home.path, to: fixture.folder.file("copy"))
        try await fixture.set("a", "three")
        let late = try await fixture.head()
        for head in [early, late] { #expect(try await fixture.problems(expecting: head).isEmpty) }

        let older = try Vault(home: fixture.folder.file("copy"))
        #expect(try await older.verifyAudit(expectedHead: nil).isWhole)
        #expect(try await older.verifyAudit(expectedHead: early).isWhole)
        let report = try await older.verifyAudit(expectedHead: late)
        #expect(
            report.problems == ["the expected head is not in the trail: an older copy of the vault was put in place"])
        // Whatever is done with the copy, the head never comes to be in it.
        for _ in 0..<3 { _ = try await older.get(SecretID("a"), by: alice) }
        #expect(try await !older.verifyAudit(expectedHead: late).isWhole)
        for head in ["", "8", "8:", early.uppercased() + "0"] {
            #expect(try await !older.verifyAudit(expectedHead: head).isWhole)
        }
    }

    @Test func aLongListOfFindingsIsCut() async throws {
        for _ in 0..<40 { _ = try await fixture.text("a") }
        try fixture.meddle("UPDATE audit SET detail = 'x'")
        #expect(try await fixture.problems().count == 20)
    }
}

extension DatabaseValue {
    init(_ digest: Digest256) { self = Data(digest.bytes).databaseValue }
}
