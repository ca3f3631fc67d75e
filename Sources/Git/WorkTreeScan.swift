internal import CLibGit2
internal import Glibc
internal import ResealCore

/// One walk over a work tree.
struct WorkTreeScan: ~Copyable {
    private let rules: TrackingRules?
    /// False to leave the files unread and their blobs unnamed.
    private let namesBlobs: Bool
    private var files: [TreeFile] = []

    init(root: String, namesBlobs: Bool = true) throws(GitFailure) {
        rules = try TrackingRules(root: root)
        self.namesBlobs = namesBlobs
    }

    /// Git's order of paths.
    consuming func sortedFiles() -> [TreeFile] {
        files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    mutating func visit(_ folder: borrowing Descriptor, path: String, depth: Int = 0) throws(GitFailure) {
        guard depth < TreeWalk.maximumDepth, files.count < 1_000_000 else {
            throw GitFailure(.tooLarge, "the work tree has too many files or levels at \(GitText.cleaned(path))")
        }
        guard let names = folder.names() else { throw unreadable(path) }
        for name in names where name != Array(".git".utf8) {
            guard let info = folder.status(of: name) else { continue }
            let text = String(decoding: name, as: UTF8.self)
            let full = path.isEmpty ? text : "\(path)/\(text)"
            switch info.st_mode & S_IFMT {
            case S_IFDIR: try visitFolder(name, in: folder, path: full, depth: depth)
            case S_IFREG where rules?.wants(full) ?? true:
                try addFile(name, in: folder, path: full, info.st_mode & S_IXUSR == 0 ? .regular : .executable)
            case S_IFLNK where rules?.wants(full) ?? true:
                guard let target = folder.linkTarget(of: name) else { throw unreadable(full) }
                add(full, target, .symlink)
            default: continue
            }
        }
    }

    private mutating func visitFolder(
        _ name: [UInt8], in parent: borrowing Descriptor, path: String, depth: Int
    ) throws(GitFailure) {
        if let commit = rules?.submodule(path) {
            files.append(TreeFile(path: path, blob: commit, kind: .submodule))
            return
        }
        guard rules?.mayHoldFiles(path) ?? true else { return }
        guard let number = parent.open(name, O_RDONLY | O_DIRECTORY) else { throw unreadable(path) }
        let folder = Descriptor(adopting: number)
        // Another repository; what is in it belongs to that one.
        if folder.status(of: Array(".git".utf8)) != nil { return }
        try visit(folder, path: path, depth: depth + 1)
    }

    private mutating func addFile(
        _ name: [UInt8], in folder: borrowing Descriptor, path: String, _ kind: TreeFile.Kind
    ) throws(GitFailure) {
        guard namesBlobs else {
            files.append(TreeFile(path: path, blob: ObjectID(zero: ()), kind: kind))
            return
        }
        let bytes = try WorkTree.readFile(name, in: folder, path: path, limitBytes: WorkTree.maximumFileBytes)
        add(path, bytes, kind)
    }

    private mutating func add(_ path: String, _ bytes: [UInt8], _ kind: TreeFile.Kind) {
        files.append(TreeFile(path: path, blob: GitRepository.blobID(of: bytes), kind: kind))
    }

    private func unreadable(_ path: String) -> GitFailure {
        GitFailure(.file, "cannot read \(GitText.cleaned(path)): \(String(cString: strerror(errno)))")
    }
}

/// Which files of a work tree Git would take: the index and the ignore rules.
private final class TrackingRules {
    private let repository: GitRepository
    private let index: OpaquePointer
    /// The scanned root within the work tree, empty or ending in `/`.
    private let base: String

    /// `nil` outside of any repository.
    init?(root: String) throws(GitFailure) {
        do {
            repository = try GitRepository(opening: root, searchingParents: true)
        } catch {
            guard error.kind == .notARepository else { throw error }
            return nil
        }
        guard let top = repository.workFolder else {
            throw GitFailure(
                .notARepository, "\(GitText.cleaned(root)) is a bare repository, without a work tree",
                hint: "name a branch or commit to read from it")
        }
        let (here, above) = (Self.realPath(root) + "/", Self.realPath(top) + "/")
        base = here.hasPrefix(above) ? String(here.dropFirst(above.count)) : ""
        var opened: OpaquePointer?
        let status = repository.withRaw { git_repository_index(&opened, $0) }
        guard status == 0, let opened else { throw LibGit2.failure(status, "cannot read the index of \(root)") }
        index = opened
    }

    deinit { git_index_free(index) }

    private static func realPath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        let text = String(cString: resolved)
        return text == "/" ? "" : text
    }

    /// True for a tracked file and for one that no rule ignores.
    func wants(_ path: String) -> Bool { isTracked(base + path) || !isIgnored(base + path) }

    /// False for an ignored folder without tracked files.
    func mayHoldFiles(_ path: String) -> Bool {
        let folder = base + path + "/"
        return !isIgnored(folder) || git_index_find_prefix(nil, index, folder) == 0
    }

    func submodule(_ path: String) -> ObjectID? {
        guard let entry = git_index_get_bypath(index, base + path, 0), entry.pointee.mode == 0o160000 else {
            return nil
        }
        return ObjectID(entry.pointee.id)
    }

    private func isTracked(_ path: String) -> Bool { git_index_find(nil, index, path) == 0 }

    private func isIgnored(_ path: String) -> Bool {
        var ignored: Int32 = 0
        return repository.withRaw { git_ignore_path_is_ignored(&ignored, $0, path) } == 0 && ignored == 1
    }
}
