import ResealCore
import ResealVault
import Testing

@testable import ResealReconciler

/// Two commits compared without a vault and without keys.
@Suite struct KeylessTests {
    private let bench: Workbench
    private let base: ObjectID
    private let password: String

    init() throws {
        bench = try Workbench()
        password = try bench.sealed("one", "a", "password")
        base = try bench.commit(
            bench.basics.merging([
                "manifests/roles.yaml": Text.role("backend", ["user:alice"]),
                "manifests/a.yaml": Text.secret(
                    "a", ["host": "h", "password": password], "permissions: {read: ['role:backend']}"),
                "manifests/blob.yaml": Text.document("Secret", "blob", ["value: {fromFile: blob.age}"]),
                "manifests/blob.age": try bench.sealed("one", "blob"),
            ]) { $1 })
    }

    private func compare(_ head: ObjectID) throws -> Plan {
        try KeylessComparison(checkout: bench.checkout(head), base: base, allowsMassDeletion: false)
            .plan(now: Workbench.start).plan
    }

    private func summary(_ plan: Plan) -> [String] {
        PlanOutcome(changes: plan.changes, drift: [], access: [], guards: []).summary
    }

    @Test func theSameCommit() throws {
        let plan = try compare(base)
        #expect(plan.isEmpty && plan.isKeyless && plan.access.isEmpty && plan.guards.isEmpty)
        #expect(plan.base == base && plan.head == base && plan.vaultSerial == nil)
    }

    @Test func whatSaysTheSameIsNoChange() throws {
        let moved = try bench.commit([
            "manifests/a.yaml": nil,
            "manifests/prod/b.yaml": "# moved\n"
                + Text.secret(
                    "a", ["host": "h", "password": password], "permissions: {read: ['role:backend']}"),
            "README.md": "text",
        ])
        #expect(try compare(moved).isEmpty)
    }

    @Test func sealedValuesAreComparedUnopened() throws {
        let head = try bench.commit([
            "manifests/a.yaml": Text.secret(
                "a", ["host": "h", "password": try bench.sealed("one", "a", "password", counter: 2)],
                "permissions: {read: ['role:backend']}")
        ])
        let plan = try compare(head)
        #expect(summary(plan) == ["newVersion a, v2, password changed"])
        #expect(plan.changes.first?.fields.map(\.kind) == [.unchanged, .changed])
    }

    @Test func aChangedValueFileChangesItsSecret() throws {
        let head = try bench.commit(["manifests/blob.age": try bench.sealed("two", "blob", counter: 2)])
        #expect(try summary(compare(head)) == ["newVersion blob, v2, value changed"])
    }

    @Test func aRoleChangesAccessToSecretsElsewhere() throws {
        let head = try bench.commit(["manifests/roles.yaml": Text.role("backend", ["user:bob"])])
        let plan = try compare(head)
        #expect(summary(plan) == ["define Role.default/backend, !permissionsWidened"])
        #expect(
            PlanOutcome(changes: [], drift: [], access: plan.access, guards: []).accessSummary
                == ["user:alice -read: a", "user:bob +read: a"])
    }

    @Test func countersAreChecked() throws {
        let next = try bench.commit([
            "manifests/a.yaml": Text.secret(
                "a", ["password": try bench.sealed("two", "a", "password", counter: 2)])
        ])
        func compare(_ counter: Int64) throws -> Plan {
            let head = try bench.commit(
                [
                    "manifests/a.yaml": Text.secret(
                        "a", ["password": try bench.sealed("three", "a", "password", counter: counter)])
                ], branch: "head", from: next)
            return try KeylessComparison(checkout: bench.checkout(head), base: next, allowsMassDeletion: false)
                .plan(now: Workbench.start).plan
        }
        #expect(try compare(1).changes.map(\.risks) == [[.olderValue]])
        #expect(try compare(2).guards.map(\.rule) == [.counterConflict])
        #expect(try compare(3).guards.isEmpty && compare(3).changes.map(\.risks) == [[]])
    }

    @Test func theHeadHasToBeValidAndTheBaseNeedNot() throws {
        let broken = try bench.commit(["manifests/b.yaml": "apiVersion: reseal/v1\nkind: Nothing\n"])
        #expect(throws: DiagnosticsFailure.self) { try compare(broken) }
        let repaired = try bench.commit(["manifests/b.yaml": Text.secret("b")])
        let plan = try KeylessComparison(checkout: bench.checkout(repaired), base: broken, allowsMassDeletion: false)
            .plan(now: Workbench.start).plan
        #expect(summary(plan) == ["create b"])
    }

    /// Errors are found where no file changed: what the head says as a whole counts.
    @Test func danglingReferencesAreFoundInUnchangedFiles() throws {
        let head = try bench.commit(["manifests/roles.yaml": nil])
        let failure = #expect(throws: DiagnosticsFailure.self) { try compare(head) }
        #expect(failure?.errors.map(\.code) == ["manifest.dangling-reference"])
        #expect(failure?.errors.first?.span?.file == "manifests/a.yaml")
    }

    @Test func theIDDependsOnBothCommitsOnly() throws {
        let head = try bench.commit(["manifests/b.yaml": Text.secret("b")])
        let (first, again) = (try compare(head), try compare(head))
        #expect(first.id == again.id)
        let later = try bench.commit(["README.md": "x"])
        #expect(try compare(later).id != first.id)
    }

    @Test func itCannotBeSaved() throws {
        let head = try bench.commit(["manifests/b.yaml": Text.secret("b")])
        let plan = try compare(head)
        #expect(throws: ReconcileFailure(.savedPlanInvalid, "")) {
            try SavedPlan(plan, location: "/", allowsMassDeletion: false)
        }
    }
}
