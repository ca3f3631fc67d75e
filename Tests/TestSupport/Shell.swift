internal import Foundation
internal import Glibc
internal import Synchronization

/// Runs programs the way a shell would, for tests.
package enum Command {
    package struct Result: Sendable {
        /// The exit status; 128 and the signal's number for a process that a signal ended.
        package let status: Int32
        package let stdout: [UInt8]
        package let stderr: [UInt8]

        /// Standard output as text, without trailing line feeds.
        package var text: String { Self.trimmed(stdout) }
        /// Standard error as text, without trailing line feeds.
        package var errorText: String { Self.trimmed(stderr) }

        private static func trimmed(_ bytes: [UInt8]) -> String {
            String(decoding: bytes[..<(bytes.lastIndex { $0 != 0x0a }.map { $0 + 1 } ?? 0)], as: UTF8.self)
        }
    }

    /// A program that could not be started, or did not end in time.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// Runs `program`, looked up in PATH unless it has a slash, and waits for it.
    ///
    /// A bad exit status is no error. A program that does not end within `timeout` is killed with its children.
    ///
    /// - Parameters:
    ///   - environment: the whole environment; `nil` inherits that of the test.
    ///   - directory: where it starts; `nil` is the test's own.
    @discardableResult
    package static func run(
        _ program: String, _ arguments: [String], stdin: [UInt8] = [], environment: [String: String]? = nil,
        directory: String? = nil, timeout: Duration = .seconds(60)
    ) throws -> Result {
        let child = try starting.withLock { _ in try Child(program, arguments, environment, directory) }
        return try child.communicate(stdin, until: .now + timeout)
    }

    // A pipe that is made here must not be inherited by a process that another thread starts at the same time, or its
    // reader would wait for an end that does not come.
    private static let starting = Mutex(())

    /// As ``run(_:_:stdin:environment:directory:timeout:)``, for programs that must succeed.
    ///
    /// - Throws: ``Failure`` with the program's standard error for any status but 0.
    @discardableResult
    package static func check(
        _ program: String, _ arguments: [String], stdin: [UInt8] = [], environment: [String: String]? = nil,
        directory: String? = nil, timeout: Duration = .seconds(60)
    ) throws -> Result {
        let result = try run(
            program, arguments, stdin: stdin, environment: environment, directory: directory, timeout: timeout)
        guard result.status == 0 else {
            let line = ([program] + arguments).joined(separator: " ")
            throw Failure(description: "`\(line)` ended with status \(result.status): \(result.errorText)")
        }
        return result
    }
}

/// One running process with its three pipes.
private final class Child {
    private let name: String
    private let process: pid_t
    private var input: Int32
    private var output: Int32
    private var error: Int32

    init(_ program: String, _ arguments: [String], _ environment: [String: String]?, _ directory: String?) throws {
        name = program
        let pipes = try [Self.pipe(), Self.pipe(), Self.pipe()]
        let childEnds = [pipes[0].read, pipes[1].write, pipes[2].write]
        (input, output, error) = (pipes[0].write, pipes[1].read, pipes[2].read)
        for end in [input, output, error] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        defer { for end in childEnds { close(end) } }

        let ourEnds = [input, output, error]
        process = try Spawn.process(
            (directory.map { ["env", "-C", $0] } ?? []) + [program] + arguments, environment: environment,
            descriptors: childEnds
        ) { for end in ourEnds { close(end) } }
    }

    /// Feeds and drains all pipes together, so that none can block the process, until it ends.
    func communicate(_ stdin: [UInt8], until deadline: ContinuousClock.Instant) throws -> Command.Result {
        var rest = stdin[...]
        var (out, err): ([UInt8], [UInt8]) = ([], [])
        defer { closeAll() }
        while true {
            // Looked at before draining: what an ended process wrote is in the pipes by then.
            let status = exitStatus()
            if rest.isEmpty { Self.shut(&input) }
            wait()
            Self.write(&rest, to: &input)
            Self.drain(&output, into: &out)
            Self.drain(&error, into: &err)
            if let status { return Command.Result(status: status, stdout: out, stderr: err) }
            guard ContinuousClock.now < deadline else {
                kill(-process, SIGKILL)
                waitpid(process, nil, 0)
                throw Command.Failure(
                    description: "`\(name)` did not end in time; it said: \(String(decoding: err, as: UTF8.self))")
            }
        }
    }

    /// Waits until a pipe is ready, but not long, since a process may end while its children keep the pipes.
    private func wait() {
        var polled = [
            pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: error, events: Int16(POLLIN), revents: 0),
        ]
        poll(&polled, nfds_t(polled.count), 20)
    }

    private func exitStatus() -> Int32? {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    private static func write(_ rest: inout ArraySlice<UInt8>, to pipe: inout Int32) {
        while pipe >= 0, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(pipe, $0.baseAddress, $0.count) }
            if count > 0 {
                rest.removeFirst(count)
            } else if errno != EAGAIN {
                // The process does not want the rest.
                rest = []
                shut(&pipe)
            } else {
                return
            }
        }
    }

    private static func drain(_ pipe: inout Int32, into bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while pipe >= 0 {
            let count = read(pipe, &buffer, buffer.count)
            if count > 0 { bytes += buffer[..<count] } else if count == 0 { shut(&pipe) } else { return }
        }
    }

    private static func shut(_ pipe: inout Int32) {
        if pipe >= 0 { close(pipe) }
        pipe = -1
    }

    private func closeAll() {
        Self.shut(&input)
        Self.shut(&output)
        Self.shut(&error)
    }

    /// Both ends are closed in every child, but where they are made its standard input or output.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw Command.Failure(description: "no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
