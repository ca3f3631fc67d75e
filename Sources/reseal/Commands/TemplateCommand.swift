internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealVault

struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Write files with secrets in them, and keep them current.",
        discussion: #"""
            A template is text with values in it:

              password = {{ secret "prod/orders-db" "password" | json }}
              token = {{ secret "ci/deploy-token" }}
              {{# a comment }} {{ "{{" }} is two braces

            Filters, one after the other: json (of a secret without a field, the whole object), base64, shell (one quoted \#
            word), url (percent-encoded), trim (white space at the end), indent N (of every further line).

            Everything is rendered before anything is written; mistakes are reported with their places. A file is \#
            replaced as a whole, with its mode and owner from the start, and only when something of it changed; only then \#
            the hook runs: the command behind `--`, without a shell, once. A hook that fails is reported with exit code 1, \#
            and runs again at the next call.

            With --watch it goes on: it looks for new versions once an interval, and each look is recorded in the audit \#
            trail. What goes wrong meanwhile is said once and tried again, and the files stay as they are. Files with \#
            secrets are best kept in memory: below /run, or another tmpfs.

            Several templates stand in a file for --config; docs/workloads.md has an example.

            EXAMPLES
              reseal template --in orders.conf.tmpl --out /run/orders/orders.conf --mode 0640 --owner root:orders
              reseal template --in app.env.tmpl --out /run/app.env --watch -- systemctl reload app
              reseal template --config /etc/reseal/templates.yaml --watch --interval 1m
            """#)

    @OptionGroup var source: SecretSourceOptions

    @Option(name: .customLong("in"), help: ArgumentHelp("The template.", valueName: "file"), completion: .file())
    var input: String?

    @Option(name: .customLong("out"), help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Its permissions. Default: 0600.", valueName: "octal"))
    var mode: String?

    @Option(
        help: ArgumentHelp("Its owner, USER, USER:GROUP or :GROUP. Default: whoever runs this.", valueName: "owner"))
    var owner: String?

    @Option(help: ArgumentHelp("A file that lists templates.", valueName: "file"), completion: .file())
    var config: String?

    @Flag(help: "Go on, and write again when a secret has a new version.")
    var watch = false

    @OptionGroup var interval: IntervalOption

    @Argument(parsing: .postTerminator, help: "What runs when the file has changed, behind `--`.")
    var hook: [String] = []

    func run() async throws {
        if config != nil, input != nil || output != nil || mode != nil || owner != nil || !hook.isEmpty {
            throw UsageFailure(
                "--config says what --in, --out, --mode, --owner and a hook would", hint: "write them into the file")
        }
        let settings = try config.map { try TemplateSettings.load($0) }
        let jobs = try settings?.jobs ?? [job()]
        guard watch || interval.interval == nil else {
            throw UsageFailure("--interval is for --watch", hint: "add --watch")
        }
        try TemplateJob.requireDistinct(jobs)
        let wait = try interval.interval == nil ? settings?.interval ?? interval.span() : interval.span()
        // Whoever has it ignored is never told how a child ended.
        signal(SIGCHLD, SIG_DFL)
        let run = try TemplateRun(jobs, organization: source.organization)
        let secrets = try source.source()
        let readings = run.ids.isEmpty ? [] : try await secrets.read(run.ids)
        guard watch else { return try await run.update(readings) }

        var first = readings
        do { try await run.update(readings) } catch let failure as WorkloadFailure where failure.kind == .hook {
            Terminal.note("reseal: \(SafeText.line("\(failure.message) [\(failure.code)]"))")
            // Then the next look counts as news, and the hook runs again.
            first = []
        }
        await SecretWatch(source: secrets, ids: run.ids, interval: wait).run(from: first) { readings in
            try await run.update(readings)
            return true
        }
    }

    private func job() throws -> TemplateJob {
        guard let input, let output else {
            throw UsageFailure("a template needs --in and --out, or --config", hint: "add --help for examples")
        }
        guard let mode = OutputFile.mode(mode ?? "0600") else {
            throw UsageFailure("`\(mode ?? "")` is no --mode", hint: TemplateSettings.modeHint)
        }
        let owner = try owner.map { text in
            guard let owner = FileOwner(text) else {
                throw UsageFailure("`\(text)` is no --owner", hint: TemplateSettings.ownerHint)
            }
            return owner
        }
        return TemplateJob(input: input, output: OutputFile(path: output, mode: mode, owner: owner), hook: hook)
    }
}
