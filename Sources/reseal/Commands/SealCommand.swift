internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seal a value into its manifest in the work tree. Needs no private key.",
        discussion: """
            Reads the value from stdin, a file or a hidden prompt, encrypts it to the recipients that the rules name, \
            binds it to repository, secret and field, and replaces just that scalar in the file.

            EXAMPLES
              reseal seal prod/orders-db --field password
              openssl rand -base64 30 | reseal seal prod/orders-db --field password
              reseal seal prod/tls --field key --from-file tls.key
              reseal seal ci/token --print < token.txt
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @OptionGroup var input: ValueInput

    @Option(help: ArgumentHelp("The field to seal; without it, the whole value.", valueName: "field"))
    var field: String?

    @Option(
        help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"),
        completion: .directory)
    var repo: String?

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    @Flag(help: "Print the sealed value instead of writing it.")
    var print = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func validate() throws {
        if print, json { throw ValidationError("--print and --json exclude each other") }
    }

    func run() async throws {
        let id = try organization.id(name)
        let field = try FieldOption.path(field)
        var settings = try GitSettings.load(location.vaultHome)
        settings.useWorkTree(repo)
        if let path { settings.set("path", path) }
        let source = try GitSource(try settings.location())
        guard source.isLocal else {
            throw UsageFailure(
                "a value is sealed into a work tree, and \(source.displayLocation) is none",
                hint: "clone the repository, and name its folder with --repo")
        }
        let value = try input.read(prompt: FieldOption.question(name, self.field))
        let sealer = ManifestSealer(
            root: CheckoutResolver.workTreeRoot(source.location), folder: try settings.folder())
        let outcome = try sealer.seal(
            value, into: id, field: field, at: WallClock.system.now(), isWritten: !print)
        if print { return Terminal.write(outcome.armored, to: STDOUT_FILENO) }
        if json {
            let document: JSON = [
                "file": .string(outcome.path), "counter": .integer(outcome.counter),
                "recipients": .array(outcome.recipients.map { .string($0) }),
            ]
            Terminal.print(document.canonical)
        } else {
            Terminal.note(
                "sealed \(id)\(self.field.map { " \($0)" } ?? "") into \(outcome.path) for "
                    + "\(outcome.recipients.count) recipient(s), counter \(outcome.counter)")
        }
    }
}
