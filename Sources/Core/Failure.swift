/// What a caller should do about a failure.
package enum RetryAdvice: String, Sendable, Codable {
    /// Trying again cannot help.
    case never
    /// A person has to change something first.
    case afterFix
    /// The same call may succeed later without any change.
    case later
}

/// An error made for the person who has to deal with it.
///
/// No property may contain a secret, nor a line of a file that could hold one.
package protocol UserFacingFailure: Error, Sendable {
    /// Stable name such as `git.ref-not-found`, listed in docs/errors.md. Tests, JSON and metrics use it.
    var code: String { get }
    /// What happened: lower case, no full stop.
    var message: String { get }
    /// What to do next: a command to run or a file to change.
    var hint: String? { get }
    /// The place in the user's files.
    var span: SourceSpan? { get }
    var retry: RetryAdvice { get }
}

extension UserFacingFailure {
    package var span: SourceSpan? { nil }
    package var retry: RetryAdvice { .afterFix }

    package var description: String { Diagnostic(failure: self).description }
}

/// One finding about the user's input.
package struct Diagnostic: Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Severity: String, Sendable, Codable { case error, warning }

    package var severity: Severity
    package var code: String
    package var message: String
    package var hint: String?
    package var span: SourceSpan?

    package init(
        _ severity: Severity = .error, code: String, _ message: String, hint: String? = nil, at span: SourceSpan? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
        self.span = span
    }

    package init(failure: any UserFacingFailure) {
        self.init(code: failure.code, failure.message, hint: failure.hint, at: failure.span)
    }

    /// `file:line:column: error: message [code]`, followed by an indented hint.
    package var description: String {
        let place = span.map { "\($0): " } ?? ""
        let advice = hint.map { "\n  hint: \($0)" } ?? ""
        return "\(place)\(severity.rawValue): \(message) [\(code)]\(advice)"
    }
}

/// Every error of a run, reported together.
package struct DiagnosticsFailure: UserFacingFailure, CustomStringConvertible {
    package let diagnostics: [Diagnostic]

    /// Sorts by place, so that the report does not depend on the order of work.
    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics.sorted(by: Diagnostic.reportOrder)
    }

    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
    package var code: String {
        guard let first = errors.first?.code, errors.allSatisfy({ $0.code == first }) else { return "input.invalid" }
        return first
    }
    package var message: String {
        errors.count == 1 ? errors[0].message : "\(errors.count) errors in the input"
    }
    package var hint: String? { errors.count == 1 ? errors[0].hint : nil }
    package var span: SourceSpan? { errors.count == 1 ? errors[0].span : nil }
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

extension Diagnostic {
    package static func reportOrder(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
        switch (a.span, b.span) {
        case (let x?, let y?) where x != y: return x < y
        case (nil, _?): return true
        case (_?, nil): return false
        default: return (a.code, a.message) < (b.code, b.message)
        }
    }
}

/// An error that nobody foresaw. Only its type is told: its text may hold anything.
package struct UnexpectedFailure: UserFacingFailure {
    package let message: String

    package init(_ error: any Error) { message = "an unexpected failure of type \(type(of: error))" }

    package var code: String { "internal" }
    package var hint: String? { "this is a defect of reseal; please report it with what you did" }
    package var retry: RetryAdvice { .later }

    /// The error itself where it was made for people.
    package static func wrapping(_ error: any Error) -> any UserFacingFailure {
        error as? any UserFacingFailure ?? UnexpectedFailure(error)
    }
}
