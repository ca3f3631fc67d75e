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
            let loaded = try DesiredLoader.keyless(checkout.snapshots).loadAll()
            return ValidationReport(resources: loaded.state.resources.count, findings: loaded.warnings)
        } catch let failure as DiagnosticsFailure {
            return ValidationReport(resources: 0, findings: failure.diagnostics)
        }
    }
}

/// Compares two commits without a vault or a key: the plan for pull requests in CI.
package struct KeylessComparison: Sendable {
    private let checkout: Checkout
    private let base: ObjectID
    private let allowsMassDeletion: Bool

    package init(checkout: Checkout, base: ObjectID, allowsMassDeletion: Bool) {
        self.checkout = checkout
        self.base = base
        self.allowsMassDeletion = allowsMassDeletion
    }

    /// Throws ``DiagnosticsFailure`` when the head is not valid. The base is what is merged already: its findings do
    /// not stop anything.
    package func plan(now: Timestamp) throws -> PreparedPlan {
        let head = try DesiredLoader.keyless(checkout.snapshots).loadAll()
        let before = try DesiredLoader.keyless(checkout.commit(base)).loadLeniently()
        let paths = try changedPaths(head.state, before.state)
        let known = before.state.resources.filter { paths.contains($0.position.path) }
        var desired = head.state
        desired.resources = head.state.resources.filter { paths.contains($0.position.path) }
        let input = PlanInput(
            desired: desired, vault: state(of: known, in: before.state, head: head.state, paths: paths),
            lastApplied: LastApplied(
                commit: base,
                resources: Dictionary(known.map { ($0.key, AppliedRecord($0)) }, uniquingKeysWith: { $1 }),
                policy: before.state.policy.repositoryID.isEmpty ? nil : before.state.policy, roles: before.state.roles),
            allowsMassDeletion: allowsMassDeletion, now: now)
        let outcome = Planner.plan(input)
        var plan = Plan(
            source: checkout.source, base: base, head: checkout.head, vaultSerial: nil,
            policyDigest: input.rules.digest, recipientsDigest: head.recipientsDigest, createdAt: now,
            changes: outcome.changes, drift: [], access: outcome.access, guards: outcome.guards,
            warnings: head.warnings, id: "")
        plan.id = PlanIdentity.compute(plan, desired: desired.resources)
        return PreparedPlan(
            plan: plan, desired: desired, lastApplied: input.lastApplied,
            source: SourceRecord(
                id: 0, location: checkout.source.location, path: checkout.source.path, ref: checkout.source.ref,
                repositoryID: desired.policy.repositoryID, commit: base, tree: nil, appliedAt: now, policy: []))
    }

    /// The base in the place of the vault: each secret as if its value had been applied from there.
    private func state(
        of known: [DesiredResource], in before: DesiredState, head: DesiredState, paths: Set<String>
    ) -> VaultState {
        var state = VaultState(
            serial: nil,
            secrets: Dictionary(
                known.filter { $0.secret != nil }.map { ($0.key.secretID, SecretRecord($0)) },
                uniquingKeysWith: { $1 }),
            activeManagedSecrets: before.resources.count { $0.secret != nil })
        let changedRoles = Set(before.roles.members.keys).union(head.roles.members.keys)
            .filter { before.roles.members[$0] != head.roles.members[$0] }
        guard !changedRoles.isEmpty else { return state }
        for resource in head.resources where !paths.contains(resource.position.path) {
            let isConcerned = resource.references.contains { target in
                if case .resource(let key) = target { changedRoles.contains(key) } else { false }
            }
            if isConcerned, let secret = resource.secret {
                state.secretsOfChangedRoles[resource.key.secretID] = secret.permissions
            }
        }
        return state
    }

    /// Manifests that differ, and those that name a value file which differs.
    private func changedPaths(_ head: DesiredState, _ before: DesiredState) throws -> Set<String> {
        let old = try blobs(checkout.commit(base))
        let new = try blobs(checkout.snapshots)
        let outside = try SOPSConfigFiles.changed(
            SOPSConfigFiles.named(by: head.resources + before.resources), between: checkout.commit(base).open(),
            and: checkout.snapshots.open())
        let changed = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.union(outside)
        let referring = head.resources.filter { resource in
            resource.references.contains { target in
                if case .file(let path) = target { changed.contains(path) } else { false }
            }
        }
        return changed.union(referring.map(\.position.path))
    }

    private func blobs(_ source: any SnapshotSource) throws -> [String: ObjectID] {
        Dictionary(try source.open().files().map { ($0.path, $0.blob) }, uniquingKeysWith: { $1 })
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
