package import ResealCore
package import ResealManifests
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
}

/// Compares what Git wants with what the vault has and what was last applied. A pure function: no clock, no disk, no
/// key; the same input gives the same plan.
package struct Planner {
    let input: PlanInput
    var outcome = PlanOutcome()
    var ledger: AccessLedger

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
        for (index, resource) in input.desired.resources.enumerated() {
            if let secret = resource.secret {
                planSecret(resource, secret, index: Int32(index))
            } else {
                planDefinition(resource, index: Int32(index))
            }
        }
        planDeletions()
        for (id, permissions) in input.vault.secretsOfChangedRoles {
            _ = ledger.note(id, before: permissions, after: permissions)
        }
        outcome.changes.sort { $0.key < $1.key }
        outcome.drift.sort { $0.id < $1.id }
        outcome.access = ledger.changes
    }

    // MARK: Definitions

    private mutating func planDefinition(_ resource: DesiredResource, index: Int32) {
        let before = input.lastApplied.resources[resource.key]
        guard before?.specDigest != resource.specDigest else { return }
        var change = PlannedChange(
            key: resource.key, action: .define, isNew: before == nil,
            reason: before == nil ? "new in Git" : "changed in Git", position: resource.position,
            attributes: before.map { AttributeDiff.changes(from: $0.spec, to: resource.spec) } ?? [], fields: [],
            risks: [], version: nil, desiredIndex: index)
        if before != nil, resource.key.kind == .recipients { change.risks.append(.recipientsChanged) }
        if resource.key.kind == .repository, let old = input.lastApplied.policy,
            Self.isWeaker(input.desired.policy, than: old)
        {
            change.risks.append(.repositoryRulesRelaxed)
        }
        outcome.changes.append(change)
    }

    private static func isWeaker(_ new: RepositoryPolicy, than old: RepositoryPolicy) -> Bool {
        (old.requireBinding && !new.requireBinding) || new.massDeletionCount > old.massDeletionCount
            || new.massDeletionPercent > old.massDeletionPercent
            || (old.driftPolicy == .revert && new.driftPolicy != .revert)
    }

    // MARK: Deletions

    private mutating func planDeletions() {
        let wanted = Set(input.desired.resources.map(\.key))
        var deletedSecrets: [Int] = []
        for (key, applied) in input.lastApplied.resources where !wanted.contains(key) {
            if key.kind == .secret {
                guard let secret = input.vault.secrets[key.secretID], secret.state == .active else { continue }
                deletedSecrets.append(outcome.changes.count)
                _ = ledger.note(secret.id, before: Permissions(spec: secret.spec), after: nil)
                if secret.deletionProtection {
                    outcome.guards.append(
                        GuardRefusal(
                            rule: .deletionProtection, message: "\(key) has deletion protection, but is gone from Git",
                            hint: "bring its manifest back, or apply a commit that lifts `deletionProtection` first",
                            span: applied.position.span))
                }
            }
            outcome.changes.append(
                PlannedChange(
                    key: key, action: .delete, isNew: false, reason: "gone from Git", position: applied.position,
                    attributes: [], fields: [], risks: [], version: nil, desiredIndex: -1))
        }
        guardAgainstMassDeletion(deletedSecrets)
    }

    private mutating func guardAgainstMassDeletion(_ deletions: [Int]) {
        let count = Int64(deletions.count)
        let managed = Int64(max(input.vault.activeManagedSecrets, 1))
        let rules = input.rules
        // A share says nothing about a handful of secrets.
        let isOverShare = count > 3 && count * 100 > managed * rules.massDeletionPercent
        guard count > rules.massDeletionCount || isOverShare else { return }
        for index in deletions { outcome.changes[index].risks.append(.massDeletion) }
        guard !input.allowsMassDeletion else { return }
        outcome.guards.append(
            GuardRefusal(
                rule: .massDeletion,
                message: "\(count) of \(managed) secrets would be deleted; the limit is \(rules.massDeletionCount) "
                    + "secrets or \(rules.massDeletionPercent) %",
                hint: "if that is meant, repeat with --allow-mass-deletion", span: nil))
    }
}

extension Permissions {
    /// The permissions in the canonical JSON of a secret's manifest.
    package init(spec: [UInt8]) {
        let lists = (try? JSON(parsing: spec))?["spec"]?["permissions"]
        func principals(_ name: String) -> [Principal] {
            (lists?[name]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Principal.init) }
        }
        self.init(
            read: principals("read"), write: principals("write"), rotate: principals("rotate"),
            delete: principals("delete"))
    }
}
