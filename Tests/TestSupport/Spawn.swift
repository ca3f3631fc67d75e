internal import Foundation
internal import Glibc

/// Starts processes; the one caller of `posix_spawn` in tests.
enum Spawn {
    /// Starts `line`, its first word looked up in PATH, with three descriptors as its standard streams, in a process
    /// group of its own, so that its children can be ended with it.
    ///
    /// - Parameters:
    ///   - environment: the whole environment; `nil` inherits that of the test.
    ///   - cleanUp: called before the failure is thrown.
    static func process(
        _ line: [String], environment: [String: String]?, descriptors: [Int32], cleanUp: () -> Void = {}
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (i, end) in descriptors.enumerated() { posix_spawn_file_actions_adddup2(&actions, end, Int32(i)) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test ignores SIGPIPE, and a shell that runs it in the background SIGINT; the child must not.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGQUIT] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // Threads that run tests block signals.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        signal(SIGPIPE, SIG_IGN)

        let words = line.map { strdup($0) } + [nil]
        let settings = (environment ?? ProcessInfo.processInfo.environment).map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var started: pid_t = 0
        let status = posix_spawnp(&started, line[0], &actions, &attributes, words, settings)
        guard status == 0 else {
            cleanUp()
            throw Command.Failure(description: "cannot run `\(line[0])`: \(String(cString: strerror(status)))")
        }
        return started
    }
}
