internal import Glibc
internal import ResealCore

/// Signals by the names that `kill` takes.
enum SignalName {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
        "WINCH": SIGWINCH, "ALRM": SIGALRM, "CONT": SIGCONT,
    ]

    static func number(_ text: String) -> Int32? {
        let name = text.uppercased()
        return numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }

    /// What `--on-change` says; `nil` for `none`.
    static func reaction(_ text: String) throws -> Supervisor.Reaction? {
        switch text {
        case "none": return nil
        case "restart": return .restart
        default:
            if text.hasPrefix("signal:"), let number = number(String(text.dropFirst("signal:".count))) {
                return .signal(number)
            }
            throw UsageFailure(
                "`\(text)` is no reaction for --on-change",
                hint: "restart, none, or signal: and one of \(numbers.keys.sorted().joined(separator: ", "))")
        }
    }
}
