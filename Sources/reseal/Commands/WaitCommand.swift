internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a running controller has applied a commit.",
        discussion: """
            For CI after a merge: ends with 0 when the vault holds the commit, or one that contains it. When the \
            controller cannot apply it before somebody does something, its error and exit code are passed on.

            EXAMPLES
              reseal wait --server https://vault.example.org:8443 --commit "$(git rev-parse HEAD)" --token-file token

            \(ExitStatus.help)
            """)

    @Option(help: ArgumentHelp("The controller's address.", valueName: "url"))
    var server: String

    @OptionGroup var source: SourceOption
    @OptionGroup var proof: ServerProofOptions

    @Option(help: ArgumentHelp("The commit, by its full id.", valueName: "id"))
    var commit: String

    @Option(help: ArgumentHelp("How long to wait. Default: 5m.", valueName: "time"))
    var timeout: String = "5m"

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    private static let pause = Duration.seconds(1)

    func run() async throws {
        guard let id = ObjectID(hex: commit) else {
            throw UsageFailure(
                "`\(SafeText.line(commit))` is no full commit id", hint: "take it from `git rev-parse HEAD`")
        }
        guard let span = TimeSpan(timeout) else {
            throw UsageFailure("`\(SafeText.line(timeout))` is no time", hint: "write for example 90s or 5m")
        }
        let client = try ControllerClient(
            server, source: source.name, tokenFile: proof.tokenFile, caFile: proof.authority.caFile)
        show(try await wait(for: id, client, until: ContinuousClock.now + .seconds(span.seconds)))
    }

    private func wait(for id: ObjectID, _ client: ControllerClient, until end: ContinuousClock.Instant) async throws
        -> JSON
    {
        var last: String?
        while true {
            do {
                let answer = try await client.applied(id)
                if answer["state"]?.stringValue == "applied" { return answer }
                if let error = answer["error"], let code = error["code"]?.stringValue {
                    throw ControllerFailure(
                        code: code, error["message"]?.stringValue ?? "", hint: error["hint"]?.stringValue)
                }
                last =
                    answer["suspended"]?.boolValue == true
                    ? "the source is suspended" : "the vault holds \(answer["head"]?.stringValue ?? "no commit")"
            } catch let failure as any UserFacingFailure where failure.retry == .later {
                // A controller that restarts is away for a moment.
                last = failure.message
            }
            guard ContinuousClock.now < end else {
                throw ControllerFailure(
                    code: "wait.timeout", "commit \(id.short) was not applied within \(timeout): \(last ?? "")",
                    hint: "`reseal status` at the controller shows what it does; wait longer with --timeout")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func show(_ answer: JSON) {
        guard !json else { return Terminal.print(answer.canonical) }
        let plan = answer["plan_id"]?.stringValue.map { ", plan \($0)" } ?? ""
        let at = answer["applied_at"]?.stringValue ?? ""
        Terminal.print(SafeText.line("applied \(answer["commit"]?.stringValue ?? "") at \(at)\(plan)"))
    }
}
