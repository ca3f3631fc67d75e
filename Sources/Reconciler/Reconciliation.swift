package import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// What a person may allow for one run.
package struct ReconcileOptions: Sendable {
    package var allowsMassDeletion = false
    package var allowsRewrittenHistory = false
    /// `nil` where whoever may push is trusted.
    package var trust: TrustPolicy?
    package var workers = DesiredLoader.defaultWorkers
    /// Called with the number of manifests read so far.
    package var progress: @Sendable (Int) -> Void = { _ in }

    package init() {}
}

/// From a commit to a plan, and from a plan to the vault. Calls block.
package struct Reconciliation: Sendable {
    let core: VaultCore
    let identities: [any Identity]
    let options: ReconcileOptions

    package init(core: VaultCore, identities: [any Identity], options: ReconcileOptions = ReconcileOptions()) {
        self.core = core
        self.identities = identities
        self.options = options
    }

    /// True when the vault holds exactly this commit, nothing drifted and nothing waits to be destroyed. The answer
    /// costs the same for every size of repository.
    package func isUpToDate(_ checkout: Checkout) throws -> Bool {
        guard let head = checkout.head else { return false }
        let now = core.clock.now()
        return try core.store.read { store in
            guard try store.sources().contains(where: { $0.commit == head && $0.path == checkout.source.path }) else {
                return false
            }
            return try store.driftedSecrets().isEmpty && store.duePurges(at: now).isEmpty
        }
    }

    /// Computes what apply would do.
    ///
    /// - Parameter forApply: encrypts new values for the vault on the way, and refuses a commit that does not follow on
    ///   the applied one.
    package func plan(_ checkout: Checkout, forApply: Bool) throws -> PreparedPlan {
        try plan(checkout, forApply: forApply, scope: nil)
    }

    /// - Parameter scope: `nil` for what the change can concern. The plan is the same for every wider scope.
    func plan(_ checkout: Checkout, forApply: Bool, scope: Scope?) throws -> PreparedPlan {
        let observed = try ObservedState(core, location: checkout.source.location, folder: checkout.source.path)
        var warnings = try checkHistory(checkout, observed.source, isBinding: forApply)
        warnings += try weigh(trustProblems(checkout, observed.source), isBinding: forApply)
        let scope = try scope ?? Scope.of(checkout, observed: observed)
        let states = try load(checkout, observed, scope, forApply: forApply)
        let desired = states.desired
        warnings += desired.warnings
        warnings += try weigh(unguardedFiles(checkout, observed, desired.state), isBinding: forApply)
        if !forApply {
            warnings += try RotationStatus.warnings(checkout)
            warnings += try Self.waiting(observed.adoptionsWaiting())
        }
        let outcome = Planner.plan(
            PlanInput(
                desired: desired.state, vault: states.vault, lastApplied: states.applied,
                allowsMassDeletion: options.allowsMassDeletion, now: core.clock.now()))
        return PreparedPlan(
            plan: makePlan(checkout, observed, states, outcome, warnings), desired: desired.state,
            lastApplied: states.applied, settled: outcome.settled,
            source: try sourceRecord(checkout, observed.source))
    }

    // MARK: History

    /// The head has to follow on the applied commit: an older or rewritten branch would bring old values back.
    private func checkHistory(
        _ checkout: Checkout, _ source: SourceRecord?, isBinding: Bool
    ) throws -> [Diagnostic] {
        guard let base = source?.commit, let head = checkout.head, base != head else { return [] }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        let known = repository.hasCommit(base)
        if known, try repository.isAncestor(base, of: head) { return [] }
        let isOlder = known ? try repository.isAncestor(head, of: base) : false
        let problem =
            isOlder
            ? "\(checkout.source.ref) is at \(head.short), older than the applied commit \(base.short)"
            : "\(checkout.source.ref) at \(head.short) does not contain the applied commit \(base.short)"
        let mayAllow = options.trust?.allowsRewrittenHistory ?? true
        if isBinding, !(options.allowsRewrittenHistory && mayAllow) {
            throw ReconcileFailure(
                .historyRewritten, "\(problem): the history was rewritten, or this is another branch",
                hint: mayAllow
                    ? "merge the applied commit into it, or repeat once with --allow-rewritten-history"
                    : "merge the applied commit into it; the vault's settings let nobody allow more")
        }
        return [
            Diagnostic(
                .warning, code: ReconcileFailure.Kind.historyRewritten.rawValue, problem,
                hint: isBinding ? nil : "apply would refuse it; merge or rebase the branch first")
        ]
    }

    // MARK: Results

    private static func waiting(_ adopted: [SecretID]) -> [Diagnostic] {
        guard !adopted.isEmpty else { return [] }
        let names = adopted.prefix(5).map(\.description).joined(separator: ", ")
        let more = adopted.count > 5 ? " and \(adopted.count - 5) more" : ""
        return [
            Diagnostic(
                .warning, code: "writeback.pending",
                "adopted values wait for their commit to Git: \(names)\(more)",
                hint: "`reseal run` commits them where `write-back` is configured; "
                    + "`reseal rotation write-back` seals them into a work tree")
        ]
    }

    private func makePlan(
        _ checkout: Checkout, _ observed: ObservedState, _ states: LoadedStates, _ outcome: PlanOutcome,
        _ warnings: [Diagnostic]
    ) -> Plan {
        var plan = Plan(
            source: checkout.source, base: observed.source?.commit, head: checkout.head,
            vaultSerial: observed.serial,
            policyDigest: (states.applied.policy ?? states.desired.state.policy).digest,
            recipientsDigest: states.desired.recipientsDigest, allowsMassDeletion: options.allowsMassDeletion,
            createdAt: core.clock.now(), changes: outcome.changes, drift: outcome.drift, access: outcome.access,
            guards: outcome.guards, warnings: warnings, id: "")
        plan.id = PlanIdentity.compute(plan, desired: states.desired.state.resources)
        return plan
    }

    private func sourceRecord(_ checkout: Checkout, _ known: SourceRecord?) throws -> SourceRecord {
        let head = checkout.head ?? known?.commit ?? Self.noCommit
        var tree: ObjectID?
        if let head = checkout.head {
            let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
            tree = try repository.subtree(of: head, at: checkout.source.path)
        }
        return SourceRecord(
            id: known?.id ?? 0, location: checkout.source.location, path: checkout.source.path,
            ref: checkout.source.ref, repositoryID: known?.repositoryID ?? "", commit: head, tree: tree,
            appliedAt: core.clock.now(), policy: [])
    }

    /// Stands for a work tree that was never committed; such a plan is not applied.
    private static let noCommit = ObjectID(zero: ())
}
