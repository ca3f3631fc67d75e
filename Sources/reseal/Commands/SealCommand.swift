internal import ArgumentParser
internal import Glibc
internal import ResealCore
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

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption
    @OptionGroup var input: ValueInput

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("The field to seal; without it, the whole value.", valueName: "field"))
    var field: String?

    @Option(help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"), completion: .directory)
    var repo = "."

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path = "manifests"

    @Flag(help: "Print the sealed value instead of writing it.")
    var print = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let id = try organization.id(name)
        guard let field = FieldPath(field ?? "") else {
            throw ValidationError("`\(SafeText.line(field ?? ""))` is no field name")
        }
        let value = try input.read(prompt: "Value of \(name)\(self.field.map { " \($0)" } ?? ""): ")
        let sealer = ManifestSealer(root: CheckoutResolver.workTreeRoot(repo), folder: path)
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
