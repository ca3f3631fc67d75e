internal import ResealCore
package import ResealVault

/// Runs reconciliations one after the other, on a queue of its own: Git, disk and decryption block.
package actor Reconciler {
    private let reconciliation: Reconciliation
    private let executor = QueueExecutor(label: "reseal.reconciler")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(_ reconciliation: Reconciliation) { self.reconciliation = reconciliation }

    package func isUpToDate(_ checkout: Checkout) throws -> Bool { try reconciliation.isUpToDate(checkout) }
    package func upToDateReport() throws -> ApplyReport { try reconciliation.upToDateReport() }

    /// A plan to be shown; recorded in the audit trail.
    package func plan(_ checkout: Checkout, by context: ActionContext) throws -> PreparedPlan {
        try recordingFailure(of: .plan, checkout, context) {
            let prepared = try reconciliation.plan(checkout, forApply: false)
            try reconciliation.core.write {
                try $0.audit.record(
                    .plan, result: prepared.plan.guards.isEmpty ? .ok : .refused, commit: checkout.head,
                    detail: prepared.plan.guards.first?.rule.rawValue ?? "plan \(prepared.plan.id)", by: context)
            }
            return prepared
        }
    }

    /// A plan with its values encrypted for the vault, ready for ``apply(_:by:)``.
    package func prepare(_ checkout: Checkout, by context: ActionContext) throws -> PreparedPlan {
        try recordingFailure(of: .apply, checkout, context) { try reconciliation.plan(checkout, forApply: true) }
    }

    package func apply(_ prepared: PreparedPlan, by context: ActionContext) throws -> ApplyReport {
        try reconciliation.apply(prepared, by: context)
    }

    /// A misplaced or replayed value, an unreadable commit, rewritten history: whoever watches the trail has to see it.
    private func recordingFailure<R>(
        of action: AuditAction, _ checkout: Checkout, _ context: ActionContext, _ body: () throws -> R
    ) throws -> R {
        do {
            return try body()
        } catch let failure as any UserFacingFailure {
            try reconciliation.core.recordRefusal(
                of: action, commit: checkout.head, failure: failure, result: .refused, by: context)
            throw failure
        }
    }
}
