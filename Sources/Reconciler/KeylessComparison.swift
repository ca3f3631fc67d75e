package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What validation without any key found.
package struct ValidationReport: Sendable {
    package var resources: Int
    /// Errors and warnings, by place.
    package var findings: [Diagnostic]
}

/// Checks all manifests of a checkout: form, names, references, bindings and recipients.
package enum KeylessValidation {
    /// Does not throw for findings, only where nothing can be read.
    package static func run(_ checkout: Checkout) throws -> ValidationReport {
        do {
            let loaded = try DesiredLoader.keyless(checkout.snapshots).loadAll(basePolicy: nil)
            return ValidationReport(resources: loaded.state.resources.count, findings: loaded.warnings)
        } catch let failure as DiagnosticsFailure {
            return ValidationReport(resources: 0, findings: failure.diagnostics)
        }
    }
}

/// Compares two commits without a vault or a key: the plan for pull requests in CI.
///
/// The head is read as a whole, since there is no index to tell what else it holds. Of the base, only what differs is
/// read; the rest is as in the head.
package struct KeylessComparison: Sendable {
    private let checkout: Checkout
    private let base: ObjectID
    private let allowsMassDeletion: Bool

    package init(checkout: Checkout, base: ObjectID, allowsMassDeletion: Bool) {
        self.checkout = checkout
        self.base = base
        self.allowsMassDeletion = allowsMassDeletion
    }

    /// Throws ``DiagnosticsFailure`` when the head is not valid, and ``ReconcileFailure/Kind/otherRepository`` when the
    /// two are of different repositories. The base is what is merged already: its findings do not stop anything.
    package func plan(now: Timestamp) throws -> PreparedPlan {
        let baseLoader = DesiredLoader.keyless(checkout.commit(base))
        let changed = try changedFiles()
        let changedPaths = Set(changed.map(\.path))
        let oldRules = try baseLoader.survey(changed.compactMap(\.old).filter(\.isManifest))
        let head = try DesiredLoader.keyless(checkout.snapshots)
            .loadAll(basePolicy: oldRules.definesRepository ? oldRules.state.policy : nil)
        let oldPolicy = oldRules.definesRepository ? oldRules.state.policy : unchangedPolicy(head.state, changedPaths)

        let named = changedPaths.union(try changedFilesOutside(head.state))
        let paths = changedPaths.union(paths(naming: named, in: head.state))
        let before = try baseLoader.survey(filesOfBase(paths))
        var desired = head.state
        desired.resources = head.state.resources.filter { paths.contains($0.position.path) }
        let rest = head.state.resources.filter { !paths.contains($0.position.path) }
        let applied = LastApplied(
            commit: base,
            resources: Dictionary(
                before.state.resources.map { ($0.key, AppliedRecord($0)) }, uniquingKeysWith: { $1 }),
            policy: oldPolicy, roles: roles(before.state, rest, head.state.roles))
        let input = PlanInput(
            desired: desired, vault: state(of: before.state.resources, rest, applied.roles, head.state.roles),
            lastApplied: applied, allowsMassDeletion: allowsMassDeletion, now: now)
        return prepared(input, Planner.plan(input), head)
    }

    private func prepared(_ input: PlanInput, _ outcome: PlanOutcome, _ head: LoadedDesired) -> PreparedPlan {
        var plan = Plan(
            source: checkout.source, base: base, head: checkout.head, vaultSerial: nil,
            policyDigest: input.rules.digest, recipientsDigest: head.recipientsDigest,
            allowsMassDeletion: allowsMassDeletion, createdAt: input.now, changes: outcome.changes, drift: [],
            access: outcome.access, guards: outcome.guards, warnings: head.warnings, id: "")
        plan.id = PlanIdentity.compute(plan, desired: input.desired.resources)
        return PreparedPlan(
            plan: plan, desired: input.desired, lastApplied: input.lastApplied, settled: [],
            source: SourceRecord(
                id: 0, location: checkout.source.location, path: checkout.source.path, ref: checkout.source.ref,
                repositoryID: input.desired.policy.repositoryID, commit: base, tree: nil, appliedAt: input.now,
                policy: []))
    }

    // MARK: What differs

    private func changedFiles() throws -> [TreeChange] {
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        return try Scope.changedFiles(
            checkout, repository, from: try repository.subtree(of: base, at: checkout.source.path))
    }

    /// Files that the head names though they lie outside of the manifests' folder.
    private func changedFilesOutside(_ head: DesiredState) throws -> [String] {
        try SOPSConfigFiles.changed(
            SOPSConfigFiles.named(by: head.resources), between: checkout.commit(base).open(),
            and: checkout.snapshots.open())
    }

    /// Manifests that name a value file which differs.
    private func paths(naming changed: Set<String>, in head: DesiredState) -> Set<String> {
        let referring = head.resources.filter { resource in
            resource.references.contains { target in
                if case .file(let path) = target { changed.contains(path) } else { false }
            }
        }
        return Set(referring.map(\.position.path))
    }

    private func filesOfBase(_ paths: Set<String>) throws -> [TreeFile] {
        let snapshot = try checkout.commit(base).open()
        return try paths.sorted().compactMap { try snapshot.file(at: $0) }.filter(\.isManifest)
    }

    // MARK: The base

    /// The head's own rules, where their file is the same in the base.
    private func unchangedPolicy(_ head: DesiredState, _ changed: Set<String>) -> RepositoryPolicy? {
        let repository = head.resources.first { $0.key.kind == .repository }
        return repository.map { changed.contains($0.position.path) } == false ? head.policy : nil
    }

    private func roles(
        _ before: DesiredState, _ unchanged: [DesiredResource], _ head: RoleDirectory
    ) -> RoleDirectory {
        var roles = before.roles
        for resource in unchanged where resource.key.kind == .role {
            roles.set(resource.key, members: head.members[resource.key] ?? [])
        }
        return roles
    }

    /// The base in the place of the vault: each secret as if its value had been applied from there.
    private func state(
        of known: [DesiredResource], _ unchanged: [DesiredResource], _ before: RoleDirectory, _ after: RoleDirectory
    ) -> VaultState {
        var state = VaultState(
            serial: nil,
            secrets: Dictionary(
                known.filter { $0.secret != nil }.map { ($0.key.secretID, SecretRecord($0)) },
                uniquingKeysWith: { $1 }),
            activeManagedSecrets: (known + unchanged).count { $0.secret != nil })
        let changedRoles = Set(before.members.keys).union(after.members.keys)
            .filter { before.members[$0] != after.members[$0] }
        for resource in unchanged where !changedRoles.isEmpty && resource.key.kind.isAccessible {
            let grants = resource.secret.map { Grants($0.permissions) } ?? Grants(spec: resource.spec)
            guard !grants.roles(in: resource.key.organization).isDisjoint(with: changedRoles) else { continue }
            state.grantsOfChangedRoles[resource.key] = grants
        }
        return state
    }
}

extension DesiredLoader {
    static func keyless(_ source: any SnapshotSource) -> DesiredLoader {
        DesiredLoader(source: source, opener: KeylessOpener(), workers: defaultWorkers, progress: { _ in })
    }
}

extension SecretRecord {
    fileprivate init(_ resource: DesiredResource) {
        let secret = resource.secret
        self.init(
            rowID: 0, id: resource.key.secretID, state: .active, spec: resource.spec, specDigest: resource.specDigest,
            currentVersion: secret?.value == nil ? 0 : 1, latestVersion: secret?.value == nil ? 0 : 1,
            fingerprint: secret?.value?.fingerprint, fields: secret?.value?.fields ?? [], isManaged: true,
            deletionProtection: secret?.deletionProtection ?? false,
            keepPrevious: secret?.keepPrevious ?? TimeSpan(seconds: 0), drift: nil,
            createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0), deletedAt: nil, purgeAt: nil)
    }
}

extension AppliedRecord {
    fileprivate init(_ resource: DesiredResource) {
        self.init(
            key: resource.key, source: 0, position: resource.position, spec: resource.spec,
            specDigest: resource.specDigest, fingerprint: resource.secret?.value?.fingerprint, referenceSet: 0)
    }
}
