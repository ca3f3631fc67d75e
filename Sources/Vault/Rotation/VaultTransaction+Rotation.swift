package import ResealCore
internal import ResealSealing

// The journal of rotations. Each step is one transaction with its audit record, so that a process which dies leaves one
// step or the next. The old value stays the current one until the new one was used with success, and stays a version
// for `keepPrevious` after that.

extension VaultTransaction {
    /// Stores a new value as a pending version, before anyone else hears of it. What the journal remembered of earlier
    /// rotations, and Git does not know yet, stays remembered.
    package func beginRotation(
        of id: SecretID, to value: SecretValue, detail: String = "", by context: ActionContext
    ) throws -> RotationRecord {
        var secret = try existing(id)
        guard secret.state == .active else {
            throw VaultFailure(
                .deleted, "\(id) is deleted", hint: "`reseal rollback \(id.name)` brings it back, if it is still kept")
        }
        let earlier = try store.rotation(of: secret.rowID)
        guard earlier?.step.isUnpromoted != true else {
            throw VaultFailure(.serialMoved, "\(id) is being rotated already", hint: "let that rotation end first")
        }
        let number = try insertPending(value, of: &secret, by: context)
        let rotation = RotationRecord(
            rowID: secret.rowID, id: id, step: .pending, candidate: number, previous: secret.currentVersion,
            unwritten: earlier?.unwritten ?? [], startedAt: now, updatedAt: now, failures: earlier?.failures ?? 0)
        try store.save(rotation)
        try record(rotation, detail: detail, by: context)
        return rotation
    }

    /// Notes that a value will be asked for. What comes instead of an answer is known as lost, whatever happens to us.
    package func noteAsking(_ rotation: inout RotationRecord, lost code: String, by context: ActionContext) throws {
        rotation.lastFailure = code
        rotation.updatedAt = now
        try store.save(rotation)
        try record(rotation, detail: "asking", by: context)
    }

    /// Puts what the target issued into the place of the candidate, beside whatever the value has become meanwhile.
    package func replaceCandidate(
        _ rotation: inout RotationRecord, with leaves: [SecretValue.Leaf], by context: ActionContext
    ) throws {
        var secret = try existing(rotation.id)
        try destroy(rotation.candidate, of: &secret, by: context)
        var value = try SecretValue(leaves: [])
        if secret.currentVersion > 0 { value = try openValue(of: secret, version: secret.currentVersion) }
        for leaf in leaves { value = try value.setting(leaf) }
        rotation.candidate = try insertPending(value, of: &secret, by: context)
        rotation.previous = secret.currentVersion
        (rotation.failures, rotation.lastFailure) = (0, nil)
        try advance(&rotation, to: .handedOver, by: context)
    }

    private func insertPending(
        _ value: SecretValue, of secret: inout SecretRecord, by context: ActionContext
    ) throws -> Int64 {
        let number = secret.latestVersion + 1
        let encoded = value.encoded()
        let version = VersionRecord(
            number: number, state: .pending, origin: .rotation, createdAt: now, createdBy: context.principal,
            fingerprint: try keyring.fingerprint(encoded, of: secret.id),
            fields: try keyring.fieldStates(of: value, in: secret.id) { _ in 0 }, source: nil, restoredFrom: nil,
            purgeAt: nil, destroyedAt: nil)
        secret.latestVersion = number
        try store.update(secret)
        try store.insert(version, value: try keyring.seal(encoded, for: secret.id, version: number), of: secret.rowID)
        return number
    }

    /// Notes that a step is done.
    package func advance(
        _ rotation: inout RotationRecord, to step: RotationRecord.Step, commit: ObjectID? = nil,
        by context: ActionContext
    ) throws {
        rotation.step = step
        rotation.updatedAt = now
        rotation.nextAttemptAt = nil
        if step == .pushed || step == .done { (rotation.failures, rotation.lastFailure) = (0, nil) }
        try store.save(rotation)
        try record(rotation, commit: commit, by: context)
    }

