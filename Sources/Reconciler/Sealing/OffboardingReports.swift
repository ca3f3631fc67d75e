internal import ResealCore
internal import ResealGit
package import ResealManifests

/// The reports of a repository.
package struct OffboardingReports {
    private enum Place {
        case workTree(WorkTree)
        case commit(ObjectID, repositoryPath: String)
    }
    private let place: Place

    package init(_ checkout: Checkout) {
        place =
            checkout.head.map { .commit($0, repositoryPath: checkout.repositoryPath) }
            ?? .workTree(WorkTree(root: checkout.workTree ?? checkout.repositoryPath))
    }

    /// Those of a work tree.
    package init(root: String) { place = .workTree(WorkTree(root: root)) }

    /// Throws ``DiagnosticsFailure`` with the errors of all that cannot be read.
    package func load() throws -> [OffboardingReport] {
        var reports: [OffboardingReport] = []
        var errors: [Diagnostic] = []
        for file in try files() {
            do { reports.append(try OffboardingReport(file)) } catch let failure as DiagnosticsFailure {
                errors += failure.diagnostics
            }
        }
        guard errors.isEmpty else { throw DiagnosticsFailure(errors) }
        return reports.sorted { ($0.since, $0.fingerprint) < ($1.since, $1.fingerprint) }
    }

    private func files() throws -> [ManifestFile] {
        switch place {
        case .workTree(let tree):
            return try tree.files(under: OffboardingReport.folder).filter(isReport).map {
                ManifestFile(path: $0.path, bytes: try tree.read($0.path, limitBytes: OffboardingReport.maximumBytes))
            }
        case .commit(let head, let path):
            let repository = try GitRepository(opening: path, searchingParents: true)
            let folder = try repository.subtree(of: head, at: OffboardingReport.folder)
            return try repository.files(inTree: folder, prefix: OffboardingReport.folder).filter(isReport).map {
                let bytes = try repository.blob($0.blob, limitBytes: OffboardingReport.maximumBytes)
                return ManifestFile(path: $0.path, bytes: bytes, commit: head)
            }
        }
    }

    private func isReport(_ file: TreeFile) -> Bool {
        (file.kind == .regular || file.kind == .executable) && file.path.hasSuffix(".yaml")
    }

    /// Replaces one report of a work tree.
    static func write(_ report: OffboardingReport, root: String) throws {
        try AtomicFile.createPrivateFolder("\(root)/\(OffboardingReport.folder)")
        try AtomicFile.write(report.yaml, to: "\(root)/\(report.path)", mode: 0o644)
    }

    /// Adds to the reports of a work tree what their recipients turn out to be able to open now: a value may have been
    /// sealed for one of them on a branch that was merged after the report.
    static func note(_ entries: [SealEntry], root: String) throws {
        for known in try OffboardingReports(root: root).load() {
            var report = known
            report.merge(
                entries.compactMap { entry in
                    guard let binding = entry.binding, binding.recipients.contains(known.fingerprint) else {
                        return nil
                    }
                    return known.missing(
                        .field(entry.id, entry.field), binding.counter, entry.valueFile ?? entry.manifest)
                })
            if report != known { try write(report, root: root) }
        }
    }
}

extension OffboardingReport {
    /// A version that is not in the report yet.
    fileprivate func missing(_ subject: Subject, _ counter: Int64, _ file: String) -> Value? {
        let known = values.first { $0.subject == subject }
        guard known?.versions.contains(where: { $0.counter == counter }) != true else { return nil }
        return Value(subject, .binding, [Version(commit: nil, file: file, counter: counter)])
    }
}
