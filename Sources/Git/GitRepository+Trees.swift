internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// The tree of the folder `path` (`""` or `.` for the root) in a commit; `nil` if there is no such path.
    ///
    /// Throws ``GitFailure/Kind/notAFolder`` if the path leads to a file.
    package func subtree(of commit: ObjectID, at path: String) throws(GitFailure) -> ObjectID? {
        var tree = try self.commit(commit).tree
        var walked = ""
        for segment in path.split(separator: "/") where segment != "." {
            walked += (walked.isEmpty ? "" : "/") + segment
            guard let entry = try entry(named: Array(segment.utf8), in: tree) else { return nil }
            guard let folder = entry else {
                throw GitFailure(
                    .notAFolder, "\(GitText.cleaned(walked)) is a file in commit \(commit.short), not a folder")
            }
            tree = folder
        }
        return tree
    }

    /// Outer `nil`: no entry of that name. Inner `nil`: not a folder.
    private func entry(named name: [UInt8], in tree: ObjectID) throws(GitFailure) -> ObjectID?? {
        let object = try object(tree, GIT_OBJECT_TREE, limitBytes: TreeWalk.maximumTreeBytes)
        return try object.withBytes { (bytes) throws(GitFailure) -> ObjectID?? in
            var cursor = try TreeCursor(bytes, tree: tree)
            while let entry = cursor.current {
                if entry.name.elementsEqual(name) { return .some(entry.isFolder ? ObjectID(bytes: entry.id) : nil) }
                try cursor.advance()
            }
            return .none
        }
    }

    /// All files below a tree, sorted by the bytes of their paths, with `prefix` joined to the front of each path.
    /// `nil` has no files.
    package func files(inTree tree: ObjectID?, prefix: String) throws(GitFailure) -> [TreeFile] {
        var files: [TreeFile] = []
        var walk = TreeWalk(self) { _, file in if let file { files.append(file) } }
        try walk.compare(nil, tree, prefix: Self.normalized(prefix))
        return files
    }

    /// The files that differ between two trees, sorted by the bytes of their paths, with `prefix` joined to the front
    /// of each path; `nil` stands for a tree without files.
    ///
    /// The cost follows the change: a subtree that both have is not read. A renamed file is one deleted and one added.
    package func changes(from old: ObjectID?, to new: ObjectID?, prefix: String) throws(GitFailure) -> [TreeChange] {
        var changes: [TreeChange] = []
        var walk = TreeWalk(self) { old, new in
            if let path = (new ?? old)?.path { changes.append(TreeChange(path: path, old: old, new: new)) }
        }
        try walk.compare(old, new, prefix: Self.normalized(prefix))
        return changes
    }

    /// Without empty and `.` segments.
    static func normalized(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
