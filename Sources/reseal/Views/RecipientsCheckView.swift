internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// The values that do not fit the rules, and those that are due for rotation.
struct RecipientsCheckView {
    private struct Fault {
        let entry: SealEntry
        let fault: SealFault
        let finding: Diagnostic
    }
    private let survey: SealSurvey
    private let rotations: [RotationStatus]
    private let faults: [Fault]

    init(survey: SealSurvey, rotations: [RotationStatus]) {
        self.survey = survey
        self.rotations = rotations
        faults = survey.entries.compactMap { entry in
            survey.law.fault(of: entry).map { fault in
                Fault(entry: entry, fault: fault, finding: Self.finding(entry, fault, survey.law))
            }
        }
    }

    var hasFaults: Bool { !faults.isEmpty }

    private static func finding(_ entry: SealEntry, _ fault: SealFault, _ law: SealLaw) -> Diagnostic {
        let rekey = "`reseal rekey \(entry.id.name)` reseals it; that needs the identity of someone who can open it"
        switch fault {
        case .misplaced(let problem):
            return Diagnostic(
                code: "value.misplaced", "\(entry.label) \(problem)",
                hint: "a sealed value cannot be moved or copied; seal it anew with `reseal seal \(entry.id.name)`",
                at: entry.span)
        case .unbound(let mismatch):
            let more = mismatch.map { ", and \($0.text(naming: law.names.label))" } ?? ""
            return Diagnostic(
                code: "value.unbound", "\(entry.label) has no binding, so who can open it is not known\(more)",
                hint: rekey, at: entry.span)
        case .recipients(let mismatch):
            return Diagnostic(
                code: "value.recipients", "\(entry.label) \(mismatch.text(naming: law.names.label))", hint: rekey,
                at: entry.span)
        }
    }

    // MARK: Text

    func text(_ style: Style) -> String {
        var lines = faults.map { DiagnosticView.text($0.finding, style) }
        lines += rotations.flatMap(\.findings).map { DiagnosticView.text($0, style) }
        let files = Set(faults.map { $0.entry.valueFile ?? $0.entry.manifest }).count
        let due = rotations.reduce(0) { $0 + $1.due.count }
        lines.append(
            faults.isEmpty
                ? "\(survey.entries.count) sealed values fit the rules."
                : "\(faults.count) of \(survey.entries.count) sealed values, in \(files) file(s), do not fit the rules."
        )
        if due > 0 { lines.append("\(due) value(s) are due for rotation.") }
        return lines.joined(separator: "\n")
    }

    // MARK: JSON

    var document: JSON {
        [
            "fits": .bool(faults.isEmpty && survey.problems.isEmpty), "values": .integer(Int64(survey.entries.count)),
            "misfits": .array(faults.map(document)),
            "rotation_due": .array(rotations.flatMap(\.findings).map(DiagnosticView.json)),
            "diagnostics": .array(survey.problems.map(DiagnosticView.json)),
        ]
    }

    private func document(_ fault: Fault) -> JSON {
        let mismatch = fault.fault.mismatch
        let kind =
            switch fault.fault {
            case .misplaced: "misplaced"
            case .unbound: "unbound"
            case .recipients(let mismatch): mismatch.stanzas == nil ? "recipients" : "stanzas"
            }
        var members = SealView.document(fault.entry).objectValue ?? [:]
        members["kind"] = .string(kind)
        members["missing"] = .array((mismatch?.missing ?? []).map { who($0.fingerprint) })
        members["extra"] = .array((mismatch?.extra ?? []).map(who))
        members["diagnostic"] = DiagnosticView.json(fault.finding)
        return .object(members)
    }

    private func who(_ fingerprint: String) -> JSON {
        let names = survey.law.names
        return [
            "fingerprint": .string(fingerprint), "recipient": names.text(fingerprint).map { .string($0) } ?? .null,
            "name": names.name(fingerprint).map { .string($0) } ?? .null,
        ]
    }
}
