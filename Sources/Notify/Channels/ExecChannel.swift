package import ResealCore
internal import ResealEngines
internal import ResealSealing

/// A command of the controller's configuration, with the message as JSON on its standard input. Blocks a queue of its
/// own.
package actor ExecChannel: NotificationChannel {
    private let name: String
    private let program: String
    private let arguments: [String]
    private let timeout: TimeSpan
    private let executor = QueueExecutor(label: "reseal.notify.exec")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(name: String, program: String, arguments: [String], timeout: TimeSpan = TimeSpan(seconds: 30)) {
        self.name = name
        self.program = program
        self.arguments = arguments
        self.timeout = timeout
    }

    package func send(_ message: NotificationMessage) throws {
        let process = try CommandProcess(program: program, arguments: arguments)
        let request = SecretBytes(message.json.canonicalBytes + [0x0a])
        let (ending, _) = process.run(request, until: .now + .seconds(max(1, timeout.seconds)))
        switch ending {
        case .exited(0): return
        case .exited(let status):
            throw NotifyFailure(.commandFailed, "the command `\(name)` ended with status \(status)", retry: .later)
        case .killed(let signal):
            throw NotifyFailure(.commandFailed, "the command `\(name)` was ended by signal \(signal)", retry: .later)
        case .timedOut:
            throw NotifyFailure(
                .commandFailed, "the command `\(name)` did not end within \(timeout); it was killed", retry: .later)
        case .flooded:
            throw NotifyFailure(
                .commandFailed, "the command `\(name)` wrote more than 64 KiB; it was killed",
                hint: "what it writes is not read")
        }
    }
}
