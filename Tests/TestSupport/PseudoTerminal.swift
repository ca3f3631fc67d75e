internal import Foundation

/// Runs programs at a terminal of their own, for what asks questions or looks whether it has a terminal.
package enum PseudoTerminal {
    /// One step of a dialogue: when `prompt` has appeared behind the step before, `reply` is typed as it is. `\u{3}` is
    /// Control-C.
    package struct Step: Sendable {
        let prompt: String
        let reply: String

        package init(_ prompt: String, _ reply: String) {
            self.prompt = prompt
            self.reply = reply
        }
    }

    package struct Result: Sendable {
        /// The exit status; 128 and the signal's number for a process that a signal ended.
        package let status: Int32
        /// All that appeared on the terminal, echoed input included, with LF line ends.
        package let screen: String
        /// Whether the terminal echoed input when the program had ended.
        package let echoes: Bool
    }

    /// Runs `program` with the terminal as standard input, output and error, and as its controlling terminal.
    package static func run(
        _ program: String, _ arguments: [String], dialogue: [Step] = [], timeout: Duration = .seconds(60)
    ) throws -> Result {
        let plan = Plan(
            argv: [program] + arguments, dialogue: dialogue.map { [$0.prompt, $0.reply] },
            seconds: Double(timeout.components.seconds))
        let json = String(decoding: try JSONEncoder().encode(plan), as: UTF8.self)
        let answer = try Command.check("python3", ["-c", script, json], timeout: timeout + .seconds(10)).stdout
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(answer))
        return Result(status: outcome.status, screen: outcome.screen, echoes: outcome.echoes)
    }

    private struct Plan: Encodable {
        let argv: [String]
        let dialogue: [[String]]
        let seconds: Double
    }

    private struct Outcome: Decodable {
        let status: Int32
        let screen: String
        let echoes: Bool
    }

    private static let script = """
        import fcntl, json, os, pty, select, signal, struct, sys, termios, time
        plan = json.loads(sys.argv[1])
        pid, master = pty.fork()
        if pid == 0:
            try:
                os.execvp(plan["argv"][0], plan["argv"])
            finally:
                os._exit(127)
        # Held open, so that the terminal outlives the program and can be asked for its settings.
        number, = struct.unpack("I", fcntl.ioctl(master, 0x80045430, bytes(4)))  # TIOCGPTN; os.ptsname is too new.
        terminal = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
        screen, mark, deadline, status = b"", 0, time.time() + plan["seconds"], None
        while True:
            if status is None:
                done, code = os.waitpid(pid, os.WNOHANG)
                if done:
                    status = os.waitstatus_to_exitcode(code)
            ready = select.select([master], [], [], 0.02)[0]
            if ready:
                screen += os.read(master, 65536)
                if plan["dialogue"]:
                    prompt, reply = plan["dialogue"][0]
                    place = screen.find(prompt.encode(), mark)
                    if place >= 0:
                        mark = place + len(prompt.encode())
                        plan["dialogue"].pop(0)
                        os.write(master, reply.encode())
            elif status is not None:
                break
            if time.time() > deadline:
                os.kill(pid, signal.SIGKILL)
                sys.exit("the program did not end in time; the screen shows: " + repr(screen))
        print(json.dumps({
            "status": status if status >= 0 else 128 - status,
            "screen": screen.decode(errors="replace").replace("\\r\\n", "\\n"),
            "echoes": bool(termios.tcgetattr(terminal)[3] & termios.ECHO)}))
        """
}
