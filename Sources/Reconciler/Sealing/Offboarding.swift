package import ResealCore
internal import ResealGit
package import ResealManifests

/// Takes a recipient out of the rules, and keeps account of what it could open.
///
/// Sealing anew takes back nothing that was read. So the report of what has to change comes first, is a file of the
/// repository, and stays open until the credentials are others.
package struct Offboarding: Sendable {
    /// What taking someone out means.
    package struct Outcome: Sendable {
        package let recipient: KnownRecipient
        /// Of the manifest.
        package let change: RecipientsChange.Outcome
        package let report: OffboardingReport
        package let status: RotationStatus
        /// Commits that were searched; `nil` outside of a repository.
        package let commits: Int?
    }

    private let checkout: Checkout
    private let change: RecipientsChange
    private let now: Timestamp
    private let workers: Int

    package init(_ checkout: Checkout, now: Timestamp, workers: Int = DesiredLoader.defaultWorkers) throws {
        self.checkout = checkout
        self.now = now
        self.workers = workers
        change = try RecipientsChange(checkout)
    }

    package var survey: SealSurvey { change.survey }

    /// Finds whom `words` name; see ``KnownRecipient``.
    package func recipient(_ words: String) throws -> KnownRecipient {
        try KnownRecipient(words, change.survey.law, former: try OffboardingReports(checkout).load())
    }

    /// Writes the report, then takes the recipient out of `places`, or of the whole manifest. May be repeated: the
    /// report then grows by what is found in addition, and forgets nothing.
    ///
    /// - Parameter isDryRun: writes neither.
    /// - Throws: ``ReconcileFailure/Kind/controllerStays``; ``GitFailure`` where history is missing.
    package func remove(
        _ recipient: KnownRecipient, from places: Set<RecipientsPlace>? = nil, isDryRun: Bool
    ) throws -> Outcome {
        let (edit, rules) = try change.removal(of: recipient, from: places)
        let (history, commits) = try history(of: recipient)
        let entries = RotationStatus.index(survey.entries)
        // Whoever was taken out of some lists only may be allowed to open a value by others.
        let values = (history + present(recipient, besides: history)).filter { value in
            guard let entry = entries[value.subject] else { return true }
            return !rules.audience(path: entry.manifest, name: entry.id.name).contains(recipient.fingerprint)
        }
        let known = try OffboardingReports(checkout).load().first { $0.fingerprint == recipient.fingerprint }
        var report =
            known
            ?? OffboardingReport(
                fingerprint: recipient.fingerprint, recipient: recipient.text, name: recipient.name, since: now,
                values: [])
        report.merge(values)
        if !isDryRun {
            if report != known { try OffboardingReports.write(report, root: change.tree.root) }
            FaultPoint.pass("offboard.reported")
            try change.write(edit.bytes)
            FaultPoint.pass("offboard.removed")
        }
        let status = RotationStatus(report, among: entries)
        return Outcome(
            recipient: recipient, change: change.outcome(edit, rules), report: report, status: status, commits: commits)
    }

    private func history(of recipient: KnownRecipient) throws -> ([OffboardingReport.Value], commits: Int?) {
        do {
            let found = try HistoryScan(
                repositoryPath: checkout.repositoryPath, folder: checkout.source.path,
                fingerprint: recipient.fingerprint, text: recipient.text, workers: workers
            ).run()
            return (found.values, found.commits)
        } catch let failure as GitFailure where failure.kind == .notARepository {
            return ([], nil)
        }
    }

    /// What lies in the work tree and was not committed yet.
    private func present(
        _ recipient: KnownRecipient, besides history: [OffboardingReport.Value]
    ) -> [OffboardingReport.Value] {
        let known = Dictionary(history.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        return survey.entries.compactMap { entry in
            let subject = OffboardingReport.Subject.field(entry.id, entry.field)
            let isOpen =
                entry.binding.map { $0.recipients.contains(recipient.fingerprint) }
                ?? survey.law.audience(of: entry).contains(recipient.fingerprint)
            let counter = entry.binding?.counter ?? 0
            guard isOpen, known[subject]?.versions.contains(where: { $0.counter == counter }) != true else {
                return nil
            }
            let version = OffboardingReport.Version(
                commit: nil, file: entry.valueFile ?? entry.manifest, counter: counter)
            return OffboardingReport.Value(subject, entry.binding == nil ? .rules : .binding, [version])
        }
    }

    // MARK: Afterwards

    /// Notes what a person says about values of a report. `subjects` are as the report prints them, a secret's name
    /// standing for all its fields.
    ///
    /// Throws ``ReconcileFailure/Kind/unknownRecipient`` where there is no report, and
    /// ``ReconcileFailure/Kind/notInReport`` for a value that it does not list.
    package func acknowledge(
        _ subjects: [String], of recipient: KnownRecipient, _ acknowledgement: OffboardingReport.Acknowledgement
    ) throws -> Int {
        guard
            var report = try OffboardingReports(checkout).load().first(where: {
                $0.fingerprint == recipient.fingerprint
            })
        else {
            throw ReconcileFailure(
                .unknownRecipient, "there is no report about \(recipient.label)",
                hint: "`reseal offboard \(recipient.fingerprint)` makes one")
        }
        var count = 0
        for text in subjects {
            let noted = report.acknowledge(acknowledgement) { subject in
                if case .field(let id, _) = subject, id.description == text { return true }
                return subject.description == text
            }
            guard noted > 0 else {
                let nearest = NearestName.suggestion(for: text, in: report.values.map(\.subject.description))
                throw ReconcileFailure(
                    .notInReport, "the report about \(recipient.label) has no value `\(text)`",
                    hint: nearest.map { "did you mean `\($0)`?" } ?? "`reseal offboard --status` lists them")
            }
            count += noted
        }
        try OffboardingReports.write(report, root: change.tree.root)
        return count
    }
}
