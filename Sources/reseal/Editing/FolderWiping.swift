internal import CEditor
internal import Glibc

/// Overwrites and removes folders of decrypted text.
enum FolderWiping {
    private static let maximumDepth = 32
    private static let attempts = 100

    /// False if something is left. An editor that still runs may write a file meanwhile; so it is tried again.
    @discardableResult
    static func wipe(_ path: String) -> Bool {
        for _ in 0..<attempts {
            let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard folder >= 0 else { return errno == ENOENT }
            empty(folder, depth: 0)
            close(folder)
            if rmdir(path) == 0 || errno == ENOENT { return true }
            usleep(1000)
        }
        return false
    }

    private static func empty(_ folder: Int32, depth: Int) {
        for name in names(in: folder) {
            var info = stat()
            guard fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                if inner >= 0, depth < maximumDepth { empty(inner, depth: depth + 1) }
                if inner >= 0 { close(inner) }
                unlinkat(folder, name, AT_REMOVEDIR)
            case S_IFREG:
                // A file that also has a name elsewhere is not ours.
                if info.st_nlink == 1 { overwrite(name, in: folder, info) }
                unlinkat(folder, name, 0)
            default: unlinkat(folder, name, 0)
            }
        }
    }

    private static func overwrite(_ name: String, in folder: Int32, _ info: stat) {
        // An editor may have taken the right to write away from a copy.
        if info.st_mode & S_IWUSR == 0 { fchmodat(folder, name, 0o600, 0) }
        let file = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return }
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 65_536)
        var left = Int(info.st_size)
        while left > 0 {
            let count = write(file, zeros, min(left, zeros.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            left -= count
        }
    }

    static func names(in folder: Int32) -> [String] {
        // The stream takes the descriptor over, so it gets one of its own.
        let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// Folders of sessions that were killed together with their guardians.
enum StaleFolders {
    /// Younger folders may be about to be locked.
    private static let minimumAgeSeconds = 5

    static func sweep(_ parent: String) {
        let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        for name in FolderWiping.names(in: folder) where name.hasPrefix(PrivateFolder.prefix) {
            let candidate = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard candidate >= 0 else { continue }
            defer { close(candidate) }
            var info = stat()
            guard fstat(candidate, &info) == 0, info.st_uid == geteuid(),
                time(nil) - info.st_ctim.tv_sec > minimumAgeSeconds, flock(candidate, LOCK_EX | LOCK_NB) == 0
            else { continue }
            FolderWiping.wipe("\(parent)/\(name)")
        }
    }
}
