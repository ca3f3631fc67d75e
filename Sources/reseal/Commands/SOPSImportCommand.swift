internal import ArgumentParser
internal import ResealAge
internal import ResealCore
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

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "Files of SOPS, or folders with such files.", completion: .file())
    var paths: [String]

    @Option(
        help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"),
        completion: .directory)
    var repo = "."

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path = "manifests"

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
        let importer = try SOPSImporter(
            root: CheckoutResolver.workTreeRoot(repo), folder: try folder(), identities: try identities(),
            options: options, now: WallClock.system.now())
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

    private func folder() throws -> String {
        let segments = path.split(separator: "/").filter { $0 != "." }
        guard !segments.contains(".."), !path.hasPrefix("/") else {
            throw ValidationError("--path is a folder inside the repository, without `..`")
        }
        return segments.joined(separator: "/")
    }

    private func identities() throws -> [any Identity] {
        if keepSops { return [] }
        var settings = try GitSettings.load(vault.vaultHome)
        settings.overrideIdentities(identity)
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
