internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// A plan as a comment on a pull request: summary first, details folded.
struct PlanMarkdownView {
    /// Lets CI find its own comment and edit it in place.
    static let marker = "<!-- reseal-plan -->"
    /// Forges cut comments at 65,536 characters. Each part has its share, so that none pushes the others out.
    private enum Share {
        static let guards = 8_000
        static let risks = 10_000
        static let access = 10_000
        static let changes = 20_000
        static let drift = 5_000
        static let warnings = 8_000
    }
    private static let cellLimit = 400
    private static let valueLimit = 120

    func render(_ plan: Plan) -> String {
        let risky = plan.changes.filter { !$0.risks.isEmpty }
        let blocks = [
            Self.marker, "### \(PlanSummary.line(plan))",
            lines(plan.guards, Share.guards, refusal),
            table(["risk", "what it means", "where"], RiskNote.allCases, Share.risks) { risk(risk: $0, risky) },
            folded("Access", plan.access, ["principal", "gains", "loses", "resources"], Share.access, access),
            folded("Changes", plan.changes, ["action", "resource", "what", "where"], Share.changes, change),
            folded("Drift", plan.drift, ["secret", "changed by hand", "outcome"], Share.drift) {
                [text("\($0.id)"), $0.drift.rawValue, $0.outcome.rawValue]
            },
            folded("Warnings", plan.warnings.count, lines(plan.warnings, Share.warnings, warning)), footer(plan),
        ]
        return blocks.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func footer(_ plan: Plan) -> String {
        let vault = plan.vaultSerial.map { "vault serial \($0)" } ?? "compared without keys: sealed values not opened"
        let base = plan.base?.short ?? "none"
        return "<sub>plan `\(plan.id)`, base `\(base)`, head `\(plan.head?.short ?? "work tree")`, \(vault), "
            + "made \(plan.createdAt)</sub>"
    }

    // MARK: Rows

    private func refusal(_ refusal: GuardRefusal) -> String {
        "> ❌ **refused**: \(text(refusal.message)). \(text(refusal.hint))\n>"
    }

    private func warning(_ warning: Diagnostic) -> String {
        "- \(warning.span.map { "\(text($0.description)) " } ?? "")\(text(warning.message))"
    }

    private func risk(risk: RiskNote, _ changes: [PlannedChange]) -> [String]? {
        let concerned = changes.filter { $0.risks.contains(risk) }.map(\.key)
        guard !concerned.isEmpty else { return nil }
        return ["⚠️ \(risk.rawValue)", text(risk.text), text(PlanSummary.names(concerned))]
    }

    private func access(_ change: AccessChange) -> [String] {
        [
            text(PlanSummary.who(change.principal)), change.gained.map(\.rawValue).joined(separator: ", "),
            change.lost.map(\.rawValue).joined(separator: ", "), text(PlanSummary.names(change.resources)),
        ]
    }

    private func change(_ change: PlannedChange) -> [String] {
        let fields = change.fields.filter { $0.kind != .unchanged }.map(PlanSummary.field)
        let attributes = change.attributes.map { attribute in
            "\(attribute.path.joined(separator: ".")): \(value(attribute.before)) → \(value(attribute.after))"
        }
        let what = fields + attributes
        let rest = what.count > 10 ? ["… and \(what.count - 10) more"] : []
        return [
            change.action.rawValue, text(PlanSummary.name(change.key)),
            (what.prefix(10) + rest).map(text).joined(separator: "<br>"),
            change.position.map { text("\($0.path):\($0.line)") } ?? "",
        ]
    }

    private func value(_ json: JSON?) -> String {
        json.map { PlanSummary.cut($0.canonical, to: Self.valueLimit) } ?? "none"
    }

    private func text(_ text: String) -> String { SafeText.markdown(PlanSummary.cut(text, to: Self.cellLimit)) }

    // MARK: Blocks

    private func folded<T>(
        _ title: String, _ items: [T], _ head: [String], _ share: Int, _ row: (T) -> [String]?
    ) -> String {
        folded(title, items.count, table(head, items, share, row))
    }

    private func folded(_ title: String, _ count: Int, _ body: String) -> String {
        count == 0 ? "" : "<details><summary>\(title) (\(count))</summary>\n\n\(body)\n\n</details>"
    }

    /// A table of those items that have a row; empty without any.
    private func table<T>(_ head: [String], _ items: [T], _ share: Int, _ row: (T) -> [String]?) -> String {
        func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
        let body = lines(items, share) { row($0).map(line) }
        return body.isEmpty ? "" : [line(head), line(head.map { _ in "---" }), body].joined(separator: "\n")
    }

    /// As many items as fit into a share of bytes, and how many were left out.
    private func lines<T>(_ items: [T], _ share: Int, _ line: (T) -> String?) -> String {
        var lines: [String] = []
        var rest = share
        for (index, item) in items.enumerated() {
            guard let line = line(item) else { continue }
            rest -= line.utf8.count + 1
            guard rest >= 0 else {
                return (lines + ["", "… and \(items.count - index) more."]).joined(separator: "\n")
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}
