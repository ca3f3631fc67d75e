internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// A plan as a comment on a pull request: summary first, details folded.
struct PlanMarkdownView {
    /// Forges cut comments at about 64 KiB.
    private static let listLimit = 200
    /// Lets CI find its own comment and edit it in place.
    private static let marker = "<!-- reseal-plan -->"

    func render(_ plan: Plan) -> String {
        var blocks = [Self.marker, "### \(PlanSummary.line(plan))"]
        for refusal in plan.guards {
            blocks.append("> ❌ **refused**: \(SafeText.markdown(refusal.message)). \(SafeText.markdown(refusal.hint))")
        }
        let risky = plan.changes.filter { !$0.risks.isEmpty }
        if !risky.isEmpty { blocks.append(table(["risk", "what it means", "where"], riskRows(risky))) }
        if !plan.access.isEmpty { blocks.append(folded("Access (\(plan.access.count))", accessTable(plan.access))) }
        if !plan.changes.isEmpty {
            blocks.append(folded("Changes (\(plan.changes.count))", changeTable(plan.changes)))
        }
        if !plan.drift.isEmpty {
            let rows = plan.drift.prefix(Self.listLimit).map {
                ["`\($0.id)`", $0.drift.rawValue, $0.outcome.rawValue]
            }
            blocks.append(folded("Drift (\(plan.drift.count))", table(["secret", "changed by hand", "outcome"], rows)))
        }
        if !plan.warnings.isEmpty {
            let list = plan.warnings.prefix(Self.listLimit).map { warning in
                "- \(warning.span.map { "\(SafeText.markdown($0.description)) " } ?? "")"
                    + SafeText.markdown(warning.message)
            }
            blocks.append(folded("Warnings (\(plan.warnings.count))", list.joined(separator: "\n")))
        }
        blocks.append(footer(plan))
        return blocks.joined(separator: "\n\n")
    }

    private func footer(_ plan: Plan) -> String {
        let vault = plan.vaultSerial.map { "vault serial \($0)" } ?? "compared without keys: sealed values not opened"
        let base = plan.base?.short ?? "none"
        return "<sub>plan `\(plan.id)`, base `\(base)`, head `\(plan.head?.short ?? "work tree")`, \(vault), "
            + "made \(plan.createdAt)</sub>"
    }

    private func riskRows(_ changes: [PlannedChange]) -> [[String]] {
        RiskNote.allCases.compactMap { risk in
            let concerned = changes.filter { $0.risks.contains(risk) }
            guard !concerned.isEmpty else { return nil }
            let names = concerned.prefix(3).map { "`\($0.key)`" }.joined(separator: ", ")
            let rest = concerned.count > 3 ? " and \(concerned.count - 3) more" : ""
            return ["⚠️ \(risk.rawValue)", SafeText.markdown(risk.text), names + rest]
        }
    }

    private func changeTable(_ changes: [PlannedChange]) -> String {
        let rows = changes.prefix(Self.listLimit).map { change in
            let fields = change.fields.filter { $0.kind != .unchanged }.map {
                "\($0.field.isEmpty ? "value" : $0.field) \($0.kind.rawValue)"
            }
            let attributes = change.attributes.map { attribute in
                "\(attribute.path.joined(separator: ".")): \(attribute.before?.canonical ?? "none") → "
                    + (attribute.after?.canonical ?? "none")
            }
            let place = change.position.map { "\($0.path):\($0.line)" } ?? ""
            return [
                change.action.rawValue, "`\(change.key)`",
                (fields + attributes).map(SafeText.markdown).joined(separator: "<br>"), SafeText.markdown(place),
            ]
        }
        let cut = changes.count > Self.listLimit ? "\n\n… and \(changes.count - Self.listLimit) more." : ""
        return table(["action", "resource", "what", "where"], rows) + cut
    }

    private func accessTable(_ changes: [AccessChange]) -> String {
        table(
            ["principal", "gains", "loses", "secrets"],
            changes.prefix(Self.listLimit).map {
                [
                    SafeText.markdown(PlanSummary.who($0.principal)),
                    $0.gained.map(\.rawValue).joined(separator: ", "), $0.lost.map(\.rawValue).joined(separator: ", "),
                    SafeText.markdown(PlanSummary.secrets($0.secrets)),
                ]
            })
    }

    private func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
            .joined(separator: "\n")
    }

    private func folded(_ title: String, _ body: String) -> String {
        "<details><summary>\(title)</summary>\n\n\(body)\n\n</details>"
    }
}
