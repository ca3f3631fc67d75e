import ResealCore
import ResealVault
import Testing

@testable import ResealReconciler

/// What apply makes of values that the vault has lost, or that Git holds unsealed.
@Suite struct DestroyedValueTests {
    private let bench: Workbench
    private let core: VaultCore

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
        try bench.apply(try bench.commit(bench.basics), to: core)
    }

    private func commit(_ password: String) throws -> ObjectID {
        try bench.commit(["manifests/a.yaml": Text.secret("a", ["password": password])])
    }

    private func isUpToDate(_ head: ObjectID) throws -> Bool {
        try bench.reconciliation(core).isUpToDate(bench.checkout(head))
    }

    @Test func gitRestoresWhatWasDestroyed() throws {
        let head = try commit(bench.sealed("first", "a", "password"))
        try bench.apply(head, to: core)
        #expect(try isUpToDate(head))
        try core.write { transaction in
            var secret = try transaction.existing(SecretID("a"))
            try transaction.destroy(1, of: &secret, by: .test)
        }
        #expect(try core.secret("a")?.drift == .value)
        #expect(try !isUpToDate(head))
        try bench.apply(head, to: core)
        #expect(try core.value("a") == #"{"password":"first"}"#)
        let secret = try core.secret("a")
        #expect(secret?.currentVersion == 2 && secret?.drift == nil)
        #expect(try isUpToDate(head) && core.problems().isEmpty)
    }

    @Test func theSameTextWithoutItsSealIsANewVersion() throws {
        try bench.apply(try commit(bench.sealed("first", "a", "password")), to: core)
        let head = try commit("first")
        let plan = try bench.plan(head, for: core)
        #expect(plan.changes.map(\.action) == [.newVersion] && plan.changes[0].risks == [.sealRemoved])
        try bench.apply(head, to: core)
        #expect(try core.value("a") == #"{"password":"first"}"#)
        #expect(try core.secret("a")?.currentVersion == 2)
        #expect(try bench.plan(head, for: core).isEmpty && core.problems().isEmpty)
    }
}
