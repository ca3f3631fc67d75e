internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring the vault to a commit, in one transaction with its audit records.",
        discussion: """
            Without FILE, plans the commit, shows the plan and asks. With FILE, applies exactly the plan that \
            `reseal plan --out` saved, and refuses it when the commit or the vault moved since.

            When the vault holds the commit already, nothing is opened and no identity is needed.

            EXAMPLES
              reseal apply --repo . --identity key.txt
              reseal apply --yes
              reseal apply --yes --json
              reseal apply change.plan

            \(ExitStatus.help)
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup(title: "Git") var git: GitOptions
    @OptionGroup var format: PlanFormatOptions

    @Argument(help: ArgumentHelp("A saved plan.", valueName: "file"), completion: .file())
    var file: String?

    @Flag(help: "Ask nothing. Needed with --json and where there is no terminal, unless a saved plan is given.")
    var yes = false

    @Flag(help: "Delete more secrets at once than the repository's limit.")
    var allowMassDeletion = false

    @Flag(help: "Accept, this once, a branch that does not contain the applied commit.")
    var allowRewrittenHistory = false

    func validate() throws {
        guard !format.json || yes || file != nil else {
            throw ValidationError("--json answers with one document and asks nothing: add --yes, or name a saved plan")
        }
    }

    func run() async throws {
        let home = vault.vaultHome
        let context = try vault.context()
        let core = try vault.openCore()
        let lock = try VaultLock(home)
        defer { withExtendedLifetime(lock) {} }
        let saved = try file.map(SavedPlan.init(readingFrom:))
        var settings = try git.settings(home)
        if let saved { settings.override(saved) }
        let checkout = try CheckoutResolver(settings: settings, mirrors: home.mirrorsPath).resolve(workTree: false)
        let progress = Progress("reading manifests:")
        defer { progress.finish() }
        let reconciler = Reconciler(try reconciliation(core, settings, saved, checkout, progress))

        if saved == nil, try await reconciler.isUpToDate(checkout) {
            return ApplyView(json: format.json).show(try await reconciler.upToDateReport(), checkout)
        }
        let prepared = try await reconciler.prepare(checkout, by: context)
        progress.finish()
        try saved?.requireSame(prepared.plan)
        if saved == nil, !format.json { format.show(prepared.plan) { PlanJSONView().render(prepared) } }
        if prepared.plan.guards.isEmpty { try confirm(prepared.plan, isSaved: saved != nil) }
        ApplyView(json: format.json).show(try await reconciler.apply(prepared, by: context), checkout)
    }

    private func reconciliation(
        _ core: VaultCore, _ settings: GitSettings, _ saved: SavedPlan?, _ checkout: Checkout, _ progress: Progress
    ) throws -> Reconciliation {
        var options = ReconcileOptions()
        options.allowsMassDeletion = allowMassDeletion || saved?.allowsMassDeletion == true
        options.allowsRewrittenHistory = allowRewrittenHistory
        options.trust = settings.trust
        options.progress = { progress.update($0) }
        // Nothing is opened when there is nothing to do, so a missing identity matters only later.
        let upToDate = try Reconciliation(core: core, identities: []).isUpToDate(checkout)
        let identities = upToDate && saved == nil ? [] : try settings.identities()
        return Reconciliation(core: core, identities: identities, options: options)
    }

    private func confirm(_ plan: Plan, isSaved: Bool) throws {
        guard !yes, !isSaved, !plan.isEmpty else { return }
        guard Terminal.isTerminal(STDIN_FILENO) else {
            throw UsageFailure(
                "there is no terminal to ask at, so nothing was applied",
                hint: "look at the plan and repeat with --yes, or save a plan with `reseal plan --out` and apply that")
        }
        Terminal.write(Array("Apply this plan? Only `yes` is taken as a yes: ".utf8), to: STDERR_FILENO)
        guard readLine() == "yes" else {
            Terminal.note("nothing was changed")
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}
