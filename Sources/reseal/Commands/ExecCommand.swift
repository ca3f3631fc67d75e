internal import ArgumentParser
internal import ResealCore
internal import ResealVault

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command with secrets in its environment.",
        discussion: """
            All values are read at once, before the command starts; where one is missing, nothing is started. Only the \
            command gets them, and none of Reseal's own variables (RESEAL_…). It takes the place of this process, so that \
            terminal, signals and exit status are its own.

            With --on-change it runs as a child instead: signals are passed on, its exit status is this one's (128 and the \
            number for a signal), and new versions restart it (SIGTERM, after --grace SIGKILL) or are told to it by a \
            signal. Its environment is that of its start; with a signal, it has to read new values elsewhere, for example \
            from a file of `reseal template`. Each look for new versions is recorded in the audit trail.

            The lines of --env-file are NAME=SECRET or NAME=SECRET#FIELD; empty lines and those that begin with # are \
            passed over. --all-fields makes a variable of each field: `tls.private-key` becomes TLS_PRIVATE_KEY, with \
            --prefix in front.

            Every process of the same user can read a process' environment (/proc/PID/environ), and so does whatever the \
            command starts. Where that is too much, write a file with `reseal template`. With --server, or after \
            `reseal login`, a server or an agent is asked instead of a vault of this machine.

            EXAMPLES
              reseal exec --env DB_PASSWORD=prod/orders-db#password -- ./orders
              reseal exec --all-fields prod/orders-db --prefix DB_ -- env
              reseal exec --server unix:///run/reseal/agent.sock --env TOKEN=ci/deploy-token -- ./deploy
              reseal exec --env-file orders.env --on-change restart --interval 1m -- ./orders --port 8080
            """)

    @OptionGroup var source: SecretSourceOptions

    @Option(help: ArgumentHelp("A variable and what it gets. May be repeated.", valueName: "name=secret[#field]"))
    var env: [String] = []

    @Option(
        help: ArgumentHelp("A file of such lines. May be repeated.", valueName: "file"), completion: .file())
    var envFile: [String] = []

    @Option(help: ArgumentHelp("A secret whose fields all become variables. May be repeated.", valueName: "secret"))
    var allFields: [String] = []

    @Option(help: ArgumentHelp("What stands before the names that --all-fields makes.", valueName: "text"))
    var prefix = ""

    @Option(
        help: ArgumentHelp("What a new version does: restart, signal:NAME, or none.", valueName: "reaction"),
        completion: .list(["restart", "signal:HUP", "none"]))
    var onChange = "none"

    @OptionGroup var interval: IntervalOption

    @Option(help: ArgumentHelp("How long the command has to end before it is killed. Default: 10s.", valueName: "time"))
    var grace: String?

    @Argument(parsing: .postTerminator, help: "The command, behind `--`.")
    var command: [String] = []

    func run() async throws {
        let reaction = try SignalName.reaction(onChange)
        let plan = try EnvironmentList(self).plan()
        let call = try ProgramCall(command)
        let interval = try interval.span()
        let grace = try graceSpan()
        let source = try source.source()
        let readings = plan.ids.isEmpty ? [] : try await source.read(plan.ids)
        let values = try plan.values(from: readings)
        guard let reaction, !plan.ids.isEmpty else { try call.replaceThisProcess(values) }

        let supervisor = try Supervisor(call, values, reaction: reaction, grace: grace)
        let watch = SecretWatch(source: source, ids: plan.ids, interval: interval)
        let status = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await watch.run(from: readings) { readings in
                    supervisor.renew(try plan.values(from: readings))
                    return true
                }
            }
            defer { group.cancelAll() }
            return try await supervisor.run()
        }
        throw ExitCode(status)
    }

    private func graceSpan() throws -> TimeSpan {
        guard let grace else { return TimeSpan(seconds: 10) }
        guard let span = TimeSpan(grace) else {
            throw UsageFailure("`\(grace)` is no time for --grace", hint: "write for example 10s or 1m")
        }
        return span
    }
}
