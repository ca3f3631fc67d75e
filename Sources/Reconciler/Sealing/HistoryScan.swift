internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests

/// Looks through the whole history of a repository for what a recipient could open: every version of every file, on
/// every branch, merged or not, renamed and deleted ones included.
struct HistoryScan {
    /// One version of a file, and the commits that brought it.
    private struct Appearance: Sendable {
        let file: TreeFile
        /// Oldest first.
        var commits: [ObjectID]
    }

    /// What was found in the history.
    struct Findings {
        var values: [OffboardingReport.Value] = []
        var commits = 0
    }

    let repositoryPath: String
    /// The manifests' folder, from the root of the repository.
    let folder: String
    let fingerprint: String
    /// The recipient's whole text, where it is known.
    let text: String?
    let workers: Int

    /// Blobs that are larger hold no value that any repository allows.
    private static let maximumFileBytes = SealReader.maximumValueFileBytes

    /// Throws ``GitFailure`` where history is missing or damaged: half a list would be taken for a whole one.
    func run() throws -> Findings {
        let repository = try GitRepository(opening: repositoryPath, searchingParents: true)
        let head = try? repository.resolve("HEAD")
        let commits = try repository.history(of: head.map { [$0] } ?? [], allReferences: true)
        let appearances = try appearances(commits, repository)
        let files = try ParallelMap.run(appearances.count, workers: workers) {
            try GitRepository(opening: repositoryPath, searchingParents: true)
        } _: { repository, number in
            try read(appearances[number].file, repository)
        }
        var judge = HistoryJudge(fingerprint: fingerprint, repository: repository)
        for case (let appearance, let file?) in zip(appearances, files) { judge.learn(file, at: appearance.file) }
        for case (let appearance, let file?) in zip(appearances, files) {
            try judge.add(file, at: appearance.file.path, commits: appearance.commits)
        }
        return Findings(values: judge.values, commits: commits.count)
    }

    /// Each commit against its first parent is enough: what comes in by another parent is found at that one's history.
    private func appearances(_ commits: [ObjectID], _ repository: GitRepository) throws -> [Appearance] {
        var trees: [ObjectID: ObjectID] = [:]
        var places: [TreeFile: Int] = [:]
        var found: [Appearance] = []
        for id in commits {
            let commit = try repository.commit(id)
            trees[id] = commit.tree
            let before = commit.parents.first.flatMap { trees[$0] }
            for change in try repository.changes(from: before, to: commit.tree, prefix: "") {
                guard let file = change.new, isInteresting(file) else { continue }
                if let place = places[file] {
                    found[place].commits.append(id)
                } else {
                    places[file] = found.count
                    found.append(Appearance(file: file, commits: [id]))
                }
            }
        }
        return found
    }

    /// Everything below the manifests' folder; elsewhere, where manifests may have been once, what is named like them.
    private func isInteresting(_ file: TreeFile) -> Bool {
        guard file.kind == .regular || file.kind == .executable else { return false }
        return folder.isEmpty || file.path.hasPrefix(folder + "/")
            || [".yaml", ".yml", ".age"].contains { file.path.hasSuffix($0) }
    }

    /// `nil` for a file that is too large to hold anything of ours.
    private func read(_ file: TreeFile, _ repository: GitRepository) throws -> HistoricFile? {
        guard try repository.blobSizeBytes(file.blob) <= Self.maximumFileBytes else { return nil }
        let bytes = try repository.blob(file.blob, limitBytes: Self.maximumFileBytes)
        return HistoricFile(path: file.path, bytes: bytes, fingerprint: fingerprint, text: text)
    }
}
