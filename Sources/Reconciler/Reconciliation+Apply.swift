package import ResealCore
package import ResealVault

extension Reconciliation {
    /// Carries a prepared plan out. Its refusal, and that of a stale plan, is recorded in the audit trail.
    package func apply(_ prepared: PreparedPlan, by context: ActionContext) throws -> ApplyReport {
        guard prepared.plan.head != nil else {
            throw ReconcileFailure(
                .savedPlanInvalid, "a work tree with uncommitted changes cannot be applied", hint: "commit first")
        }
        if try isWithoutEffect(prepared) { return try upToDateReport() }
        do {
            let report = try Applier.apply(prepared, to: core, by: context)
            // A large apply leaves a large log behind, which every later start would have to read.
            if prepared.plan.changes.count > Self.manyChanges || report.destroyedVersions > 0 {
                try core.store.scrub()
            }
            return report
        } catch let failure as ReconcileFailure {
            try core.recordRefusal(
                of: .apply, commit: prepared.plan.head, failure: failure, result: .refused, by: context)
            throw failure
        }
    }

    /// True when only drift that is to be reported keeps the vault from being up to date: an idle loop must not fill the
    /// audit trail.
    private func isWithoutEffect(_ prepared: PreparedPlan) throws -> Bool {
        guard prepared.plan.isEmpty, prepared.settled.isEmpty, prepared.plan.guards.isEmpty,
            prepared.plan.base == prepared.plan.head
        else { return false }
        let now = core.clock.now()
        return try core.store.read { try $0.duePurges(at: now).isEmpty }
    }

    /// The report of an apply that finds nothing to do.
    package func upToDateReport() throws -> ApplyReport {
        try core.store.read { store in
            ApplyReport(
                planID: "", applied: [:], destroyedVersions: 0, serial: try store.integer(.serial),
                auditHead: try store.auditHeads().last?.text ?? "", didWrite: false)
        }
    }

    private static let manyChanges = 500
}

extension PreparedPlan {
    /// The public manifest of a change's resource, for views.
    package func spec(of change: PlannedChange) -> JSON? {
        guard change.desiredIndex >= 0 else { return nil }
        return try? JSON(parsing: desired.resources[Int(change.desiredIndex)].spec)
    }
}
