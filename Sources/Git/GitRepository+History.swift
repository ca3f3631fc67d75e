internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// Every commit that `start` and, with `allReferences`, any branch, tag or other reference has in its history, each
    /// once, parents before their children; without `known` and what those have in theirs.
    ///
    /// Throws ``GitFailure/Kind/objectMissing`` where a shallow clone was cut off: a history that is not all there
    /// cannot be searched.
    package func history(
        of start: [ObjectID], excluding known: [ObjectID] = [], allReferences: Bool
    ) throws(GitFailure) -> [ObjectID] {
        if isShallow {
            throw explained(GitFailure(.objectMissing, "the history of the repository is not all there"))
        }
        var opened: OpaquePointer?
        try git("cannot walk the history", withRaw { git_revwalk_new(&opened, $0) })
        guard let walk = opened else { throw GitFailure(.native, "cannot walk the history") }
        defer { git_revwalk_free(walk) }
        try git(
            "cannot sort the history",
            git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue))
        for commit in start {
            var raw = commit.raw
            try git("cannot walk the history from \(commit.short)", git_revwalk_push(walk, &raw))
        }
        for commit in known {
            var raw = commit.raw
            try git("cannot walk the history from \(commit.short)", git_revwalk_hide(walk, &raw))
        }
        if allReferences { try git("cannot read the references", git_revwalk_push_glob(walk, "refs/*")) }
        return try commits(of: walk)
    }

    /// The commits that `start` has in its history and neither `known` nor any reference below `references` has, parents
    /// before their children. What of `known` is not in the repository hides nothing.
    ///
    /// - Parameter references: for example `refs/remotes/origin`.
    package func commits(
        of start: ObjectID, without known: [ObjectID], references: String
    ) throws(GitFailure) -> [ObjectID] {
        var opened: OpaquePointer?
        try git("cannot walk the history", withRaw { git_revwalk_new(&opened, $0) })
        guard let walk = opened else { throw GitFailure(.native, "cannot walk the history") }
        defer { git_revwalk_free(walk) }
        try git(
            "cannot sort the history",
            git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue))
        var raw = start.raw
        try git("cannot walk the history from \(start.short)", git_revwalk_push(walk, &raw))
        for commit in known where hasCommit(commit) {
            var raw = commit.raw
            try git("cannot leave out the history of \(commit.short)", git_revwalk_hide(walk, &raw))
        }
        try git("cannot read the references", git_revwalk_hide_glob(walk, references))
        return try commits(of: walk)
    }

    private func commits(of walk: OpaquePointer) throws(GitFailure) -> [ObjectID] {
        var commits: [ObjectID] = []
        var raw = git_oid()
        while true {
            let status = git_revwalk_next(&raw, walk)
            if status == GIT_ITEROVER.rawValue { return commits }
            guard status == 0 else { throw explained(LibGit2.failure(status, "cannot walk the history")) }
            commits.append(ObjectID(raw))
        }
    }
}
