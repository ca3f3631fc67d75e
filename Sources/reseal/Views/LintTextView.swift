internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// Findings for people.
struct LintTextView {
    let style: Style

    func render(_ report: LintReport) -> String {
        (report.findings.map(text) + [summary(report)]).joined(separator: "\n")
    }

    func text(_ finding: LintFinding) -> String {
        "\(SafeText.line(finding.span.description)): \(word(finding.level)) \(SafeText.line(finding.message)) "
            + style.dim("[\(finding.rule.id)]") + "\n  \(style.dim("remedy:")) \(finding.rule.remedy)"
    }

    func summary(_ report: LintReport) -> String {
        let looked = "looked at \(Self.count(report.files, "file"))"
        let ignored = report.ignored > 0 ? "; \(Self.count(report.ignored, "finding")) ignored by comments" : ""
        guard !report.findings.isEmpty else { return "\(style.green("Nothing found")): \(looked)\(ignored)." }
        let counts = [LintLevel.error, .warning, .note].filter { report.count($0) > 0 }
            .map { Self.count(report.count($0), $0.rawValue) }
        return "\(counts.joined(separator: ", ")); \(looked)\(ignored)."
    }

    private func word(_ level: LintLevel) -> String {
        switch level {
        case .error: style.red("error:")
        case .warning: style.yellow("warning:")
        case .note: "note:"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

/// The list of rules.
enum LintRulesView {
    static func render(json: Bool) -> String {
        let rules = LintRule.allCases
        return json ? JSON.array(rules.map(document)).canonical : rules.map(text).joined(separator: "\n")
    }

    private static func text(_ rule: LintRule) -> String {
        "\(rule.id) (\(rule.defaultLevel.rawValue))\n  \(rule.summary).\n  Remedy: \(rule.remedy)."
    }

    private static func document(_ rule: LintRule) -> JSON {
        [
            "id": .string(rule.id), "level": .string(rule.defaultLevel.rawValue), "summary": .string(rule.summary),
            "remedy": .string(rule.remedy),
        ]
    }
}
