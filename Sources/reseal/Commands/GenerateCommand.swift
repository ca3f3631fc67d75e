internal import ArgumentParser
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Seal a fresh random value into its manifest in the work tree. Needs no private key.",
        discussion: """
            Makes the value by the manifest's own `rotation.generate`, or by --kind and its options, seals it in place \
            with the next counter, and writes the public key or certificate that belongs to it into the same file in the \
            same step. The value is shown to nobody.

            A value that another system has to learn first (a rotation with a handler), and a certificate that a CA signs, \
            are made by the controller.

            EXAMPLES
              reseal generate prod/session-key
              reseal generate prod/orders-db --field password --kind password --length 40
              reseal generate prod/deploy --field key --kind ssh --public-field public
              reseal rotate-value prod/session-key && git commit -am "New session key"
            """,
        aliases: ["rotate-value"])

    @OptionGroup var location: HomeOption
    @OptionGroup var workTree: WorkTreeOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Option(
        help: ArgumentHelp("The field to fill. Default: what the manifest says, or the only one.", valueName: "field"))
    var field: String?

    @OptionGroup(title: "What to make") var generator: GeneratorOptionGroup

    @Flag(help: "Seal also where a handler of the manifest would tell another system first.")
    var ignoreHandler = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let id = try organization.id(name)
        let field = try self.field.map(FieldOption.path)
        let place = try workTree.place(location.vaultHome)
        let sealed = try ManifestSealer(root: place.root, folder: place.folder, access: place.access).generate(
            .init(generator: try generator.spec(), field: field, ignoresHandler: ignoreHandler), into: id,
            at: WallClock.system.now())
        SealingView.show(sealed, asList: false, what: "sealed a fresh value:", json: json)
    }
}

/// `rotation.generate` of a manifest, as options.
struct GeneratorOptionGroup: ParsableArguments {
    @Option(
        help: ArgumentHelp("\(GeneratorOptions.kinds.joined(separator: ", ")).", valueName: "kind"),
        completion: .list(GeneratorOptions.kinds))
    var kind: String?

    @Option(help: ArgumentHelp("Characters of a password, or bytes.", valueName: "n")) var length: Int64?
    @Option(help: ArgumentHelp("Characters of a password beside letters and digits.", valueName: "text")) var symbols:
        String?
    @Option(help: ArgumentHelp("Characters that a password may not have.", valueName: "text")) var exclude: String?
    @Option(help: ArgumentHelp("Of bytes: base64, base64url, hex, raw.", valueName: "name")) var encoding: String?
    @Option(help: ArgumentHelp("Words of a passphrase.", valueName: "n")) var words: Int64?
    @Option(help: ArgumentHelp("Text between words.", valueName: "text")) var separator: String?
    @Option(help: ArgumentHelp("Key of ssh and x509: ed25519, rsa, ec or ecdsa.", valueName: "name")) var algorithm:
        String?
    @Option(help: ArgumentHelp("Size of an RSA key.", valueName: "n")) var bits: Int64?
    @Option(help: ArgumentHelp("Curve of a key: p256, p384, p521.", valueName: "name")) var curve: String?
    @Option(help: ArgumentHelp("Comment of an SSH key.", valueName: "text")) var comment: String?
    @Option(help: ArgumentHelp("Field for the public key, in plain text.", valueName: "field")) var publicField: String?
    @Option(help: ArgumentHelp("Field for the certificate.", valueName: "field")) var certificateField: String?
    @Option(help: ArgumentHelp("Field for a certification request (CSR).", valueName: "field")) var csrField: String?
    @Option(help: ArgumentHelp("Common name of a certificate.", valueName: "name")) var commonName: String?
    @Option(
        name: .customLong("dns-name"),
        help: ArgumentHelp("Host name of a certificate; may be repeated.", valueName: "name"))
    var dnsNames: [String] = []
    @Option(
        name: .customLong("ip-address"),
        help: ArgumentHelp("IP address of a certificate; may be repeated.", valueName: "ip"))
    var ipAddresses: [String] = []
    @Option(help: ArgumentHelp("How long a certificate is valid.", valueName: "time")) var validity: String?

    /// Beside the kind.
    private var options: [String: JSON] {
        let texts: [(String, String?)] = [
            ("symbols", symbols), ("exclude", exclude), ("encoding", encoding), ("separator", separator),
            ("algorithm", algorithm), ("curve", curve), ("comment", comment), ("publicField", publicField),
            ("certificateField", certificateField), ("csrField", csrField), ("commonName", commonName),
            ("validity", validity),
        ]
        let numbers: [(String, Int64?)] = [("length", length), ("words", words), ("bits", bits)]
        let lists: [(String, [String])] = [("dnsNames", dnsNames), ("ipAddresses", ipAddresses)]
        var options: [String: JSON] = [:]
        for case (let key, let text?) in texts { options[key] = .string(text) }
        for case (let key, let number?) in numbers { options[key] = .integer(number) }
        for (key, list) in lists where !list.isEmpty { options[key] = .array(list.map { .string($0) }) }
        return options
    }

    /// `nil` when nothing is given.
    func spec() throws -> GeneratorSpec? {
        guard let kind else {
            guard options.isEmpty else {
                throw UsageFailure(
                    "options of a generator are given without its kind",
                    hint: "add --kind, one of \(GeneratorOptions.kinds.joined(separator: ", "))")
            }
            return nil
        }
        return try GeneratorOptions.read(options.merging(["kind": .string(kind)]) { $1 })
    }
}
