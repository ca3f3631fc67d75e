internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import Synchronization

/// Why nothing could be asked at the terminal.
struct TerminalFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// The process has no terminal, as in CI or behind `setsid`.
        case missing = "terminal.missing"
        /// The terminal was closed, or the question was answered with end of file or a signal.
        case interrupted = "terminal.interrupted"
        case tooLong = "terminal.too-long"
    }

    let kind: Kind
    let message: String
    let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    var code: String { kind.rawValue }
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}

/// Asks for secrets at the controlling terminal, whatever standard input and output are, without echo.
enum HiddenPrompt {
    /// The longest answer, in bytes.
    static let maximumBytes = 1024

    /// True if there is a terminal to ask at.
    static var isPossible: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// Asks once. The answer may be empty; it is without its line feed.
    ///
    /// Echo is on again when this returns or throws, and also when a signal ends or stops the process meanwhile.
    ///
    /// - Parameter isHidden: false for an answer that may be seen while it is typed.
    static func read(_ question: String, isHidden: Bool = true) throws(TerminalFailure) -> SecretBytes {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw TerminalFailure(
                .missing, "there is no terminal to ask at: \(question)", hint: "run the command in a terminal")
        }
        defer { close(terminal) }
        while true {
            switch try attempt(terminal, question, isHidden) {
            case .answer(let secret): return secret
            case .signal(let number):
                // The terminal and the dispositions are as before, so this does what the signal would have done.
                SignalTrap.deliver(number)
                guard number == SIGTSTP else {
                    throw TerminalFailure(.interrupted, "the question was interrupted")
                }
            }
        }
    }

    private enum Outcome {
        case answer(SecretBytes)
        case signal(Int32)
    }

    private static func attempt(
        _ terminal: Int32, _ question: String, _ isHidden: Bool
    ) throws(TerminalFailure) -> Outcome {
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else {
            throw TerminalFailure(.missing, "the terminal cannot be set up", hint: "run the command in a terminal")
        }
        // The trap stands before echo goes and until it is back, so no signal finds the terminal without echo.
        let trap = try SignalTrap()
        var hidden = before
        if isHidden { hidden.c_lflag &= ~tcflag_t(ECHO) }
        hidden.c_lflag |= tcflag_t(ICANON | ISIG)
        tcsetattr(terminal, TCSAFLUSH, &hidden)
        write("\(question): ", to: terminal)
        let outcome = Result { () throws(TerminalFailure) in try readLine(terminal, trap) }
        tcsetattr(terminal, TCSAFLUSH, &before)
        if isHidden { write("\n", to: terminal) }
        if let signal = trap.remove() { return .signal(signal) }
        return try outcome.get()
    }

    private static func readLine(_ terminal: Int32, _ trap: SignalTrap) throws(TerminalFailure) -> Outcome {
        var line = [UInt8](repeating: 0, count: maximumBytes + 1)
        defer { line.withUnsafeMutableBytes { explicitZero($0) } }
        var count = 0
        while true {
            var polled = [
                pollfd(fd: terminal, events: Int16(POLLIN), revents: 0),
                pollfd(fd: trap.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&polled, 2, -1) < 0, errno != EINTR { throw closed }
            if let signal = trap.caught() { return .signal(signal) }
            guard polled[0].revents != 0 else { continue }
            let limit = line.count
            let got = line.withUnsafeMutableBytes {
                Glibc.read(terminal, $0.baseAddress?.advanced(by: count), limit - count)
            }
            if got < 0, errno == EINTR || errno == EAGAIN { continue }
            guard got > 0 || count > 0 else { throw closed }
            let end = line[count..<count + max(0, got)].firstIndex(of: 0x0a)
            count += max(0, got)
            // End of file behind some text ends the line as a line feed does.
            if end != nil || got <= 0 {
                return .answer(line.withUnsafeBytes { SecretBytes(copying: .init(rebasing: $0[..<(end ?? count)])) })
            }
            guard count < line.count else {
                throw TerminalFailure(.tooLong, "the answer is longer than \(maximumBytes) bytes")
            }
        }
    }

    private static var closed: TerminalFailure {
        TerminalFailure(.interrupted, "the terminal was closed before an answer came")
    }

    private static func write(_ text: String, to terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(terminal, bytes, bytes.count)
    }
}

/// Turns the signals that end or stop a process into bytes of a pipe, until it is removed.
private struct SignalTrap {
    // What the handler may touch: a lock-free number, which it only reads.
    private static let pipeEnd = Atomic<Int32>(-1)
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]

    /// Readable when a signal came.
    let descriptor: Int32
    private let writeEnd: Int32
    private let previous: [(signal: Int32, action: sigaction)]

    init() throws(TerminalFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw TerminalFailure(.missing, "no pipe is left for the terminal") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, writeEnd) = (ends[0], ends[1])
        Self.pipeEnd.store(writeEnd, ordering: .sequentiallyConsistent)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(SignalTrap.pipeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
            errno = saved
        }
        var previous: [(Int32, sigaction)] = []
        for signal in Self.signals {
            var old = sigaction()
            sigaction(signal, nil, &old)
            // What the caller ignores, as under `nohup`, stays ignored.
            if unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            sigaction(signal, &action, nil)
            previous.append((signal, old))
        }
        self.previous = previous
    }

    /// Raises a signal and comes back when it has taken effect, if at all. Threads that run commands may have it blocked.
    static func deliver(_ number: Int32) {
        var (wanted, previous) = (sigset_t(), sigset_t())
        sigemptyset(&wanted)
        sigaddset(&wanted, number)
        pthread_sigmask(SIG_UNBLOCK, &wanted, &previous)
        raise(number)
        pthread_sigmask(SIG_SETMASK, &previous, nil)
    }

    /// The first signal that came and was not asked for yet.
    func caught() -> Int32? {
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
    }

    /// Sets the dispositions back, and tells of a signal that nobody asked for yet.
    func remove() -> Int32? {
        for (signal, action) in previous {
            var action = action
            sigaction(signal, &action, nil)
        }
        defer {
            Self.pipeEnd.store(-1, ordering: .sequentiallyConsistent)
            close(descriptor)
            close(writeEnd)
        }
        return caught()
    }
}
