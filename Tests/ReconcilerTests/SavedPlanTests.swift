import Foundation
import ResealCore
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// A saved plan is applied exactly as it was shown, or not at all.
@Suite struct SavedPlanTests {
    private let bench: Workbench
    private let core: VaultCore
    private let first: ObjectID
    private let head: ObjectID
    private var path: String { bench.folder.file("change.plan") }

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        var files = bench.basics
        for n in 0..<12 { files["manifests/s\(n).yaml"] = Text.secret("s\(n)", ["": try bench.sealed("v", "s\(n)")]) }
        first = try bench.commit(files)
        try bench.apply(first, to: core)
        head = try bench.commit([
            "manifests/s0.yaml": Text.secret("s0", ["": try bench.sealed("canary", "s0", counter: 2)])
        ])
    }

    private func save(_ head: ObjectID, massDeletion: Bool = false) throws {
        let plan = try bench.plan(head, for: core, ReconcileOptions(massDeletion: massDeletion))
        try SavedPlan(plan, location: bench.git.path, allowsMassDeletion: massDeletion).write(to: path)
    }

    /// What `apply FILE` does.
    private func applySaved(_ head: ObjectID) throws {
        let saved = try SavedPlan(readingFrom: path)
        let options = ReconcileOptions(massDeletion: saved.allowsMassDeletion)
        let reconciliation = bench.reconciliation(core, options)
        let checkout = bench.checkout(head, path: saved.source.path, ref: saved.source.ref)
        let prepared = try reconciliation.plan(checkout, forApply: true)
        try saved.requireSame(prepared.plan)
        _ = try reconciliation.apply(prepared, by: .test)
    }

    private func expectStale(_ head: ObjectID, _ reason: String) throws {
        let before = try VaultDump(core, onlyActive: false)
        let failure = #expect(throws: ReconcileFailure(.stale, "")) { try applySaved(head) }
        #expect(failure?.code == "plan.stale")
        #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
        #expect(try VaultDump(core, onlyActive: false) == before)
    }

    @Test func aSavedPlanIsApplied() throws {
        try save(head)
        try applySaved(head)
        #expect(try core.value("s0") == #""canary""#)
    }

    @Test func theFileHoldsNoValue() throws {
        try save(head)
        let text = String(decoding: try bench.folder.read("change.plan"), as: UTF8.self)
        #expect(text.contains("\"plan_id\""))
        #expect(!text.contains("canary") && !text.contains("AGE"))
        let secret = try #require(try core.secret("s0")?.fingerprint)
        #expect(!text.contains(secret.description))
    }

    @Test func theCommitMoved() throws {
        try save(head)
        let next = try bench.commit(["README.md": "more"])
        try expectStale(next, "main moved from \(head.short) to \(next.short)")
    }

    @Test func theVaultMoved() async throws {
        try save(head)
        _ = try await Vault(core: core).set(
            SecretID("by-hand"), to: SecretValue(scalar: SecretBytes(utf8: "x"), type: .string), by: .test)
        try expectStale(head, "the vault moved from serial 1 to 2")
    }

    /// A commit that changes nothing for the vault moves the base and not the serial.
    @Test func theBaseMoved() throws {
        try save(head)
        let side = try bench.commit(["README.md": "side"], branch: "side", from: first)
        try bench.apply(side, to: core)
        #expect(try core.serial() == 1)
        let saved = try SavedPlan(readingFrom: path)
        let plan = try bench.plan(head, for: core)
        #expect(throws: ReconcileFailure(.stale, "")) { try saved.requireSame(plan) }
    }

    /// Whoever may only edit the file cannot make it say something else than was reviewed.
    @Test(
        arguments: [
            ("plan_id", .string("0123456789abcdef0123456789abcdef")), ("vault_serial", 0), ("vault_serial", 2),
            ("base", .null), ("allow_mass_deletion", true), ("path", ""),
        ] as [(String, JSON)])
    func aTamperedFileIsRefused(key: String, value: JSON) throws {
        try save(head)
        try tamper { $0[key] = value }
        #expect(throws: (any Error).self) { try applySaved(head) }
        #expect(try core.value("s0") == #""v""#)
    }

    @Test func aLiftedDeletionLimitIsPartOfThePlan() throws {
        var files: [String: String?] = [:]
        for n in 0..<12 { files["manifests/s\(n).yaml"] = .some(nil) }
        let deleting = try bench.commit(files)
        #expect(try bench.plan(deleting, for: core).guards.map(\.rule) == [.massDeletion])
        try save(deleting)
        try tamper { $0["allow_mass_deletion"] = true }
        try expectStale(deleting, "the plan would be another one now")
        try save(deleting, massDeletion: true)
        try applySaved(deleting)
        #expect(try core.secret("s3")?.state == .deleted)
    }

    @Test(arguments: [
        "", "{}", "[]", "not json", #"{"format":"reseal-plan-2"}"#, "\u{0}",
        #"{"format":"reseal-plan-1","plan_id":"x","location":"/","ref":"main","path":"","base":null,"head":"abc","vault_serial":1,"allow_mass_deletion":false}"#,
        #"{"format":"reseal-plan-1","plan_id":"x","location":"/","ref":"main","path":"","base":7,"head":"0123456789012345678901234567890123456789","vault_serial":1,"allow_mass_deletion":false}"#,
    ])
    func otherFilesAreRefused(text: String) throws {
        try bench.folder.write(text, to: "change.plan")
        let failure = #expect(throws: ReconcileFailure(.savedPlanInvalid, "")) { try SavedPlan(readingFrom: path) }
        #expect(failure?.hint?.contains("--out") == true)
    }

    @Test func whatIsReadIsWhatWasWritten() throws {
        let plan = try bench.plan(head, for: core)
        let saved = try SavedPlan(plan, location: bench.git.path, allowsMassDeletion: false)
        try saved.write(to: path)
        #expect(try SavedPlan(readingFrom: path) == saved)
    }

    @Test func onlyPlansOfCommitsForAVaultAreSaved() throws {
        var plan = try bench.plan(head, for: core)
        plan.head = nil
        #expect(throws: ReconcileFailure(.savedPlanInvalid, "")) {
            try SavedPlan(plan, location: "/", allowsMassDeletion: false)
        }
    }

    private func tamper(_ edit: (inout [String: JSON]) -> Void) throws {
        var members = try #require(try JSON(parsing: bench.folder.read("change.plan")).objectValue)
        edit(&members)
        try bench.folder.write(JSON.object(members).pretty(), to: "change.plan")
    }

    // MARK: Between planning and applying

    @Test func aPlanIsAppliedOnlyOnce() throws {
        let reconciliation = bench.reconciliation(core)
        let prepared = try reconciliation.plan(bench.checkout(head), forApply: true)
        _ = try reconciliation.apply(prepared, by: .test)
        #expect(throws: ReconcileFailure(.stale, "")) { try reconciliation.apply(prepared, by: .test) }
    }

    @Test func theBaseIsComparedAgainWhenApplying() throws {
        let reconciliation = bench.reconciliation(core)
        let prepared = try reconciliation.plan(bench.checkout(head), forApply: true)
        try bench.apply(try bench.commit(["README.md": "side"], branch: "side", from: first), to: core)
        #expect(throws: ReconcileFailure(.stale, "")) { try reconciliation.apply(prepared, by: .test) }
        #expect(try core.value("s0") == #""v""#)
    }

    /// A refused plan leaves the vault alone and a record in the audit trail.
    @Test func guardsStopTheApply() throws {
        var files: [String: String?] = [:]
        for n in 0..<12 { files["manifests/s\(n).yaml"] = .some(nil) }
        let deleting = try bench.commit(files)
        let before = try VaultDump(core, onlyActive: false)
        #expect(throws: ReconcileFailure(.guardRefused, "")) { try bench.apply(deleting, to: core) }
        #expect(try VaultDump(core, onlyActive: false) == before)
        let last = try core.store.read { try $0.lastAuditRecord() }
        #expect(last?.action == .apply && last?.result == .refused && last?.detail == "plan.guard-refused")
        #expect(last?.commit == deleting)
    }
}
