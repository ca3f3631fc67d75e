internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// Who may open what.
struct RecipientsView {
    let survey: SealSurvey
    let showsValues: Bool
    private let access: [RecipientAccess]
    /// Names by the texts of recipients.
    private let names: [String: String]

    init(survey: SealSurvey, showsValues: Bool) {
        self.survey = survey
        self.showsValues = showsValues
        access = RecipientAccess.all(survey)
        names = Dictionary(
            access.compactMap { who in who.text.flatMap { text in who.name.map { (text, $0) } } },
            uniquingKeysWith: { first, _ in first })
    }

    private var rules: RecipientRules { survey.law.rules }
    private var unbound: Int { survey.entries.count { $0.binding == nil } }

    // MARK: Text

    func text(_ style: Style) -> String {
        var lines = [
            style.bold("Rules") + style.dim("  \(SafeText.line(survey.law.file.path)), the first that fits decides")
        ]
        for (number, rule) in rules.rules.enumerated() {
            lines.append("  \(number + 1)  \(condition(rule)) → \(list(rule.written))")
        }
        lines.append("  \(rules.rules.isEmpty ? "everything" : "-  everything else") → \(list([]))")
        lines += groups(style)
        lines.append("")
        lines.append(
            TextTable.render(
                ["RECIPIENT", "FINGERPRINT", "MAY OPEN", "CAN OPEN", "GROUPS", "KEY"],
                access.map { who in
                    [
                        who.name.map(SafeText.line) ?? (who.text == nil ? "(not in the rules)" : "-"), who.fingerprint,
                        "\(who.mayOpen.count)", "\(who.canOpen.count)", who.groups.joined(separator: ", "),
                        who.text.map(SafeText.line) ?? "-",
                    ]
                }))
        if unbound > 0 {
            lines.append("\n\(unbound) value(s) without a binding: who can open them is not known.")
        }
        if showsValues { lines += access.flatMap { values(of: $0, style) } }
        return lines.joined(separator: "\n")
    }

    private func condition(_ rule: RecipientRules.Rule) -> String {
        let parts = [("paths", rule.paths), ("names", rule.names)].filter { !$0.1.isEmpty }.map { word, globs in
            "\(word) \(globs.map { SafeText.line($0.description) }.joined(separator: ", "))"
        }
        let pattern = rule.pattern.map { pattern in
            "paths like \(SafeText.line(pattern.regex))"
                + (pattern.folder.isEmpty ? "" : " below \(SafeText.line(pattern.folder))")
        }
        let all = parts + [pattern].compactMap { $0 }
        return all.isEmpty ? "everything" : all.joined(separator: " and ")
    }

    private func list(_ written: [String]) -> String {
        let names = written.map { text in
            text.hasPrefix("group:") ? text : name(text)
        }
        return (["controller"] + names).map { SafeText.line($0) }.joined(separator: ", ")
    }

    private func groups(_ style: Style) -> [String] {
        guard !rules.groups.isEmpty else { return [] }
        return ["", style.bold("Groups")]
            + rules.groups.sorted { $0.key < $1.key }.map { group, members in
                "  \(group): \(members.map { SafeText.line(name($0.description)) }.joined(separator: ", "))"
            }
    }

    private func name(_ text: String) -> String {
        names[text] ?? RecipientNames.shortened(text)
    }

    private func values(of who: RecipientAccess, _ style: Style) -> [String] {
        let may = Set(who.mayOpen)
        let can = Set(who.canOpen)
        let all = may.union(can).sorted()
        guard !all.isEmpty else { return [] }
        let lines = all.map { number in
            let entry = survey.entries[number]
            let note =
                entry.binding == nil
                ? "  (no binding)" : can.contains(number) ? (may.contains(number) ? "" : "  (may not)") : "  (cannot)"
            return "  \(SafeText.line(entry.span.description))  \(entry.label)\(note)"
        }
        return ["", style.bold(SafeText.line(survey.law.names.label(who.fingerprint)))] + lines
    }

    // MARK: JSON

    var document: JSON {
        [
            "controller": .string(rules.controller.description), "manifest": .string(survey.law.file.path),
            "groups": .object(rules.groups.mapValues { .array($0.map { .string($0.description) }) }),
            "rules": .array(
                rules.rules.enumerated().map { number, rule in
                    [
                        "rule": .integer(Int64(number + 1)),
                        "paths": .array(rule.paths.map { .string($0.description) }),
                        "names": .array(rule.names.map { .string($0.description) }),
                        "path_regex": rule.pattern.map { .string($0.regex) } ?? .null,
                        "below": rule.pattern.map { .string($0.folder) } ?? .null,
                        "recipients": .array(rule.written.map { .string($0) }),
                    ]
                }),
            "recipients": .array(access.map(document)), "values": .integer(Int64(survey.entries.count)),
            "unbound_values": .integer(Int64(unbound)),
            "diagnostics": .array(survey.problems.map(DiagnosticView.json)),
        ]
    }

    private func document(_ who: RecipientAccess) -> JSON {
        var members: [String: JSON] = [
            "recipient": who.text.map { .string($0) } ?? .null, "fingerprint": .string(who.fingerprint),
            "name": who.name.map { .string($0) } ?? .null, "groups": .array(who.groups.map { .string($0) }),
            "rules": .array(who.rules.map { .integer(Int64($0)) }), "may_open": .integer(Int64(who.mayOpen.count)),
            "can_open": .integer(Int64(who.canOpen.count)),
        ]
        if showsValues {
            members["may_open_values"] = .array(who.mayOpen.map { SealView.document(survey.entries[$0]) })
            members["can_open_values"] = .array(who.canOpen.map { SealView.document(survey.entries[$0]) })
        }
        return .object(members)
    }
}

/// One sealed value.
enum SealView {
    static func document(_ entry: SealEntry) -> JSON {
        [
            "secret": .string(entry.id.name), "organization": .string(entry.id.organization),
            "field": .string(entry.field.description), "position": DiagnosticView.json(entry.span),
            "counter": entry.binding.map { .integer($0.counter) } ?? .null,
            "file": .string(entry.valueFile ?? entry.manifest),
        ]
    }
}
