internal import ResealCore
internal import ResealReconciler

/// What an import would write, or has written.
enum ImportView {
    static func show(_ plan: ImportPlan, isWritten: Bool) {
        let style = Style()
        for item in plan.items {
            let what = item.state == .declared ? "skipped" : "\(item.sealed) sealed, \(item.plain) plain"
            Terminal.print(
                "\(SafeText.line(item.source)) -> \(style.bold(SafeText.line(item.manifest)))  "
                    + "\(SafeText.line(item.name))  (\(what))")
            for note in item.notes { Terminal.print("  note: \(SafeText.line(note))") }
        }
        let notes = Style(descriptor: 2)
        for finding in plan.warnings + plan.problems { Terminal.note(DiagnosticView.text(finding, notes)) }
        Terminal.print(summary(plan, isWritten: isWritten))
    }

    private static func summary(_ plan: ImportPlan, isWritten: Bool) -> String {
        let count = plan.new.count
        let manifests = count == 1 ? "1 manifest" : "\(count) manifests"
        if !plan.problems.isEmpty { return "Nothing was written: \(plan.problems.count) problem(s) first." }
        if plan.items.isEmpty { return "No files of SOPS were found." }
        if count == 0 { return "Nothing to do: every secret is declared." }
        if isWritten {
            return "Wrote \(manifests). Add `permissions`, commit, and see `reseal plan`."
        }
        return "Would write \(manifests). Nothing was written; repeat with --write."
    }

    static func json(_ plan: ImportPlan, isWritten: Bool) -> JSON {
        let items = plan.items.map { item -> JSON in
            [
                "source": .string(item.source), "manifest": .string(item.manifest), "name": .string(item.name),
                "state": .string(item.state.rawValue), "sealed": .integer(Int64(item.sealed)),
                "plain": .integer(Int64(item.plain)), "notes": .array(item.notes.map { .string($0) }),
            ]
        }
        return [
            "items": .array(items), "written": .bool(isWritten && plan.problems.isEmpty),
            "diagnostics": .array((plan.warnings + plan.problems).map(DiagnosticView.json)),
        ]
    }
}
