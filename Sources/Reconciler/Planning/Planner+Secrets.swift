internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// How a value in Git stands to the vault's.
enum ValueVerdict {
    case same
    /// Git changed since the last apply, or has a value that the vault lacks.
    case gitChanged
    /// Only the vault changed, by hand.
    case drifted
    /// Only the vault changed, by rotation: it is authoritative until the new value stands in Git too.
    case ahead
    /// Both changed.
    case bothChanged
}

extension Planner {
    mutating func planSecret(_ resource: DesiredResource, _ desired: DesiredSecret, index: Int32) {
        var change = PlannedChange(
            key: resource.key, action: .update, isNew: false, reason: "changed in Git", position: resource.position,
            before: [], attributes: [], fields: [], risks: [], version: nil, desiredIndex: index)
        guard let observed = input.vault.secrets[resource.key.secretID] else {
            planCreation(resource, desired, &change)
            return
        }
        if observed.state == .deleted {
            planRestoration(resource, desired, observed, &change)
            return
        }
        let unsealed = unsealedFields(resource, desired, observed)
        let verdict = valueVerdict(resource, desired, observed, isUnsealing: !unsealed.isEmpty)
        let isReverting = verdict == .drifted && reverts(desired)
        let adopted = adoptedFields(verdict, resource, desired, observed)
        let unwritten = unwrittenFields(desired, observed, adopted, unsealed: unsealed)
        var writesValue = verdict == .gitChanged || verdict == .bothChanged || isReverting
        if writesValue, unsealed.isEmpty, let unwritten { writesValue = unwritten.differs(from: observed) }
        let isConflict =
            (verdict == .gitChanged || verdict == .bothChanged) && unwritten?.conflicts.isEmpty == false
        noteDrift(verdict, resource, desired, observed, unsealed: unsealed, isAdopting: !adopted.isEmpty)
        let isSpecChanged = observed.specDigest != resource.specDigest || !observed.isManaged
        noteAccess(resource, desired, observed, isSpecChanged: isSpecChanged, &change)
        guard writesValue || isSpecChanged || isConflict || !adopted.isEmpty else {
            if verdict == .same, unwritten != nil || isBehind(observed, desired) { outcome.settled.append(index) }
            return
        }

        change.before = observed.specDigest == resource.specDigest ? resource.spec : observed.spec
        if writesValue, observed.currentVersion == 0, observed.latestVersion > 0 {
            change.reason = "its value was destroyed in the vault"
        }
        if isSpecChanged { describeMetadata(resource, desired, observed, &change) }
        if writesValue || isConflict { change.kept = unwritten?.kept ?? [] }
        if isConflict { change.risks.append(.writeBackConflict) }
        if !adopted.isEmpty { describeAdoption(adopted, desired, observed, &change) }
        if writesValue, var value = desired.value {
            value.fields = unwritten?.merged ?? value.fields
            if adopted.isEmpty {
                change.action = isReverting ? .revertDrift : .newVersion
                change.reason = isReverting ? "changed in the vault by hand" : change.reason
                if verdict != .gitChanged || !observed.isManaged { change.risks.append(.overwritesDrift) }
            }
            // Git's own value takes a number too where it is kept beside the rotated one.
            change.version = observed.latestVersion + (isConflict ? 2 : 1)
            describeValue(value, observed, resource, unsealed: unsealed, &change)
        }
        finish(desired, &change)
    }

    private mutating func planCreation(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ change: inout PlannedChange
    ) {
        change.action = .create
        change.isNew = true
        change.reason = "new in Git"
        change.version = desired.value == nil ? nil : 1
        change.fields = FieldDiff.changes(from: [], to: desired.value?.fields ?? [])
        noteFirstAccess(resource.key, desired, &change)
        finish(desired, &change)
    }

