package import ResealCore

/// A commit (or a work tree) of a repository that can be read here.
package struct Checkout: Sendable {
    package var source: Plan.Source
    /// The repository's objects: a clone, a bare mirror, or a work tree's `.git`.
    package var repositoryPath: String
    /// `nil` for a work tree with its uncommitted changes, which then lies at `workTree`.
    package var head: ObjectID?
    package var workTree: String?
    /// What is staged, in place of the work tree's files.
    package var staged: StagedFiles?

    package init(source: Plan.Source, repositoryPath: String, head: ObjectID?, workTree: String? = nil) {
        self.source = source
        self.repositoryPath = repositoryPath
        self.head = head
        self.workTree = workTree
    }

    var snapshots: any SnapshotSource { snapshots(of: source.path) }

    /// The whole repository instead of the manifests' folder.
    var wholeSnapshots: any SnapshotSource { snapshots(of: "") }

    private func snapshots(of folder: String) -> any SnapshotSource {
        if let head { return CommitSnapshotSource(repositoryPath: repositoryPath, commit: head, folder: folder) }
        if let staged {
            return StagedSnapshotSource(repositoryPath: repositoryPath, staged: staged, folder: folder)
        }
        return WorkTreeSnapshotSource(root: workTree ?? repositoryPath, folder: folder)
    }

    func commit(_ id: ObjectID) -> CommitSnapshotSource {
        CommitSnapshotSource(repositoryPath: repositoryPath, commit: id, folder: source.path)
    }
}
