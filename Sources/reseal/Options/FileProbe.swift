internal import Glibc

enum FileProbe {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isFile(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    /// With `.` and links resolved; the path itself where it does not exist.
    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
