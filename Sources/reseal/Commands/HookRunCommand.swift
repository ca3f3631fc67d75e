internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

/// What the installed hooks call.
struct HookRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Check what is about to be committed or pushed, as the hooks do.",
        discussion: """
            EXAMPLES
              reseal hook run pre-commit
            """,
        shouldDisplay: false)

    @OptionGroup var location: HomeOption

    @Argument(help: "pre-commit or pre-push.", completion: .list(HookName.allCases.map(\.rawValue)))
    var hook: String

    @Argument(help: "What git gives to the hook.")
    var words: [String] = []

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    @Flag(help: "Take warnings for errors.")
    var strict = false

    func run() async throws {
        guard let name = HookName(rawValue: hook) else {
            throw UsageFailure("there is no hook `\(SafeText.line(hook))`", hint: "pre-commit or pre-push")
        }
        var settings = try GitSettings.load(location.vaultHome)
        settings.useWorkTree(nil)
        if let path { settings.set("path", path) }
        let resolver = CheckoutResolver(settings: settings, mirrors: location.vaultHome.mirrorsPath)
        let checkout = try resolver.resolve(workTree: true)
        let fails = try name == .preCommit ? commit(checkout) : push(checkout)
        guard fails else { return }
        let act = name == .preCommit ? "commit" : "push"
        Terminal.note("reseal: the \(act) is stopped; `git \(act) --no-verify` goes on without checks")
        throw ExitCode(ExitStatus.failed.rawValue)
    }

    private func commit(_ checkout: Checkout) throws -> Bool {
        var checkout = checkout
        try checkout.readIndex()
        let lint = try RepositoryLint(checkout, config: nil, now: WallClock.system.now())
        let fails = try tell(lint.run(changedOnly: true))
        guard try RepositoryLint.stagesManifests(checkout) else { return fails }
        return try validate(checkout) || fails
    }

    private func push(_ checkout: Checkout) throws -> Bool {
        let lines = try AtomicFile.read(descriptor: STDIN_FILENO, name: "stdin", limit: 16 << 20)
        let references = String(decoding: lines, as: UTF8.self).split(separator: "\n").compactMap {
            PushedReference(line: $0)
        }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        let pushed = try PushedCommits(references, remote: words.first ?? "", in: repository)
        var checkout = checkout
        checkout.workTree = nil
        var fails = false
        // By the settings of what is pushed, as CI will see them.
        if let last = pushed.heads.last {
            checkout.head = last
            fails = try tell(RepositoryLint(checkout, config: nil, now: WallClock.system.now()).run(pushed: pushed))
        }
        for head in pushed.heads {
            checkout.head = head
            if try RepositoryLint.hasManifests(checkout), try validate(checkout) { fails = true }
        }
        return fails
    }

    // MARK: Telling

    private func tell(_ report: LintReport) throws -> Bool {
        let view = LintTextView(style: Style(descriptor: STDERR_FILENO))
        for finding in report.findings { Terminal.note(view.text(finding)) }
        return report.fails(strict: strict)
    }

    private func validate(_ checkout: Checkout) throws -> Bool {
        let report = try KeylessValidation.run(checkout)
        let style = Style(descriptor: STDERR_FILENO)
        for finding in report.findings { Terminal.note(DiagnosticView.text(finding, style)) }
        return report.findings.contains { $0.severity == .error || strict }
    }
}
