internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seal values into their manifests in the work tree. Needs no private key.",
        discussion: """
            Encrypts to the recipients that the rules name, binds the value to repository, secret and field, and replaces \
            just that scalar in the file.

            One value is read from stdin, a file or a hidden prompt. Several fields of a secret come as a JSON object \
            (--fields-from): strings, objects for nested fields, and {"$base64": "…"} for binary ones. With --file or \
            --all, every leaf that was written with the tag `!seal` (or `!seal/base64`) is sealed where it stands:

              value:
                username: orders
                password: !seal hunter2

            EXAMPLES
              reseal seal prod/orders-db --field password
              openssl rand -base64 30 | reseal seal prod/orders-db --field password
              reseal seal prod/tls --field key --from-file tls.key
              jq '{username, password}' login.json | reseal seal prod/orders-db --fields-from -
              reseal seal --file manifests/prod/orders.yaml
              reseal seal --all
              reseal seal ci/token --print < token.txt
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var workTree: WorkTreeOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String?

    @OptionGroup var input: ValueInput

    @Option(help: ArgumentHelp("The field to seal; without it, the whole value.", valueName: "field"))
    var field: String?

    @Option(
        help: ArgumentHelp("Seal several fields, from a JSON object in a file; `-` is stdin.", valueName: "file"),
        completion: .file())
    var fieldsFrom: String?

    @Option(
        help: ArgumentHelp("Seal all that is marked with `!seal` in a manifest; may be repeated.", valueName: "path"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: [String] = []

    @Flag(help: "Seal all that is marked with `!seal` in any manifest.")
    var all = false

    @Flag(help: "Print the sealed value instead of writing it.")
    var print = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func validate() throws {
        if print, json { throw ValidationError("--print and --json exclude each other") }
        let sealsMarked = all || !file.isEmpty
        guard name != nil || sealsMarked else {
            throw ValidationError(
                "Missing expected argument '<name>': name a secret, or manifests with --file or --all")
        }
        guard !sealsMarked || name == nil else {
            throw ValidationError(
                "--file and --all seal what is marked in manifests, whatever its name is: leave the name out")
        }
        guard !all || file.isEmpty else { throw ValidationError("--all and --file exclude each other") }
        let takesOne = field != nil || input.isGiven || print
        guard !sealsMarked || (!takesOne && fieldsFrom == nil) else {
            throw ValidationError("--file and --all take the values from the manifests themselves")
        }
        guard fieldsFrom == nil || !takesOne else {
            throw ValidationError("--fields-from goes with none of --field, --from-file, --insecure-value and --print")
        }
    }

    func run() async throws {
        let id = try name.map(organization.id)
        let field = try FieldOption.path(field)
        let place = try workTree.place(location.vaultHome)
        let sealer = ManifestSealer(root: place.root, folder: place.folder, access: place.access)
        let now = WallClock.system.now()
        guard let id else {
            let paths = all ? nil : Set(try file.map(place.path))
            let sealed = try sealer.sealMarked(in: paths, at: now)
            if !json, sealed.isEmpty { Terminal.note("nothing is marked with `!seal`") }
            return SealingView.show(sealed, asList: true, json: json)
        }
        if let fieldsFrom {
            let values = try FieldValues.read(fieldsFrom)
            return SealingView.show(
                try sealer.seal(.init(sealed: values), into: id, at: now), asList: true, json: json)
        }
        let value = try input.read(prompt: FieldOption.question(id.name, self.field))
        let sealed = try sealer.seal(.init(sealed: [(field, value)]), into: id, at: now, isWritten: !print)
        if print { return sealed.forEach { Terminal.write($0.bytes, to: STDOUT_FILENO) } }
        SealingView.show(sealed, asList: false, json: json)
    }
}
