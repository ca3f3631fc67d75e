internal import CEditor
internal import Glibc

/// A child in a session of its own that wipes a folder when the process that started it is gone, however it went: by
/// its own end, `kill -9`, a hang-up of the terminal, or a signal to the process group.
final class Guardian {
    /// The name of the hidden subcommand.
    static let subcommand = "edit-guardian"
    /// How long wiping may take before it is done without the guardian.
    private static let patienceMilliseconds: Int32 = 10_000

    private let id: pid_t
    private let channel: Int32

    /// Returns when the guardian is on its watch.
    init(of folder: String) throws(EditFailure) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Self.failure(errno)
        }
        channel = ends[0]
        do throws(EditFailure) {
            id = try Self.start(folder, channel: ends[1])
            close(ends[1])
        } catch {
            for end in ends { close(end) }
            throw error
        }
        guard Self.readByte(channel) else {
            finish()
            throw Self.failure(ESRCH)
        }
    }

    deinit { close(channel) }

    private static func start(_ folder: String, channel: Int32) throws(EditFailure) -> pid_t {
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(nothing) }
        let words = ["reseal", subcommand, folder]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        // What the loader of libraries needs; the guardian itself needs nothing.
        let kept: [String] = ["LD_LIBRARY_PATH", "SWIFT_BACKTRACE"]
        let settings = kept.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
        var variables: [UnsafeMutablePointer<CChar>?] = settings.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var started: pid_t = 0
        let status = reseal_spawn_guardian(&started, &arguments, &variables, channel, nothing)
        guard status == 0 else { throw failure(status) }
        return started
    }

    /// Ends the watch, and waits until the guardian is gone.
    func finish() {
        shutdown(channel, Int32(SHUT_WR))
        var item = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
        // Its end of the channel closes when it ends.
        if poll(&item, 1, Self.patienceMilliseconds) == 0 { kill(id, SIGKILL) }
        while waitpid(id, nil, 0) < 0, errno == EINTR {}
    }

    /// What the hidden subcommand does. Answers the exit status.
    static func watch(_ folder: String) -> Int32 {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE] { signal(number, SIG_IGN) }
        _ = chdir("/")
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        var info = stat()
        // Nobody gets other folders wiped by calling this.
        guard descriptor >= 0, fstat(descriptor, &info) == 0, info.st_uid == geteuid(), info.st_mode & 0o777 == 0o700,
            folder.split(separator: "/").last?.hasPrefix(PrivateFolder.prefix) == true,
            reseal_is_in_memory(descriptor) == 1, flock(descriptor, LOCK_SH) == 0
        else { return 1 }
        var byte: UInt8 = 1
        guard write(STDOUT_FILENO, &byte, 1) == 1 else { return FolderWiping.wipe(folder) ? 0 : 1 }
        while readByte(STDIN_FILENO) {}
        return FolderWiping.wipe(folder) ? 0 : 1
    }

    /// False at the end.
    private static func readByte(_ channel: Int32) -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = read(channel, &byte, 1)
            if count >= 0 || errno != EINTR { return count == 1 }
        }
    }

    private static func failure(_ code: Int32) -> EditFailure {
        EditFailure(
            .folder,
            "cannot start the process that removes the decrypted text afterwards: \(String(cString: strerror(code)))")
    }
}
