internal import Glibc

/// Where output goes: answers to stdout, everything else to stderr.
enum Terminal {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    static func print(_ text: String) { write(Array("\(text)\n".utf8), to: STDOUT_FILENO) }
    static func note(_ text: String) { write(Array("\(text)\n".utf8), to: STDERR_FILENO) }

    /// Writes all bytes. A reader that went away, as `head` does, stops nothing that the command has yet to do; any other
    /// refusal of standard output ends the process, since an answer that nobody gets must not look like success.
    static func write(_ bytes: some Sequence<UInt8>, to descriptor: Int32) {
        let bytes = Array(bytes)
        bytes.withUnsafeBytes { write($0, to: descriptor) }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if descriptor == STDOUT_FILENO, errno != EPIPE { endWithoutAnswer(errno) }
                return
            }
            done += count
        }
    }

    private static func endWithoutAnswer(_ code: Int32) -> Never {
        note("error: cannot write to standard output: \(String(cString: strerror(code))) [file.unwritable]")
        exit(ExitStatus.failed.rawValue)
    }

    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }
}

/// Colour and emphasis; plain text wherever the output is not a terminal.
struct Style {
    let isColoured: Bool

    /// Follows `NO_COLOR` (no-color.org) and `TERM=dumb`.
    init(descriptor: Int32 = STDOUT_FILENO) {
        let environment = Terminal.environment()
        isColoured =
            Terminal.isTerminal(descriptor) && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    init(isColoured: Bool) { self.isColoured = isColoured }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
