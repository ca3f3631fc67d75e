import Foundation
import ResealAge
import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// Plans of files as they lie there, and values sealed into them.
@Suite struct WorkTreePlanTests {
    private let bench: Workbench
    private let core: VaultCore
    private let tree: GitFixture

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        tree = try GitFixture()
        for case (let path, let text?) in bench.basics { try tree.write(path, text) }
        try tree.write("manifests/a.yaml", Text.secret("a", ["password": try bench.sealed("one", "a", "password")]))
        try tree.write(".gitignore", "ignored.yaml\n*.tmp.yaml\n")
    }

    private var workTree: Checkout {
        Checkout(
            source: Plan.Source(location: tree.path, ref: "HEAD", path: "manifests"), repositoryPath: tree.path,
            head: nil, workTree: tree.path)
    }

    private func apply() throws {
        let head = try tree.commit()
        var checkout = workTree
        checkout.head = head
        let reconciliation = bench.reconciliation(core)
        _ = try reconciliation.apply(reconciliation.plan(checkout, forApply: true), by: .test)
    }

    private func summary() throws -> [String] {
        let plan = try bench.reconciliation(core).plan(workTree, forApply: false).plan
        #expect(plan.head == nil)
        return PlanOutcome(changes: plan.changes, drift: [], access: [], guards: []).summary
    }

    @Test func beforeTheFirstCommit() throws {
        #expect(
            try summary() == [
                "define Recipients.default/recipients", "define Repository.default/repository",
                "create a, v1, password added",
            ])
    }

    @Test func aCleanTreeHasNothingToDo() throws {
        try apply()
        #expect(try summary() == [])
    }

    @Test func editedUntrackedAndRemovedFilesCount() throws {
        try tree.write("manifests/gone.yaml", Text.secret("gone"))
        try apply()
        try tree.write(
            "manifests/a.yaml", Text.secret("a", ["password": try bench.sealed("two", "a", "password", counter: 2)]))
        try tree.write("manifests/new/b.yaml", Text.secret("b"))
        try tree.write("manifests/staged.yaml", Text.secret("staged"))
        try tree.git("add", "manifests/staged.yaml")
        try tree.remove("manifests/gone.yaml")
        #expect(try summary() == ["newVersion a, v2, password changed", "create b", "delete gone", "create staged"])
    }

    @Test func ignoredFilesDoNotCount() throws {
        try apply()
        try tree.write("manifests/ignored.yaml", Text.secret("b"))
        try tree.write("manifests/x.tmp.yaml", "neither: this")
        #expect(try summary() == [])
    }

    /// What the commit could not have, the plan of the work tree must not have either.
    @Test func aValueFileHasToLieInTheManifestsFolder() throws {
        try apply()
        try tree.write("outside.age", try bench.sealed("v", "b"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(tree.path)/manifests/link.age", withDestinationPath: "../outside.age")
        try tree.write("manifests/b.yaml", Text.document("Secret", "b", ["value: {fromFile: link.age}"]))
        let failure = #expect(throws: DiagnosticsFailure.self) { try summary() }
        #expect(failure?.errors.map(\.code) == ["value.file-missing"])
    }

    @Test func aSymbolicLinkIsNoManifest() throws {
        try apply()
        try FileManager.default.createSymbolicLink(
            atPath: "\(tree.path)/manifests/link.yaml", withDestinationPath: "a.yaml")
        let failure = #expect(throws: DiagnosticsFailure.self) { try summary() }
        #expect(failure?.errors.map(\.code) == ["manifest.not-a-file"])
    }

    @Test func itIsNotApplied() throws {
        let reconciliation = bench.reconciliation(core)
        let prepared = try reconciliation.plan(workTree, forApply: true)
        #expect(throws: ReconcileFailure(.savedPlanInvalid, "")) { try reconciliation.apply(prepared, by: .test) }
        #expect(try core.serial() == 0)
        #expect(try !reconciliation.isUpToDate(workTree))
    }

    @Test func comparedWithACommitWithoutKeys() throws {
        let base = try tree.commit()
        try tree.write("manifests/b.yaml", Text.secret("b"))
        let plan = try KeylessComparison(checkout: workTree, base: base, allowsMassDeletion: false)
            .plan(now: Workbench.start).plan
        #expect(plan.changes.map(\.key) == [ResourceKey(.secret, "b")])
        #expect(plan.head == nil)
    }

    // MARK: Sealing

    private func seal(_ text: String, _ field: FieldPath) throws -> SealedLeaf {
        let values = ManifestSealer.Values(sealed: [(field, SecretBytes(utf8: text))])
        let sealer = ManifestSealer(root: tree.path, folder: "manifests")
        return try #require(try sealer.seal(values, into: SecretID("a"), at: Workbench.start).first)
    }

    private let password = FieldPath(["password"])

    @Test func eachSealingCountsOn() throws {
        #expect(try seal("two", password).counter == 2)
        #expect(try seal("three", password).counter == 3)
        try apply()
        #expect(try core.value("a") == #"{"password":"three"}"#)
    }

    /// Whoever writes a plain value first, as people do, seals no replay.
    @Test func theLastCommitCountsToo() throws {
        #expect(try seal("two", password).counter == 2)
        try apply()
        try tree.write("manifests/a.yaml", Text.secret("a", ["password": "plain"]))
        #expect(try seal("three", password).counter == 3)
        #expect(try summary() == ["newVersion a, v2, password changed"])
    }

    @Test func aValueFileCountsOn() throws {
        let large = String(repeating: "x", count: 3 << 20)
        try tree.write("manifests/a.yaml", Text.document("Secret", "a", ["value: {fromFile: a.age}"]))
        try tree.write("manifests/a.age", try bench.sealed(large, "a", counter: 4))
        let outcome = try seal("v", .whole)
        #expect(outcome.counter == 5 && outcome.path == "manifests/a.age")
    }
}