    /// The manifest is there and the vault's secret is deleted: by hand, or by an earlier commit.
    private mutating func planRestoration(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord, _ change: inout PlannedChange
    ) {
        let unsealed = unsealedFields(resource, desired, observed)
        if let applied = input.lastApplied.resources[resource.key] {
            let isChangedInGit =
                applied.specDigest != resource.specDigest || !unsealed.isEmpty
                || (desired.value != nil && applied.fingerprint != desired.value?.fingerprint)
            let outcome: DriftNote.Outcome =
                isChangedInGit ? .overwritten : unchangedOutcome(desired)
            self.outcome.drift.append(
                DriftNote(
                    id: observed.id, drift: .deleted, outcome: outcome, position: resource.position, fields: []))
            guard outcome == .overwritten || outcome == .reverted else { return }
            change.reason = "deleted in the vault by hand"
            change.risks.append(.overwritesDrift)
        } else {
            change.reason = "back in Git"
        }
        change.action = .restore
        noteFirstAccess(resource.key, desired, &change)
        if let value = desired.value, value.fingerprint != observed.fingerprint || !unsealed.isEmpty {
            change.version = observed.latestVersion + 1
            describeValue(value, observed, resource, unsealed: unsealed, &change)
        }
        finish(desired, &change)
    }

    // MARK: Drift

    private func valueVerdict(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord, isUnsealing: Bool
    ) -> ValueVerdict {
        guard let value = desired.value, isUnsealing || value.fingerprint != observed.fingerprint else {
            return .same
        }
        // Where the vault has nothing there is no change of its own to keep, whatever the drift policy says.
        if observed.currentVersion == 0 { return .gitChanged }
        let applied = input.lastApplied.resources[resource.key]?.fingerprint
        if observed.drift == nil && (applied == nil || applied == observed.fingerprint) { return .gitChanged }
        guard !isUnsealing, applied == value.fingerprint else {
            let isAhead = observed.drift == nil && input.vault.unwritten[observed.id] != nil
            return isAhead ? .gitChanged : .bothChanged
        }
        return observed.drift == nil ? .ahead : .drifted
    }

    private func reverts(_ desired: DesiredSecret) -> Bool { driftPolicy(desired) == .revert }

    func driftPolicy(_ desired: DesiredSecret) -> DriftPolicy {
        desired.driftPolicy ?? input.desired.policy.driftPolicy
    }

    /// What becomes of a hand-made change that is not adopted, where Git stayed as it was.
    private func unchangedOutcome(_ desired: DesiredSecret) -> DriftNote.Outcome {
        switch driftPolicy(desired) {
        case .report: .reported
        case .revert: .reverted
        case .adopt: .notAdoptable
        }
    }

    private mutating func noteDrift(
        _ verdict: ValueVerdict, _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord,
        unsealed: Set<String>, isAdopting: Bool
    ) {
        guard verdict == .drifted || verdict == .bothChanged, let value = desired.value else { return }
        let outcome: DriftNote.Outcome =
            isAdopting ? .adopted : verdict == .bothChanged ? .overwritten : unchangedOutcome(desired)
        self.outcome.drift.append(
            DriftNote(
                id: observed.id, drift: observed.drift ?? .value, outcome: outcome, position: resource.position,
                fields: FieldDiff.changes(from: value.fields, to: observed.fields.present)
                    .showing(changed: unsealed)))
    }

    /// True when the vault's record of an unchanged value misses that Git and vault agree again, or a risen counter.
    private func isBehind(_ observed: SecretRecord, _ desired: DesiredSecret) -> Bool {
        if observed.drift != nil { return true }
        guard let value = desired.value else { return false }
        return value.fields.remembering(observed.fields) != observed.fields
    }

    // MARK: Parts of a change

    private mutating func noteAccess(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord, isSpecChanged: Bool,
        _ change: inout PlannedChange
    ) {
        let after = Grants(desired.permissions)
        let before = isSpecChanged ? Grants(spec: observed.spec) : after
        if ledger.note(resource.key, before: before, after: after) { change.risks.append(.permissionsWidened) }
        if after.opensToEveryone(comparedWith: before) { change.risks.append(.everyoneGranted) }
    }

