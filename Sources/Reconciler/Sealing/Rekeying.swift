internal import Glibc
package import ResealAge
package import ResealCore
internal import ResealGit
internal import ResealManifests

/// What ``Rekeying`` did.
package struct RekeyReport: Sendable {
    /// The values that did not fit and do now, or would in a dry run.
    package var resealed: [SealEntry] = []
    /// Values that fit already.
    package var fitting = 0
    package var files: Set<String> = []
    /// One for each value or file that was left as it is.
    package var problems: [Diagnostic] = []

    /// The values among ``resealed`` that nothing had tied to their place before.
    package var newlyBound: [SealEntry] { resealed.filter { $0.binding == nil } }
}

/// Reseals the values of a work tree that do not fit the rules, and nothing else.
///
/// Each value gets a fresh file key, and a counter that is one higher; its plaintext stays, so the next apply sees no
/// change of it. Files are replaced whole, one after the other: a run that is stopped leaves each of them as it was or
/// as it shall be, and the next run does the rest.
package struct Rekeying: Sendable {
    private static let filesPerRound = 64
    let tree: WorkTree
    let folder: String
    let identities: [any Identity]
    private let access: KeyAccess
    let now: Timestamp
    let workers: Int
    /// Called with the number of values that were resealed.
    let progress: @Sendable (Int) -> Void

    /// - Parameter access: what sealing to the recipients of the manifests may do.
    package init(
        root: String, folder: String, identities: [any Identity], access: KeyAccess = .unattended, now: Timestamp,
        workers: Int = DesiredLoader.defaultWorkers, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        tree = WorkTree(root: root)
        self.folder = folder
        let head = try? GitRepository(opening: root, searchingParents: true).resolve("HEAD")
        committed = head.map { CommitSnapshotSource(repositoryPath: root, commit: $0, folder: folder) }
        self.identities = identities
        self.access = access
        self.now = now
        self.workers = workers
        self.progress = progress
    }

    /// Reseals what does not fit. Problems with single values stop none of the others.
    ///
    /// - Parameter isDryRun: writes nothing. Without identities, it does not try to open anything either.
    /// - Throws: ``ReconcileFailure/Kind/rekeyLocked`` while another run is at work on the same tree; a failure of the
    ///   rules, see ``SealSurvey``.
    package func run(_ selection: ValueSelection, isDryRun: Bool) throws -> RekeyReport {
        let lock = isDryRun ? nil : try WorkTreeLock(tree.root)
        defer { withExtendedLifetime(lock) {} }
        var files = try tree.files(under: folder)
        if !isDryRun { tree.removeDrafts(files.map(\.path)) }
        files.removeAll { !$0.isManifest }
        // Before the values that an offboarded recipient can open are resealed, and nobody sees it any more.
        if !isDryRun, !(try OffboardingReports(root: tree.root).load().isEmpty) {
            try OffboardingReports.note(try SealSurvey.entries(snapshots, workers: workers), root: tree.root)
        }
        let law = try readLaw(files)
        let writer = ReplacementWriter(tree)
        var report = RekeyReport()
        var round = RekeyRounds(
            RekeySteps(rekeying: self, law: law, selection: selection, isDryRun: isDryRun))
        for start in stride(from: 0, to: files.count, by: Self.filesPerRound) {
            let part = files[start..<min(start + Self.filesPerRound, files.count)]
            writer.enqueue(try round.run(Array(part), &report))
            progress(report.resealed.count)
        }
        report.problems += round.unmatched
        remove(writer.finish(), from: &report)
        return report
    }

    /// The two manifests by which values are judged. Only files in which the words stand are parsed.
    private func readLaw(_ files: [TreeFile]) throws -> SealLaw {
        let needles = [ResourceKind.repository, .recipients].map { Array($0.rawValue.utf8) }
        let limit = ManifestLimits.standard.yaml.fileBytes
        let parts = try ParallelMap.run(files.count, workers: workers) {
            SealReader(snapshot: try snapshots.open(), commit: nil)
        } _: { reader, number in
            // What cannot be read is reported when its values are looked for.
            guard let bytes = try? tree.read(files[number].path, limitBytes: limit),
                needles.contains(where: { bytes.holds($0) })
            else { return FileSeals() }
            var found = reader.read(files[number].path, bytes)
            found.seals = []
            return found
        }
        return try SealLaw(
            parts.flatMap(\.definitions), problems: parts.flatMap(\.problems), access: access
        ) { try tree.read($0, limitBytes: limit) }
    }

    /// The last commit; `nil` where there is none.
    let committed: CommitSnapshotSource?

    var snapshots: WorkTreeSnapshotSource { WorkTreeSnapshotSource(root: tree.root, folder: folder) }

    /// What was not written was not resealed.
    private func remove(_ refused: [(path: String, failure: GitFailure)], from report: inout RekeyReport) {
        let paths = Set(refused.map(\.path))
        report.resealed.removeAll { paths.contains($0.valueFile ?? $0.manifest) }
        report.files.subtract(paths)
        report.problems += refused.map { path, failure in
            Diagnostic(code: failure.code, failure.message, hint: failure.hint, at: SourceSpan(file: path))
        }
        report.problems.sort(by: Diagnostic.reportOrder)
    }
}

/// Keeps two processes from resealing one work tree at the same time.
private final class WorkTreeLock {
    private let descriptor: Int32

    init(_ root: String) throws {
        descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isBusy = descriptor >= 0 && errno == EWOULDBLOCK
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw isBusy
                ? ReconcileFailure(
                    .rekeyLocked, "another process is resealing values in \(root)", hint: "wait until it is done")
                : ReconcileFailure(.rekeyLocked, "cannot lock the work tree \(root): \(reason)")
        }
    }

    // Closing it gives the lock back; so does the end of the process, however it ends.
    deinit { close(descriptor) }
}
