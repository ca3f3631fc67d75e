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
}

extension Reconciliation {
    func load(
        _ checkout: Checkout, _ observed: ObservedState, _ scope: Scope, forApply: Bool
    ) throws -> LoadedStates {
        if case .files(let files, let paths) = scope,
            let states = try loadFiles(files, paths, checkout, observed, forApply: forApply)
        {
            return states
        }
        return try loadEverything(checkout, observed, forApply: forApply)
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

    /// `nil` when the files hold, or held, rules by which all files have to be judged anew.
    private func loadFiles(
        _ files: [TreeFile], _ paths: Set<String>, _ checkout: Checkout, _ observed: ObservedState, forApply: Bool
    ) throws -> LoadedStates? {
        let resources = try observed.applied(inPaths: paths)
        guard !resources.keys.contains(where: \.kind.isRule) else { return nil }
        let store = core.store
        // Most secrets of a change are known before it is read: one query serves them all.
        var secrets = try observed.secrets(resources.keys.filter { $0.kind == .secret }.map(\.secretID))
        let known = secrets.mapValues { ($0.fingerprint, $0.latestVersion) }
        let loader = loader(checkout, forApply: forApply) { id in
            try known[id] ?? store.read { try $0.secret(id) }.map { ($0.fingerprint, $0.latestVersion) }
        }
        let surroundings = try surroundings(observed, paths: paths)
        guard let desired = try loader.load(files, among: surroundings, before: resources.keys) else { return nil }
        let others = Set(desired.state.resources.filter { $0.secret != nil }.map(\.key.secretID)).subtracting(
            secrets.keys)
        secrets.merge(try observed.secrets(others)) { $1 }
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
        let wanted = resources.isEmpty ? [] : Set(keys)
        let deleted = resources.keys.filter { $0.kind == .secret && !wanted.contains($0) }.map(\.secretID)
        var vault = VaultState(serial: observed.serial, secrets: secrets)
        if (policy ?? desired.state.policy).needsTotal(forDeletionOf: Int64(deleted.count)) {
            vault.activeManagedSecrets = try observed.appliedSecretCount()
        }
        vault.unwritten = try observed.unwritten()
        vault.appliedFields = try observed.appliedFields(of: desired.state.resources, secrets, resources)
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
