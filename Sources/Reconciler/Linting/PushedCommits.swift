package import ResealCore
package import ResealGit

/// One line of what git tells its `pre-push` hook.
package struct PushedReference: Sendable, Hashable {
    /// All zeros for a reference that is deleted.
    package let local: ObjectID
    /// Where the reference stands in the other repository; all zeros if it is new there.
    package let remote: ObjectID

    /// `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID`; `nil` for anything else.
    package init?(line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 4, let local = ObjectID(hex: words[1]), let remote = ObjectID(hex: words[3]) else {
            return nil
        }
        self.local = local
        self.remote = remote
    }

    package var isDeletion: Bool { local == ObjectID(zero: ()) }
}

/// The commits that a push brings, as far as the remote-tracking branches tell.
package struct PushedCommits: Sendable {
    /// The pushed commits themselves, each once.
    package private(set) var heads: [ObjectID] = []
    /// The files that these commits hold anew: each version once, at the first commit with it.
    package private(set) var files: [LintItem] = []

    /// - Parameter remote: its name, or its address where it has none.
    package init(_ references: [PushedReference], remote: String, in repository: GitRepository) throws {
        var seen: Set<TreeFile> = []
        var walked: Set<ObjectID> = []
        for reference in references where !reference.isDeletion {
            let head = try repository.resolve(reference.local.description)
            if !heads.contains(head) { heads.append(head) }
            let commits = try repository.commits(
                of: head, without: references.map(\.remote), references: "refs/remotes/\(remote)")
            for commit in commits where walked.insert(commit).inserted {
                for file in try Self.newFiles(of: commit, in: repository) where seen.insert(file).inserted {
                    files.append(LintItem(file: file, commit: commit))
                }
            }
        }
    }

    /// Files that no parent has in the same form: what a merge takes over from one side is not new.
    private static func newFiles(of id: ObjectID, in repository: GitRepository) throws -> [TreeFile] {
        let commit = try repository.commit(id)
        // Where a shallow clone is cut off, nothing tells what is new.
        let parents = commit.parents.filter(repository.hasCommit)
        guard parents.isEmpty == commit.parents.isEmpty else { return [] }
        let trees: [ObjectID?] = parents.isEmpty ? [nil] : try parents.map { try repository.commit($0).tree }
        let changes = try trees.map { tree in
            try repository.changes(from: tree, to: commit.tree, prefix: "").compactMap(\.new)
        }
        return changes.dropFirst().reduce(changes[0]) { files, others in files.filter(Set(others).contains) }
    }
}
