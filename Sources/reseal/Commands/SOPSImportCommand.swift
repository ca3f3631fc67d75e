internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealReconciler
internal import ResealVault

/// `reseal import`: from other tools into manifests.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Turn the secrets of another tool into manifests.",
        subcommands: [SOPSImportCommand.self])
}

struct SOPSImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sops",
        abstract: "Turn files of SOPS into manifests. Shows what it would do; --write does it.",
        discussion: """
            Each file, or each document of a file, becomes one Secret. What SOPS had encrypted is sealed anew, bound to \
            repository, secret and field, for the recipients that the Recipients manifest names; what it had left plain \
            stays plain, and so do plain comments. Secrets are named after their files. Nothing is overwritten, and the \
            SOPS files stay where they are. An import that was interrupted is finished by running it again.

            Identities are those of --identity, RESEAL_IDENTITY or the vault's config.yaml; without any, those that \
            SOPS itself would use (SOPS_AGE_KEY_FILE, then sops/age/keys.txt in the folder of settings).

            With --keep-sops, manifests refer to the SOPS files instead (fromSOPS); that needs no identity.

            EXAMPLES
              reseal import sops secrets/
              reseal import sops secrets/ --write
              reseal import sops --prefix prod/ ../old/prod --identity key.txt --write
              reseal import sops --keep-sops manifests/ --write
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "Files of SOPS, or folders with such files.", completion: .file())
    var paths: [String]

    @Option(
        help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"),
        completion: .directory)
    var repo: String?

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    @Option(
        help: ArgumentHelp("age identity file that opens the files; may be repeated.", valueName: "file"),
        completion: .file())
    var identity: [String] = []

    @Option(help: ArgumentHelp("Text in front of each name, for example prod/.", valueName: "text"))
    var prefix = ""

    @Option(help: ArgumentHelp("The secret's name, for one file.", valueName: "name"))
    var name: String?

    @Flag(help: "Write manifests that refer to the SOPS files.")
    var keepSops = false

    @Flag(help: "Write comments that SOPS had encrypted in clear.")
    var revealComments = false

    @Flag(help: "Write the manifests.")
    var write = false

    @Flag(help: "Print the plan as JSON.")
    var json = false

    func run() async throws {
        var options = ImportOptions()
        options.organization = organization.organization
        options.prefix = prefix
        options.name = name
        options.keepsSOPS = keepSops
        options.revealsComments = revealComments
        var settings = try GitSettings.load(location.vaultHome)
        settings.useWorkTree(repo)
        if let path { settings.set("path", path) }
        let source = try GitSource(try settings.location())
        guard source.isLocal else {
            throw UsageFailure(
                "manifests are written into a work tree, and \(source.displayLocation) is none",
                hint: "clone the repository, and name its folder with --repo")
        }
        let importer = try SOPSImporter(
            root: CheckoutResolver.workTreeRoot(source.location), folder: try settings.folder(),
            identities: try identities(&settings), access: settings.repositoryAccess, options: options,
            now: WallClock.system.now())
        let plan = try importer.plan(paths)
        if plan.problems.isEmpty, write { try importer.write(plan) }
        if json {
            Terminal.print(ImportView.json(plan, isWritten: write).canonical)
        } else {
            ImportView.show(plan, isWritten: write)
        }
        if !plan.problems.isEmpty {
            throw ExitCode(ExitStatus(for: DiagnosticsFailure(plan.problems)).rawValue)
        }
    }

    private func identities(_ settings: inout GitSettings) throws -> [any Identity] {
        if keepSops { return [] }
        settings.override(identities: identity)
        if settings.hasIdentity { return try settings.identities() }
        return try SOPSKeyFile.existing().map { try AgeKeys.identities(file: $0) } ?? settings.identities()
    }
}

/// Where SOPS keeps its age keys.
enum SOPSKeyFile {
    /// The first place that has a file.
    static func existing() -> String? {
        let environment = Terminal.environment()
        let settings = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { "\($0)/.config" }
        return [environment["SOPS_AGE_KEY_FILE"], settings.map { "\($0)/sops/age/keys.txt" }].compactMap(\.self)
            .first(where: FileProbe.exists)
    }
}
