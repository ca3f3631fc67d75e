internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// The three values that a plan is computed from, for one scope.
struct LoadedStates {
    var desired: LoadedDesired
    var vault: VaultState
    var applied: LastApplied

    /// True when the change touches what everything else is judged by, so that all files have to be judged anew.
    var concernRules: Bool {
        desired.definesRules || applied.resources.keys.contains { $0.kind == .repository || $0.kind == .recipients }
    }
}

extension Reconciliation {
    func load(
        _ checkout: Checkout, _ observed: ObservedState, _ scope: Scope, forApply: Bool
    ) throws -> LoadedStates {
        switch scope {
        case .everything: try loadEverything(checkout, observed, forApply: forApply)
        case .files(let files, let paths):
            try loadFiles(files, paths, checkout, observed, forApply: forApply)
        }
    }

    private func loadEverything(
        _ checkout: Checkout, _ observed: ObservedState, forApply: Bool
    ) throws -> LoadedStates {
        let secrets = try observed.allSecrets()
        let resources = try observed.allApplied()
        let known = secrets.mapValues { ($0.fingerprint, $0.latestVersion) }
        let desired = try loader(checkout, forApply: forApply) { known[$0] }
            .loadAll(basePolicy: observed.policy)
        let access = AccessView(applied: resources, declared: desired.state.roles)
        return try states(observed, desired, secrets, resources, access)
    }

    private func loadFiles(
        _ files: [TreeFile], _ paths: Set<String>, _ checkout: Checkout, _ observed: ObservedState, forApply: Bool
    ) throws -> LoadedStates {
        let resources = try observed.applied(inPaths: paths)
        let store = core.store
        let desired = try loader(checkout, forApply: forApply) { id in
            try store.read { try $0.secret(id) }.map { ($0.fingerprint, $0.latestVersion) }
        }.load(files, among: try surroundings(observed, paths: paths)) { present in
            resources.keys.filter { !present.contains($0) }.sorted()
        }
        let named = desired.state.resources.map(\.key) + resources.keys
        let secrets = try observed.secrets(Set(named.filter { $0.kind == .secret }.map(\.secretID)))
        let access = try AccessView(observed, applied: resources, desired: desired.state, secrets: secrets)
        return try states(observed, desired, secrets, resources, access)
    }

    private func states(
        _ observed: ObservedState, _ loaded: LoadedDesired, _ secrets: [SecretID: SecretRecord],
        _ resources: [ResourceKey: AppliedRecord], _ access: AccessView
    ) throws -> LoadedStates {
        var desired = loaded
        desired.state.roles = access.after
        let policy = observed.policy
        let keys = desired.state.resources.map(\.key)
        let wanted = Set(keys)
        let deleted = resources.keys.filter { $0.kind == .secret && !wanted.contains($0) }.map(\.secretID)
        var vault = VaultState(serial: observed.serial, secrets: secrets)
        if (policy ?? desired.state.policy).needsTotal(forDeletionOf: Int64(deleted.count)) {
            vault.activeManagedSecrets = try observed.appliedSecretCount()
        }
        try observed.complete(&vault, for: desired.state.resources, deleted: deleted)
        vault.grantsOfChangedRoles = access.grantsOfChangedRoles
        vault.ownedElsewhere = try observed.ownersElsewhere(
            of: keys, repositoryID: desired.state.policy.repositoryID)
        let applied = LastApplied(
            commit: observed.source?.commit, resources: resources, policy: policy, roles: access.before)
        return LoadedStates(desired: desired, vault: vault, applied: applied)
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

    private func surroundings(_ observed: ObservedState, paths: Set<String>) throws -> Surroundings {
        guard let source = observed.source else { return .none(basePolicy: nil) }
        return .index(core.store, source: source, without: paths, recipients: try observed.recipients())
    }
}
