import ResealCore
import ResealSealing
import Testing

@testable import ResealVault

/// The journal of rotations, step by step.
@Suite struct RotationJournalTests {
    private let fixture: VaultFixture
    private let id = SecretID("app")
    private let me = VaultFixture.alice

    init() async throws {
        fixture = try VaultFixture()
        try await fixture.set("app", "one")
    }

    private func value(_ text: String) -> SecretValue { SecretValue(scalar: SecretBytes(utf8: text)) }

    private func begin(_ text: String) throws -> RotationRecord {
        try fixture.core.write { try $0.beginRotation(of: id, to: value(text), by: me) }
    }

    private func journal() throws -> RotationRecord? {
        try fixture.core.store.read { try $0.rotation(of: $0.secret(id)?.rowID ?? 0) }
    }

    @Test func aCandidateIsNoValueYet() async throws {
        let begun = try begin("two")
        #expect(try journal() == begun && begun.step == .pending && begun.candidate == 2 && begun.previous == 1)
        #expect(try await fixture.text("app") == "one")
        await #expect(throws: VaultFailure(.versionPending, "")) { try await fixture.text("app", version: 2) }
        #expect(throws: VaultFailure(.serialMoved, "")) { try begin("three") }
        // Neither is it what a rollback goes back to.
        await #expect(throws: VaultFailure(.versionNotFound, "")) { try await fixture.vault.rollback(id, by: me) }
    }

    @Test func promotedItIsCurrent() async throws {
        var rotation = try begin("two")
        try fixture.core.write { try $0.promote(&rotation, retires: false, by: me) }
        #expect(try await fixture.text("app") == "two")
        #expect(try await fixture.text("app", version: 1) == "one")
        #expect(rotation.unwritten.isEmpty, "Git holds no value of this secret")
        try fixture.core.write { try $0.finishRotation(&rotation, by: me) }
        #expect(try journal() == nil)
        #expect(
            try fixture.trail().suffix(5).prefix(3) == [
                "vault.secret.rotate Secret.default/app@2 ok (pending)",
                "vault.secret.rotate Secret.default/app@2 ok (promoted)",
                "vault.secret.read Secret.default/app@2 ok",
            ])
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func whatWasWrittenMeanwhileIsKept() async throws {
        var rotation = try begin("two")
        try await fixture.set("app", "by hand")
        try fixture.core.write { try $0.promote(&rotation, retires: true, by: me) }
        #expect(try await fixture.text("app") == "two")
        #expect(try await fixture.text("app", version: 3) == "by hand")
        #expect(rotation.candidate == 4 && rotation.retireAt != nil)
    }

    @Test func gitIsBehindUntilItHoldsTheValue() async throws {
        try fixture.manage("app", as: "one")
        var rotation = try begin("two")
        try fixture.core.write { try $0.promote(&rotation, retires: false, by: me) }
        #expect(rotation.unwritten.map(\.field) == [""])
        var next = try begin("three")
        #expect(next.unwritten == rotation.unwritten, "a second rotation does not forget the first")
        try fixture.core.write { try $0.promote(&next, retires: false, by: me) }
        let fields = try fixture.secret("app").fields
        try fixture.core.write {
            try $0.settleWriteBack(of: fixture.secret("app"), git: rotation.unwritten, commit: nil, by: me)
        }
        #expect(try journal()?.unwritten.count == 1)
        try fixture.core.write {
            try $0.settleWriteBack(of: fixture.secret("app"), git: fields, commit: nil, by: me)
        }
        #expect(try journal() == nil)
    }

    @Test func aFailureIsRememberedWhenTheCandidateIsNot() async throws {
        var rotation = try begin("two")
        let next = fixture.clock.clock.now().adding(TimeSpan(seconds: 60))
        try fixture.core.write { try $0.noteFailure(&rotation, code: "x.y", nextAttemptAt: next, by: me) }
        try fixture.core.write { try $0.dropCandidate(&rotation, by: me) }
        let left = try #require(try journal())
        #expect(left.failures == 1 && left.lastFailure == "x.y" && left.nextAttemptAt == next && left.step == .done)
        #expect(try await fixture.text("app") == "one")
        #expect(try fixture.core.store.read { try $0.sealedValue(2, of: left.rowID) } == nil)
        let again = try begin("three")
        #expect(again.failures == 1 && again.candidate == 3)
    }

    @Test func aDestroyedValueNoLongerWaitsForGit() throws {
        try fixture.manage("app", as: "one")
        var rotation = try begin("two")
        try fixture.core.write { try $0.promote(&rotation, retires: false, by: me) }
        #expect(try journal()?.unwritten.count == 1)
        try fixture.core.write { transaction in
            var secret = try transaction.existing(id)
            try transaction.destroy(2, of: &secret, by: me)
        }
        #expect(try journal() == nil)
        let secret = try fixture.secret("app")
        #expect(secret.currentVersion == 0 && secret.drift == .value)
    }
}
