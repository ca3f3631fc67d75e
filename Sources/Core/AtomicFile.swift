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

    /// For the present `errno`.
    static func system(_ kind: Kind, _ what: String, path: String) -> FileFailure {
        let code = errno
        return FileFailure(kind, "cannot \(what) \(path): \(String(cString: strerror(code)))", hint: hint(code))
    }

    private static func hint(_ code: Int32) -> String {
        switch code {
        case ENOENT: "check the path: a file or folder of it is missing"
        case EACCES, EPERM: "check the owner and the permissions of the path"
        case EROFS: "the file system is mounted read-only"
        case ENOSPC, EDQUOT, EFBIG: "free some space and run the command again"
        default: "check the path"
        }
    }
}

/// To whom a file is given; `nil` leaves what the process gives it.
package struct FileOwner: Sendable, Hashable {
    package let user: UInt32?
    package let group: UInt32?

    package init(user: UInt32?, group: UInt32?) {
        self.user = user
        self.group = group
    }
}

/// Whole-file reads and writes that survive a crash.
package enum AtomicFile {
    /// Writes beside `path`, syncs, and renames over it: readers see the old bytes or the new, also after a power cut.
    /// A symbolic link at `path` is replaced, not followed.
    ///
    /// With `replacing: false` an existing file is left alone and the call throws ``FileFailure/Kind/exists``.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String, mode: UInt32 = 0o600, owner: FileOwner? = nil,
        replacing: Bool = true
    ) throws(FileFailure) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        // Opened first and used for every step, so that all of them speak of one and the same folder.
        let folder = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(.unwritable, "write", path: path) }
        defer { close(folder) }
        // Random, since a process that was killed leaves its file behind, and process ids come round again.
        let beginning = String(decoding: name.utf8.prefix(128), as: UTF8.self)
        let temporary = ".\(beginning).\(String(UInt64.random(in: 0 ... .max), radix: 36)).new"
        do throws(FileFailure) {
            try create(temporary, in: folder, holding: bytes, mode: mode, owner: owner, for: path)
            FaultPoint.pass("file.beforeRename")
            // A hard link fails where the name is taken, which a rename does not.
            let status =
                replacing ? renameat(folder, temporary, folder, name) : linkat(folder, temporary, folder, name, 0)
            guard status == 0 else {
                throw errno == EEXIST
                    ? FileFailure(.exists, "\(path) exists already", hint: "choose another file, or remove it first")
                    : .system(.unwritable, "write", path: path)
            }
        } catch {
            unlinkat(folder, temporary, 0)
            throw error
        }
        if !replacing { unlinkat(folder, temporary, 0) }
        try sync(folder, path: path)
    }

    /// Makes the file `name`, which must not exist, with its bytes on disk when this returns.
    private static func create(
        _ name: String, in folder: Int32, holding bytes: UnsafeRawBufferPointer, mode: UInt32, owner: FileOwner?,
        for path: String
    ) throws(FileFailure) {
        // Nobody else may open it before it is whose it shall be; then its mode is the final one before it holds anything.
        let descriptor = openat(
            folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner == nil ? mode : 0o600)
        guard descriptor >= 0 else { throw .system(.unwritable, "write", path: path) }
        defer { close(descriptor) }
        if let owner, fchown(descriptor, owner.user ?? uid_t.max, owner.group ?? gid_t.max) != 0 {
            throw .system(.unwritable, "give the owner to", path: path)
        }
        // The mode that `openat` gives is cut by the umask.
        guard fchmod(descriptor, mode) == 0 else { throw .system(.unwritable, "write", path: path) }
        try writeAll(bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw .system(.unwritable, "write", path: path) }
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

    /// As ``read(_:limit:)``, for a file that group and others may neither read nor write; otherwise throws
    /// ``FileFailure/Kind/tooOpen``. What is judged is the very file that is read.
    package static func readPrivate(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.unreadable, "read", path: path) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw .system(.unreadable, "read", path: path) }
        try requirePrivate(info, path)
        return try read(descriptor: descriptor, name: path, limit: limit)
    }

    /// Reads a descriptor to its end, at most `limit` bytes. No copy of them is left behind in memory.
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
            reserve(bytes.count + count, in: &bytes)
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Makes room by moving to a larger array and zeroing the one before, which `append` would free as it is.
    private static func reserve(_ count: Int, in bytes: inout [UInt8]) {
        guard count > bytes.capacity else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(max(count, 2 * bytes.capacity))
        larger.append(contentsOf: bytes)
        explicit_bzero(&bytes, bytes.count)
        bytes = larger
    }

    /// Throws ``FileFailure/Kind/tooOpen`` when group or others may read or write the file.
    package static func requirePrivate(_ path: String) throws(FileFailure) {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .system(.unreadable, "read", path: path) }
        try requirePrivate(info, path)
    }

    private static func requirePrivate(_ info: stat, _ path: String) throws(FileFailure) {
        guard info.st_mode & 0o077 == 0 else {
            throw FileFailure(.tooOpen, "\(path) is open to other users", hint: "chmod 600 \(path)")
        }
    }

    /// Creates a folder that only its owner may enter, with the folders above it; existing ones are left as they are.
    package static func createPrivateFolder(_ path: String) throws(FileFailure) {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            let parent = built.isEmpty ? "." : built
            built += (built.isEmpty || built.hasSuffix("/") ? "" : "/") + part
            if mkdir(built, 0o700) == 0 {
                try syncFolder(parent)
            } else if errno != EEXIST {
                throw .system(.unwritable, "create", path: path)
            }
        }
        var info = stat()
        guard stat(path, &info) == 0 else { throw .system(.unwritable, "create", path: path) }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw FileFailure(.exists, "\(path) exists already, and is no folder", hint: "choose another path")
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

    /// Makes durable what the folder has, for example a file that was made in it by other means.
    package static func syncFolder(_ path: String) throws(FileFailure) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(.unwritable, "sync", path: path) }
        defer { close(folder) }
        try sync(folder, path: path)
    }

    /// Makes the names in a folder durable. Some file systems (FUSE, network) cannot, and say EINVAL.
    private static func sync(_ folder: Int32, path: String) throws(FileFailure) {
        guard fsync(folder) == 0 || errno == EINVAL else { throw .system(.unwritable, "sync", path: path) }
    }
}
