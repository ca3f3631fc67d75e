internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

/// A plan for programs, with the field names of Terraform's `show -json` plan so that its policy tools work on it.
/// docs/plan-format.md describes every field. Secret leaves are `null`, with `true` in the mask beside them.
struct PlanJSONView {
    /// A new minor number adds fields; a new major one changes their meaning.
    static let formatVersion = "1.0"

    func render(_ prepared: PreparedPlan) -> String { document(prepared).canonical }

    func document(_ prepared: PreparedPlan) -> JSON {
        let plan = prepared.plan
        let base: JSON = [
            "commit": optional(plan.base?.description), "head": optional(plan.head?.description),
            "vault_serial": plan.vaultSerial.map { .integer($0) } ?? .null,
            "policy_digest": .string(plan.policyDigest.description),
            "recipients_digest": .string(plan.recipientsDigest.description),
        ]
        return [
            "format_version": .string(Self.formatVersion), "reseal_version": .string(ResealVersion.current),
            "plan_id": .string(plan.id), "timestamp": .string(plan.createdAt.description), "base": base,
            "source": [
                "location": .string(plan.source.location), "ref": .string(plan.source.ref),
                "path": .string(plan.source.path),
            ],
            "errored": false, "applyable": .bool(plan.guards.isEmpty && !plan.isKeyless && plan.head != nil),
            "complete": .bool(!plan.isKeyless),
            "resource_changes": .array(plan.changes.map { change($0, after: prepared.spec(of: $0)) }),
            "resource_drift": .array(plan.drift.map(drift)),
            "access_changes": .array(plan.access.flatMap(access)),
            "checks": .array(plan.guards.map(check) + plan.warnings.map(DiagnosticView.json)),
        ]
    }

    private func change(_ change: PlannedChange, after: JSON?) -> JSON {
        let isNew = change.isNew || change.action == .restore
        let before = isNew ? nil : MaskedManifest((try? JSON(parsing: change.before)) ?? [:], of: change.key.kind)
        let after = after.map { MaskedManifest($0, of: change.key.kind) }
        var members: [String: JSON] = [
            "address": .string(change.key.description), "mode": "managed", "type": .string(change.key.kind.rawValue),
            "name": .string(change.key.name), "organization": .string(change.key.organization),
            "action_reason": .string(change.reason), "reseal_action": .string(change.action.rawValue),
            "risks": .array(change.risks.map { .string($0.rawValue) }),
            "change": [
                "actions": .array(change.action.terraformActions(isNew: change.isNew).map { .string($0) }),
                "before": before?.document ?? .null, "after": after?.document ?? .null,
                "before_sensitive": before?.mask ?? false, "after_sensitive": after?.mask ?? false,
                "after_unknown": .object([:]),
            ],
            "value_change": fields(change.fields),
        ]
        if let version = change.version { members["version"] = .integer(version) }
        if let span = change.position?.span { members["position"] = DiagnosticView.json(span) }
        return .object(members)
    }

    private func drift(_ note: DriftNote) -> JSON {
        let key = ResourceKey(note.id)
        return [
            "address": .string(key.description), "mode": "managed", "type": .string(key.kind.rawValue),
            "name": .string(key.name), "organization": .string(key.organization),
            "drift": .string(note.drift.rawValue), "outcome": .string(note.outcome.rawValue),
            "change": [
                "actions": [.string(note.drift.terraformAction)], "before": .null, "after": .null,
                "before_sensitive": true, "after_sensitive": true, "after_unknown": .object([:]),
            ],
            "value_change": fields(note.fields),
        ]
    }

    private func access(_ change: AccessChange) -> [JSON] {
        change.resources.map { key in
            [
                "principal": .string(change.principal.description), "secret": .string(key.description),
                "gained": .array(change.gained.map { .string($0.rawValue) }),
                "lost": .array(change.lost.map { .string($0.rawValue) }),
            ]
        }
    }

    private func check(_ refusal: GuardRefusal) -> JSON {
        [
            "severity": "error", "code": .string(refusal.rule.rawValue), "message": .string(refusal.message),
            "hint": .string(refusal.hint), "position": refusal.span.map(DiagnosticView.json) ?? .null,
        ]
    }

    private func fields(_ changes: [FieldChange]) -> JSON {
        .object(Dictionary(changes.map { ($0.field, .string($0.kind.rawValue)) }, uniquingKeysWith: { $1 }))
    }

    private func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}

extension SecretRecord.Drift {
    fileprivate var terraformAction: String {
        switch self {
        case .value: "update"
        case .deleted: "delete"
        case .restored: "create"
        }
    }
}

/// A manifest's public form with each leaf of a secret's value as `null`, and the mask that says which they are.
private struct MaskedManifest {
    let document: JSON
    let mask: JSON

    init(_ manifest: JSON, of kind: ResourceKind) {
        guard kind == .secret, var members = manifest.objectValue, var spec = members["spec"]?.objectValue,
            let shape = spec["value"]
        else {
            document = manifest
            mask = .object([:])
            return
        }
        spec["value"] = Self.leaves(shape, .null)
        members["spec"] = .object(spec)
        document = .object(members)
        mask = ["spec": ["value": Self.leaves(shape, true)]]
    }

    private static func leaves(_ shape: JSON, _ leaf: JSON) -> JSON {
        shape.objectValue.map { .object($0.mapValues { leaves($0, leaf) }) } ?? leaf
    }
}
