package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// A commit (or a work tree) of a repository that can be read here.
package struct Checkout: Sendable {
    package var source: Plan.Source
    /// The repository's objects: a clone, a bare mirror, or a work tree's `.git`.
    package var repositoryPath: String
    /// `nil` for a work tree with its uncommitted changes, which then lies at `workTree`.
    package var head: ObjectID?
    package var workTree: String?

    package init(source: Plan.Source, repositoryPath: String, head: ObjectID?, workTree: String? = nil) {
        self.source = source
        self.repositoryPath = repositoryPath
        self.head = head
        self.workTree = workTree
    }

    var snapshots: any SnapshotSource {
        if let head { return commit(head) }
        return WorkTreeSnapshotSource(root: workTree ?? repositoryPath, folder: source.path)
    }

    func commit(_ id: ObjectID) -> CommitSnapshotSource {
        CommitSnapshotSource(repositoryPath: repositoryPath, commit: id, folder: source.path)
    }
}

/// What a person may allow for one run.
package struct ReconcileOptions: Sendable {
    package var allowsMassDeletion = false
    package var allowsRewrittenHistory = false
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
        let observed = try ObservedState(core, location: checkout.source.location, folder: checkout.source.path)
        var warnings = try checkHistory(checkout, observed.source, isBinding: forApply)
        let scope = try Scope.of(checkout, observed: observed)
        var (desired, state, applied) = try load(checkout, observed, scope, forApply: forApply)
        if scope != .everything, desired.definesRules || applied.resources.keys.contains(where: \.kind.isRule) {
            (desired, state, applied) = try load(checkout, observed, .everything, forApply: forApply)
        }
        try requireSameRepository(desired.state.policy, observed.source)
        warnings += desired.warnings
        let outcome = Planner.plan(
            PlanInput(
                desired: desired.state, vault: state, lastApplied: applied,
                allowsMassDeletion: options.allowsMassDeletion, now: core.clock.now()))
        let plan = makePlan(checkout, observed, desired, applied, outcome, warnings)
        return PreparedPlan(
            plan: plan, desired: desired.state, lastApplied: applied,
            source: try sourceRecord(checkout, observed.source))
    }

    // MARK: Loading

    private func load(
        _ checkout: Checkout, _ observed: ObservedState, _ scope: Scope, forApply: Bool
    ) throws -> (LoadedDesired, VaultState, LastApplied) {
        let rolesBefore = try observed.roles()
        let policyBefore = observed.source.flatMap { RepositoryPolicy(decoding: $0.policy) }
        var secrets: [SecretID: SecretRecord] = [:]
        var resources: [ResourceKey: AppliedRecord]
        let desired: LoadedDesired
        switch scope {
        case .everything:
            secrets = try observed.allSecrets()
            resources = try observed.allApplied()
            let known = secrets.mapValues { ($0.fingerprint, $0.latestVersion) }
            desired = try loader(checkout, forApply: forApply) { known[$0] }.loadAll()
        case .files(let files, let paths):
            resources = try observed.applied(inPaths: paths)
            let surroundings = try surroundings(observed, paths: paths, roles: rolesBefore, resources)
            let store = core.store
            let before = Array(resources.keys)
            desired = try loader(checkout, forApply: forApply) { id in
                try store.read { try $0.secret(id) }.map { ($0.fingerprint, $0.latestVersion) }
            }.load(files, among: surroundings) { present in before.filter { !present.contains($0) } }
            let named = desired.state.resources.map(\.key) + before
            secrets = try observed.secrets(Set(named.filter { $0.kind == .secret }.map(\.secretID)))
        }
        let wanted = Set(desired.state.resources.map(\.key))
        let deleted = resources.keys.filter { $0.kind == .secret && !wanted.contains($0) }.map(\.secretID)
        var state = VaultState(
            serial: observed.serial, secrets: secrets,
            activeManagedSecrets: deleted.isEmpty ? 0 : try managedCount(observed))
        try observed.complete(&state, for: desired.state.resources, deleted: deleted)
        state.secretsOfChangedRoles = try observed.secrets(
            ofRolesThatDiffer: rolesBefore, desired.state.roles, without: Set(secrets.keys))
        let last = LastApplied(
            commit: observed.source?.commit, resources: resources, policy: policyBefore, roles: rolesBefore)
        return (desired, state, last)
    }

    private func loader(
        _ checkout: Checkout, forApply: Bool,
        known: @escaping @Sendable (SecretID) throws -> (fingerprint: Digest256?, latestVersion: Int64)?
    ) -> DesiredLoader {
        DesiredLoader(
            source: checkout.snapshots,
            opener: KeyedOpener(
                identities: identities, keyring: core.keyring, known: known, makesCandidates: forApply),
            workers: options.workers, progress: options.progress)
    }

    private func surroundings(
        _ observed: ObservedState, paths: Set<String>, roles: RoleDirectory, _ resources: [ResourceKey: AppliedRecord]
    ) throws -> Surroundings {
        guard let source = observed.source else { return .none }
        var roles = roles
        for key in resources.keys where key.kind == .role { roles.remove(key) }
        return .index(
            core.store, source: source, without: paths, recipients: try observed.recipients(), roles: roles)
    }

    private func managedCount(_ observed: ObservedState) throws -> Int {
        guard let source = observed.source else { return 0 }
        return try core.store.read { try $0.appliedSecretCount(source: source.id) }
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
        if isBinding, !options.allowsRewrittenHistory {
            throw ReconcileFailure(
                .historyRewritten, "\(problem): the history was rewritten, or this is another branch",
                hint: "merge the applied commit into it, or repeat once with --allow-rewritten-history")
        }
        return [
            Diagnostic(
                .warning, code: ReconcileFailure.Kind.historyRewritten.rawValue, problem,
                hint: isBinding ? nil : "apply would refuse it; merge or rebase the branch first")
        ]
    }

    private func requireSameRepository(_ policy: RepositoryPolicy, _ source: SourceRecord?) throws {
        guard let known = source?.repositoryID, !known.isEmpty, known != policy.repositoryID else { return }
        throw ReconcileFailure(
            .otherRepository,
            "the Repository manifest has the id `\(policy.repositoryID)`, but this vault was applied from `\(known)`",
            hint: "use another --home for another repository; the id of a repository never changes")
    }

    // MARK: Results

    private func makePlan(
        _ checkout: Checkout, _ observed: ObservedState, _ desired: LoadedDesired, _ applied: LastApplied,
        _ outcome: PlanOutcome, _ warnings: [Diagnostic]
    ) -> Plan {
        var plan = Plan(
            source: checkout.source, base: observed.source?.commit, head: checkout.head,
            vaultSerial: observed.serial, policyDigest: (applied.policy ?? desired.state.policy).digest,
            recipientsDigest: desired.recipientsDigest, createdAt: core.clock.now(), changes: outcome.changes,
            drift: outcome.drift, access: outcome.access, guards: outcome.guards, warnings: warnings, id: "")
        plan.id = PlanIdentity.compute(plan, desired: desired.state.resources)
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

extension ResourceKind {
    /// True for the kinds by which everything else is judged.
    var isRule: Bool { self == .repository || self == .recipients }
}

extension ResourceKey {
    var isRule: Bool { kind.isRule }
}
