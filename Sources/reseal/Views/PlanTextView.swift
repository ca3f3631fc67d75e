internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// A plan for people.
struct PlanTextView {
    let style: Style
    /// How many changes are listed one by one.
    let listLimit: Int

    func render(_ plan: Plan) -> String {
        var lines = [header(plan), ""]
        lines += plan.warnings.map { "\(style.yellow("warning:")) \(place($0.span))\(SafeText.line($0.message))" }
        for change in plan.changes.prefix(listLimit) { lines += describe(change) }
        if plan.changes.count > listLimit {
            lines.append("  … and \(plan.changes.count - listLimit) more; --json lists all")
        }
        lines += access(plan.access) + drift(plan.drift)
        for refusal in plan.guards {
            lines.append("")
            lines.append("\(style.red("refused:")) \(place(refusal.span))\(SafeText.line(refusal.message))")
            lines.append("  hint: \(refusal.hint)")
        }
        if !plan.changes.isEmpty || !plan.drift.isEmpty || !plan.warnings.isEmpty { lines.append("") }
        lines.append(style.bold(PlanSummary.line(plan)))
        return lines.joined(separator: "\n")
    }

    private func header(_ plan: Plan) -> String {
        let head = plan.head.map { $0.short } ?? "work tree"
        let base = plan.base.map { $0.short } ?? "nothing applied yet"
        let vault = plan.vaultSerial.map { "vault serial \($0)" } ?? "compared without keys"
        return "\(style.bold("Plan \(plan.id.prefix(12))")): \(SafeText.line(plan.source.location)) "
            + "\(SafeText.line(plan.source.ref)), \(base) → \(head), \(vault)"
    }

    private func describe(_ change: PlannedChange) -> [String] {
        var line = "  \(symbol(change)) \(padded(change.action.rawValue, 11)) \(address(change.key))"
        if let version = change.version { line += " (version \(version))" }
        line += style.dim("  \(change.reason)\(change.position.map { ", \($0.span.file):\($0.line)" } ?? "")")
        var lines = [line]
        for attribute in change.attributes {
            lines.append(
                "        \(SafeText.line(attribute.path.joined(separator: "."))): "
                    + "\(value(attribute.before)) → \(value(attribute.after))")
        }
        let fields = change.fields.filter { $0.kind != .unchanged }
        if !fields.isEmpty {
            let names = fields.map { "\(name($0.field)) \($0.kind.rawValue)" }
            lines.append("        value: \(names.joined(separator: ", "))")
        }
        lines += change.risks.map { "      \(style.yellow("!")) \($0.rawValue): \($0.text)" }
        return lines
    }

    private func access(_ changes: [AccessChange]) -> [String] {
        guard !changes.isEmpty else { return [] }
        return ["", style.bold("Access")]
            + changes.prefix(listLimit).map { change in
                let parts = [
                    change.gained.isEmpty ? nil : style.green("gains \(words(change.gained.map(\.rawValue)))"),
                    change.lost.isEmpty ? nil : style.red("loses \(words(change.lost.map(\.rawValue)))"),
                ].compactMap { $0 }
                return "  \(SafeText.line(PlanSummary.who(change.principal))) \(parts.joined(separator: ", ")) "
                    + "on \(PlanSummary.secrets(change.secrets))"
            }
    }

    private func drift(_ notes: [DriftNote]) -> [String] {
        guard !notes.isEmpty else { return [] }
        return ["", style.bold("Drift: changed in the vault by hand")]
            + notes.prefix(listLimit).map { note in
                let fields = note.fields.filter { $0.kind != .unchanged }.map { name($0.field) }
                let what = fields.isEmpty ? note.drift.rawValue : "\(note.drift.rawValue) (\(words(fields)))"
                return "  \(note.id): \(what), \(note.outcome.rawValue)"
            }
    }

    private func symbol(_ change: PlannedChange) -> String {
        switch change.action {
        case .create, .restore: style.green("+")
        case .delete: style.red("-")
        case .define where change.isNew: style.green("+")
        default: style.yellow("~")
        }
    }

    private func address(_ key: ResourceKey) -> String {
        key.kind == .secret ? style.bold("\(key.secretID)") : style.bold(key.description)
    }

    private func value(_ json: JSON?) -> String { json.map { SafeText.line($0.canonical) } ?? "(none)" }
    private func name(_ field: String) -> String { field.isEmpty ? "(scalar)" : SafeText.line(field) }
    private func words(_ items: [String]) -> String { items.joined(separator: ", ") }
    private func place(_ span: SourceSpan?) -> String { span.map { "\($0): " } ?? "" }
    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// Sentences that text and Markdown share.
enum PlanSummary {
    static func line(_ plan: Plan) -> String {
        if !plan.guards.isEmpty { return "Plan refused: \(plan.guards.count) guard(s) stop it; nothing will be done." }
        let reported = plan.drift.count { $0.outcome == .reported }
        let drifted = reported == 0 ? "" : " \(reported) secret(s) drifted; their policy is to report it."
        guard !plan.changes.isEmpty else { return "Nothing to do: the vault matches Git.\(drifted)" }
        let created = plan.count(.create) + plan.count(.restore)
        let defined = plan.count(.define)
        let changed = plan.count(.update) + plan.count(.newVersion) + plan.count(.revertDrift)
        var parts = ["\(created) to create", "\(changed) to change", "\(plan.count(.delete)) to delete"]
        if defined > 0 { parts.append("\(defined) definition(s)") }
        return "Plan: \(parts.joined(separator: ", ")).\(drifted)"
    }

    static func who(_ principal: Principal) -> String {
        principal.description == "*" ? "everyone (*)" : principal.description
    }

    /// The first few by name, the rest by number.
    static func secrets(_ ids: [SecretID]) -> String {
        let named = ids.prefix(3).map(\.description)
        let rest = ids.count - named.count
        return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
