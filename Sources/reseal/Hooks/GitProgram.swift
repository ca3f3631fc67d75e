internal import Glibc

/// The `git` program, for what it alone knows: the user's and the system's configuration, which libgit2 does not read
/// here.
enum GitProgram {
    /// The lines that git prints. Throws ``HookFailure/Kind/git`` if it is not there or fails.
    static func lines(_ arguments: [String], in folder: String) throws(HookFailure) -> [String] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HookFailure(.git, "cannot start git: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child = start(["git", "-C", folder] + arguments, output: ends[1])
        close(ends[1])
        guard let child else {
            throw HookFailure(
                .git, "the program git does not start", hint: "install git, and see to it that it is on PATH")
        }
        let text = read(ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            throw HookFailure(
                .git, "git finds no work tree at \(SafeText.line(folder))",
                hint: "run the command inside of a clone, or name it with --repo; `git -C \(folder) status` tells more")
        }
        return text.split(separator: "\n").map(String.init)
    }

    private static func start(_ words: [String], output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        let kept = Terminal.environment().filter { !EnvironmentName.isOwn($0.key) }
        var variables: [UnsafeMutablePointer<CChar>?] = kept.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in variables { free(text) } }
        var child: pid_t = 0
        return posix_spawnp(&child, "git", &actions, nil, &arguments, &variables) == 0 ? child : nil
    }

    private static func read(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
