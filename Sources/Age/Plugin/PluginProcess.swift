internal import CSpawn
internal import Glibc
internal import ResealSealing

/// A running plugin and the channel to it. Ended when it is released.
final class PluginProcess {
    private let name: PluginName
    private let id: pid_t
    private let channel: Int32
    private let grace: Duration
    private var isCollected = false

    /// - Parameter machine: which of its state machines the plugin is to run.
    /// - Throws: ``AgeFailure/Kind/pluginMissing``, or ``AgeFailure/Kind/plugin`` if it cannot be started.
    init(_ name: PluginName, machine: String, policy: PluginPolicy) throws(AgeFailure) {
        let path = try policy.locate(name)
        // A socket instead of pipes, because writing to it can be told not to raise SIGPIPE when the plugin is gone.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Self.failure(name, errno)
        }
        let error = Self.isDebugging ? STDERR_FILENO : open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer {
            close(ends[1])
            if error > STDERR_FILENO { close(error) }
        }
        // What is secret goes through the channel; arguments and environment can be seen by others.
        let words = [name.program, "--age-plugin=\(machine)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = Self.environment().map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var started: pid_t = 0
        // Plugins are not to rely on the folder they are started in, least of all on what lies in a work tree.
        let status = reseal_spawn(
            &started, path, &arguments, &variables, ends[1], ends[1], error, -1, "/", 0)
        guard status == 0 else {
            close(ends[0])
            throw Self.failure(name, status)
        }
        self.name = name
        grace = policy.limits.grace
        (id, channel) = (started, ends[0])
        _ = fcntl(channel, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(channel)
        if !isCollected, !hasEnded(within: .zero) {
            kill(id, SIGKILL)
            collect(0)
        }
    }

    /// `AGEDEBUG=plugin` shows what plugins write to standard error, as it does in `age`.
    private static var isDebugging: Bool { getenv("AGEDEBUG").map { String(cString: $0) } == "plugin" }

    /// Our own variables are none of the plugin's business.
    private static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("RESEAL_") { variables.append(text) }
            next += 1
        }
        return variables
    }

    private static func failure(_ name: PluginName, _ code: Int32) -> AgeFailure {
        AgeFailure(.plugin, "cannot start `\(name.program)`: \(String(cString: strerror(code)))")
    }

    // MARK: Talking

    /// Writes all bytes, unless the plugin leaves them unread for `limit`.
    func write(_ bytes: UnsafeRawBufferPointer, within limit: Duration) throws(AgeFailure) {
        let deadline = ContinuousClock.now + limit
        var done = 0
        while done < bytes.count {
            let count = send(channel, bytes.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                guard wait(POLLOUT, until: deadline) else { throw silent(limit) }
            } else if errno != EINTR {
                throw ended()
            }
        }
    }

    /// Reads what is there, at least one byte. Calls `onWait` once if nothing came within `notice`.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, limits: PluginLimits, onWait: () -> Void
    ) throws(AgeFailure) -> Int {
        let start = ContinuousClock.now
        var isNoticed = limits.notice >= limits.silence
        while true {
            let count = Glibc.read(channel, buffer.baseAddress, buffer.count)
            if count > 0 { return count }
            if count < 0, errno == EINTR { continue }
            guard count < 0, errno == EAGAIN else { throw ended() }
            if wait(POLLIN, until: start + (isNoticed ? limits.silence : limits.notice)) { continue }
            guard !isNoticed else { throw silent(limits.silence) }
            isNoticed = true
            onWait()
        }
    }

    /// False when the deadline passes first.
    private func wait(_ event: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, deadline - .now) / .milliseconds(1)
            var item = pollfd(fd: channel, events: Int16(event), revents: 0)
            let count = poll(&item, 1, Int32(min(left.rounded(.up), 1e9)))
            if count > 0 { return true }
            if count == 0, ContinuousClock.now >= deadline { return false }
        }
    }

    private func silent(_ limit: Duration) -> AgeFailure {
        AgeFailure(
            .plugin, "`\(name.program)` did not go on within \(limit.components.seconds) seconds",
            hint: "try again, and look whether the plugin waits for something, such as a touch of a token")
    }

    // MARK: Ending

    /// The failure of a plugin that ended before its time.
    private func ended() -> AgeFailure {
        _ = hasEnded(within: grace)
        return AgeFailure(
            .plugin, "`\(name.program)` ended before it was done",
            hint: "run the command again with AGEDEBUG=plugin to see what the plugin says")
    }

    /// Ends the conversation and waits for the plugin, which is told to stop if it does not do so by itself.
    func finish() {
        shutdown(channel, Int32(SHUT_RDWR))
        if hasEnded(within: grace) { return }
        kill(id, SIGTERM)
        if hasEnded(within: grace) { return }
        kill(id, SIGKILL)
        collect(0)
    }

    private func hasEnded(within limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        while true {
            if isCollected || collect(WNOHANG) { return true }
            if ContinuousClock.now >= deadline { return false }
            usleep(1000)
        }
    }

    @discardableResult
    private func collect(_ options: Int32) -> Bool {
        var ended = waitpid(id, nil, options)
        while ended < 0, errno == EINTR { ended = waitpid(id, nil, options) }
        isCollected = isCollected || ended != 0
        return isCollected
    }
}
