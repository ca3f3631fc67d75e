internal import CLibGit2
package import ResealCore

extension GitRepository {
    /// The file at `path` within a tree; `nil` when there is none, or a folder. `prefix` is joined to the front of the
    /// path that the result carries.
    package func file(at path: String, inTree tree: ObjectID?, prefix: String) throws(GitFailure) -> TreeFile? {
        guard var folder = tree else { return nil }
        let segments = path.split(separator: "/").filter { $0 != "." }
        for (index, segment) in segments.enumerated() {
            guard let (id, kind) = try lookUp(Array(segment.utf8), in: folder) else { return nil }
            if index == segments.count - 1 {
                let full = (Self.normalized(prefix).split(separator: "/") + segments).joined(separator: "/")
                return kind.map { TreeFile(path: full, blob: id, kind: $0) }
            }
            guard kind == nil else { return nil }
            folder = id
        }
        return nil
    }

    /// `kind` is `nil` for a folder.
    private func lookUp(
        _ name: [UInt8], in tree: ObjectID
    ) throws(GitFailure) -> (id: ObjectID, kind: TreeFile.Kind?)? {
        let object = try object(tree, GIT_OBJECT_TREE, limitBytes: TreeWalk.maximumTreeBytes)
        return try object.withBytes { (bytes) throws(GitFailure) -> (ObjectID, TreeFile.Kind?)? in
            var cursor = try TreeCursor(bytes, tree: tree)
            while let entry = cursor.current {
                if entry.name.elementsEqual(name) { return ObjectID(bytes: entry.id).map { ($0, entry.kind) } }
                try cursor.advance()
            }
            return nil
        }
    }
}
