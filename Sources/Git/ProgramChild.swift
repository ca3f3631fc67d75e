internal import CSpawn
internal import Glibc
internal import ResealCore

/// One running program with its three streams. Killed if it is released unfinished.
final class ProgramChild {
    private let name: String
    private let id: pid_t
    private let isGroupLeader: Bool
    private var isCollected = false
    // A socket, because writing to it can be told not to raise SIGPIPE when the program is gone.
    private let input: Descriptor
    private let output: Descriptor
    private let error: Descriptor
    private var said: (output: [UInt8], error: [UInt8]) = ([], [])

    init(
        name: String, path: String, arguments: [String], variables: [String], extra: Int32, inOwnGroup: Bool
    ) throws(GitFailure) {
        self.name = name
        isGroupLeader = inOwnGroup
        let (near, far) = try Self.pair(name)
        input = Descriptor(adopting: near)
        let childInput = Descriptor(adopting: far)
        let (outRead, outWrite) = try Self.pair(name)
        output = Descriptor(adopting: outRead)
        let childOutput = Descriptor(adopting: outWrite)
        let (errorRead, errorWrite) = try Self.pair(name)
        error = Descriptor(adopting: errorRead)
        let childError = Descriptor(adopting: errorWrite)
        var words: [UnsafeMutablePointer<CChar>?] = ([name] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for text in words + settings { free(text) } }
        var started: pid_t = 0
        let status = reseal_spawn(
            &started, path, &words, &settings, childInput.number, childOutput.number, childError.number, extra,
            nil, inOwnGroup ? 1 : 0)
        guard status == 0 else {
            throw GitFailure(.native, "cannot run `\(name)`: \(String(cString: strerror(status)))")
        }
        id = started
        for end in [near, outRead, errorRead] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        guard !isCollected else { return }
        kill(isGroupLeader ? -id : id, SIGKILL)
        while waitpid(id, nil, 0) < 0, errno == EINTR {}
    }

    /// Closed in every other child that this process starts meanwhile.
    private static func pair(_ name: String) throws(GitFailure) -> (near: Int32, far: Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw GitFailure(.native, "cannot run `\(name)`: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }

    /// Feeds and drains all streams together, so that none can block the program, until it ends.
    func communicate(_ bytes: [UInt8], until deadline: Deadline, span: TimeSpan) throws(GitFailure) -> GitProgram.Result
    {
        var rest = bytes[...]
        var isOpen = true
        while true {
            // Looked at before draining: what an ended program wrote is in the sockets by then.
            let status = exitStatus()
            if rest.isEmpty, isOpen {
                shutdown(input.number, Int32(SHUT_WR))
                isOpen = false
            }
            if status == nil { wait(forInput: isOpen) }
            write(&rest)
            try drain()
            if let status { return GitProgram.Result(status: status, output: said.output, error: said.error) }
            guard !deadline.hasPassed else { throw GitFailure(.timeout, "`\(name)` did not end within \(span)") }
        }
    }

    // MARK: Conversing

    /// What is kept of what a program says on standard error while it is talked to.
    private static let keptErrorBytes = 1 << 16

    /// Writes all of it, and meanwhile takes in what the program says, so that neither waits for the other. False if the
    /// program does not want the rest.
    func send(_ bytes: UnsafeRawBufferPointer) throws(GitFailure) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.send(input.number, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                wait(forInput: true)
                try drain()
                forgetOldErrors()
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Waits for output. 0 where the program has closed it.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard said.output.isEmpty else {
            let count = min(buffer.count, said.output.count)
            buffer.copyBytes(from: said.output[..<count])
            said.output.removeFirst(count)
            return count
        }
        while true {
            let count = Glibc.read(output.number, buffer.baseAddress, buffer.count)
            guard count < 0 else { return count }
            guard errno == EAGAIN || errno == EINTR else { return 0 }
            wait(forInput: false)
            Self.read(error, into: &said.error)
            forgetOldErrors()
        }
    }

    /// Lets the program end by itself, whatever it still has to say. `nil` if it does not.
    func finish(within span: TimeSpan) -> GitProgram.Result? {
        shutdown(input.number, Int32(SHUT_WR))
        let deadline = Deadline(in: span)
        while true {
            let status = exitStatus()
            said.output = []
            Self.read(output, into: &said.output)
            Self.read(error, into: &said.error)
            forgetOldErrors()
            if let status { return GitProgram.Result(status: status, output: [], error: said.error) }
            guard !deadline.hasPassed else { return nil }
            usleep(2000)
        }
    }

    private func forgetOldErrors() { said.error.removeFirst(max(0, said.error.count - Self.keptErrorBytes)) }

    // MARK: Streams

    /// Until a stream is ready, but not long, since a program may end while its children keep the streams.
    private func wait(forInput: Bool) {
        var polled = [output.number, error.number].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if forInput { polled.append(pollfd(fd: input.number, events: Int16(POLLOUT), revents: 0)) }
        // A stream that has ended is ready for ever.
        if poll(&polled, nfds_t(polled.count), 20) > 0, polled.contains(where: { $0.revents & Int16(POLLHUP) != 0 }) {
            usleep(1000)
        }
    }

    private func write(_ rest: inout ArraySlice<UInt8>) {
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(input.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest.removeFirst(count)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                // The program does not want the rest; its status tells why.
                rest = []
            }
        }
    }

    private func drain() throws(GitFailure) {
        Self.read(output, into: &said.output)
        Self.read(error, into: &said.error)
        guard said.output.count + said.error.count <= GitProgram.maximumOutputBytes else {
            throw GitFailure(.tooLarge, "`\(name)` says more than \(GitProgram.maximumOutputBytes) bytes")
        }
    }

    private static func read(_ stream: borrowing Descriptor, into bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= GitProgram.maximumOutputBytes {
            let count = Glibc.read(stream.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes += buffer[..<count]
        }
    }

    private func exitStatus() -> Int32? {
        var status: Int32 = 0
        guard waitpid(id, &status, WNOHANG) == id else { return nil }
        isCollected = true
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    }
}
