internal import ResealCore
internal import ResealReconciler

/// What an apply did.
struct ApplyView {
    let json: Bool

    func show(_ report: ApplyReport, _ checkout: Checkout) {
        Terminal.print(json ? document(report, checkout).canonical : text(report, checkout))
    }

    private func text(_ report: ApplyReport, _ checkout: Checkout) -> String {
        let commit = checkout.head?.short ?? ""
        guard report.didWrite else { return "Nothing to do: the vault holds commit \(commit)." }
        let counts = ChangeAction.allCases.compactMap { action in
            report.applied[action].map { "\(action.rawValue) \($0)" }
        }
        let done = counts.isEmpty ? "no changes" : counts.joined(separator: ", ")
        let destroyed = report.destroyedVersions == 0 ? "" : "; \(report.destroyedVersions) old version(s) destroyed"
        return """
            Applied commit \(commit): \(done)\(destroyed). Vault serial \(report.serial).
            Audit head \(report.auditHead)
            """
    }

    private func document(_ report: ApplyReport, _ checkout: Checkout) -> JSON {
        [
            "format_version": "1.0", "type": "apply_complete", "plan_id": .string(report.planID),
            "commit": checkout.head.map { .string($0.description) } ?? .null,
            "changes": .object(
                Dictionary(
                    report.applied.map { ($0.key.rawValue, .integer(Int64($0.value))) }, uniquingKeysWith: { $1 })),
            "destroyed_versions": .integer(Int64(report.destroyedVersions)), "vault_serial": .integer(report.serial),
            "audit_head": .string(report.auditHead), "changed": .bool(report.didWrite),
        ]
    }
}
