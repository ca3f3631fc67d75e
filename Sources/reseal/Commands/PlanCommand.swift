internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would do. Changes nothing, and shows no value.",
        discussion: """
            Compares a commit (--ref) or the work tree as it lies there (--worktree) with the vault.

            With --base REF it compares two commits instead and needs no key and no vault: manifests, bindings, \
            counters and recipients are checked, sealed values are named and not opened. That is the form for CI on \
            pull requests.

            With --server URL a running controller makes the plan, of what its remote holds under --ref: a branch, a tag, \
            a commit, or refs/pull/N/head and refs/merge-requests/N/head. It comes back without values, so CI holds no \
            key; --token-file and --ca-file are for the controller then.

            EXAMPLES
              reseal plan --repo . --identity key.txt
              reseal plan --worktree
              reseal plan --ref feature --detailed-exitcode --json
              reseal plan --repo . --ref feature --base main --markdown
              reseal plan --out change.plan && reseal apply change.plan
              reseal plan --server https://vault.example.org:8443 --ref refs/pull/7/head --token-file token --markdown

            \(ExitStatus.help)
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup(title: "Git") var git: GitOptions
    @OptionGroup var format: PlanFormatOptions

    @Option(help: ArgumentHelp("Have this running controller make the plan.", valueName: "url"))
    var server: String?

    @OptionGroup var source: SourceOption

    @Flag(help: "Plan the work tree with its uncommitted changes instead of a commit.")
    var worktree = false

    @Option(help: ArgumentHelp("Compare with this commit instead of a vault; needs no key.", valueName: "ref"))
    var base: String?

    @Option(
        help: ArgumentHelp(
            "Save the plan, so that exactly it can be applied. A refused plan is not saved.", valueName: "file"),
        completion: .file())
    var out: String?

    @Flag(help: "Exit with 2 when there are changes.")
    var detailedExitcode = false

    @Flag(help: "Let a plan pass that deletes more than the repository's limit.")
    var allowMassDeletion = false

    func validate() throws {
        guard out == nil || (!worktree && base == nil) else {
            throw ValidationError("--out saves a plan for a vault: it goes neither with --worktree nor with --base")
        }
        let isLocal =
            worktree || base != nil || out != nil || git.repo != nil || git.path != nil || !git.identity.isEmpty
        guard server == nil || !isLocal else {
            throw ValidationError(
                "--server has the controller plan from its own source: it goes with none of --repo, --path, --identity, "
                    + "--worktree, --base and --out")
        }
        guard server != nil || source.source == nil else { throw ValidationError("--source goes with --server") }
    }

    func run() async throws {
        if let server { return try await ask(server) }
        let home = vault.vaultHome
        let settings = try git.settings(home)
        let resolver = CheckoutResolver(settings: settings, mirrors: home.mirrorsPath)
        let prepared: PreparedPlan
        if let base {
            prepared = try keyless(resolver, against: base)
        } else {
            prepared = try await withVault(resolver, settings)
        }
        if let out, prepared.plan.guards.isEmpty {
            let location = try resolver.fullLocation()
            try SavedPlan(prepared.plan, location: location, allowsMassDeletion: allowMassDeletion).write(to: out)
        }
        try show(prepared.plan) { PlanJSONView().render(prepared) }
    }

    private func ask(_ server: String) async throws {
        let client = try ControllerClient(
            server, source: source.name, tokenFile: git.remote.tokenFile, caFile: git.remote.caFile)
        let document = try await client.plan(of: git.ref ?? "HEAD", allowsMassDeletion: allowMassDeletion)
        try show(Plan(reading: document)) { document.canonical }
    }

    private func show(_ plan: Plan, json: () -> String) throws {
        format.show(plan, json: json)
        if let refusal = plan.guards.first { throw try refused(refusal) }
        if detailedExitcode, !plan.isEmpty { throw ExitCode(ExitStatus.changes.rawValue) }
    }

    /// In JSON the plan has told it already, and one document is the answer.
    private func refused(_ refusal: GuardRefusal) throws -> ReconcileFailure {
        if format.json { throw ExitCode(ExitStatus.guardRefused.rawValue) }
        return ReconcileFailure(.guardRefused, refusal.message, hint: refusal.hint)
    }

    private func withVault(_ resolver: CheckoutResolver, _ settings: GitSettings) async throws -> PreparedPlan {
        let identities = try settings.identities()
        let core = try vault.openCore()
        var options = ReconcileOptions()
        options.allowsMassDeletion = allowMassDeletion
        options.trust = settings.trust
        let progress = Progress("reading manifests:")
        options.progress = { progress.update($0) }
        defer { progress.finish() }
        let reconciler = Reconciler(Reconciliation(core: core, identities: identities, options: options))
        return try await reconciler.plan(try resolver.resolve(workTree: worktree), by: try vault.context())
    }

    private func keyless(_ resolver: CheckoutResolver, against base: String) throws -> PreparedPlan {
        let (checkout, baseCommit) = try resolver.resolve(workTree: worktree, base: base)
        return try KeylessComparison(checkout: checkout, base: baseCommit, allowsMassDeletion: allowMassDeletion)
            .plan(now: WallClock.system.now())
    }
}

/// How a plan is shown.
struct PlanFormatOptions: ParsableArguments {
    @Flag(help: "Terraform's plan fields as JSON (docs/plan-format.md).")
    var json = false

    @Flag(help: "Markdown for a comment on a pull request.")
    var markdown = false

    @Flag(help: "List everything in text output, however much there is.")
    var full = false

    func validate() throws {
        if json, markdown { throw ValidationError("--json and --markdown exclude each other") }
    }

    private static let listLimit = 100

    /// - Parameter document: the plan in its JSON form.
    func show(_ plan: Plan, json document: () -> String) {
        if json {
            Terminal.print(document())
        } else if markdown {
            Terminal.print(PlanMarkdownView().render(plan))
        } else {
            let view = PlanTextView(style: Style(), listLimit: full ? .max : Self.listLimit)
            Terminal.print(view.render(plan))
        }
    }
}
