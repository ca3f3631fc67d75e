internal import ResealCore

/// Collects the findings of one file, up to a limit.
struct DiagnosticLog {
    private(set) var diagnostics: [Diagnostic] = []
    /// Errors found, those above the limit included.
    private(set) var errors = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var isFull: Bool { diagnostics.count > limit }

    mutating func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errors += 1 }
        if diagnostics.count < limit {
            diagnostics.append(diagnostic)
        } else if diagnostics.count == limit {
            diagnostics.append(
                Diagnostic(
                    .error, code: "yaml.too-many-errors",
                    "more than \(limit) findings in this file; the rest is left out",
                    at: diagnostic.span))
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
