internal import Foundation
package import Glibc
internal import Synchronization

/// A program that goes on while the test does: a server, an agent. Whoever starts one ends it with ``kill()``.
package final class RunningProcess: Sendable {
    package let id: pid_t
    private let isEnded = Mutex(false)

    /// Starts `program` with nothing to read.
    ///
    /// - Parameter streams: the folder whose files `1` and `2` get what it says.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, streams folder: String
    ) throws {
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        let descriptors = [nothing] + ["1", "2"].map { open("\(folder)/\($0)", flags, 0o600) }
        defer { for descriptor in descriptors { close(descriptor) } }
        id = try Spawn.process([program] + arguments, environment: environment, descriptors: descriptors)
    }

    deinit { kill() }

    /// Waits for its own end. The exit status, or 128 and the number of the signal that ended it.
    @discardableResult
    package func wait() -> Int32 {
        isEnded.withLock { ended in
            guard !ended else { return 0 }
            ended = true
            var status: Int32 = 0
            waitpid(id, &status, 0)
            return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        }
    }

    /// Has it stand still, so that whoever asks it something waits; or go on.
    package func pause(_ isPaused: Bool) { _ = Glibc.kill(id, isPaused ? SIGSTOP : SIGCONT) }

    /// Ends its children, at once.
    package func killChildren() throws { try Command.run("pkill", ["-KILL", "-P", "\(id)"]) }

    /// Waits for its own end, but not longer than `time`. True when it has ended.
    package func wait(for time: Duration) -> Bool {
        let end = ContinuousClock.now + time
        repeat {
            let isOver = isEnded.withLock { ended in
                if !ended { ended = waitpid(id, nil, WNOHANG) == id }
                return ended
            }
            if isOver { return true }
            usleep(10_000)
        } while ContinuousClock.now < end
        return false
    }

    /// Ends it with its children, at once, and waits until it is gone. May be called twice.
    package func kill() {
        isEnded.withLock { ended in
            guard !ended else { return }
            ended = true
            _ = Glibc.kill(-id, SIGKILL)
            waitpid(id, nil, 0)
        }
    }
}

extension Command {
    /// The path of a program in PATH or where Debian keeps servers. Throws ``Failure`` when there is none: a missing
    /// tool fails the test that needs it.
    package static func find(_ program: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"] {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw Failure(description: "`\(program)` is not installed")
    }
}
