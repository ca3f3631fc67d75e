import ResealCore
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// The index and the tree diff have to give exactly what a reading of the whole repository gives.
@Suite struct IncrementalTests {
    @Test(arguments: [11, 12, 13] as [UInt64])
    func everyCommitGivesWhatAFreshVaultGets(seed: UInt64) async throws {
        var run = try IncrementalRun(seed: seed, driftPolicies: ["report", "revert"])
        for step in 0..<24 where try await run.goesOn(to: step, withHands: false) {}
        #expect(try run.core.problems() == [])
        #expect((1..<20).contains(run.refused))
    }

    /// As above, while people change the vault too: where the policy is to revert, nothing of it may be left.
    @Test(arguments: [21, 22] as [UInt64])
    func handMadeChangesLeaveNoTrace(seed: UInt64) async throws {
        var run = try IncrementalRun(seed: seed, driftPolicies: ["revert"])
        for step in 0..<24 where try await run.goesOn(to: step, withHands: true) {}
        #expect(try run.core.problems() == [])
        #expect(run.handMade > 5)
    }
}

/// One vault that follows a random history commit by commit.
private struct IncrementalRun {
    let bench: Workbench
    let core: VaultCore
    let vault: Vault
    var history: RandomHistory
    var refused = 0
    var handMade = 0
    private let seed: UInt64
    private var log: [String] = []
    private var trace: Comment { Comment(rawValue: "seed \(seed)\n" + log.joined(separator: "\n")) }

    init(seed: UInt64, driftPolicies: [String]) throws {
        self.seed = seed
        bench = try Workbench()
        core = try bench.newVault()
        vault = Vault(core: core)
        history = try RandomHistory(
            bench, seed: seed,
            repository: [
                "limits: {massDeletion: {count: 1000, percent: 100}}", "driftPolicy: \(driftPolicies.last ?? "")",
            ],
            driftPolicies: driftPolicies)
    }

    /// False when a failure was found, after which the rest would only repeat it.
    mutating func goesOn(to step: Int, withHands: Bool) async throws -> Bool {
        let isDamaged = step > 0 && history.chance(30)
        let edits = try isDamaged ? [history.damage()] : step == 0 ? ["start"] : history.edit()
        if withHands { try await meddle() }
        log.append("\(step): \(edits.joined(separator: ", "))")
        if history.chance(20) { bench.pass("3d") }
        let head = try history.commit()

        let partly = outcome { try bench.reconciliation(core).plan(bench.checkout(head), forApply: true) }
        let wholly = outcome {
            try bench.reconciliation(core).plan(bench.checkout(head), forApply: true, scope: .everything)
        }
        let fresh = try bench.newVault()
        let cold = outcome { try bench.reconciliation(fresh).plan(bench.checkout(head), forApply: true) }
        #expect(codes(partly) == codes(wholly), trace)
        if case .failure = partly { #expect(codes(partly) == codes(cold), trace) }
        guard case .success(let plan) = partly, case .success(let same) = wholly, plan.plan.guards.isEmpty else {
            refused += 1
            history.takeBack()
            return codes(partly) == codes(wholly)
        }
        expectSame(plan.plan, same.plan)
        if !withHands { try expectKeylessAgrees(plan.plan, head) }
        guard case .success(let coldPlan) = cold else {
            Issue.record("only the fresh vault refuses: \(codes(cold)) \(trace)")
            return false
        }
        _ = try bench.reconciliation(core).apply(plan, by: .test)
        _ = try bench.reconciliation(fresh).apply(coldPlan, by: .test)
        let (warm, new) = (try VaultDump(core, onlyActive: true), try VaultDump(fresh, onlyActive: true))
        #expect(warm == new, trace)
        try expectNothingToDo(head)
        history.accept()
        return warm == new
    }

    /// Sets, deletes and creates secrets by hand.
    private mutating func meddle() async throws {
        while history.chance(50) {
            let secrets = try await vault.list(includingDeleted: true, by: .test)
            guard let secret = history.pick(secrets) else { return }
            let value = SecretValue(scalar: .init(utf8: history.fresh("by hand")), type: .string)
            handMade += 1
            switch Int.random(in: 0..<4, using: &history.random) {
            case 0:
                log.append("by hand: delete \(secret.id)")
                guard secret.isActive, try core.secret(secret.id.name)?.deletionProtection == false else { continue }
                _ = try await vault.delete(secret.id, by: .test)
            case 1:
                log.append("by hand: a name that Git may declare later")
                _ = try await vault.set(
                    SecretID("secret-\(Int.random(in: 5...40, using: &history.random))"), to: value, by: .test)
            default:
                log.append("by hand: set \(secret.id)")
                _ = try await vault.set(secret.id, to: value, by: .test)
            }
        }
    }

    private func outcome(_ body: () throws -> PreparedPlan) -> Result<PreparedPlan, any Error> {
        Result(catching: body)
    }

    private func codes(_ result: Result<PreparedPlan, any Error>) -> [String] {
        switch result {
        case .success(let prepared): prepared.plan.guards.map(\.rule.rawValue)
        case .failure(let failure as DiagnosticsFailure): Set(failure.errors.map(\.code)).sorted()
        case .failure(let error): ["\(error)"]
        }
    }

    private func expectSame(_ a: Plan, _ b: Plan) {
        #expect(a.id == b.id, trace)
        #expect(a.changes.map(withoutIndex) == b.changes.map(withoutIndex), trace)
        #expect(a.access == b.access, trace)
        #expect(a.drift == b.drift, trace)
        #expect(a.guards == b.guards, trace)
    }

    /// Without keys, a value that was only sealed anew looks changed; everything else has to be told the same way.
    private func expectKeylessAgrees(_ plan: Plan, _ head: ObjectID) throws {
        guard let base = plan.base else { return }
        let keyless = try KeylessComparison(checkout: bench.checkout(head), base: base, allowsMassDeletion: false)
            .plan(now: Workbench.start).plan
        let mine = Dictionary(uniqueKeysWithValues: plan.changes.map { ($0.key, $0) })
        for change in keyless.changes {
            let same = mine[change.key]
            #expect(same != nil || change.action == .newVersion, "\(change.key) \(trace)")
            #expect(same.map { $0.attributes == change.attributes } ?? true, "\(change.key) \(trace)")
        }
        #expect(Set(mine.keys).isSubset(of: keyless.changes.map(\.key)), trace)
        #expect(keyless.access == plan.access, trace)
    }

    /// Where a resource stands in the desired state depends on how much of it was read.
    private func withoutIndex(_ change: PlannedChange) -> PlannedChange {
        var change = change
        change.desiredIndex = 0
        return change
    }

    private func expectNothingToDo(_ head: ObjectID) throws {
        let (serial, records) = (try core.serial(), try core.auditCount())
        #expect(try bench.reconciliation(core).isUpToDate(bench.checkout(head)), trace)
        let again = try bench.reconciliation(core).plan(bench.checkout(head), forApply: true, scope: .everything)
        #expect(again.plan.changes.isEmpty && again.settled.isEmpty, trace)
        let report = try bench.apply(head, to: core)
        #expect(!report.didWrite, trace)
        #expect(try core.serial() == serial, trace)
        #expect(try core.auditCount() == records, trace)
    }
}
