package import ResealManifests

/// What lint found.
package struct LintReport: Sendable {
    /// The worst first, then by place.
    package private(set) var findings: [LintFinding] = []
    /// Files that were looked at.
    package private(set) var files = 0
    /// Findings that ignore comments took away.
    package private(set) var ignored = 0

    init(_ parts: [LintedFile]) {
        for part in parts {
            findings += part.findings
            files += part.isText ? 1 : 0
            ignored += part.ignored
        }
        findings.sort(by: LintFinding.reportOrder)
    }

    package func count(_ level: LintLevel) -> Int { findings.count { $0.level == level } }

    /// True if there is an error or, when `strict`, a warning.
    package func fails(strict: Bool) -> Bool { findings.contains { $0.level >= (strict ? .warning : .error) } }
}
