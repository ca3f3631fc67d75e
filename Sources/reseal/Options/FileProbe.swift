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

extension FileProbe {
    static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// True for two names of one file, links not followed.
    static func isSame(_ a: String, _ b: String) -> Bool {
        var (x, y) = (stat(), stat())
        return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino
    }

    /// The folder that holds a file, as an absolute path where it exists.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return absolute(".") }
        return absolute(slash == path.startIndex ? "/" : String(path[..<slash]))
    }
}
