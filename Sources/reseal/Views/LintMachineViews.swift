internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// Findings for programs.
enum LintJSONView {
    static func render(_ report: LintReport) -> String {
        let document: JSON = [
            "findings": .array(report.findings.map(finding)), "files": .integer(Int64(report.files)),
            "ignored": .integer(Int64(report.ignored)), "errors": .integer(Int64(report.count(.error))),
            "warnings": .integer(Int64(report.count(.warning))), "notes": .integer(Int64(report.count(.note))),
        ]
        return document.canonical
    }

    private static func finding(_ finding: LintFinding) -> JSON {
        [
            "rule": .string(finding.rule.id), "level": .string(finding.level.rawValue),
            "message": .string(finding.message), "remedy": .string(finding.rule.remedy),
            "position": DiagnosticView.json(finding.span), "fingerprint": .string(finding.fingerprint),
        ]
    }
}

/// Workflow commands of GitHub: each finding becomes a note at its line of the pull request.
enum GitHubAnnotationsView {
    static func render(_ report: LintReport) -> String {
        report.findings.map(command).joined(separator: "\n")
    }

    private static func command(_ finding: LintFinding) -> String {
        let word =
            switch finding.level {
            case .error: "error"
            case .warning: "warning"
            case .note: "notice"
            }
        let properties = [
            "file=\(property(finding.span.file))", "line=\(finding.span.line)", "col=\(finding.span.column)",
            "title=\(property("reseal \(finding.rule.id)"))",
        ]
        let text = "\(SafeText.line(finding.message)); \(finding.rule.remedy)"
        return "::\(word) \(properties.joined(separator: ","))::\(data(text))"
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}

/// GitLab's report of code quality.
enum GitLabQualityView {
    static func render(_ report: LintReport) -> String { JSON.array(report.findings.map(issue)).canonical }

    private static func issue(_ finding: LintFinding) -> JSON {
        let severity =
            switch finding.level {
            case .error: finding.rule.securitySeverity == nil ? "major" : "critical"
            case .warning: "minor"
            case .note: "info"
            }
        return [
            "description": .string("\(finding.message); \(finding.rule.remedy)"),
            "check_name": .string("reseal/\(finding.rule.id)"), "fingerprint": .string(finding.fingerprint),
            "severity": .string(severity),
            "location": [
                "path": .string(finding.span.file), "lines": ["begin": .integer(Int64(finding.span.line))],
            ],
        ]
    }
}
