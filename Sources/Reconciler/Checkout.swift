package import ResealCore

/// A commit (or a work tree) of a repository that can be read here.
package struct Checkout: Sendable {
    package var source: Plan.Source
    /// The repository's objects: a clone, a bare mirror, or a work tree's `.git`.
    package var repositoryPath: String
    /// `nil` for a work tree with its uncommitted changes, which then lies at `workTree`.
    package var head: ObjectID?
    package var workTree: String?

    package init(source: Plan.Source, repositoryPath: String, head: ObjectID?, workTree: String? = nil) {
        self.source = source
        self.repositoryPath = repositoryPath
        self.head = head
        self.workTree = workTree
    }

    var snapshots: any SnapshotSource {
        if let head { return commit(head) }
        return WorkTreeSnapshotSource(root: workTree ?? repositoryPath, folder: source.path)
    }

    func commit(_ id: ObjectID) -> CommitSnapshotSource {
        CommitSnapshotSource(repositoryPath: repositoryPath, commit: id, folder: source.path)
    }
}
