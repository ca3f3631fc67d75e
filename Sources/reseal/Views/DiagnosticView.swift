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

    /// Reads what ``json(_:)-(Diagnostic)`` wrote; `nil` for anything else.
    static func diagnostic(_ json: JSON) -> Diagnostic? {
        guard let severity = json["severity"]?.stringValue.flatMap(Diagnostic.Severity.init),
            let code = json["code"]?.stringValue, let message = json["message"]?.stringValue
        else { return nil }
        return Diagnostic(
            severity, code: code, message, hint: json["hint"]?.stringValue, at: json["position"].flatMap(span))
    }

    private static func span(_ json: JSON) -> SourceSpan? {
        guard let file = json["file"]?.stringValue, let line = json["line"]?.integerValue,
            let column = json["column"]?.integerValue
        else { return nil }
        return SourceSpan(
            file: file, line: Int(clamping: line), column: Int(clamping: column),
            commit: json["commit"]?.stringValue.flatMap { ObjectID(hex: $0) })
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
