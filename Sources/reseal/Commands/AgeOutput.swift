internal import Glibc
internal import ResealAge
internal import ResealCore

/// Where the result goes. A file gets its name only when it is complete, so that a failed or killed run leaves nothing
/// behind and an older file stays as it was.
final class AgeOutput {
    private let path: String?
    private let mode: mode_t
    /// What may be said to a terminal.
    private let terminalRule: TerminalRule
    private var descriptor: Int32 = -1
    /// The name of the incomplete file where the file system knows no nameless ones.
    private var temporaryPath: String?
    private var isStaged = false

    enum TerminalRule {
        case anything
        case textOnly
    }

    /// - Parameters:
    ///   - path: `nil` is standard output, and `-` is standard output without regard to a terminal.
    ///   - isSecret: whether a new file should be for its owner only.
    init(_ path: String?, isSecret: Bool) {
        let isStandard = path == nil || path == "-"
        self.path = isStandard ? nil : path
        terminalRule = path == nil && isatty(STDOUT_FILENO) == 1 ? .textOnly : .anything
        mode = isSecret ? 0o600 : 0o666
    }

    deinit {
        if let temporaryPath { unlink(temporaryPath) }
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// True if only text may be written, since it goes to a terminal and nobody insisted.
    var isTerminal: Bool { terminalRule == .textOnly }

    /// Throws if reading `input` and writing this would be the same file.
    func requireOther(than input: AgeInput) throws {
        var (mine, other) = (stat(), stat())
        guard let path, stat(path, &mine) == 0, fstat(input.descriptor, &other) == 0 else { return }
        if mine.st_mode & S_IFMT == S_IFREG, mine.st_dev == other.st_dev, mine.st_ino == other.st_ino {
            throw AgeFailure(.usage, "input and output are the same file", hint: "choose another name for the output")
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try openOnce()
        if isTerminal, bytes.contains(where: { ($0 < 0x20 && !(0x09...0x0d).contains($0)) || $0 == 0x7f }) {
            throw AgeFailure(
                .output, "the result is binary, which would garble the terminal",
                hint: "name a file with `-o FILE`, or force it with `-o -`")
        }
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw unwritable() }
            done += count
        }
    }

    /// Gives the file its name. An empty result makes an empty file.
    func finish() throws {
        try openOnce()
        guard isStaged, let path else { return }
        guard fsync(descriptor) == 0 else { throw unwritable() }
        let target = Self.resolved(path)
        if temporaryPath == nil {
            let source = "/proc/self/fd/\(descriptor)"
            if linkat(AT_FDCWD, source, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0 { return }
            guard errno == EEXIST else { throw unwritable() }
            // A link cannot replace a file, so it takes a name beside it for a moment.
            let beside = Self.nameBeside(target)
            guard linkat(AT_FDCWD, source, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) == 0 else { throw unwritable() }
            temporaryPath = beside
        }
        guard let beside = temporaryPath, rename(beside, target) == 0 else { throw unwritable() }
        temporaryPath = nil
    }

    private func openOnce() throws {
        guard descriptor < 0 else { return }
        guard let path else {
            descriptor = STDOUT_FILENO
            return
        }
        var info = stat()
        let exists = stat(path, &info) == 0
        if exists, info.st_mode & S_IFMT != S_IFREG {
            // A pipe or a device has no incomplete state to hide.
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
        } else {
            let target = Self.resolved(path)
            openStaged(target)
            if exists, descriptor >= 0 { fchmod(descriptor, info.st_mode & 0o777) }
        }
        guard descriptor >= 0 else { throw unwritable() }
    }

    private func openStaged(_ target: String) {
        isStaged = true
        let folder = target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        // O_TMPFILE, whose macro Swift does not import.
        descriptor = open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, mode)
        guard descriptor < 0, errno == EOPNOTSUPP || errno == EISDIR else { return }
        let beside = Self.nameBeside(target)
        descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        if descriptor >= 0 { temporaryPath = beside }
    }

    private static func nameBeside(_ target: String) -> String { "\(target).\(getpid()).new" }

    /// The file behind symbolic links, so that writing to a link keeps the link.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private func unwritable() -> FileFailure {
        FileFailure(.unwritable, "cannot write \(path ?? "standard output"): \(String(cString: strerror(errno)))")
    }
}
