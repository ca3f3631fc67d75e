internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find secrets in plain text, weak permissions and neglected values. Needs no key and no vault.",
        discussion: """
            Looks at every text file of the work tree, with --staged at what is staged for the next commit, with --ref \
            at a commit. Files that Git ignores are left out. A finding names file, line and column, and never shows \
            the secret itself.

            `.reseal-lint.yaml` at the root of the repository sets levels of rules, files to leave out and limits. A \
            comment `# reseal-lint: ignore RULE -- reason` on the line or the line before takes a finding away. \
            docs/lint.md has both in full.

            Exits with 1 when there is an error, with --strict also for a warning.

            EXAMPLES
              reseal lint
              reseal lint manifests deploy/values.yaml
              reseal lint --staged --strict
              reseal lint --ref main --format sarif > reseal.sarif
              reseal lint --ref feature --config-from main
              reseal lint --rules
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup(title: "Git") var git: GitOptions

    @Argument(help: "Files and folders to look at. Default: the whole repository.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Look at what is staged in Git's index instead of the work tree.")
    var staged = false

    @Option(
        help: ArgumentHelp(
            "Take .reseal-lint.yaml from this commit, so that a change is judged by the rules of its target branch.",
            valueName: "ref"))
    var configFrom: String?

    @Option(
        help: ArgumentHelp("text, json, sarif, github or gitlab.", valueName: "format"),
        completion: .list(LintFormat.allCases.map(\.rawValue)))
    var format = LintFormat.text

    @Flag(help: "The same as --format json.")
    var json = false

    @Flag(help: "Take warnings for errors.")
    var strict = false

    @Flag(help: "List the rules.")
    var rules = false

    func run() async throws {
        let format = json ? .json : format
        if rules { return Terminal.print(LintRulesView.render(json: format == .json)) }
        let checkout = try git.checkout(location.vaultHome, staged: staged)
        let config = try configFrom.map { try RepositoryLint.config(of: checkout, at: $0) }
        let lint = try RepositoryLint(checkout, config: config, now: WallClock.system.now())
        let report = try lint.run(paths: try paths(in: checkout))
        Terminal.print(format.render(report))
        if report.fails(strict: strict) { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    /// From the root of the repository.
    private func paths(in checkout: Checkout) throws -> [String] {
        let known = paths.isEmpty ? [] : try RepositoryLint.paths(of: checkout)
        let place = WorkTreePlace(
            root: checkout.workTree ?? checkout.repositoryPath, folder: checkout.source.path, access: .unattended)
        return try paths.map { word in
            let bare = word.count > 1 && word.hasSuffix("/") ? String(word.dropLast()) : word
            let path = checkout.head == nil ? try place.pathOrRoot(of: bare) : bare
            let normal = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            guard normal.isEmpty || known.contains(where: { $0 == normal || $0.hasPrefix(normal + "/") }) else {
                throw UsageFailure(
                    "there is no file of the repository at or below `\(word)`",
                    hint: "files that Git ignores are left out; name others by their path")
            }
            return normal
        }
    }
}

/// How findings are printed.
enum LintFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json, sarif, github, gitlab

    func render(_ report: LintReport) -> String {
        switch self {
        case .text: LintTextView(style: Style()).render(report)
        case .json: LintJSONView.render(report)
        case .sarif: SARIFView.render(report)
        case .github: GitHubAnnotationsView.render(report)
        case .gitlab: GitLabQualityView.render(report)
        }
    }
}
