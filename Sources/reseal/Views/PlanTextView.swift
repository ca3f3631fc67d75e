internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// A plan for people.
struct PlanTextView {
    let style: Style
    /// How many items of a list are shown one by one.
    let listLimit: Int

    private static let valueLimit = 160

    func render(_ plan: Plan) -> String {
        var lines = [header(plan), ""]
        lines += listed(plan.warnings) { ["\(style.yellow("warning:")) \(place($0.span))\(SafeText.line($0.message))"] }
        lines += listed(plan.changes, describe)
        lines += section("Access", listed(plan.access) { [access($0)] })
        lines += section("Drift: changed in the vault by hand", listed(plan.drift) { [drift($0)] })
        lines += listed(plan.guards, refusal)
        if !plan.changes.isEmpty || !plan.drift.isEmpty || !plan.warnings.isEmpty || !plan.guards.isEmpty {
            lines.append("")
        }
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

    private func listed<T>(_ items: [T], _ lines: (T) -> [String]) -> [String] {
        let rest = items.count - listLimit
        return items.prefix(listLimit).flatMap(lines) + (rest > 0 ? ["  … and \(rest) more; --full lists all"] : [])
    }

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", style.bold(title)] + lines
    }

    // MARK: Items

    private func describe(_ change: PlannedChange) -> [String] {
        var line = "  \(symbol(change)) \(padded(change.action.rawValue, 11)) "
        line += style.bold(SafeText.line(PlanSummary.name(change.key)))
        if let version = change.version { line += " (version \(version))" }
        let spot = change.position.map { ", \(SafeText.line($0.path)):\($0.line)" } ?? ""
        line += style.dim("  \(change.reason)\(spot)")
        let attributes = change.attributes.map { attribute in
            "        \(SafeText.line(attribute.path.joined(separator: "."))): "
                + "\(value(attribute.before)) → \(value(attribute.after))"
        }
        let fields = change.fields.filter { $0.kind != .unchanged }.map { SafeText.line(PlanSummary.field($0)) }
        return [line] + attributes + (fields.isEmpty ? [] : ["        value: \(words(fields))"])
            + change.risks.map { "      \(style.yellow("!")) \($0.rawValue): \($0.text)" }
    }

    private func access(_ change: AccessChange) -> String {
        let parts = [
            change.gained.isEmpty ? nil : style.green("gains \(words(change.gained.map(\.rawValue)))"),
            change.lost.isEmpty ? nil : style.red("loses \(words(change.lost.map(\.rawValue)))"),
        ].compactMap { $0 }
        return "  \(SafeText.line(PlanSummary.who(change.principal))) \(words(parts)) on "
            + SafeText.line(PlanSummary.names(change.resources))
    }

    private func drift(_ note: DriftNote) -> String {
        let fields = note.fields.filter { $0.kind != .unchanged }.map { $0.field.isEmpty ? "value" : $0.field }
        let what = fields.isEmpty ? note.drift.rawValue : "\(note.drift.rawValue) (\(words(fields)))"
        return "  \(SafeText.line("\(note.id): \(what), \(note.outcome.rawValue)"))"
    }

    private func refusal(_ refusal: GuardRefusal) -> [String] {
        [
            "", "\(style.red("refused:")) \(place(refusal.span))\(SafeText.line(refusal.message))",
            "  hint: \(SafeText.line(refusal.hint))",
        ]
    }

    private func symbol(_ change: PlannedChange) -> String {
        switch change.action {
        case .create, .restore: style.green("+")
        case .delete: style.red("-")
        case .define where change.isNew: style.green("+")
        default: style.yellow("~")
        }
    }

    private func value(_ json: JSON?) -> String {
        guard let text = json.map({ SafeText.line($0.canonical) }) else { return "(none)" }
        return listLimit == .max ? text : PlanSummary.cut(text, to: Self.valueLimit)
    }

    private func words(_ items: [String]) -> String { items.joined(separator: ", ") }
    private func place(_ span: SourceSpan?) -> String { span.map { "\(SafeText.line($0.description)): " } ?? "" }
    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