    /// Makes the candidate the current version. Fields that somebody changed meanwhile are not undone: then the fields
    /// that rotation made are put into the value as it is now.
    ///
    /// - Parameter retires: the target has to be told when the previous value is kept no longer.
    package func promote(_ rotation: inout RotationRecord, retires: Bool, by context: ActionContext) throws {
        var secret = try existing(rotation.id)
        guard secret.state == .active else {
            throw VaultFailure(.deleted, "\(rotation.id) was deleted while it was rotated", hint: nil)
        }
        let candidate = try version(rotation.candidate, of: secret)
        let fields = try rotatedFields(candidate, since: rotation.previous, of: secret)
        let before = secret.fields
        // Where Git leaves the value to the vault there is nothing to write back.
        let gitHoldsValue =
            secret.isManaged ? try store.applied(ResourceKey(secret.id))?.fingerprint != nil : false
        if secret.currentVersion == rotation.previous {
            if secret.currentVersion > 0 {
                try store.retire(secret.currentVersion, of: secret.rowID, purgeAt: now.adding(secret.keepPrevious))
            }
            try store.promote(candidate.number, of: secret.rowID)
            secret.currentVersion = candidate.number
            secret.fingerprint = candidate.fingerprint
            secret.fields = candidate.fields.remembering(secret.fields)
        } else {
            try promoteBesideChanges(candidate, fields: fields, in: &secret, &rotation, by: context)
        }
        secret.updatedAt = now
        try store.update(secret)
        if gitHoldsValue {
            let known = Set(rotation.unwritten.map(\.field))
            rotation.unwritten += fields.filter { !known.contains($0) }.map { name in
                before.first { $0.field == name && !$0.isGone } ?? FieldState(field: name, counter: 0, fingerprint: 0)
            }
        }
        rotation.failures = 0
        rotation.lastFailure = nil
        rotation.retireAt = retires && rotation.previous > 0 ? now.adding(secret.keepPrevious) : nil
        try advance(&rotation, to: .promoted, by: context)
    }

    private func promoteBesideChanges(
        _ candidate: VersionRecord, fields: [String], in secret: inout SecretRecord, _ rotation: inout RotationRecord,
        by context: ActionContext
    ) throws {
        let made = try openValue(of: secret, version: candidate.number)
        var value = made
        if secret.currentVersion > 0 {
            value = try openValue(of: secret, version: secret.currentVersion)
            for leaf in made.leaves where fields.contains(SecretValue.text(of: leaf.path)) {
                value = try value.setting(leaf)
            }
        }
        try destroy(candidate.number, of: &secret, by: context)
        try addVersion(value, to: &secret, ValueWrite(origin: .rotation, author: context.principal))
        rotation.candidate = secret.currentVersion
    }

    /// Notes that an attempt failed. The candidate stays: the target may have taken it.
    package func noteFailure(
        _ rotation: inout RotationRecord, code: String, nextAttemptAt: Timestamp, by context: ActionContext
    ) throws {
        rotation.failures += 1
        rotation.lastFailure = code
        rotation.nextAttemptAt = nextAttemptAt
        rotation.updatedAt = now
        try store.save(rotation)
        try audit.record(
            .secretRotate, ResourceKey(rotation.id).description, version: rotation.candidate, result: .failed,
            detail: "\(rotation.step.rawValue): \(code)", by: context)
        markChanged()
    }

    /// Destroys a candidate that is not valid anywhere.
    package func dropCandidate(_ rotation: inout RotationRecord, by context: ActionContext) throws {
        guard rotation.step.isUnpromoted, var secret = try store.secret(rotation.id) else { return }
        try destroy(rotation.candidate, of: &secret, by: context)
        rotation.candidate = 0
        rotation.step = .done
        rotation.updatedAt = now
        try audit.record(
            .secretRotate, ResourceKey(rotation.id).description, version: rotation.previous, detail: "rolled-back",
            by: context)
        try keepOrForget(rotation)
    }

    /// Ends a rotation of which Git knows, or need not know.
    package func finishRotation(_ rotation: inout RotationRecord, by context: ActionContext) throws {
        try advance(&rotation, to: .done, by: context)
        try keepOrForget(rotation)
    }

    /// Notes that the target forgot the value before.
    package func noteRetired(_ rotation: inout RotationRecord, by context: ActionContext) throws {
        rotation.retireAt = nil
        rotation.nextAttemptAt = nil
        try audit.record(
            .secretRotate, ResourceKey(rotation.id).description, version: rotation.previous, detail: "retired",
            by: context)
        try keepOrForget(rotation)
    }

