package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing

/// Opens values of today and of the history, and compares them: the one thing that tells for sure whether a credential
/// was changed, or just sealed once more.
package struct RotationProof: Sendable {
    let checkout: Checkout
    let identities: [any Identity]
    let workers: Int

    package init(_ checkout: Checkout, identities: [any Identity], workers: Int = DesiredLoader.defaultWorkers) {
        self.checkout = checkout
        self.identities = identities
        self.workers = workers
    }

    private struct Finding: Sendable {
        var verdict: RotationStatus.Verdict
        var notes: [Diagnostic] = []
    }

    /// Makes those values due again that are said to be others, and are not.
    ///
    /// - Returns: findings about values that could not be compared.
    package func check(_ status: inout RotationStatus) throws -> [Diagnostic] {
        let items = status.items
        let current = try currentFiles(Set(items.filter(isClaimed).map(\.value.subject)))
        let findings = try ParallelMap.run(items.count, workers: workers) {
            try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        } _: { repository, number in
            guard isClaimed(items[number]), let file = current[items[number].value.subject] else {
                return Finding(verdict: items[number].verdict)
            }
            return compare(items[number], file, repository)
        }
        for (index, finding) in findings.enumerated() { status.items[index].verdict = finding.verdict }
        return findings.flatMap(\.notes)
    }

    /// A credential that is said to be retired may have its value.
    private func isClaimed(_ item: RotationStatus.Item) -> Bool {
        switch item.verdict {
        case .rotated: true
        case .acknowledged(let acknowledgement): acknowledgement.claim == .rotated
        case .due: false
        }
    }

    private func currentFiles(
        _ subjects: Set<OffboardingReport.Subject>
    ) throws -> [OffboardingReport.Subject: SealedFile] {
        let source = checkout.snapshots
        let files = try source.open().files().filter(\.isManifest)
        let parts = try ParallelMap.run(files.count, workers: workers) {
            SealReader(snapshot: try source.open(), commit: source.commit)
        } _: { reader, number in
            try reader.read(files[number]).seals.filter { subjects.contains(.field($0.entry.id, $0.entry.field)) }
        }
        return Dictionary(
            parts.flatMap { $0 }.map { (.field($0.entry.id, $0.entry.field), $0.file) },
            uniquingKeysWith: { first, _ in first })
    }

    private func compare(_ item: RotationStatus.Item, _ file: SealedFile, _ repository: GitRepository) -> Finding {
        var finding = Finding(verdict: item.verdict)
        let present: SecretBytes
        do throws(AgeFailure) { present = try file.open(with: identities) } catch {
            finding.notes.append(note(item, "its present value cannot be opened: \(error.message)", item.span))
            return finding
        }
        for version in item.value.versions {
            guard let commit = version.commit else { continue }
            let span = SourceSpan(file: version.file, commit: commit)
            guard let old = try? former(item.value.subject, version, commit, repository) else {
                finding.notes.append(note(item, "a former value is not where the report says", span))
                continue
            }
            guard let former = try? old.open(with: identities) else {
                finding.notes.append(note(item, "a former value cannot be opened with this identity", span))
                continue
            }
            if former.isEqual(to: present) {
                finding.verdict = .due("its value is the one that stood in \(version.file) at commit \(commit.short)")
                return finding
            }
        }
        return finding
    }

    private func note(_ item: RotationStatus.Item, _ problem: String, _ span: SourceSpan?) -> Diagnostic {
        Diagnostic(
            .warning, code: "recipients.rotation-unproven", "\(item.value.subject) could not be compared: \(problem)",
            at: span)
    }

    private func former(
        _ subject: OffboardingReport.Subject, _ version: OffboardingReport.Version, _ commit: ObjectID,
        _ repository: GitRepository
    ) throws -> SealedFile? {
        let snapshot = CommitSnapshot(
            repository: repository, commit: commit, folder: "", tree: try repository.commit(commit).tree)
        guard let file = try snapshot.file(at: version.file) else { return nil }
        guard file.isManifest else {
            return try SealedFile(parsing: try snapshot.read(file, limitBytes: SealReader.maximumValueFileBytes))
        }
        return try SealReader(snapshot: snapshot, commit: commit).read(file).seals.first { seal in
            .field(seal.entry.id, seal.entry.field) == subject && (seal.entry.binding?.counter ?? 0) == version.counter
        }?.file
    }
}
