internal import CSpawn
internal import Glibc
internal import ResealCore
package import ResealSealing

/// One run of a command: a request on its standard input, an answer on its standard output. It and all that it started
/// are killed when the run is over, however it ended.
package struct CommandProcess: ~Copyable {
    package enum Ending: Equatable {
        case exited(Int32)
        case killed(Int32)
        case timedOut
        /// It wrote more than an answer may have.
        case flooded
    }

    private static let maximumAnswerBytes = 64 << 10

    private let id: pid_t
    private let channel: Int32

    /// - Parameter arguments: without the program's own name. Nothing of them is secret.
    package init(program: String, arguments: [String]) throws(HandlerFailure) {
        // A socket instead of pipes, because writing to it can be told not to raise SIGPIPE.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Self.failure(program, errno)
        }
        // What a command says beside its answer may hold the value, so it reaches nobody.
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer {
            close(ends[1])
            close(nothing)
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var started: pid_t = 0
        let status = reseal_spawn(
            &started, program, &words, &variables, ends[1], ends[1], nothing, -1, "/", 1)
        guard status == 0 else {
            close(ends[0])
            throw Self.failure(program, status)
        }
        (id, channel) = (started, ends[0])
        _ = fcntl(channel, F_SETFL, O_NONBLOCK)
    }

    /// Nothing of the controller's own environment.
    private static let environment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
    ]

    private static func failure(_ program: String, _ code: Int32) -> HandlerFailure {
        HandlerFailure(
            .notConfigured, "cannot start \(program): \(String(cString: strerror(code)))",
            hint: "correct `program` in the command's file")
    }

    deinit { close(channel) }

    /// Sends the request and collects the answer.
    package consuming func run(
        _ request: SecretBytes, until deadline: ContinuousClock.Instant
    ) -> (Ending, SecretBytes) {
        var answer: [UInt8] = []
        answer.reserveCapacity(Self.maximumAnswerBytes)
        let stopped = request.withUnsafeBytes { converse($0, &answer, until: deadline) }
        let ending = collect(until: stopped == nil ? deadline : .now)
        guard let stopped else { return (ending, SecretBytes(consuming: &answer)) }
        return (stopped, SecretBytes([]))
    }

    /// Reads and writes at the same time, or a command that answers before it has read all would wait for ever. `nil`
    /// when the command closed its output.
    private borrowing func converse(
        _ request: UnsafeRawBufferPointer, _ answer: inout [UInt8], until deadline: ContinuousClock.Instant
    ) -> Ending? {
        var sent = 0
        var chunk = [UInt8](repeating: 0, count: 4096)
        defer { chunk.withUnsafeMutableBytes { explicitZero($0) } }
        while true {
            let left = max(.zero, deadline - .now) / .milliseconds(1)
            guard left > 0 else { return .timedOut }
            let events = sent < request.count ? POLLIN | POLLOUT : POLLIN
            var item = pollfd(fd: channel, events: Int16(events), revents: 0)
            guard poll(&item, 1, Int32(min(left.rounded(.up), 1e9))) > 0 else { continue }
            if sent < request.count, item.revents & Int16(POLLOUT) != 0 {
                let rest = request.baseAddress?.advanced(by: sent)
                let count = send(channel, rest, request.count - sent, Int32(MSG_NOSIGNAL))
                // A command that does not want to know more may still have an answer.
                sent = count > 0 ? sent + count : (errno == EAGAIN || errno == EINTR ? sent : request.count)
                if sent == request.count { shutdown(channel, Int32(SHUT_WR)) }
            }
            guard item.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { continue }
            let count = read(channel, &chunk, chunk.count)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return nil }
            guard answer.count + count <= Self.maximumAnswerBytes else { return .flooded }
            answer += chunk[..<count]
        }
    }

    /// Waits for the command's end, and ends it at the deadline. What it started is killed while its number still is
    /// that of the group: it has the value.
    private borrowing func collect(until deadline: ContinuousClock.Instant) -> Ending {
        var isLate = false
        while !isLate {
            var info = siginfo_t()
            if waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0, info.si_signo != 0 { break }
            isLate = ContinuousClock.now >= deadline
            if !isLate { usleep(1000) }
        }
        kill(-id, SIGKILL)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        if isLate { return .timedOut }
        return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .killed(status & 0x7f)
    }
}