    private mutating func noteFirstAccess(
        _ key: ResourceKey, _ desired: DesiredSecret, _ change: inout PlannedChange
    ) {
        let grants = Grants(desired.permissions)
        _ = ledger.note(key, before: .none, after: grants)
        if grants.opensToEveryone(comparedWith: .none) { change.risks.append(.everyoneGranted) }
    }

    private func describeMetadata(
        _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord, _ change: inout PlannedChange
    ) {
        if observed.isManaged {
            change.attributes = AttributeDiff.changes(from: observed.spec, to: resource.spec)
        } else {
            change.reason = "made in the vault by hand, now described in Git"
        }
        if desired.value == nil, input.lastApplied.resources[resource.key]?.fingerprint != nil {
            change.reason = "its value is gone from Git; the vault keeps it"
        }
        if observed.deletionProtection, !desired.deletionProtection { change.risks.append(.protectionLifted) }
    }

    private mutating func describeValue(
        _ value: DesiredValue, _ observed: SecretRecord, _ resource: DesiredResource, unsealed: Set<String>,
        _ change: inout PlannedChange
    ) {
        change.fields = FieldDiff.changes(from: observed.fields, to: value.fields).showing(changed: unsealed)
        if !unsealed.isEmpty { change.risks.append(.sealRemoved) }
        let known = Dictionary(observed.fields.map { ($0.field, $0) }, uniquingKeysWith: { $1 })
        for (index, field) in value.fields.enumerated() {
            guard field.counter > 0, let old = known[field.field], old.highestCounter > 0,
                field.fingerprint != old.fingerprint
            else { continue }
            checkCounter(field, givenAt: value.givenAt(index), old, observed, resource, &change)
        }
    }

    /// The replay rules: a counter below the vault's is an older value, whatever was resealed since; the same counter
    /// with another value is a conflict.
    private mutating func checkCounter(
        _ field: FieldState, givenAt: Int64, _ old: FieldState, _ observed: SecretRecord, _ resource: DesiredResource,
        _ change: inout PlannedChange
    ) {
        let id = observed.id
        let name = field.field.isEmpty ? "the value" : "`\(field.field)`"
        // What the vault holds was sealed under this very counter, and nothing was given since. 0 says that the value had
        // no binding when it was given, so no order either.
        let isSameByClaim = field.counter > old.counter && givenAt > 0 && givenAt <= old.counter
        if field.counter < old.highestCounter || isSameByClaim {
            change.risks.append(isSameByClaim ? .falselyResealed : .olderValue)
            guard input.vault.rotatedFields[id]?.contains(field.field) == true else { return }
            outcome.guards.append(
                GuardRefusal(
                    rule: .replayOfRotatedValue,
                    message: "\(name) of \(id) is older (counter \(min(field.counter, givenAt))) than the value that "
                        + "rotation made (counter \(old.highestCounter))",
                    hint: "the target system no longer knows the old value; take the file from the branch's head",
                    span: resource.position.span))
        } else if field.counter == old.highestCounter, old.counter < 0, !old.isGone, observed.drift == nil {
            // It was replaced by one that has no counter, or by an older one.
            change.risks.append(.olderValue)
        } else if field.counter == old.counter {
            outcome.guards.append(
                GuardRefusal(
                    rule: .counterConflict,
                    message: "\(name) of \(id) differs from the applied value of the same counter \(field.counter)",
                    hint: "two people sealed it from the same base; seal the wanted value once more with "
                        + "`reseal seal \(id.name)`", span: resource.position.span))
        }
    }

    private mutating func finish(_ desired: DesiredSecret, _ change: inout PlannedChange) {
        if desired.value?.unboundFields.isEmpty == false, change.version != nil { change.risks.append(.bindingMissing) }
        if let expiresAt = desired.expiresAt, expiresAt <= input.now { change.risks.append(.alreadyExpired) }
        change.risks = change.risks.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        // Most secrets of a repository have the same fields: one list then serves them all.
        if let last = outcome.changes.last, last.fields == change.fields { change.fields = last.fields }
        outcome.changes.append(change)
    }
}
