package import ResealCore
internal import ResealEngines
internal import ResealManifests
package import ResealSealing
package import ResealVault

/// How one rotation ended.
package struct RotationReport: Sendable {
    package enum Outcome: Sendable {
        /// Git leaves the value to the vault, or holds it already.
        case done
        /// The vault is newer than Git until the new value is written back.
        case writeBackPending
        case writtenBack(WriteBackOutcome)
        /// As `writeBackPending`, for this reason.
        case writeBackFailed(any UserFacingFailure)
    }

    package let id: SecretID
    /// The version that is current now.
    package let version: Int64
    package let outcome: Outcome
    /// True when it went on with one that had been interrupted or had failed.
    package let isResumed: Bool
    /// When the target is to forget the value before.
    package let retiresAt: Timestamp?

    package init(id: SecretID, version: Int64, outcome: Outcome, isResumed: Bool, retiresAt: Timestamp?) {
        self.id = id
        self.version = version
        self.outcome = outcome
        self.isResumed = isResumed
        self.retiresAt = retiresAt
    }
}

/// Renews values step by step, each noted before the next. Whichever step the process dies in, the next run goes on or
/// takes it back; neither the old nor the new value is lost. Calls block.
package struct Rotator: Sendable {
    let core: VaultCore
    let targets: ControllerTargets
    let writeBack: (any WriteBack)?

    package init(core: VaultCore, targets: ControllerTargets, writeBack: (any WriteBack)? = nil) {
        self.core = core
        self.targets = targets
        self.writeBack = writeBack
    }

    /// Renews the value of one secret, or goes on with a rotation of it that did not come to its end.
    ///
    /// - Parameters:
    ///   - value: the new value; `nil` to make one as the manifest says.
    ///   - field: the field that gets it; `nil` for the manifest's, or the only one.
    package func rotate(
        _ id: SecretID, to value: SecretBytes? = nil, field: FieldPath? = nil, by context: ActionContext
    ) throws -> RotationReport {
        let (record, journal) = try core.audited(.secretRotate, ResourceKey(id).description, by: context) {
            let secret = try $0.existing(id)
            return (secret, try $0.store.rotation(of: secret.rowID))
        }
        guard record.state == .active else {
            throw VaultFailure(
                .deleted, "\(id) is deleted", hint: "`reseal rotation cancel \(id.name)` ends what was begun of it")
        }
        let subject = RotationSubject(record)
        let handler = try subject?.rotation?.handler.map { try targets.handler($0, for: id, by: context) }
        if let journal, journal.step.isUnpromoted {
            guard value == nil else {
                throw ReconcileFailure(
                    .rotationRunning, "a rotation of \(id) has not come to its end, so it takes no other value",
                    hint: "`reseal rotate \(id.name)` goes on with it; `reseal rotation cancel` takes it back")
            }
            return try carryOn(journal, subject, handler, isResumed: true, by: context)
        }
        if var journal, journal.retireAt != nil { try retire(&journal, subject, handler, by: context) }
        let begun = try begin(record, subject, handler, value, field, by: context)
        FaultPoint.pass("rotation.pending")
        return try carryOn(begun, subject, handler, isResumed: false, by: context)
    }

    // MARK: Beginning

    private func begin(
        _ record: SecretRecord, _ subject: RotationSubject?, _ handler: (any RotationHandler)?, _ value: SecretBytes?,
        _ field: FieldPath?, by context: ActionContext
    ) throws -> RotationRecord {
        try core.audited(.secretRotate, ResourceKey(record.id).description, by: context) { transaction in
            let secret = try transaction.existing(record.id)
            let current =
                secret.currentVersion > 0
                ? try transaction.openValue(of: secret, version: secret.currentVersion) : nil
            let fresh = try FreshLeaves.make(
                for: record.id, subject, in: current, value: value, field: field, handler: handler, transaction,
                by: context)
            return try transaction.beginRotation(of: record.id, to: fresh, by: context)
        }
    }

    // MARK: Steps

    private func carryOn(
        _ journal: RotationRecord, _ subject: RotationSubject?, _ handler: (any RotationHandler)?, isResumed: Bool,
        by context: ActionContext
    ) throws -> RotationReport {
        var journal = journal
        while journal.step.isUnpromoted { try step(&journal, subject, handler, by: context) }
        var outcome = RotationReport.Outcome.done
        if journal.unwritten.isEmpty {
            try core.write { try $0.finishRotation(&journal, by: context) }
            FaultPoint.pass("rotation.done")
        } else {
            do {
                outcome = try writeBack(&journal, subject, by: context).map { .writtenBack($0) } ?? .writeBackPending
            } catch let failure as any UserFacingFailure { outcome = .writeBackFailed(failure) }
        }
        let version = try core.store.read { try $0.secret(journal.id)?.currentVersion ?? 0 }
        return RotationReport(
            id: journal.id, version: version, outcome: outcome, isResumed: isResumed, retiresAt: journal.retireAt)
    }

    private func step(
        _ journal: inout RotationRecord, _ subject: RotationSubject?, _ handler: (any RotationHandler)?,
        by context: ActionContext
    ) throws {
        guard let handler, journal.step != .verified else {
            try core.write { try $0.promote(&journal, retires: handler?.retires ?? false, by: context) }
            return FaultPoint.pass("rotation.promoted")
        }
        if journal.step == .pending, let issuing = handler as? any IssuingHandler {
            return try issue(&journal, issuing, by: context)
        }
        let job = try job(journal, subject)
        if journal.step == .pending {
            try attempt(&journal, by: context) { try handler.handOver(job) }
            FaultPoint.pass("rotation.afterHandOver")
            try core.write { try $0.advance(&journal, to: .handedOver, by: context) }
            FaultPoint.pass("rotation.handedOver")
        } else {
            do { try attempt(&journal, by: context) { try handler.verify(job) } } catch let failure as HandlerFailure
                where failure.kind == .notVerified
            {
                try rollBack(&journal, job, handler, by: context)
                throw failure
            }
            FaultPoint.pass("rotation.afterVerify")
            try core.write { try $0.advance(&journal, to: .verified, by: context) }
            FaultPoint.pass("rotation.verified")
        }
    }

    /// Runs something that can fail outside of the vault, and notes it when it does.
    private func attempt(
        _ journal: inout RotationRecord, by context: ActionContext, _ body: () throws -> Void
    ) throws {
        do { try body() } catch let failure as any UserFacingFailure {
            try note(failure, in: &journal, by: context)
            throw failure
        }
    }

    func note(
        _ failure: any UserFacingFailure, in journal: inout RotationRecord, by context: ActionContext
    ) throws {
        let next = RotationBackoff.next(after: journal.failures + 1, of: journal.id, at: core.clock.now())
        try core.write { try $0.noteFailure(&journal, code: failure.code, nextAttemptAt: next, by: context) }
    }

    private func job(_ journal: RotationRecord, _ subject: RotationSubject?) throws -> RotationJob {
        try core.write { transaction in
            let secret = try transaction.existing(journal.id)
            let value = try transaction.openValue(of: secret, version: journal.candidate)
            let candidate = try transaction.version(journal.candidate, of: secret)
            let previous =
                journal.previous > 0 ? try? transaction.openValue(of: secret, version: journal.previous) : nil
            let changed = try transaction.rotatedFields(candidate, since: journal.previous, of: secret)
            let field = try FreshLeaves.field(subject, of: previous ?? value, among: changed)
            return RotationJob(
                id: journal.id, version: journal.candidate, value: value, previous: previous, field: field)
        }
    }

    /// The target forgets the candidate, then the vault does. In this order: a candidate that may be valid is kept.
    private func rollBack(
        _ journal: inout RotationRecord, _ job: RotationJob, _ handler: any RotationHandler, by context: ActionContext
    ) throws {
        try attempt(&journal, by: context) { try handler.rollBack(job) }
        FaultPoint.pass("rotation.afterRollBack")
        try core.write { try $0.dropCandidate(&journal, by: context) }
    }

    private func retire(
        _ journal: inout RotationRecord, _ subject: RotationSubject?, _ handler: (any RotationHandler)?,
        by context: ActionContext
    ) throws {
        if let handler {
            let job = try job(journal, subject)
            try attempt(&journal, by: context) { try handler.retire(job) }
            FaultPoint.pass("rotation.afterRetire")
        }
        try core.write { try $0.noteRetired(&journal, by: context) }
    }

    // MARK: Git

    /// `nil` when there is nowhere to write to.
    private func writeBack(
        _ journal: inout RotationRecord, _ subject: RotationSubject?, by context: ActionContext
    ) throws -> WriteBackOutcome? {
        guard let writeBack, let subject else { return nil }
        let item = try core.write { try subject.writeBackItem(journal, $0) }
        let result: WriteBackOutcome
        do {
            FaultPoint.pass("rotation.beforeSealing")
            result = try writeBack.write(item, at: core.clock.now()) { step, commit in
                FaultPoint.pass("rotation.afterWriting")
                try core.write { try $0.advance(&journal, to: step, commit: commit, by: context) }
                FaultPoint.pass("rotation.written")
            }
        } catch let failure as any UserFacingFailure {
            try note(failure, in: &journal, by: context)
            throw failure
        }
        if journal.failures > 0 {
            (journal.failures, journal.lastFailure) = (0, nil)
            try core.write { try $0.store.save(journal) }
        }
        // A value that was pushed stays known as such until the commit is applied: the branch may still lose it.
        return result
    }
}

