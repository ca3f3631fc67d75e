internal import ResealCore

/// Collects the findings of one file, up to a limit for errors and one for warnings.
struct DiagnosticLog {
    private(set) var diagnostics: [Diagnostic] = []
    /// Errors found, those above the limit included.
    private(set) var errors = 0
    private var warnings = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// True when there are so many errors that the rest of the file need not be read.
    var isFull: Bool { errors > limit }

    mutating func add(_ diagnostic: Diagnostic) {
        let isError = diagnostic.severity == .error
        if isError { errors += 1 } else { warnings += 1 }
        let count = isError ? errors : warnings
        if count <= limit {
            diagnostics.append(diagnostic)
        } else if count == limit + 1 {
            let kind = isError ? "errors" : "warnings"
            diagnostics.append(
                Diagnostic(
                    diagnostic.severity, code: "yaml.too-many-\(kind)",
                    "more than \(limit) \(kind) in this file; the rest is left out", at: diagnostic.span))
        }
    }
}

/// Words of a file as they may appear in a message: one line, bounded, nothing that a terminal would act on.
func quoted(_ text: String) -> String { quoted(text, upTo: 60) }

/// As above, for words that are long by nature; `limit` counts characters.
func quoted(_ text: String, upTo limit: Int) -> String {
    let safe = text.unicodeScalars.prefix(limit).map { isShowable($0) ? Character($0) : "?" }
    return "`" + String(safe) + (text.unicodeScalars.dropFirst(limit).isEmpty ? "" : "…") + "`"
}

/// False for what ends a line, moves the cursor, reorders the text, or cannot be seen.
private func isShowable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
    default: scalar != "`"
    }
}
