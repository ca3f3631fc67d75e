package import ResealCore
internal import ResealSealing

/// One thing that lint found. No property holds any part of a secret, nor a digest of one.
package struct LintFinding: Sendable, Hashable {
    package let rule: LintRule
    package let level: LintLevel
    /// What was found: lower case, no full stop; of a secret at most its kind and length.
    package let message: String
    package let span: SourceSpan
    /// The same in every run, also when lines above it move; made of rule, file and message, and for equal ones of
    /// their order.
    package let fingerprint: String

    package init(_ rule: LintRule, _ level: LintLevel, _ message: String, at span: SourceSpan, occurrence: Int = 0) {
        self.rule = rule
        self.level = level
        self.message = message
        self.span = span
        let identity = [rule.id, span.file, message, "\(occurrence)"].joined(separator: "\u{0}")
        fingerprint = String(Digest256(hashing: Array(identity.utf8)).description.prefix(32))
    }

    /// The worst first, then by place.
    package static func reportOrder(_ a: LintFinding, _ b: LintFinding) -> Bool {
        if a.level != b.level { return a.level > b.level }
        if a.span != b.span { return a.span < b.span }
        return (a.rule.id, a.message) < (b.rule.id, b.message)
    }
}

/// What was found in one file, before levels, ignore comments and duplicates are looked at.
struct RawFinding {
    let rule: LintRule
    let message: String
    /// Bytes of the file.
    let range: Range<Int>
}
