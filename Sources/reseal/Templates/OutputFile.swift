internal import Glibc
internal import ResealCore
internal import ResealSealing

/// A file that is kept equal to a rendered template.
struct OutputFile: Sendable {
    let path: String
    let mode: UInt32
    /// `nil` for that of the process.
    let owner: FileOwner?

    func replace(_ content: SecretBytes) throws {
        try content.withUnsafeBytes { try AtomicFile.write($0, to: path, mode: mode, owner: owner) }
    }

    /// True when there is nothing to replace.
    func isCurrent(_ content: SecretBytes) throws -> Bool {
        // Neither a link nor a pipe is taken for the file.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_mode & 0o7777 == mode,
            info.st_size == content.count, owner?.user.map({ $0 == info.st_uid }) ?? true,
            owner?.group.map({ $0 == info.st_gid }) ?? true
        else { return false }
        var bytes = try AtomicFile.read(descriptor: descriptor, name: path, limit: content.count)
        return SecretBytes(consuming: &bytes).isEqual(to: content)
    }

    /// `0640`, `640`; `nil` for what others may write, and for special bits.
    static func mode(_ text: String) -> UInt32? {
        guard (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), mode <= 0o777, mode & 0o002 == 0
        else { return nil }
        return mode
    }
}

extension FileOwner {
    /// `user`, `user:group` or `:group`, by names or numbers; `nil` where one of them is unknown.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var (user, group): (UInt32?, UInt32?)
        if let name = parts.first, !name.isEmpty {
            guard let id = UInt32(name) ?? getpwnam(name)?.pointee.pw_uid, id != uid_t.max else { return nil }
            user = id
        }
        if parts.count > 1 {
            guard let id = UInt32(parts[1]) ?? getgrnam(parts[1])?.pointee.gr_gid, id != gid_t.max else { return nil }
            group = id
        }
        guard user != nil || group != nil else { return nil }
        self.init(user: user, group: group)
    }
}
