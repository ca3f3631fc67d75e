package import ResealVault

/// A plan together with what apply needs to carry it out: values encrypted for the vault, and the inventory to keep.
package struct PreparedPlan: Sendable {
    package var plan: Plan
    package var desired: DesiredState
    package var lastApplied: LastApplied
    /// See ``PlanOutcome/settled``.
    package var settled: [Int32]
    /// The source as it will stand after the apply; its id is 0 when it is new.
    package var source: SourceRecord
}

/// What an apply did.
package struct ApplyReport: Sendable {
    package var planID: String
    package var applied: [ChangeAction: Int]
    package var destroyedVersions: Int
    package var serial: Int64
    /// The signed end of the audit chain, `<sequence>:<hash>`.
    package var auditHead: String
    /// False when the vault already held the commit and there was nothing to do.
    package var didWrite: Bool
}
