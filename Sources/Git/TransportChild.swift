internal import CLibGit2
internal import CSpawn
internal import Glibc
internal import ResealCore
internal import ResealSealing

/// The child process of one network operation. Killed with its group if it is released unfinished.
final class TransportChild {
    enum Event { case nothingYet, ended, report(TransportReport) }

    private let id: pid_t
    private let channel: Descriptor
    private var buffer: [UInt8] = []
    private var isCollected = false

    /// A line that is longer is no report of ours.
    private static let maximumLineBytes = 1 << 20

    init(executable: String) throws(GitFailure) {
        // A socket instead of pipes, because writing to it can be told not to raise SIGPIPE when the child is gone.
        var sockets: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            throw Self.failure(errno)
        }
        channel = Descriptor(adopting: sockets[0])
        let other = Descriptor(adopting: sockets[1])
        let words = ["reseal", TransportRunner.subcommand]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = TransportRunner.environment().map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var started: pid_t = 0
        let status = reseal_spawn(
            &started, executable, &arguments, &variables, other.number, other.number, -1, -1, nil, 1)
        guard status == 0 else { throw Self.failure(status) }
        id = started
    }

    deinit {
        guard !isCollected else { return }
        Glibc.kill(-id, SIGKILL)
        while waitpid(id, nil, 0) < 0, errno == EINTR {}
    }

    private static func failure(_ code: Int32) -> GitFailure {
        GitFailure(.native, "cannot start the process that talks to Git servers: \(String(cString: strerror(code)))")
    }

    /// Sends the request and the secrets behind it, and closes the child's standard input.
    func send(_ request: TransportRequest) throws(GitFailure) {
        var isSent = request.line.withUnsafeBytes { write($0) }
        for secret in request.secrets {
            guard isSent else { break }
            isSent = secret?.withUnsafeBytes { write($0) } ?? true
        }
        // If the child is gone, what it reports (or its status) says more than the broken pipe.
        shutdown(channel.number, Int32(SHUT_WR))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = Glibc.send(channel.number, base + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    func nextReport(waiting milliseconds: Int32) -> Event {
        if let report = takeLine() { return .report(report) }
        var item = pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, milliseconds) > 0 else { return .nothingYet }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(channel.number, &chunk, chunk.count)
        if count < 0, errno == EINTR { return .nothingYet }
        guard count > 0, buffer.count + count <= Self.maximumLineBytes else { return .ended }
        buffer += chunk[..<count]
        return takeLine().map { .report($0) } ?? .nothingYet
    }

    /// Lines that are no report are dropped.
    private func takeLine() -> TransportReport? {
        while let end = buffer.firstIndex(of: 0x0a) {
            let line = Array(buffer[..<end])
            buffer.removeFirst(end + 1)
            if let report = TransportReport(parsing: line) { return report }
        }
        return nil
    }

    /// Ends the child and everything that it started.
    func kill() {
        Glibc.kill(-id, SIGKILL)
        _ = collect(options: 0)
    }

    /// Waits for the child's own end, and ends it at the deadline. Answers how it ended.
    @discardableResult
    func finish(until deadline: Deadline) -> String {
        while !deadline.hasPassed {
            if let status = collect(options: WNOHANG) { return status }
            usleep(2000)
        }
        kill()
        return "killed at the deadline"
    }

    private func collect(options: Int32) -> String? {
        guard !isCollected else { return "collected" }
        var status: Int32 = 0
        var ended = waitpid(id, &status, options)
        while ended < 0, errno == EINTR { ended = waitpid(id, &status, options) }
        guard ended != 0 else { return nil }
        isCollected = true
        return status & 0x7f == 0 ? "exit status \((status >> 8) & 0xff)" : "signal \(status & 0x7f)"
    }
}
