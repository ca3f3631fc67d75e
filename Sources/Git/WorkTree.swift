internal import Glibc
internal import ResealCore

/// The files that lie in a work tree now: tracked ones, and untracked ones that no ignore rule names.
///
/// Nothing outside the root is opened: each folder is entered from the one above it, and never through a symbolic link.
package struct WorkTree: Sendable {
    /// Larger files are an error, for each file is read to name its blob.
    package static let maximumFileBytes = 256 << 20

    /// The top of a work tree, a folder within one, or a folder outside of any repository, where nothing is ignored.
    package let root: String

    package init(root: String) { self.root = root }

    /// All files below `path`, sorted by the bytes of their paths, which are relative to the root. Blob ids are those
    /// of the bytes as they are (no filter runs). A folder that is not there has no files.
    ///
    /// Named pipes, sockets and devices are left out, and so are repositories inside the work tree that are no
    /// submodules.
    package func files(under path: String) throws(GitFailure) -> [TreeFile] {
        try scan(path, namesBlobs: true)
    }

    /// As ``files(under:)``, without reading any file: each blob is the id of zeros.
    package func unreadFiles(under path: String) throws(GitFailure) -> [TreeFile] {
        try scan(path, namesBlobs: false)
    }

    private func scan(_ path: String, namesBlobs: Bool) throws(GitFailure) -> [TreeFile] {
        let path = try segments(path)
        var scan = try WorkTreeScan(root: root, namesBlobs: namesBlobs)
        guard let folder = try openFolder(path) else { return [] }
        try scan.visit(folder, path: path.joined(separator: "/"))
        return scan.sortedFiles()
    }

    /// Reads one regular file; ``GitFailure/Kind/tooLarge`` when it has more than `limitBytes` bytes.
    package func read(_ path: String, limitBytes: Int) throws(GitFailure) -> [UInt8] {
        let segments = try segments(path)
        guard let name = segments.last, let folder = try openFolder(segments.dropLast()) else {
            throw GitFailure(.file, "there is no file \(GitText.cleaned(path))")
        }
        return try Self.readFile(Array(name.utf8), in: folder, path: path, limitBytes: limitBytes)
    }

    static func readFile(
        _ name: [UInt8], in folder: borrowing Descriptor, path: String, limitBytes: Int
    ) throws(GitFailure) -> [UInt8] {
        guard let number = folder.open(name, O_RDONLY) else {
            let reason = errno == ELOOP ? "it is a symbolic link" : String(cString: strerror(errno))
            throw GitFailure(.file, "cannot read \(GitText.cleaned(path)): \(reason)")
        }
        let file = Descriptor(adopting: number)
        var info = stat()
        guard fstat(file.number, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw GitFailure(.file, "\(GitText.cleaned(path)) is not a regular file")
        }
        do {
            return try AtomicFile.read(descriptor: file.number, name: GitText.cleaned(path), limit: limitBytes)
        } catch {
            throw GitFailure(error.kind == .tooLarge ? .tooLarge : .file, error.message, hint: error.hint)
        }
    }

    func segments(_ path: String) throws(GitFailure) -> [String] {
        let segments = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard !path.hasPrefix("/"), !segments.contains(".."), !path.utf8.contains(0) else {
            throw GitFailure(.file, "the path \(GitText.cleaned(path)) leads out of the work tree")
        }
        return segments
    }

    /// `nil` if the folder is not there.
    func openFolder(_ segments: some Sequence<String>) throws(GitFailure) -> Descriptor? {
        let top = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else {
            throw GitFailure(.file, "cannot open \(GitText.cleaned(root)): \(String(cString: strerror(errno)))")
        }
        var folder = Descriptor(adopting: top)
        for segment in segments {
            let name = Array(segment.utf8)
            guard let info = folder.status(of: name) else { return nil }
            guard info.st_mode & S_IFMT == S_IFDIR, let next = folder.open(name, O_RDONLY | O_DIRECTORY) else {
                throw GitFailure(.notAFolder, "\(GitText.cleaned(segment)) is not a folder")
            }
            folder = Descriptor(adopting: next)
        }
        return folder
    }
}

extension WorkTree {
    /// The names in one folder, sorted; none if it is not there. Does not look into them.
    package func names(in folder: String) throws(GitFailure) -> [String] {
        guard let opened = try openFolder(try segments(folder)), let names = opened.names() else { return [] }
        return names.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }
}
