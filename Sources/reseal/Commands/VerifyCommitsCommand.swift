internal import ArgumentParser
internal import ResealCore
internal import ResealGit
internal import ResealReconciler
internal import ResealVault

struct VerifyCommitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-commits",
        abstract: "Show who signed which commits, and whether they are trusted.",
        discussion: """
            Judges commits by the section `trust` of the vault's config.yaml, as apply does. Without RANGE, those \
            between the applied commit and --ref. A range is BASE..HEAD, or HEAD alone for everything since the \
            applied commit or the trusted root. Only a range with a BASE needs no vault.

            Exits with 5 when a commit is not trusted. docs/git.md describes the settings.

            EXAMPLES
              reseal verify-commits
              reseal verify-commits main~20..main
              reseal verify-commits --json

            \(ExitStatus.help)
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup(title: "Git") var git: GitOptions

    @Argument(help: ArgumentHelp("BASE..HEAD, or HEAD.", valueName: "range"))
    var range: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        var settings = try git.settings(vault.vaultHome)
        guard let policy = settings.trust else {
            throw UsageFailure(
                "the vault's config.yaml says nothing of whom to trust",
                hint: "add a section `trust` with `allowed-signers`; docs/git.md describes it")
        }
        let parts = try range.map(Self.parts)
        if let head = parts?.head { settings.set("ref", head) }
        let resolver = CheckoutResolver(settings: settings, mirrors: vault.vaultHome.mirrorsPath)
        let (checkout, base) = try start(parts?.base, resolver, policy)
        guard let head = checkout.head else { preconditionFailure("a commit is resolved, not a work tree") }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        let judge = try TrustJudge(
            policy, repository: repository, folder: checkout.source.path, now: WallClock.system.now())
        let report = CommitReport(
            base: base, head: head, commits: try judge.judge(from: base, to: head, verifiesAll: true))
        Terminal.print(json ? CommitView.json(report).canonical : CommitView.text(report))
        if !report.isTrusted { throw ExitCode(ExitStatus.signature.rawValue) }
    }

    private func start(
        _ base: String?, _ resolver: CheckoutResolver, _ policy: TrustPolicy
    ) throws -> (Checkout, ObjectID?) {
        if let base { return try resolver.resolve(workTree: false, base: base) }
        let checkout = try resolver.resolve(workTree: false)
        guard let head = checkout.head else { return (checkout, nil) }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        let applied = try Reconciliation(core: try vault.openCore(), identities: []).appliedCommit(checkout)
        return (checkout, try policy.start(for: head, applied: applied, in: repository))
    }

    /// `A..B`, or `B`; an empty side is HEAD, as in git.
    private static func parts(_ range: String) throws -> (base: String?, head: String) {
        guard let dots = range.firstRange(of: "..") else { return (nil, range) }
        let (base, head) = (String(range[..<dots.lowerBound]), String(range[dots.upperBound...]))
        guard !head.hasPrefix("."), head.firstRange(of: "..") == nil else {
            throw UsageFailure("`\(range)` is no range of commits", hint: "write BASE..HEAD")
        }
        return (base.isEmpty ? "HEAD" : base, head.isEmpty ? "HEAD" : head)
    }
}
