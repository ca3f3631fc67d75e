internal import CLibGit2
internal import ResealCore

/// Changes to the files below one folder, sorted into the folders they concern. Only trees on the way to a change are
/// read and written.
struct TreeEdit {
    private var files: [String: CommitDraft.Change] = [:]
    private var folders: [String: TreeEdit] = [:]
    /// From the root, for messages.
    private let path: String

    init(_ changes: [String: CommitDraft.Change]) throws(GitFailure) {
        path = ""
        for (path, change) in changes {
            let segments = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }),
                segments.count <= TreeWalk.maximumDepth
            else {
                throw Self.refusal("`\(GitText.cleaned(path))` is no path of a file from the root of the repository")
            }
            try add(change, at: segments[...])
        }
    }

    private init(at path: String) { self.path = path }

    private mutating func add(_ change: CommitDraft.Change, at segments: ArraySlice<String>) throws(GitFailure) {
        guard let name = segments.first else { return }
        let child = path.isEmpty ? name : "\(path)/\(name)"
        let isFile = segments.count == 1
        guard isFile ? folders[name] == nil : files[name] == nil else {
            throw Self.refusal("`\(GitText.cleaned(child))` is to be both a file and a folder")
        }
        guard !isFile else {
            files[name] = change
            return
        }
        var folder = folders[name] ?? TreeEdit(at: child)
        try folder.add(change, at: segments.dropFirst())
        folders[name] = folder
    }

    /// Writes the changed trees; `nil` when no file is left.
    func apply(to tree: ObjectID?, in repository: GitRepository) throws(GitFailure) -> ObjectID? {
        let builder = try TreeBuilder(repository, tree)
        for (name, edit) in folders {
            let present = builder.entry(name)
            if let present, present.kind != nil { throw edit.blocked(by: present) }
            let below = try edit.apply(to: present?.id, in: repository)
            try builder.set(name, below.map { ($0, GIT_FILEMODE_TREE) }, display: edit.path)
        }
        for (name, change) in files {
            let child = path.isEmpty ? name : "\(path)/\(name)"
            let present = builder.entry(name)
            if let present, present.kind != .regular, present.kind != .executable {
                throw TreeEdit(at: child).blocked(by: present)
            }
            switch change {
            case .write(let bytes):
                let mode = present?.kind == .executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB
                try builder.set(name, (try repository.write(blob: bytes), mode), display: child)
            case .remove:
                guard present != nil else { throw Self.refusal("there is no file \(GitText.cleaned(child)) to remove") }
                try builder.set(name, nil, display: child)
            }
        }
        return try builder.isEmpty ? nil : builder.write()
    }

    private func blocked(by entry: TreeBuilder.Entry) -> GitFailure {
        let what =
            switch entry.kind {
            case .symlink: "a symbolic link"
            case .submodule: "a submodule"
            case .regular, .executable: "a file"
            case nil: "a folder"
            }
        return Self.refusal("\(GitText.cleaned(path)) is \(what), which is not written through or over")
    }

    private static func refusal(_ message: String) -> GitFailure { GitFailure(.invalidCommit, message) }
}

/// Sole owner of one `git_treebuilder *`.
private final class TreeBuilder {
    struct Entry {
        let id: ObjectID
        /// `nil` for a folder.
        let kind: TreeFile.Kind?
    }

    private let raw: OpaquePointer

    /// Begins with the entries of `tree`, or with none.
    init(_ repository: GitRepository, _ tree: ObjectID?) throws(GitFailure) {
        var source: OpaquePointer?
        if let tree {
            var id = tree.raw
            let status = repository.withRaw { git_tree_lookup(&source, $0, &id) }
            guard status == 0 else {
                throw repository.explained(LibGit2.failure(status, "cannot read tree \(tree.short)"))
            }
        }
        defer { git_tree_free(source) }
        var created: OpaquePointer?
        let status = repository.withRaw { git_treebuilder_new(&created, $0, source) }
        guard status == 0, let created else { throw LibGit2.failure(status, "cannot change a tree") }
        raw = created
    }

    deinit { git_treebuilder_free(raw) }

    var isEmpty: Bool { git_treebuilder_entrycount(raw) == 0 }

    func entry(_ name: String) -> Entry? {
        guard let entry = git_treebuilder_get(raw, name), let id = git_tree_entry_id(entry) else { return nil }
        let kind: TreeFile.Kind?
        switch git_tree_entry_filemode(entry) {
        case GIT_FILEMODE_TREE: kind = nil
        case GIT_FILEMODE_LINK: kind = .symlink
        case GIT_FILEMODE_COMMIT: kind = .submodule
        case GIT_FILEMODE_BLOB_EXECUTABLE: kind = .executable
        default: kind = .regular
        }
        return Entry(id: ObjectID(id.pointee), kind: kind)
    }

    func set(_ name: String, _ target: (ObjectID, git_filemode_t)?, display: String) throws(GitFailure) {
        guard let (id, mode) = target else {
            if git_treebuilder_get(raw, name) != nil {
                try git("cannot remove \(GitText.cleaned(display))", git_treebuilder_remove(raw, name))
            }
            return
        }
        var oid = id.raw
        // It refuses names that some system would take for `.git`.
        let status = git_treebuilder_insert(nil, raw, name, &oid, mode)
        guard status == 0 else {
            let failure = LibGit2.failure(status, "cannot write \(GitText.cleaned(display))")
            throw GitFailure(.invalidCommit, failure.message)
        }
    }

    func write() throws(GitFailure) -> ObjectID {
        var id = git_oid()
        try git("cannot write a tree", git_treebuilder_write(&id, raw))
        return ObjectID(id)
    }
}

extension GitRepository {
    fileprivate func write(blob bytes: [UInt8]) throws(GitFailure) -> ObjectID {
        var id = git_oid()
        let status = withObjects { objects in
            bytes.withUnsafeBytes {
                git_odb_write(
                    &id, objects, $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1), $0.count, GIT_OBJECT_BLOB)
            }
        }
        try git("cannot write a blob", status)
        return ObjectID(id)
    }
}
