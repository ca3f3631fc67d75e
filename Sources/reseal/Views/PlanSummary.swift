internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// Sentences that text and Markdown share.
enum PlanSummary {
    static func line(_ plan: Plan) -> String {
        if !plan.guards.isEmpty { return "Plan refused: \(plan.guards.count) guard(s) stop it; nothing will be done." }
        let reported = plan.drift.count { $0.outcome == .reported }
        let stuck = plan.drift.count { $0.outcome == .notAdoptable }
        guard !plan.changes.isEmpty else { return "Nothing to do: \(nothing(plan, reported, stuck))." }
        let drifted =
            (reported == 0 ? "" : " \(reported) secret(s) drifted; their policy is to report it.")
            + (stuck == 0 ? "" : " \(stuck) secret(s) drifted in a way that cannot be adopted.")
        let created = plan.count(.create) + plan.count(.restore)
        let defined = plan.count(.define)
        let changed =
            plan.count(.update) + plan.count(.newVersion) + plan.count(.revertDrift)
            + plan.count(.adoptDrift)
        var parts = ["\(created) to create", "\(changed) to change", "\(plan.count(.delete)) to delete"]
        if defined > 0 { parts.append("\(defined) definition(s)") }
        return "Plan: \(parts.joined(separator: ", ")).\(drifted)"
    }

    private static func nothing(_ plan: Plan, _ reported: Int, _ stuck: Int) -> String {
        if plan.isKeyless {
            return plan.head == nil
                ? "the work tree does not differ from the commit in what it describes"
                : "the two commits do not differ in what they describe"
        }
        let notes = [
            reported == 0 ? nil : "\(reported) secret(s) drifted, which their policy is to report",
            stuck == 0 ? nil : "\(stuck) secret(s) drifted in a way that cannot be adopted",
        ].compactMap { $0 }
        return notes.isEmpty ? "the vault matches Git" : notes.joined(separator: "; ")
    }

    static func who(_ principal: Principal) -> String {
        principal == .everyone ? "everyone (*)" : principal.description
    }

    /// A secret by its name, anything else by its address.
    static func name(_ key: ResourceKey) -> String {
        key.kind == .secret ? key.secretID.description : key.description
    }

    /// The first few by name, the rest by number.
    static func names(_ keys: [ResourceKey]) -> String {
        let named = keys.prefix(3).map(name)
        let rest = keys.count - named.count
        return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// `value` for a scalar, else the path of the field.
    static func field(_ field: FieldChange) -> String {
        "\(field.field.isEmpty ? "value" : field.field) \(field.kind.rawValue)"
    }

    /// At most `limit` characters of a text.
    static func cut(_ text: String, to limit: Int) -> String {
        text.count > limit ? text.prefix(limit) + "…" : text
    }
}
