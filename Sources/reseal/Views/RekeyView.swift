internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// What resealing did.
struct RekeyView {
    let report: RekeyReport
    let isDryRun: Bool

    /// One line for each value.
    var list: String {
        report.resealed.map { entry in
            "\(SafeText.line(entry.span.description)): \(entry.label), counter "
                + "\(entry.binding?.counter ?? 0) → \((entry.binding?.counter ?? 0) + 1)"
        }.joined(separator: "\n")
    }

    func note() {
        let style = Style(descriptor: 2)
        for problem in report.problems { Terminal.note(DiagnosticView.text(problem, style)) }
        let verb = isDryRun ? "would reseal" : "resealed"
        Terminal.note(
            "\(verb) \(report.resealed.count) value(s) in \(report.files.count) file(s); \(report.fitting) fit already"
                + (report.problems.isEmpty ? "" : "; \(style.red("\(report.problems.count) problem(s)"))"))
        let bound = report.newlyBound
        guard !bound.isEmpty else { return }
        let names = bound.prefix(3).map(\.label).joined(separator: ", ") + (bound.count > 3 ? " …" : "")
        Terminal.note(
            "\(bound.count) of them had no binding and \(isDryRun ? "would be" : "are") bound to where they stand: \(names). "
                + "Make sure that they belong there.")
    }

    /// `nil` when all went well.
    var exitStatus: ExitStatus? {
        if report.problems.isEmpty { return nil }
        if !isDryRun, !report.resealed.isEmpty { return .partial }
        let codes = ["value.undecryptable", "value.misplaced"]
        return report.problems.contains { codes.contains($0.code) } ? .decryption : .failed
    }

    var document: JSON {
        [
            "dry_run": .bool(isDryRun), "resealed": .array(report.resealed.map(SealView.document)),
            "newly_bound": .integer(Int64(report.newlyBound.count)), "fitting": .integer(Int64(report.fitting)),
            "files": .array(report.files.sorted().map { .string($0) }),
            "diagnostics": .array(report.problems.map(DiagnosticView.json)),
        ]
    }
}
