import ResealCore
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// A change is judged by the rules of what is applied, or of the branch it goes to; never by its own.
@Suite struct BaseRulesTests {
    private let bench: Workbench
    private let core: VaultCore

    init() throws {
        bench = try Workbench()
        core = try bench.newVault()
    }

    /// What stops the change, with a vault and in a comparison of commits; both have to agree.
    private func refusal(_ head: ObjectID, base: ObjectID) throws -> Set<String> {
        let keyed = codes { try bench.reconciliation(core).plan(bench.checkout(head), forApply: true) }
        let keyless = codes {
            try KeylessComparison(checkout: bench.checkout(head), base: base, allowsMassDeletion: false)
                .plan(now: Workbench.start)
        }
        #expect(keyed == keyless)
        return keyed
    }

    private func codes(_ body: () throws -> PreparedPlan) -> Set<String> {
        do {
            return Set(try body().plan.guards.map(\.rule.rawValue))
        } catch let failure as DiagnosticsFailure {
            return Set(failure.errors.map(\.code))
        } catch {
            return ["\(error)"]
        }
    }

    private func start(_ repository: String, _ files: [String: String?] = [:]) throws -> ObjectID {
        let head = try bench.commit(
            bench.basics.merging(["manifests/repository.yaml": repository]) { $1 }.merging(files) { $1 })
        try bench.apply(head, to: core)
        return head
    }

    @Test func bindingsAreRequiredOfTheChangeThatLiftsTheRule() throws {
        let base = try start(Text.repository("requireBinding: true"))
        let unbound = ["manifests/a.yaml": Text.secret("a", ["": try bench.unbound("v")])]
        let both = try bench.commit(
            ["manifests/repository.yaml": Text.repository()].merging(unbound) { $1 }, branch: "both", from: base)
        #expect(try refusal(both, base: base) == ["value.unbound"])

        let lifted = try bench.commit(["manifests/repository.yaml": Text.repository()])
        #expect(try refusal(lifted, base: base) == [])
        #expect(try bench.plan(lifted, for: core).changes.map(\.risks) == [[.repositoryRulesRelaxed]])
        try bench.apply(lifted, to: core)
        #expect(try refusal(try bench.commit(unbound), base: lifted) == [])
    }

    @Test func aNewRuleHoldsForWhatIsThereAlready() throws {
        let base = try start(Text.repository(), ["manifests/a.yaml": Text.secret("a", ["": try bench.unbound("v")])])
        let stricter = try bench.commit(["manifests/repository.yaml": Text.repository("requireBinding: true")])
        #expect(try refusal(stricter, base: base) == ["value.unbound"])
    }

    @Test func theSizeLimitOfTheBaseHolds() throws {
        let base = try start(Text.repository("limits: {valueBytes: 1024}"))
        let large = [
            "manifests/a.yaml": Text.secret("a", ["": try bench.sealed(String(repeating: "x", count: 2000), "a")])
        ]
        let raised = ["manifests/repository.yaml": Text.repository("limits: {valueBytes: 4096}")]
        let both = try bench.commit(raised.merging(large) { $1 }, branch: "both", from: base)
        #expect(try refusal(both, base: base) == ["value.too-large"])
        let alone = try bench.commit(raised)
        try bench.apply(alone, to: core)
        #expect(try refusal(try bench.commit(large), base: alone) == [])
    }

    @Test func theDeletionLimitOfTheBaseHolds() throws {
        var files: [String: String?] = [:]
        for n in 0..<6 { files["manifests/s\(n).yaml"] = Text.secret("s\(n)") }
        let base = try start(Text.repository(), files)
        let raised = Text.repository("limits: {massDeletion: {count: 1000, percent: 100}}")
        let both = try bench.commit(
            files.mapValues { _ in nil }.merging(["manifests/repository.yaml": raised]) { $1 }, branch: "both",
            from: base)
        #expect(try refusal(both, base: base) == ["massDeletion"])
        let alone = try bench.commit(["manifests/repository.yaml": raised])
        try bench.apply(alone, to: core)
        #expect(try refusal(try bench.commit(files.mapValues { _ in nil }), base: alone) == [])
    }

    @Test func protectionHoldsUntilItsLiftingIsApplied() throws {
        let base = try start(
            Text.repository(), ["manifests/a.yaml": Text.secret("a", [:], "deletionProtection: true")])
        let gone = try bench.commit(["manifests/a.yaml": nil], branch: "gone", from: base)
        #expect(try refusal(gone, base: base) == ["deletionProtection"])
        // Also where the last commit of the branch lifted it first: the whole branch is judged by the base.
        let lifted = try bench.commit(["manifests/a.yaml": Text.secret("a")])
        #expect(try refusal(try bench.commit(["manifests/a.yaml": nil]), base: base) == ["deletionProtection"])
        try bench.apply(lifted, to: core)
        #expect(try refusal(try bench.git.id("main"), base: lifted) == [])
    }
}