// MARK: What earlier rotations left to do

extension Rotator {
    /// Takes a rotation back that has not come to its end: the target gets the value before, the candidate is destroyed.
    package func cancel(_ id: SecretID, by context: ActionContext) throws {
        guard let record = try core.store.read({ try $0.secret(id) }),
            var journal = try core.store.read({ try $0.rotation(of: record.rowID) }), journal.step.isUnpromoted
        else {
            throw ReconcileFailure(
                .noRotation, "no rotation of \(id) is running", hint: "`reseal rotation list` shows those that are")
        }
        let subject = RotationSubject(record)
        if record.state == .active,
            let handler = try subject?.rotation?.handler.map({ try targets.handler($0, for: id, by: context) })
        {
            return try rollBack(&journal, job(journal, subject), handler, by: context)
        }
        try core.write { try $0.dropCandidate(&journal, by: context) }
    }

    /// Seals what Git does not hold yet.
    ///
    /// - Returns: `nil` when nothing of this secret waits for Git.
    package func writeBack(_ id: SecretID, by context: ActionContext) throws -> WriteBackOutcome? {
        guard let record = try core.store.read({ try $0.secret(id) }),
            var journal = try core.store.read({ try $0.rotation(of: record.rowID) }), journal.isWriteBackPending
        else { return nil }
        return try writeBack(&journal, RotationSubject(record), by: context)
    }

    /// Lets the target forget a value that is kept no longer.
    package func retire(_ id: SecretID, by context: ActionContext) throws {
        guard let record = try core.store.read({ try $0.secret(id) }),
            var journal = try core.store.read({ try $0.rotation(of: record.rowID) }), journal.retireAt != nil
        else { return }
        let subject = RotationSubject(record)
        let handler = try subject?.rotation?.handler.map { try targets.handler($0, for: id, by: context) }
        try retire(&journal, subject, handler, by: context)
    }
}
