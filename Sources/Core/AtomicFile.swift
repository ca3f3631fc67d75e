internal import Glibc

/// A file operation that the system refused.
package struct FileFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case unreadable = "file.unreadable"
        case unwritable = "file.unwritable"
        case exists = "file.exists"
        case tooLarge = "file.too-large"
        case tooOpen = "file.permissions"
    }
    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

    static func system(_ kind: Kind, _ what: String, path: String) -> FileFailure {
        FileFailure(kind, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}

/// Whole-file reads and writes that survive a crash.
package enum AtomicFile {
    /// Writes beside `path`, syncs, and renames over it: readers see the old bytes or the new, also after a power cut.
    ///
    /// With `replacing: false` an existing file is left alone and the call throws ``FileFailure/Kind/exists``.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String, mode: UInt32 = 0o600, replacing: Bool = true
    ) throws(FileFailure) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw .system(.unwritable, "write", path: path) }
        do throws(FileFailure) {
            try writeAll(bytes, to: descriptor, path: path)
            guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
                throw .system(.unwritable, "write", path: path)
            }
            close(descriptor)
            FaultPoint.pass("file.beforeRename")
            // A hard link fails where the name is taken, which a rename does not.
            let status = replacing ? rename(temporary, path) : link(temporary, path)
            guard status == 0 else {
                throw errno == EEXIST
                    ? FileFailure(.exists, "\(path) exists already", hint: "choose another file, or remove it first")
                    : .system(.unwritable, "write", path: path)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        if !replacing { unlink(temporary) }
        syncFolder(folder)
    }

    package static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600, replacing: Bool = true
    ) throws(FileFailure) {
        try write(Array(text.utf8), to: path, mode: mode, replacing: replacing)
    }

    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, replacing: Bool = true
    ) throws(FileFailure) {
        try bytes.withRawBytes { (b) throws(FileFailure) in
            try write(b, to: path, mode: mode, replacing: replacing)
        }
    }

    /// Reads at most `limit` bytes; a longer file is an error, never a cut.
    package static func read(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.unreadable, "read", path: path) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, name: path, limit: limit)
    }

    /// Reads a descriptor to its end, at most `limit` bytes.
    package static func read(descriptor: Int32, name: String, limit: Int) throws(FileFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // The chunk may have carried a secret.
        defer { explicit_bzero(&buffer, buffer.count) }
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(.unreadable, "read", path: name)
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw FileFailure(.tooLarge, "\(name) is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Throws ``FileFailure/Kind/tooOpen`` when group or others may read or write the file.
    package static func requirePrivate(_ path: String) throws(FileFailure) {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .system(.unreadable, "read", path: path) }
        guard info.st_mode & 0o077 == 0 else {
            throw FileFailure(.tooOpen, "\(path) is open to other users", hint: "chmod 600 \(path)")
        }
    }

    /// Creates a folder that only its owner may enter; an existing one is left as it is.
    package static func createPrivateFolder(_ path: String) throws(FileFailure) {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            built += (built.isEmpty || built.hasSuffix("/") ? "" : "/") + part
            if mkdir(built, 0o700) != 0, errno != EEXIST { throw .system(.unwritable, "create", path: path) }
        }
    }

    private static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(FileFailure) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(.unwritable, "write", path: path) }
            done += count
        }
    }

    private static func syncFolder(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
