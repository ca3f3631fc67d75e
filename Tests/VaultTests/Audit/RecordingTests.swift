import ResealCore
import ResealSealing
import Synchronization
import TestSupport
import Testing

@testable import ResealVault

/// What stands in the trail after each action.
@Suite struct RecordingTests {
    private let fixture: VaultFixture
    private var vault: Vault { fixture.vault }
    private let alice = VaultFixture.alice
    private let id = SecretID("a")

    init() throws { fixture = try VaultFixture() }

    @Test func everyActionIsRecorded() async throws {
        for text in ["one", "two"] { try await fixture.set("a", text) }
        _ = try await fixture.text("a")
        _ = try await fixture.text("a", version: 1)
        _ = try await vault.getMany([id, id], by: alice)
        _ = try await vault.list(prefix: "pre", by: alice)
        _ = try await vault.versions(of: id, by: alice)
        _ = try await vault.rollback(id, by: alice)
        _ = try await vault.delete(id, by: alice)
        try await fixture.set("a", "three")
        _ = try await vault.delete(id, destroying: true, by: alice)
        try await vault.audit(AuditFilter(), by: alice) { _ in }
        let a = "Secret.default/a"
        #expect(
            try fixture.trail(skipping: 0) == [
                "vault.init  ok", "vault.secret.create \(a)@1 ok", "vault.secret.write \(a)@2 ok",
                "vault.secret.read \(a)@2 ok", "vault.secret.read \(a)@1 ok", "vault.secret.read \(a)@2 ok",
                "vault.secret.read \(a)@2 ok", "vault.secret.list  ok (pre)", "vault.secret.list \(a) ok (versions)",
                "vault.secret.rollback \(a)@3 ok (to version 1)", "vault.secret.delete \(a)@3 ok",
                "vault.secret.write \(a)@4 ok", "vault.secret.delete \(a)@4 ok", "vault.secret.destroy \(a)@1 ok",
                "vault.secret.destroy \(a)@2 ok", "vault.secret.destroy \(a)@3 ok", "vault.secret.destroy \(a)@4 ok",
                "audit.read  ok",
            ])
        #expect(try await fixture.problems().isEmpty)
    }

    /// A trail may be larger than memory, and whoever reads it keeps nobody from writing.
    @Test func aLongTrailIsGivenOutInParts() async throws {
        let (core, alice) = (fixture.core, alice)
        try core.write { transaction in
            for number in 0..<2500 { try transaction.audit.record(.secretRead, detail: "\(number)", by: alice) }
        }
        let given = Mutex<[[Int64]]>([])
        func parts(of filter: AuditFilter) async throws -> [[Int64]] {
            given.withLock { $0 = [] }
            try await vault.audit(filter, by: alice) { records in
                given.withLock { $0.append(records.map(\.sequence)) }
                // What is written meanwhile is not among them.
                try core.write { try $0.audit.record(.secretList, by: alice) }
            }
            return given.withLock { $0 }
        }
        let whole = try await parts(of: AuditFilter())
        #expect(whole.map(\.count) == [1000, 1000, 501])
        #expect(whole.flatMap { $0 } == Array(1...2501))
        // The look, and what was written for each of its parts.
        #expect(try await parts(of: AuditFilter(limit: 2)) == [[2504, 2505]])
        #expect(try await parts(of: AuditFilter(action: "vault.init")) == [[1]])
        #expect(try await parts(of: AuditFilter(subject: "none")).isEmpty)
        #expect(try await parts(of: AuditFilter(action: "vault.secret.read")).map(\.count) == [1000, 1000, 500])
    }

    @Test func aRecordSaysWhoFromWhereAndWhen() async throws {
        try fixture.clock.advance("1h")
        try await fixture.set("a", "one")
        let record = try #require(try fixture.records().last)
        #expect(record.at == fixture.clock.now && record.principal == Sample.alice && record.source == "10.0.0.1")
        #expect(record.userAgent == "test/1" && record.requestID == "request-1" && record.commit == nil)
        let one = ActionContext(principal: Sample.alice)
        #expect(one.source == "local" && one.userAgent.isEmpty && !one.requestID.isEmpty)
        #expect(one.requestID != ActionContext(principal: Sample.alice).requestID)
    }

    @Test func refusedAndFailedActionsAreRecorded() async throws {
        try await fixture.set("a", "one")
        try await fixture.set("gone", "x")
        _ = try await vault.delete(SecretID("gone"), destroying: true, by: alice)
        try fixture.manage("a", as: "one") { $0.deletionProtection = true }
        let skipped = try fixture.records().count
        let none = SecretID("none")
        let value = SecretValue(scalar: SecretBytes(utf8: "x"))
        _ = try? await vault.get(none, by: alice)
        _ = try? await vault.get(id, version: 9, by: alice)
        _ = try? await vault.get(SecretID("gone"), by: alice)
        _ = try? await vault.getMany([id, none, id], by: alice)
        _ = try? await vault.versions(of: none, by: alice)
        _ = try? await vault.rollback(id, by: alice)
        _ = try? await vault.delete(id, by: alice)
        _ = try? await vault.delete(id, destroying: true, by: alice)
        #expect(
            try fixture.trail(skipping: skipped) == [
                "vault.secret.read Secret.default/none failed (vault.secret-not-found)",
                "vault.secret.read Secret.default/a failed (vault.version-not-found)",
                "vault.secret.read Secret.default/gone failed (vault.secret-deleted)",
                "vault.secret.read Secret.default/none failed (vault.secret-not-found)",
                "vault.secret.list Secret.default/none failed (vault.secret-not-found)",
                "vault.secret.rollback Secret.default/a failed (vault.version-not-found)",
                "vault.secret.delete Secret.default/a refused (vault.deletion-protected)",
                "vault.secret.delete Secret.default/a refused (vault.deletion-protected)",
            ])
        #expect(try await fixture.problems().isEmpty)
        // What has no valid name might be anything, a secret too, and stays out.
        _ = try? await vault.get(SecretID("Canary Secret"), by: alice)
        _ = try? await vault.set(SecretID("Canary Secret"), to: value, by: alice)
        #expect(try fixture.records().count == skipped + 8)
    }

    @Test func noRecordHoldsAValue() async throws {
        try await fixture.set("a", "canary-value-1")
        try await fixture.set("a", "canary-value-2")
        _ = try await fixture.text("a")
        _ = try await vault.rollback(id, by: alice)
        _ = try? await vault.get(id, version: 77, by: alice)
        let texts = try fixture.records().map { JSON.object($0.members).canonical }
        #expect(texts.count == 6 && !texts.joined().contains("canary"))
    }

    /// Record and effect are one: whichever fails takes the other along.
    @Test func anAbortedEffectLeavesNoRecord() async throws {
        try await fixture.set("a", "one")
        let before = try fixture.records().count
        #expect(throws: Abort()) {
            try fixture.core.write { transaction in
                var secret = try transaction.existing(id)
                let value = SecretValue(scalar: SecretBytes(utf8: "two"))
                try transaction.addVersion(value, to: &secret, ValueWrite(origin: .manual, author: Sample.alice))
                try transaction.store.update(secret)
                try transaction.audit.record(.secretWrite, "Secret.default/a", version: 2, by: alice)
                throw Abort()
            }
        }
        #expect(try fixture.records().count == before)
        #expect(try await fixture.text("a") == "one")
        #expect(try await fixture.vault.versions(of: id, by: alice).count == 1)
        #expect(try await fixture.problems().isEmpty)
    }

    /// A change that forgot its record is a defect of the program, and never reaches the store.
    @Test func aChangeWithoutARecordTraps() async {
        await #expect(processExitsWith: .failure) {
            let fixture = try VaultFixture()
            try fixture.core.write { $0.markChanged() }
        }
    }

    @Test func aTransactionWithoutRecordsSignsNothing() async throws {
        let head = try await fixture.head()
        try fixture.core.write { _ in }
        #expect(try await fixture.head() == head)
    }

    /// Two fields never run into each other, so that no two records have one hash input.
    @Test func theHashCoversEveryFieldApart() throws {
        let base = Sample.audit(1)
        var inputs: Set<[UInt8]> = [base.hashInput(after: AuditTrail.genesis), base.hashInput(after: Sample.digest(1))]
        let changes: [(inout AuditRecord) -> Void] = [
            { $0.sequence = 2 }, { $0.at = Sample.start }, { $0.principal = known(Principal("user:b")) },
            { $0.action = .plan },
            { $0.subject += "x" }, { $0.version = nil }, { $0.version = 2 }, { $0.result = .failed },
            { $0.source = "" },
            { $0.userAgent = "test" }, { $0.requestID = "" }, { $0.commit = nil }, { $0.commit = Sample.object(7) },
            { $0.detail = "\",\"version\":1" }, { ($0.source, $0.userAgent) = ($0.userAgent, $0.source) },
        ]
        for change in changes {
            var record = base
            change(&record)
            #expect(inputs.insert(record.hashInput(after: AuditTrail.genesis)).inserted)
        }
    }
}
