internal import CSupervisor
internal import Foundation
internal import Glibc
internal import ResealCore
internal import Synchronization

/// Runs a program as a child for as long as it lives: passes signals on, and tells it of new values in the way that was
/// chosen.
final class Supervisor: Sendable {
    /// What a new version does to the program.
    enum Reaction: Sendable, Equatable {
        case restart
        case signal(Int32)
    }

    /// What else but a signal's number stands in the pipe.
    private static let renewal: UInt8 = 0
    private static let passedOn: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH]
    private static let endings: Set<Int32> = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    private let call: ProgramCall
    private let reaction: Reaction
    private let grace: TimeSpan
    private let values: Mutex<[EnvironmentValue]>
    private let pipe: (read: Int32, write: Int32)

    init(_ call: ProgramCall, _ values: [EnvironmentValue], reaction: Reaction, grace: TimeSpan) throws {
        self.call = call
        self.reaction = reaction
        self.grace = grace
        self.values = Mutex(values)
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else {
            throw WorkloadFailure(.command, "no pipe for signals: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler must never wait.
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        pipe = (ends[0], ends[1])
        let status = reseal_report_signals(Self.passedOn, Int32(Self.passedOn.count), pipe.write)
        guard status == 0 else {
            throw WorkloadFailure(.command, "signals cannot be passed on: \(String(cString: strerror(status)))")
        }
    }

    /// There are new values.
    func renew(_ values: [EnvironmentValue]) {
        self.values.withLock { $0 = values }
        var byte = Self.renewal
        _ = write(pipe.write, &byte, 1)
    }

    /// Until the program has ended; its exit status, or 128 and the signal that ended it. On a thread of its own, which
    /// the kernel binds the child's life to.
    func run() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try self.supervise() }) }
        }
    }

    // MARK: On the thread

    private enum Phase {
        case running
        /// Told to end, and killed at the deadline.
        case ending(deadline: ContinuousClock.Instant, restarts: Bool)
    }

    private func supervise() throws -> Int32 {
        var child = try call.start(values.withLock { $0 })
        var phase = Phase.running
        while true {
            for byte in wait(until: phase) {
                switch Int32(byte) {
                case Int32(Self.renewal): phase = react(phase, child)
                case SIGCHLD:
                    guard let status = reap(child) else { continue }
                    guard case .ending(_, restarts: true) = phase else { return status }
                    child = try call.start(values.withLock { $0 })
                    phase = .running
                case let number:
                    kill(child, number)
                    // Whoever ends the whole while it restarts does not want it back.
                    if case .ending(let deadline, _) = phase, Self.endings.contains(number) {
                        phase = .ending(deadline: deadline, restarts: false)
                    }
                }
            }
            if case .ending(let deadline, _) = phase, .now >= deadline { kill(child, SIGKILL) }
        }
    }

    private func react(_ phase: Phase, _ child: pid_t) -> Phase {
        switch (reaction, phase) {
        case (.signal(let number), _):
            kill(child, number)
            return phase
        case (.restart, .running):
            kill(child, SIGTERM)
            return .ending(deadline: .now + .seconds(grace.seconds), restarts: true)
        // It gets the newest values when it starts.
        case (.restart, .ending): return phase
        }
    }

    /// The bytes of the pipe; none when the deadline is reached.
    private func wait(until phase: Phase) -> [UInt8] {
        var milliseconds: Int32 = -1
        if case .ending(let deadline, _) = phase {
            let left = max(.zero, deadline - .now) / .milliseconds(1)
            // After the deadline it is asked again now and then, until the kernel has ended the child.
            milliseconds = max(20, Int32(min(left.rounded(.up), 1e9)))
        }
        var item = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, milliseconds) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(pipe.read, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    /// Takes leave of every child that has ended, also of strangers' children that this process got as the first one of a
    /// container. The status of `child` if it is among them.
    private func reap(_ child: pid_t) -> Int32? {
        var ended: Int32?
        var status: Int32 = 0
        while true {
            let id = waitpid(-1, &status, WNOHANG)
            if id < 0, errno == EINTR { continue }
            guard id > 0 else { return ended }
            if id == child { ended = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f }
        }
    }
}
