internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

/// A plan for programs, with the field names of Terraform's `show -json` plan so that its policy tools work on it.
/// docs/plan-json.md describes every field. Secret leaves are `null`, with `true` in the mask beside them.
struct PlanJSONView {
    /// A new minor number adds fields; a new major one changes their meaning.
    static let formatVersion = "1.0"

    func render(_ prepared: PreparedPlan) -> String {
        let plan = prepared.plan
        let base: JSON = [
            "commit": optional(plan.base?.description), "head": optional(plan.head?.description),
            "vault_serial": plan.vaultSerial.map { .integer($0) } ?? .null,
            "policy_digest": .string(plan.policyDigest.description),
            "recipients_digest": .string(plan.recipientsDigest.description),
        ]
        return JSON.object([
            "format_version": .string(Self.formatVersion), "reseal_version": .string(ResealVersion.current),
            "plan_id": .string(plan.id), "timestamp": .string(plan.createdAt.description), "base": base,
            "source": [
                "location": .string(plan.source.location), "ref": .string(plan.source.ref),
                "path": .string(plan.source.path),
            ],
            "errored": false, "applyable": .bool(plan.guards.isEmpty && !plan.isKeyless && plan.head != nil),
            "complete": .bool(!plan.isKeyless),
            "resource_changes": .array(plan.changes.map { change($0, spec: prepared.spec(of: $0)) }),
            "resource_drift": .array(plan.drift.map(drift)),
            "access_changes": .array(plan.access.flatMap(access)),
            "checks": .array(plan.guards.map(check) + plan.warnings.map(DiagnosticView.json)),
        ]).canonical
    }

    private func change(_ change: PlannedChange, spec: JSON?) -> JSON {
        let after = change.action == .delete ? nil : spec.map(ValueMask.init)
        var before: ValueMask?
        if change.action != .create, change.action != .restore, !(change.action == .define && change.isNew) {
            before = spec.map { ValueMask(spec: Self.undo(change.attributes, in: $0)) }
        }
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
            "value_change": .object(
                Dictionary(change.fields.map { ($0.field, .string($0.kind.rawValue)) }, uniquingKeysWith: { $1 })),
        ]
        if let version = change.version { members["version"] = .integer(version) }
        if let span = change.position?.span { members["position"] = DiagnosticView.json(span) }
        return .object(members)
    }

    /// The document as it was before, from the one after and what differs.
    private static func undo(_ changes: [AttributeChange], in spec: JSON) -> JSON {
        changes.reduce(spec) { document, change in replacing(change.path[...], with: change.before, in: document) }
    }

    private static func replacing(_ path: ArraySlice<String>, with value: JSON?, in document: JSON) -> JSON {
        guard let key = path.first else { return value ?? .null }
        var members = document.objectValue ?? [:]
        members[key] =
            path.count == 1 ? value : replacing(path.dropFirst(), with: value, in: members[key] ?? .object([:]))
        return .object(members)
    }

    private func drift(_ note: DriftNote) -> JSON {
        [
            "address": .string(ResourceKey(note.id).description), "type": "Secret", "name": .string(note.id.name),
            "drift": .string(note.drift.rawValue), "outcome": .string(note.outcome.rawValue),
            "value_change": .object(
                Dictionary(note.fields.map { ($0.field, .string($0.kind.rawValue)) }, uniquingKeysWith: { $1 })),
        ]
    }

    private func access(_ change: AccessChange) -> [JSON] {
        change.secrets.map { secret in
            [
                "principal": .string(change.principal.description),
                "secret": .string(ResourceKey(secret).description),
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

    private func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}

/// A manifest's public form with each leaf of its value as `null`, and the mask that says which they are.
private struct ValueMask {
    let document: JSON
    let mask: JSON

    init(spec: JSON) {
        guard var members = spec.objectValue, var inner = members["spec"]?.objectValue, let shape = inner["value"] else {
            document = spec
            mask = .object([:])
            return
        }
        inner["value"] = Self.leaves(shape, .null)
        members["spec"] = .object(inner)
        document = .object(members)
        mask = ["spec": ["value": Self.leaves(shape, true)]]
    }

    private static func leaves(_ shape: JSON, _ leaf: JSON) -> JSON {
        shape.objectValue.map { .object($0.mapValues { leaves($0, leaf) }) } ?? leaf
    }
}