    private func keepOrForget(_ rotation: RotationRecord) throws {
        markChanged()
        let isIdle = rotation.step == .done && rotation.unwritten.isEmpty
        if isIdle, rotation.retireAt == nil, rotation.failures == 0 {
            try store.removeRotation(of: rotation.rowID)
        } else {
            try store.save(rotation)
        }
    }

    /// Compares what Git holds now with the rotated fields; those that agree are written back. When all are, the
    /// rotation is over.
    package func settleWriteBack(
        of secret: SecretRecord, git: [FieldState], commit: ObjectID?, by context: ActionContext
    ) throws {
        guard var rotation = try store.rotation(of: secret.rowID), !rotation.unwritten.isEmpty else { return }
        let inVault = Dictionary(secret.fields.present.map { ($0.field, $0.fingerprint) }, uniquingKeysWith: { $1 })
        let inGit = Dictionary(git.map { ($0.field, $0.fingerprint) }, uniquingKeysWith: { $1 })
        let left = rotation.unwritten.filter { inGit[$0.field] != inVault[$0.field] }
        guard left != rotation.unwritten else { return }
        rotation.unwritten = left
        guard left.isEmpty, !rotation.step.isUnpromoted else {
            markChanged()
            return try store.save(rotation)
        }
        if rotation.step != .pushed { try advance(&rotation, to: .pushed, commit: commit, by: context) }
        try finishRotation(&rotation, by: context)
    }

    /// Ends the wait for Git of a secret whose value is gone: nothing is left that could be written there.
    package func forgetUnwritten(of secret: SecretRecord, by context: ActionContext) throws {
        guard var rotation = try store.rotation(of: secret.rowID), !rotation.unwritten.isEmpty else { return }
        rotation.unwritten = []
        guard !rotation.step.isUnpromoted else {
            markChanged()
            return try store.save(rotation)
        }
        try finishRotation(&rotation, by: context)
    }

    /// The value of any version, also of one that waits to become current.
    package func openValue(of secret: SecretRecord, version number: Int64) throws -> SecretValue {
        guard let sealed = try store.sealedValue(number, of: secret.rowID) else {
            throw VaultFailure(
                .versionDestroyed, "version \(number) of \(secret.id) was destroyed",
                hint: "`reseal versions \(secret.id.name)` shows which are left")
        }
        return try SecretValue(decoding: keyring.open(sealed, for: secret.id, version: number))
    }

    /// Names of the fields in which a candidate differs from the version that it began with.
    package func rotatedFields(
        _ candidate: VersionRecord, since previous: Int64, of secret: SecretRecord
    ) throws -> [String] {
        let before = previous > 0 ? try version(previous, of: secret).fields : []
        let known = Dictionary(before.map { ($0.field, $0.fingerprint) }, uniquingKeysWith: { $1 })
        return candidate.fields.present.filter { known[$0.field] != $0.fingerprint }.map(\.field)
    }

    private func record(
        _ rotation: RotationRecord, commit: ObjectID? = nil, detail: String = "", by context: ActionContext
    ) throws {
        markChanged()
        try audit.record(
            .secretRotate, ResourceKey(rotation.id).description, version: rotation.candidate, commit: commit,
            detail: detail.isEmpty ? rotation.step.rawValue : "\(rotation.step.rawValue) (\(detail))", by: context)
    }
}

extension SecretRecord {
    /// When the present content of fields was made, whatever was written beside them since; `nil` without a value.
    ///
    /// - Parameter versions: all that the secret ever had, oldest first.
    package func valueMadeAt(fields: Set<String>, among versions: [VersionRecord]) -> Timestamp? {
        guard currentVersion > 0 else { return nil }
        let made = versions.reversed().filter { $0.number <= currentVersion && $0.state != .pending }
        // Of the only one there is nothing to compare.
        if made.count <= 1 { return made.first?.createdAt }
        func content(_ states: [FieldState]) -> [String: UInt64] {
            Dictionary(
                states.present.filter { fields.isEmpty || fields.contains($0.field) }.map {
                    ($0.field, $0.fingerprint)
                },
                uniquingKeysWith: { $1 })
        }
        let present = content(self.fields)
        return made.prefix { content($0.fields) == present }.last?.createdAt
    }
}
