internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// True if the object is here and is a commit.
    package func hasCommit(_ id: ObjectID) -> Bool {
        var raw = id.raw
        var size = 0
        var type = GIT_OBJECT_INVALID
        return withObjects { git_odb_read_header(&size, &type, $0, &raw) } == 0 && type == GIT_OBJECT_COMMIT
    }

    /// Reads one commit. Text in a foreign encoding is shown with U+FFFD; it never traps.
    package func commit(_ id: ObjectID) throws(GitFailure) -> GitCommit {
        var raw = id.raw
        var found: OpaquePointer?
        let status = withRaw { git_commit_lookup(&found, $0, &raw) }
        guard status == 0, let commit = found else {
            let failure = explained(LibGit2.failure(status, "cannot read commit \(id.short)"))
            // Which class of error libgit2 gives depends on the line that it cannot parse.
            throw failure.kind == .objectMissing
                ? failure : GitFailure(.corrupt, failure.message, hint: LibGit2.corruptionHint)
        }
        defer { git_commit_free(commit) }
        guard let tree = git_commit_tree_id(commit) else {
            throw GitFailure(.corrupt, "commit \(id.short) has no tree")
        }
        let author = git_commit_author(commit)?.pointee
        let committer = git_commit_committer(commit)?.pointee
        return GitCommit(
            id: id, tree: ObjectID(tree.pointee),
            parents: (0..<git_commit_parentcount(commit)).compactMap { n in
                git_commit_parent_id(commit, n).map { ObjectID($0.pointee) }
            },
            authorName: GitText.decoded(author?.name), authorEmail: GitText.decoded(author?.email),
            committerName: GitText.decoded(committer?.name), committerEmail: GitText.decoded(committer?.email),
            committedAt: Timestamp(seconds: min(max(git_commit_time(commit), -62_135_596_800), 253_402_300_799)),
            summary: GitText.decoded(git_commit_summary(commit)))
    }

    /// True if `descendant` is `ancestor` or has it in its history.
    package func isAncestor(_ ancestor: ObjectID, of descendant: ObjectID) throws(GitFailure) -> Bool {
        try requireCommits(ancestor, descendant)
        guard ancestor != descendant else { return true }
        if isShallow { return try isAncestorInPart(ancestor, of: descendant) }
        var (old, new) = (ancestor.raw, descendant.raw)
        let status = withRaw { git_graph_descendant_of($0, &new, &old) }
        guard status >= 0 else { throw historyFailure(status, ancestor, descendant) }
        return status == 1
    }

    /// The answer as far as a shallow clone has it: libgit2's own walk stops at the first parent that was cut off, also
    /// when the ancestor is there.
    private func isAncestorInPart(_ ancestor: ObjectID, of descendant: ObjectID) throws(GitFailure) -> Bool {
        var seen: Set<ObjectID> = [descendant]
        var queue = [descendant]
        var missing: ObjectID?
        while let id = queue.popLast() {
            for parent in try commit(id).parents where seen.insert(parent).inserted {
                if parent == ancestor { return true }
                if hasCommit(parent) { queue.append(parent) } else { missing = parent }
            }
        }
        guard let missing else { return false }
        throw explained(GitFailure(.objectMissing, "commit \(missing.short) is not in the repository"))
    }

    /// The best common ancestor; `nil` for unrelated histories.
    package func mergeBase(_ a: ObjectID, _ b: ObjectID) throws(GitFailure) -> ObjectID? {
        try requireCommits(a, b)
        var (first, second, base) = (a.raw, b.raw, git_oid())
        let status = withRaw { git_merge_base(&base, $0, &first, &second) }
        if status == GIT_ENOTFOUND.rawValue, !isShallow { return nil }
        guard status == 0 else { throw historyFailure(status, a, b) }
        return ObjectID(base)
    }

    /// Every best common ancestor: more than one where two lines were merged into each other, none for unrelated ones.
    package func mergeBases(_ a: ObjectID, _ b: ObjectID) throws(GitFailure) -> [ObjectID] {
        try requireCommits(a, b)
        var (first, second, list) = (a.raw, b.raw, git_oidarray())
        defer { git_oidarray_dispose(&list) }
        let status = withRaw { git_merge_bases(&list, $0, &first, &second) }
        if status == GIT_ENOTFOUND.rawValue, !isShallow { return [] }
        guard status == 0 else { throw historyFailure(status, a, b) }
        return (0..<list.count).map { ObjectID(list.ids[$0]) }
    }

    private func requireCommits(_ ids: ObjectID...) throws(GitFailure) {
        for id in ids where !hasCommit(id) {
            throw explained(GitFailure(.objectMissing, "commit \(id.short) is not in the repository"))
        }
    }

    private func historyFailure(_ status: Int32, _ a: ObjectID, _ b: ObjectID) -> GitFailure {
        let failure = LibGit2.failure(status, "cannot walk the history between \(a.short) and \(b.short)")
        // A cut-off parent shows itself in several ways, depending on the walk.
        return explained(isShallow ? GitFailure(.objectMissing, failure.message) : failure)
    }
}
