internal import CLibGit2
internal import ResealCore

/// Compares two trees, or lists one (a comparison with nothing). Equal subtrees are skipped unread, so the cost follows
/// the change.
///
/// A few small objects can describe billions of paths, by naming the same subtree again and again; hence the limits.
struct TreeWalk {
    static let maximumDepth = 128
    static let maximumTreeBytes = 256 << 20

    private let repository: GitRepository
    private let emit: (TreeFile?, TreeFile?) -> Void
    private var entries = 0

    init(_ repository: GitRepository, emit: @escaping (TreeFile?, TreeFile?) -> Void) {
        self.repository = repository
        self.emit = emit
    }

    /// Reports in the order of the paths' bytes.
    mutating func compare(_ old: ObjectID?, _ new: ObjectID?, prefix: String, depth: Int = 0) throws(GitFailure) {
        guard old != new else { return }
        guard depth < Self.maximumDepth else {
            throw GitFailure(
                .tooLarge, "folders are nested deeper than \(Self.maximumDepth) levels at \(prefix.prefix(80))…")
        }
        try Self.withEntries(of: old, in: repository) { (left) throws(GitFailure) in
            try Self.withEntries(of: new, in: repository) { (right) throws(GitFailure) in
                try merge(&left, &right, prefix: prefix, depth: depth)
            }
        }
    }

    /// Lends a cursor over a tree; over nothing for `nil`.
    private static func withEntries(
        of tree: ObjectID?, in repository: GitRepository, _ body: (inout TreeCursor) throws(GitFailure) -> Void
    ) throws(GitFailure) {
        guard let tree else {
            var cursor = try TreeCursor(UnsafeRawBufferPointer(start: nil, count: 0), tree: ObjectID(git_oid()))
            return try body(&cursor)
        }
        let object = try repository.object(tree, GIT_OBJECT_TREE, limitBytes: maximumTreeBytes)
        try object.withBytes { (bytes) throws(GitFailure) in
            var cursor = try TreeCursor(bytes, tree: tree)
            try body(&cursor)
        }
    }

    private mutating func merge(
        _ left: inout TreeCursor, _ right: inout TreeCursor, prefix: String, depth: Int
    ) throws(GitFailure) {
        while true {
            let (a, b) = (left.current, right.current)
            let order: Int32
            switch (a, b) {
            case (nil, nil): return
            case (_?, nil): order = -1
            case (nil, _?): order = 1
            case (let a?, let b?): order = TreeEntry.order(a, b)
            }
            try count()
            try differ(order <= 0 ? a : nil, order >= 0 ? b : nil, prefix: prefix, depth: depth)
            if order <= 0 { try left.advance() }
            if order >= 0 { try right.advance() }
        }
    }

    private mutating func count() throws(GitFailure) {
        entries += 1
        guard entries <= repository.maximumEntries else {
            throw GitFailure(.tooLarge, "more than \(repository.maximumEntries) files and folders differ")
        }
    }

    /// Reports one pair of entries with the same name; both are folders or neither is.
    private mutating func differ(
        _ old: TreeEntry?, _ new: TreeEntry?, prefix: String, depth: Int
    ) throws(GitFailure) {
        if let old, let new, old.mode == new.mode, old.hasSameTarget(as: new) { return }
        guard let entry = new ?? old else { return }
        let path = prefix.isEmpty ? entry.text : "\(prefix)/\(entry.text)"
        if entry.isFolder {
            let ids = (old.flatMap { ObjectID(bytes: $0.id) }, new.flatMap { ObjectID(bytes: $0.id) })
            return try compare(ids.0, ids.1, prefix: path, depth: depth + 1)
        }
        let files = (old.flatMap { Self.file($0, path) }, new.flatMap { Self.file($0, path) })
        if files.0 != files.1 { emit(files.0, files.1) }
    }

    private static func file(_ entry: TreeEntry, _ path: String) -> TreeFile? {
        guard let kind = entry.kind, let blob = ObjectID(bytes: entry.id) else { return nil }
        return TreeFile(path: path, blob: blob, kind: kind)
    }
}
