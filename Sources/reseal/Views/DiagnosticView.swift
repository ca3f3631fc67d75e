internal import ResealCore

/// Findings and failures, for people and for programs.
enum DiagnosticView {
    static func json(_ span: SourceSpan) -> JSON {
        [
            "file": .string(span.file), "line": .integer(Int64(span.line)), "column": .integer(Int64(span.column)),
            "commit": span.commit.map { .string($0.description) } ?? .null,
        ]
    }

    static func json(_ diagnostic: Diagnostic) -> JSON {
        [
            "severity": .string(diagnostic.severity.rawValue), "code": .string(diagnostic.code),
            "message": .string(diagnostic.message), "hint": diagnostic.hint.map { .string($0) } ?? .null,
            "position": diagnostic.span.map(json) ?? .null,
        ]
    }

    /// `{"error": …, "diagnostics": […]}`.
    static func json(_ failure: any UserFacingFailure) -> JSON {
        let all = (failure as? DiagnosticsFailure)?.diagnostics ?? [Diagnostic(failure: failure)]
        return [
            "error": [
                "code": .string(failure.code), "message": .string(failure.message),
                "hint": failure.hint.map { .string($0) } ?? .null,
            ],
            "diagnostics": .array(all.map(json)),
        ]
    }

    static func text(_ diagnostic: Diagnostic, _ style: Style) -> String {
        let place = diagnostic.span.map { "\(SafeText.line($0.description)): " } ?? ""
        let word = diagnostic.severity == .error ? style.red("error:") : style.yellow("warning:")
        let hint = diagnostic.hint.map { "\n  hint: \(SafeText.line($0))" } ?? ""
        return "\(place)\(word) \(SafeText.line(diagnostic.message)) [\(diagnostic.code)]\(hint)"
    }

    static func text(_ failure: any UserFacingFailure, _ style: Style) -> String {
        let all = (failure as? DiagnosticsFailure)?.diagnostics ?? [Diagnostic(failure: failure)]
        return all.map { text($0, style) }.joined(separator: "\n")
    }
}
