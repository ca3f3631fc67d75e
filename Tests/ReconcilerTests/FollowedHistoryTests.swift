import ResealAge
import ResealCore
import ResealGit
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// Which commits a vault follows.
@Suite struct FollowedHistoryTests {
    private let bench: Workbench
    private let core: VaultCore
    private let first: ObjectID
    private let second: ObjectID

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        var files = bench.basics
        files["manifests/a.yaml"] = Text.secret("a", ["": try bench.sealed("one", "a")])
        first = try bench.commit(files)
        second = try bench.commit(["manifests/a.yaml": Text.secret("a", ["": try bench.sealed("two", "a", counter: 2)])]
        )
        try bench.apply(second, to: core)
    }

    @discardableResult
    private func expectUnchanged<E: Error & Equatable>(_ error: E, _ body: () throws -> Void) throws -> E? {
        let before = try VaultDump(core, onlyActive: false)
        let failure = #expect(throws: error) { try body() }
        #expect(try VaultDump(core, onlyActive: false) == before)
        return failure
    }

    @Test func anOlderCommitIsRefused() throws {
        let failure = try expectUnchanged(ReconcileFailure(.historyRewritten, "")) { try bench.apply(first, to: core) }
        #expect(failure?.message.contains("older than the applied commit \(second.short)") == true)
        #expect(failure?.hint?.contains("--allow-rewritten-history") == true)
    }

    @Test func aCommitBesideTheAppliedOneIsRefused() throws {
        let side = try bench.commit(["README.md": "side"], branch: "side", from: first)
        let failure = try expectUnchanged(ReconcileFailure(.historyRewritten, "")) { try bench.apply(side, to: core) }
        #expect(failure?.message.contains("does not contain the applied commit") == true)
    }

    @Test func aPlanOnlyWarns() throws {
        let plan = try bench.plan(first, for: core)
        #expect(plan.warnings.map(\.code) == ["git.history-rewritten"])
        #expect(plan.changes.map(\.risks) == [[.olderValue]])
    }

    @Test func allowedOnceItIsFollowedAgain() throws {
        try bench.apply(first, to: core, ReconcileOptions(rewrittenHistory: true))
        #expect(try core.value("a") == #""one""#)
        try bench.apply(second, to: core)
        #expect(try core.value("a") == #""two""#)
        #expect(throws: ReconcileFailure(.historyRewritten, "")) { try bench.apply(first, to: core) }
    }

    /// After a forced push and a clean-up, the applied commit is in no repository any more.
    @Test func theAppliedCommitIsGone() throws {
        let other = try Workbench()
        var files: [String: String?] = other.basics
        files["manifests/recipients.yaml"] = Text.recipients(bench.identity.recipient)
        files["manifests/a.yaml"] = Text.secret("a", ["": try bench.sealed("three", "a", counter: 3)])
        let head = try other.commit(files)
        var checkout = bench.checkout(head)
        checkout.repositoryPath = other.git.path
        #expect(throws: ReconcileFailure(.historyRewritten, "")) {
            try bench.reconciliation(core).plan(checkout, forApply: true)
        }
        let allowed = bench.reconciliation(core, ReconcileOptions(rewrittenHistory: true))
        _ = try allowed.apply(try allowed.plan(checkout, forApply: true), by: .test)
        #expect(try core.value("a") == #""three""#)
    }

    @Test func anotherRepositoryIsRefused() throws {
        let head = try bench.commit(["manifests/repository.yaml": Text.repository(id: "another-repository-0002")])
        // Not each of its values, which are all bound to the other one.
        try expectUnchanged(ReconcileFailure(.otherRepository, "")) { _ = try bench.plan(head, for: core) }
    }

    @Test func anotherRepositoryWithoutBoundValuesIsRefused() throws {
        let head = try bench.commit([
            "manifests/repository.yaml": Text.repository(id: "another-repository-0002"), "manifests/a.yaml": nil,
        ])
        let failure = try expectUnchanged(ReconcileFailure(.otherRepository, "")) { try bench.apply(head, to: core) }
        #expect(failure?.message.contains("another-repository-0002") == true)
        let keyless = KeylessComparison(checkout: bench.checkout(head), base: second, allowsMassDeletion: false)
        #expect(throws: ReconcileFailure(.otherRepository, "")) { try keyless.plan(now: Workbench.start) }
    }

    // MARK: Nothing there

    @Test func anEmptyTreeIsNoRepository() throws {
        let empty = try bench.commit([:], branch: "empty", isRoot: true)
        let failure = #expect(throws: DiagnosticsFailure.self) { try bench.apply(empty, to: try bench.newVault()) }
        #expect(failure?.code == "manifest.no-repository")
        #expect(failure?.message.contains("no manifests below `manifests`") == true)
    }

    /// A commit that removes everything is a mistake, not an order to delete.
    @Test func everythingRemovedIsRefused() throws {
        let bare = try bench.commit([
            "manifests/a.yaml": nil, "manifests/repository.yaml": nil, "manifests/recipients.yaml": nil, "x": "y",
        ])
        let before = try VaultDump(core, onlyActive: false)
        let failure = #expect(throws: DiagnosticsFailure.self) { try bench.apply(bare, to: core) }
        #expect(failure?.code == "manifest.no-repository")
        #expect(try VaultDump(core, onlyActive: false) == before)
    }

    @Test func aMissingFolderIsNamed() throws {
        let reconciliation = bench.reconciliation(try bench.newVault())
        let failure = #expect(throws: DiagnosticsFailure.self) {
            try reconciliation.plan(bench.checkout(second, path: "nowhere"), forApply: true)
        }
        #expect(failure?.message.contains("no manifests below `nowhere`") == true)
        #expect(failure?.hint?.contains("--path") == true)
    }

    @Test func aFileIsNoFolder() throws {
        let head = try bench.commit(["file": "text"])
        #expect(throws: GitFailure(.notAFolder, "")) {
            try bench.reconciliation(try bench.newVault()).plan(bench.checkout(head, path: "file"), forApply: true)
        }
    }

    @Test func anUnbornBranchHasNoCommit() throws {
        let empty = try GitFixture(bare: true)
        let repository = try GitRepository(opening: empty.path)
        #expect(throws: GitFailure(.unbornBranch, "")) { try repository.resolve("HEAD") }
    }

    // MARK: Where from

    /// A vault may serve several repositories, as long as no two describe the same resource.
    @Test func aResourceOfAnotherRepositoryIsNotTakenOver() throws {
        let id = "another-repository-0002"
        let value = try bench.sealed("stolen", "a", counter: 9, repository: id)
        let head = try bench.commit([
            "other/repository.yaml": Text.repository(id: id), "other/a.yaml": Text.secret("a", ["": value]),
        ])
        let plan = try bench.reconciliation(core).plan(bench.checkout(head, path: "other"), forApply: false).plan
        #expect(Set(plan.guards.map(\.rule)) == [.ownedElsewhere])
        #expect(plan.guards.contains { $0.message.contains("Secret.default/a") && $0.message.contains(bench.git.path) })
        let renamed = try bench.commit([
            "other/a.yaml": nil, "other/repository.yaml": Text.document("Repository", "other", ["id: \(id)"]),
            "other/b.yaml": Text.secret("b", ["": try bench.sealed("own", "b", repository: id)]),
        ])
        let reconciliation = bench.reconciliation(core)
        _ = try reconciliation.apply(
            reconciliation.plan(bench.checkout(renamed, path: "other"), forApply: true), by: .test)
        #expect(try core.value("b") == #""own""#)
        #expect(try core.value("a") == #""two""#)
        // Neither prunes what the other has.
        let later = try bench.commit(["manifests/c.yaml": Text.secret("c")])
        try bench.apply(later, to: core)
        #expect(try core.value("b") == #""own""#)
    }

    @Test func theFolderOfARepositoryMayMove() throws {
        let moved = try bench.commit([
            "manifests/a.yaml": nil, "manifests/repository.yaml": nil, "manifests/recipients.yaml": nil,
            "secrets/repository.yaml": Text.repository(),
            "secrets/recipients.yaml": Text.recipients(bench.identity.recipient),
            "secrets/a.yaml": Text.secret("a", ["": try bench.sealed("three", "a", counter: 3)]),
        ])
        let reconciliation = bench.reconciliation(core)
        let prepared = try reconciliation.plan(bench.checkout(moved, path: "secrets"), forApply: true)
        #expect(prepared.plan.guards.isEmpty)
        _ = try reconciliation.apply(prepared, by: .test)
        #expect(try core.value("a") == #""three""#)
    }
}
