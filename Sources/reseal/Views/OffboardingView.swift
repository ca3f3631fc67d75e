internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// What a recipient could open when it was taken out of the rules.
struct OffboardingView {
    let outcome: Offboarding.Outcome
    let isDryRun: Bool

    // MARK: Text

    func text(_ style: Style) -> String {
        let values = outcome.report.values
        let versions = values.reduce(0) { $0 + $1.versions.count }
        let searched = outcome.commits.map { "\($0) commits" } ?? "the work tree, which is in no repository"
        var lines = [
            style.bold("\(SafeText.line(outcome.recipient.label)) could open \(values.count) value(s), ")
                + "\(versions) version(s) in all; searched: \(searched)"
        ]
        lines += outcome.status.items.map { RotationView.line($0, style, withReason: false) }
        lines.append("")
        let verb = isDryRun ? "would be" : "is"
        let places = outcome.change.places.map(\.description).joined(separator: ", ")
        lines.append(
            places.isEmpty
                ? "it is in no list of \(SafeText.line(outcome.change.path)) any more"
                : "it \(verb) taken out of \(places) in \(SafeText.line(outcome.change.path))")
        if !outcome.change.emptiedGroups.isEmpty {
            lines.append(
                "nobody is left in group \(outcome.change.emptiedGroups.joined(separator: ", ")), which \(verb) removed"
            )
        }
        lines.append(
            "the report \(verb) kept in \(outcome.report.path): commit it; "
                + "`reseal offboard --status` is green when the credentials are changed")
        return lines.joined(separator: "\n")
    }

    // MARK: JSON

    var document: JSON {
        var members = RecipientsChangeView(outcome: outcome.change).document.objectValue ?? [:]
        members["recipient"] = outcome.recipient.text.map { .string($0) } ?? .null
        members["fingerprint"] = .string(outcome.recipient.fingerprint)
        members["name"] = outcome.recipient.name.map { .string($0) } ?? .null
        members["commits"] = outcome.commits.map { .integer(Int64($0)) } ?? .null
        members["report"] = .string(outcome.report.path)
        members["values"] = .array(outcome.status.items.map(RotationView.document))
        members["dry_run"] = .bool(isDryRun)
        return .object(members)
    }

    // MARK: Markdown

    /// For a ticket: a list to tick off.
    var markdown: String {
        var lines = [
            "# Offboarding of \(SafeText.markdown(outcome.recipient.label))", "",
            "Each of these was open to that key. Resealing takes nothing back: change the credential itself.", "",
        ]
        for item in outcome.status.items {
            let mark = item.verdict.isDue ? " " : "x"
            let newest = item.value.versions.last
            let commit = newest?.commit.map { ", commit `\($0.short)`" } ?? ""
            lines.append(
                "- [\(mark)] \(SafeText.markdown(item.value.subject.description)) — "
                    + "\(SafeText.markdown(newest?.file ?? ""))\(commit), \(item.value.versions.count) version(s)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// How far the rotation of offboarded values is.
enum RotationView {
    static func line(_ item: RotationStatus.Item, _ style: Style, withReason: Bool = true) -> String {
        let place = item.span.map { "\(SafeText.line($0.file)):\($0.line)" } ?? "not in the manifests"
        return "  \(word(item.verdict, style)) \(SafeText.line(item.value.subject.description))"
            + style.dim("  \(place), \(item.value.versions.count) version(s)\(withReason ? reason(item.verdict) : "")")
    }

    private static func word(_ verdict: RotationStatus.Verdict, _ style: Style) -> String {
        switch verdict {
        case .due: style.red("due    ")
        case .rotated: style.green("rotated")
        case .acknowledged(let said): style.green(said.claim.rawValue)
        }
    }

    private static func reason(_ verdict: RotationStatus.Verdict) -> String {
        switch verdict {
        case .due(let reason): ": \(SafeText.line(reason))"
        case .rotated: ""
        case .acknowledged(let said):
            ": says \(SafeText.line(said.by))\(said.reason.map { ", \(SafeText.line($0))" } ?? "")"
        }
    }

    static func text(_ statuses: [RotationStatus], _ style: Style) -> String {
        guard !statuses.isEmpty else { return "Nobody was offboarded." }
        return statuses.map { status in
            let due = status.due.count
            let head =
                due == 0
                ? style.green("green") + "  all \(status.items.count) value(s) are changed or retired"
                : style.red("\(due) due") + " of \(status.items.count) value(s)"
            return
                (["\(style.bold(SafeText.line(status.report.label)))  \(head)"] + status.items.map { line($0, style) })
                .joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    static func document(_ status: RotationStatus) -> JSON {
        [
            "recipient": status.report.recipient.map { .string($0) } ?? .null,
            "fingerprint": .string(status.report.fingerprint),
            "name": status.report.name.map { .string($0) } ?? .null, "since": .string(status.report.since.description),
            "green": .bool(status.due.isEmpty), "due": .integer(Int64(status.due.count)),
            "values": .array(status.items.map(document)),
        ]
    }

    static func document(_ item: RotationStatus.Item) -> JSON {
        let (state, reason): (String, String?) =
            switch item.verdict {
            case .due(let reason): ("due", reason)
            case .rotated: ("rotated", nil)
            case .acknowledged(let said): (said.claim.rawValue, said.reason)
            }
        return [
            "value": .string(item.value.subject.description), "state": .string(state),
            "reason": reason.map { .string($0) } ?? .null, "basis": .string(item.value.basis.rawValue),
            "position": item.span.map(DiagnosticView.json) ?? .null,
            "versions": .array(
                item.value.versions.map {
                    [
                        "commit": $0.commit.map { .string($0.description) } ?? .null, "file": .string($0.file),
                        "counter": .integer($0.counter),
                    ]
                }),
        ]
    }
}
