package import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What a plan is computed from.
package struct PlanInput: Sendable {
    package var desired: DesiredState
    package var vault: VaultState
    package var lastApplied: LastApplied
    package var allowsMassDeletion: Bool
    package var now: Timestamp

    package init(
        desired: DesiredState, vault: VaultState, lastApplied: LastApplied, allowsMassDeletion: Bool = false,
        now: Timestamp
    ) {
        self.desired = desired
        self.vault = vault
        self.lastApplied = lastApplied
        self.allowsMassDeletion = allowsMassDeletion
        self.now = now
    }

    /// The rules of the base; those of the change itself count only where there is no base.
    package var rules: RepositoryPolicy { lastApplied.policy ?? desired.policy }
}

/// What a plan consists of, before it is given an identity.
package struct PlanOutcome: Sendable {
    package var changes: [PlannedChange] = []
    package var drift: [DriftNote] = []
    package var access: [AccessChange] = []
    package var guards: [GuardRefusal] = []
    /// Positions in the desired state of secrets that nothing changes for their users, but whose records have to learn
    /// something: Git caught up with a hand-made change, or holds the same value sealed anew.
    package var settled: [Int32] = []
}

/// Compares what Git wants with what the vault has and what was last applied. A pure function: no clock, no disk, no
/// key; the same input gives the same plan.
package struct Planner {
    let input: PlanInput
    var outcome = PlanOutcome()
    var ledger: AccessLedger
    /// Roles that some resource in sight names.
    lazy var grantedRoles = Self.grantedRoles(input)

    package static func plan(_ input: PlanInput) -> PlanOutcome {
        var planner = Planner(input: input)
        planner.run()
        return planner.outcome
    }

    private init(input: PlanInput) {
        self.input = input
        ledger = AccessLedger(before: input.lastApplied.roles, after: input.desired.roles)
    }

    private mutating func run() {
        if input.vault.secrets.isEmpty { outcome.changes.reserveCapacity(input.desired.resources.count) }
        for (index, resource) in input.desired.resources.enumerated() {
            guardOwnership(resource)
            if let secret = resource.secret {
                planSecret(resource, secret, index: Int32(index))
            } else {
                planDefinition(resource, index: Int32(index))
            }
        }
        planDeletions()
        for (key, grants) in input.vault.grantsOfChangedRoles { _ = ledger.note(key, before: grants, after: grants) }
        outcome.changes.sort { $0.key < $1.key }
        outcome.drift.sort { $0.id < $1.id }
        outcome.access = ledger.changes
    }

    private static func grantedRoles(_ input: PlanInput) -> Set<ResourceKey> {
        var roles: Set<ResourceKey> = []
        for (key, grants) in input.vault.grantsOfChangedRoles { roles.formUnion(grants.roles(in: key.organization)) }
        for resource in input.desired.resources where resource.key.kind.isAccessible {
            for case .resource(let key) in resource.references where key.kind == .role { roles.insert(key) }
        }
        return roles
    }

    private mutating func guardOwnership(_ resource: DesiredResource) {
        guard let owner = input.vault.ownedElsewhere[resource.key] else { return }
        outcome.guards.append(
            GuardRefusal(
                rule: .ownedElsewhere, message: "\(resource.key) is described by \(owner) already",
                hint: "rename one of the two, or keep this repository's secrets in a vault of their own (--home)",
                span: resource.position.span))
    }
}

// MARK: Deletions

extension Planner {
    private mutating func planDeletions() {
        // A first apply has nothing to delete.
        guard !input.lastApplied.resources.isEmpty else { return }
        let wanted = Set(input.desired.resources.map(\.key))
        var deletedSecrets: [Int] = []
        for key in input.lastApplied.resources.keys.filter({ !wanted.contains($0) }).sorted() {
            guard let applied = input.lastApplied.resources[key] else { continue }
            var change = PlannedChange(
                key: key, action: .delete, isNew: false, reason: "gone from Git", position: applied.position,
                before: applied.spec, attributes: [], fields: [], risks: [], version: nil, desiredIndex: -1)
            if key.kind == .secret {
                guard let secret = input.vault.secrets[key.secretID], secret.state == .active else { continue }
                deletedSecrets.append(outcome.changes.count)
                change.before = secret.spec
                guardProtection(secret, applied)
            } else if key.kind == .recipients {
                change.risks.append(.repositoryRulesRelaxed)
            }
            if key.kind.isAccessible { _ = ledger.note(key, before: Grants(spec: change.before), after: .none) }
            outcome.changes.append(change)
        }
        guardAgainstMassDeletion(deletedSecrets)
    }

    private mutating func guardProtection(_ secret: SecretRecord, _ applied: AppliedRecord) {
        guard secret.deletionProtection else { return }
        outcome.guards.append(
            GuardRefusal(
                rule: .deletionProtection,
                message: "\(ResourceKey(secret.id)) has deletion protection, but is gone from Git",
                hint: "bring its manifest back, or apply a commit that lifts `deletionProtection` first",
                span: applied.position.span))
    }

    private mutating func guardAgainstMassDeletion(_ deletions: [Int]) {
        let count = Int64(deletions.count)
        let rules = input.rules
        guard rules.limitsDeletion(of: count, among: Int64(input.vault.activeManagedSecrets)) else { return }
        for index in deletions { outcome.changes[index].risks.append(.massDeletion) }
        guard !input.allowsMassDeletion else { return }
        outcome.guards.append(
            GuardRefusal(
                rule: .massDeletion,
                message: "\(count) of \(input.vault.activeManagedSecrets) secrets would be deleted; the limit is "
                    + "\(rules.massDeletionCount) secrets or \(rules.massDeletionPercent) %",
                hint: "if that is meant, repeat with --allow-mass-deletion", span: nil))
    }
}

extension ResourceKind {
    /// True for the kinds whose manifests give access.
    var isAccessible: Bool { self == .secret || self == .dynamicSecret }
}
