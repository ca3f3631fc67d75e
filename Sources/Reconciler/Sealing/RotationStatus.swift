package import ResealCore
package import ResealManifests

/// How far the credentials are changed that an offboarded recipient could open, judged without a key.
package struct RotationStatus: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// A new value was sealed after the newest one that the recipient could open.
        case rotated
        case acknowledged(OffboardingReport.Acknowledgement)
        /// Completes "… is due: ".
        case due(String)

        package var isDue: Bool {
            if case .due = self { return true }
            return false
        }
    }

    /// One value of a report.
    package struct Item: Sendable {
        package let value: OffboardingReport.Value
        package var verdict: Verdict
        /// Where the value stands now; `nil` where it stands nowhere.
        package let span: SourceSpan?
    }

    package let report: OffboardingReport
    package var items: [Item]

    package var due: [Item] { items.filter(\.verdict.isDue) }

    /// Compares a report with the values that stand there now.
    ///
    /// A value that was only resealed keeps the number of the sealing that it was given at, so its binding tells the two
    /// apart. What a person says counts too, but not against the evidence that the recipient still is among those who
    /// can open the value.
    init(_ report: OffboardingReport, among entries: [OffboardingReport.Subject: SealEntry]) {
        self.report = report
        items = report.values.map { value in
            let entry = entries[value.subject]
            return Item(value: value, verdict: Self.verdict(value, entry, report), span: entry?.span)
        }
    }

    private static func verdict(
        _ value: OffboardingReport.Value, _ entry: SealEntry?, _ report: OffboardingReport
    ) -> Verdict {
        if let binding = entry?.binding {
            if binding.recipients.contains(report.fingerprint) { return .due("it is still sealed for that recipient") }
            if binding.valueCounter > value.counter { return .rotated }
        }
        if let acknowledgement = value.acknowledgement { return .acknowledged(acknowledgement) }
        guard let entry else {
            if case .file = value.subject { return .due("nobody said that what is in it was changed") }
            return .due("it is not in the manifests any more, and nobody said that it is not valid")
        }
        return .due(
            entry.binding == nil ? "its value has no binding that tells its age" : "its value is still the same")
    }

    // MARK: All reports

    /// The state of every report of a commit or work tree. Reads only the files that can hold the values, unless some
    /// are missing there.
    ///
    /// Throws ``DiagnosticsFailure`` for a report that cannot be read.
    package static func all(_ checkout: Checkout) throws -> [RotationStatus] {
        let reports = try OffboardingReports(checkout).load()
        guard !reports.isEmpty else { return [] }
        let wanted = Set(reports.flatMap(\.values).map(\.subject))
        var entries = try read(reports, checkout.snapshots)
        let missing = wanted.contains { subject in
            if case .field = subject { entries[subject] == nil } else { false }
        }
        if missing { entries = index(try SealSurvey.entries(checkout.snapshots)) }
        return reports.map { RotationStatus($0, among: entries) }
    }

    /// As ``all(_:)``, with what is known of all values already.
    package static func all(_ checkout: Checkout, survey: SealSurvey) throws -> [RotationStatus] {
        let entries = index(survey.entries)
        return try OffboardingReports(checkout).load().map { RotationStatus($0, among: entries) }
    }

    private static func read(
        _ reports: [OffboardingReport], _ source: any SnapshotSource
    ) throws -> [OffboardingReport.Subject: SealEntry] {
        let paths = Set(reports.flatMap(\.values).compactMap { $0.versions.last?.file })
        let snapshot = try source.open()
        let reader = SealReader(snapshot: snapshot, commit: source.commit)
        var found: [SealEntry] = []
        for path in paths.sorted() {
            guard let file = try? snapshot.file(at: path), file.isManifest else { continue }
            found += try reader.read(file).seals.map(\.entry)
        }
        return index(found)
    }

    static func index(_ entries: [SealEntry]) -> [OffboardingReport.Subject: SealEntry] {
        Dictionary(entries.map { (.field($0.id, $0.field), $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Findings

    /// One warning for each value that is due.
    package var findings: [Diagnostic] {
        items.compactMap { item in
            guard case .due(let reason) = item.verdict else { return nil }
            return Diagnostic(
                .warning, code: Self.code,
                "\(item.value.subject) is due for rotation, since \(report.label) knows it: \(reason)",
                hint: hint(item.value.subject), at: item.span)
        }
    }

    /// One warning for all values that are due; `nil` for none.
    package var summary: Diagnostic? {
        let due = due
        guard let first = due.first else { return nil }
        let names = due.prefix(3).map(\.value.subject.description).joined(separator: ", ")
        return Diagnostic(
            .warning, code: Self.code,
            "\(due.count) value(s) that \(report.label) knows are due for rotation: \(names)"
                + (due.count > 3 ? " and \(due.count - 3) more" : ""),
            hint: "`reseal offboard --status` lists them", at: first.span)
    }

    /// What a plan says of all reports. One that cannot be read is no reason not to plan.
    package static func warnings(_ checkout: Checkout) throws -> [Diagnostic] {
        do { return try all(checkout).compactMap(\.summary) } catch let failure as DiagnosticsFailure {
            return failure.diagnostics.map { finding in
                Diagnostic(.warning, code: finding.code, finding.message, hint: finding.hint, at: finding.span)
            }
        }
    }

    private static let code = "recipients.rotation-due"

    private func hint(_ subject: OffboardingReport.Subject) -> String {
        let retired =
            "`reseal offboard \(report.fingerprint) --retired \(subject) --reason …` if it is not valid any more"
        guard case .field(let id, let field) = subject else { return retired }
        let option = field == .whole ? "" : " --field \(field)"
        return "change the credential and seal the new one with `reseal seal \(id.name)\(option)`, or \(retired)"
    }
}
