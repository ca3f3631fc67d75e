internal import ResealCore
internal import ResealManifests
package import ResealVault

/// Carries out a plan in one transaction, together with its audit records and the inventory: all of it or nothing.
package struct Applier {
    private let prepared: PreparedPlan
    let transaction: VaultTransaction
    let context: ActionContext
    /// Secrets with rotated fields that Git did not hold when the apply began.
    private let unwritten: Set<SecretID>

    /// Throws ``ReconcileFailure/Kind/stale`` when the vault is not the one that was planned for, and
    /// ``ReconcileFailure/Kind/guardRefused`` when a rule forbids the plan. Either leaves the vault untouched.
    package static func apply(
        _ prepared: PreparedPlan, to core: VaultCore, by context: ActionContext
    ) throws -> ApplyReport {
        if let refusal = prepared.plan.guards.first {
            throw ReconcileFailure(.guardRefused, refusal.message, hint: refusal.hint)
        }
        FaultPoint.pass("apply.begin")
        var destroyed = 0
        try core.write { transaction in
            let unwritten = try transaction.store.rotations().filter { !$0.unwritten.isEmpty }.map(\.id)
            let applier = Applier(
                prepared: prepared, transaction: transaction, context: context, unwritten: Set(unwritten))
            try applier.requireUnmoved()
            for change in prepared.plan.changes {
                FaultPoint.pass("apply.change")
                try applier.carryOut(change)
            }
            for index in prepared.settled { try applier.settle(prepared.desired.resources[Int(index)]) }
            FaultPoint.pass("apply.beforeInventory")
            try applier.keepInventory()
            destroyed = try transaction.destroyDue(by: context)
            try transaction.audit.record(
                .apply, commit: prepared.plan.head, detail: "plan \(prepared.plan.id)", by: context)
        }
        FaultPoint.pass("apply.afterCommit")
        return try report(core, destroyed: destroyed, prepared.plan)
    }

    private static func report(_ core: VaultCore, destroyed: Int, _ plan: Plan) throws -> ApplyReport {
        try core.store.read { store in
            ApplyReport(
                planID: plan.id,
                applied: Dictionary(plan.changes.map { ($0.action, 1) }, uniquingKeysWith: +),
                destroyedVersions: destroyed, serial: try store.integer(.serial),
                auditHead: try store.auditHeads().last?.text ?? "", didWrite: true)
        }
    }

    private func requireUnmoved() throws {
        let serial = transaction.serial
        guard serial == prepared.plan.vaultSerial else {
            throw ReconcileFailure(
                .stale,
                "the vault changed since the plan was made (serial \(serial), planned for "
                    + "\(prepared.plan.vaultSerial ?? 0))", hint: "plan again")
        }
        let source = try transaction.store.sources().first { $0.id == prepared.source.id }
        guard source?.commit == prepared.plan.base else {
            throw ReconcileFailure(
                .stale, "another commit was applied since the plan was made", hint: "plan again")
        }
    }

    // MARK: Changes

    private func carryOut(_ change: PlannedChange) throws {
        if change.action == .delete {
            try delete(change)
        } else if change.action == .define {
            transaction.markChanged()
            try record(.define, change)
        } else {
            try writeSecret(change, prepared.desired.resources[Int(change.desiredIndex)])
        }
    }

    private func delete(_ change: PlannedChange) throws {
        transaction.markChanged()
        guard change.key.kind == .secret else { return try record(.undefine, change) }
        guard var secret = try transaction.store.secret(change.key.secretID) else { return }
        secret.isManaged = false
        secret.drift = nil
        try transaction.softDelete(&secret)
        try record(.secretDelete, change, version: secret.currentVersion)
    }

    private func writeSecret(_ change: PlannedChange, _ resource: DesiredResource) throws {
        guard let desired = resource.secret else { return }
        let id = resource.key.secretID
        var secret =
            change.action == .create ? transaction.newSecret(id) : try transaction.existing(id)
        if change.action == .restore { try transaction.undelete(&secret) }
        secret.spec = resource.spec
        secret.specDigest = resource.specDigest
        secret.isManaged = true
        secret.deletionProtection = desired.deletionProtection
        secret.keepPrevious = desired.keepPrevious
        secret.updatedAt = transaction.now
        transaction.markChanged()
        if change.version == nil { agree(&secret, desired) } else { secret.drift = nil }
        if change.action == .adoptDrift { secret.drift = nil }

        if !change.kept.isEmpty, let value = desired.value {
            try writeBesideRotation(change, value, resource, in: &secret)
            try transaction.store.update(secret)
        } else if let value = desired.value, change.version != nil {
            let candidate = try storable(value, secret)
            var position = resource.position
            position.commit = prepared.plan.head
            let write = ValueWrite(origin: .git, source: position, author: context.principal)
            let isNew = secret.rowID == 0
            try transaction.addVersion(
                candidate.sealed, number: candidate.number, fingerprint: value.fingerprint,
                fields: value.fields, to: &secret, write)
            if !isNew { try transaction.store.update(secret) }
        } else if secret.rowID == 0 {
            secret.rowID = try transaction.store.insert(secret)
        } else {
            try transaction.store.update(secret)
        }
        try record(change.action.auditAction, change, version: change.version)
        try settleWriteBack(of: secret, desired)
        if change.action == .adoptDrift { try adopt(change.adopted, of: secret) }
    }

    /// Git's value with the fields that rotation made in their place. A value of Git's that contradicts them is kept as a
    /// version beside it.
    private func writeBesideRotation(
        _ change: PlannedChange, _ value: DesiredValue, _ resource: DesiredResource, in secret: inout SecretRecord
    ) throws {
        let candidate = try storable(value, secret)
        var position = resource.position
        position.commit = prepared.plan.head
        let write = ValueWrite(origin: .git, source: position, author: context.principal)
        let sealed = candidate.sealed
        if change.risks.contains(.writeBackConflict) {
            try transaction.addPreviousVersion(
                sealed, number: candidate.number, fingerprint: value.fingerprint, fields: value.fields, to: &secret,
                write)
        }
        guard change.version != nil else { return }
        let rotated = try transaction.openValue(of: secret, version: secret.currentVersion)
        var merged = try SecretValue(
            decoding: transaction.keyring.open(sealed, for: secret.id, version: candidate.number))
        for leaf in rotated.leaves where change.kept.contains(SecretValue.text(of: leaf.path)) {
            merged = try merged.setting(leaf)
        }
        let own = value.fields.filter { !change.kept.contains($0.field) }
        try transaction.addVersion(
            merged, to: &secret, write,
            counters: Dictionary(own.map { ($0.field, $0.counter) }, uniquingKeysWith: { $1 }))
    }

    /// Git's value under the vault's keys. One that equals the vault's was not encrypted anew for the plan.
    private func storable(
        _ value: DesiredValue, _ secret: SecretRecord
    ) throws -> (number: Int64, sealed: SealedValue) {
        if let candidate = value.candidate { return candidate }
        let number = secret.latestVersion + 1
        let same = try transaction.openValue(of: secret, version: secret.currentVersion)
        return (number, try transaction.keyring.seal(same.encoded(), for: secret.id, version: number))
    }

    /// A rotation is over when Git holds what it made.
    private func settleWriteBack(of secret: SecretRecord, _ desired: DesiredSecret) throws {
        guard unwritten.contains(secret.id), let value = desired.value else { return }
        try transaction.settleWriteBack(
            of: secret, git: value.fields, commit: prepared.plan.head, by: context)
    }

    private func settle(_ resource: DesiredResource) throws {
        guard let desired = resource.secret, var secret = try transaction.store.secret(resource.key.secretID) else {
            return
        }
        agree(&secret, desired)
        try transaction.store.update(secret)
        transaction.markChanged()
        try settleWriteBack(of: secret, desired)
    }

    /// Where Git and vault hold the same value, or Git leaves it to the vault, nothing has drifted.
    private func agree(_ secret: inout SecretRecord, _ desired: DesiredSecret) {
        guard let value = desired.value else {
            secret.drift = nil
            return
        }
        guard secret.fingerprint == value.fingerprint else { return }
        secret.drift = nil
        secret.fields = value.fields.remembering(secret.fields)
    }

    private func record(_ action: AuditAction, _ change: PlannedChange, version: Int64? = nil) throws {
        try transaction.audit.record(
            action, change.key.description, version: version, commit: prepared.plan.head,
            detail: change.action.rawValue, by: context)
    }

    // MARK: Inventory

    private func keepInventory() throws {
        var source = prepared.source
        source.appliedAt = transaction.now
        source.policy = prepared.desired.policy.encoded
        source.repositoryID = prepared.desired.policy.repositoryID
        source.id = try transaction.store.save(source)
        for resource in prepared.desired.resources {
            let known = prepared.lastApplied.resources[resource.key]
            let record = AppliedRecord(
                key: resource.key, source: source.id, position: resource.position,
                spec: resource.secret == nil ? resource.spec : [], specDigest: resource.specDigest,
                fingerprint: resource.secret?.value?.fingerprint,
                referenceSet: try transaction.store.referenceSetID(resource.references))
            if let known, known.isSame(as: record) { continue }
            try transaction.store.save(record)
        }
        guard !prepared.lastApplied.resources.isEmpty else { return }
        let wanted = Set(prepared.desired.resources.map(\.key))
        for key in prepared.lastApplied.resources.keys where !wanted.contains(key) {
            try transaction.store.removeApplied(key)
            try forgetDeletedByHand(key)
        }
    }

    /// Git and the vault agree again once the manifest of a secret that was deleted by hand is gone too.
    private func forgetDeletedByHand(_ key: ResourceKey) throws {
        guard key.kind == .secret, var secret = try transaction.store.secret(key.secretID), secret.drift != nil else {
            return
        }
        secret.drift = nil
        secret.isManaged = false
        try transaction.store.update(secret)
        transaction.markChanged()
    }
}

extension ChangeAction {
    fileprivate var auditAction: AuditAction {
        switch self {
        case .create: .secretCreate
        case .update: .secretUpdate
        case .newVersion: .secretWrite
        case .restore: .secretRestore
        case .delete: .secretDelete
        case .define: .define
        case .revertDrift: .driftRevert
        case .adoptDrift: .driftAdopt
        }
    }
}

extension AppliedRecord {
    fileprivate func isSame(as other: AppliedRecord) -> Bool {
        source == other.source && position.path == other.position.path && position.line == other.position.line
            && position.column == other.position.column && position.blob == other.position.blob
            && specDigest == other.specDigest && fingerprint == other.fingerprint
            && referenceSet == other.referenceSet
    }
}
