internal import ArgumentParser
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct NewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a new manifest into the work tree: a secret of any type, a role, a connection, …",
        discussion: """
            At a terminal, asks for what the manifest needs; what is given by options is not asked. Values of a secret \
            are typed at hidden prompts, generated, or left for `reseal seal` later. Without a terminal, options say it \
            all, and values come as a JSON object (--fields-from) or are generated (--generate).

            Makes the file, or adds a document behind the others of an existing one. Nothing is written unless the \
            result is valid.

            TYPES
              \(NewKind.help)

            EXAMPLES
              reseal new
              reseal new database prod/orders-db
              reseal new database prod/orders-db --plain host=db.internal --plain port=5432 --plain username=orders \
            --generate --every 30d --read role:backend --no-input
              jq -n '{clientSecret: env.S}' | reseal new oauth-token prod/mail --plain clientID=shop --fields-from - --no-input
              reseal new role backend --set members=user:ada,service:orders
              reseal new connection orders-admin --set engine=postgresql --set endpoint=main \
            --set credentialsFrom.secret=prod/admin --file manifests/connections.yaml
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var workTree: WorkTreeOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "What to make.", completion: .list(NewKind.words))
    var type: String?

    @Argument(help: "Its name.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The file to make or to add to. Default: by the name, in the manifests' folder.", valueName: "path"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    @Option(help: ArgumentHelp("What it is for, in words.", valueName: "text")) var description: String?
    @Option(help: ArgumentHelp("A label; may be repeated.", valueName: "key=value")) var label: [String] = []
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Any key of `spec`, such as rotation.keepPrevious=7d; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    @OptionGroup(title: "Secrets") var secret: NewSecretOptions

    @Flag(help: "Ask nothing.")
    var noInput = false

    func validate() throws {
        for pair in label + settings + secret.plain {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                // The text may be a value in the wrong place, so it is not repeated.
                throw ValidationError("--label, --set and --plain take KEY=VALUE")
            }
        }
    }

    func run() async throws {
        let place = try workTree.place(location.vaultHome)
        let sealer = ManifestSealer(root: place.root, folder: place.folder, access: place.access)
        let questions = Questions(
            isPossible: !noInput && HiddenPrompt.isPossible,
            names: try sealer.names(organization: organization.organization))
        let kind = try NewKind(try type ?? questions.need("What to make", choices: NewKind.words, option: "the type"))
        let name = try self.name ?? questions.need("Name, such as prod/orders-db", option: "the name")
        let id = try organization.id(name)
        let path = try file.map(place.path) ?? kind.path(of: name, in: place.folder)

        var scaffold = ManifestScaffold(kind.kind, name: name, organization: organization.organization)
        scaffold.labels = label.map(Self.pair)
        for (key, value) in (settings.map(Self.pair)) { scaffold.given[key, default: []].append(value) }
        if let description { scaffold.given["description"] = [description] }
        guard let type = kind.type else {
            if kind.kind == .repository { scaffold.given["id"] = try scaffold.given["id"] ?? [NewKind.repositoryID()] }
            try secret.requireNothing()
            let document = try scaffold.document(questions.answer)
            _ = try sealer.add(NewManifest(document, path: path, secret: nil), at: WallClock.system.now())
            return Terminal.note("wrote \(path)")
        }
        scaffold.given["type"] = [type.rawValue]
        var draft = try NewSecret(type, secret, questions)
        try draft.complete(&scaffold)
        var new = NewManifest(try scaffold.document(questions.answer), path: path, secret: id)
        (new.values, new.generation) = (draft.values, draft.generation)
        let sealed = try sealer.add(new, at: WallClock.system.now())
        Terminal.note("wrote \(path)")
        SealingView.show(sealed, asList: true, json: false)
        for field in draft.laterFields {
            Terminal.note("next: reseal seal \(name)\(field.isEmpty ? "" : " --field \(field)")")
        }
    }

    static func pair(_ text: String) -> (key: String, value: String) {
        let equals = text.firstIndex(of: "=") ?? text.endIndex
        return (String(text[..<equals]), String(text[equals...].dropFirst()))
    }
}

/// What only secrets have.
struct NewSecretOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A field that may stand in Git as it is; may be repeated.", valueName: "field=value"))
    var plain: [String] = []

    @Option(
        help: ArgumentHelp(
            "A field to be sealed, whose value is asked for or comes later; may be repeated.", valueName: "field"))
    var sealed: [String] = []

    @Option(
        help: ArgumentHelp("Values to seal, as a JSON object in a file; `-` is stdin.", valueName: "file"),
        completion: .file())
    var fieldsFrom: String?

    @Flag(help: "Make the first value by rotation.generate: that of the type, or what --set says.")
    var generate = false

    @Option(help: ArgumentHelp("Who may read it; may be repeated.", valueName: "principal")) var read: [String] = []
    @Option(help: ArgumentHelp("Who may set it; may be repeated.", valueName: "principal")) var write: [String] = []
    @Option(help: ArgumentHelp("Rotate it at this age.", valueName: "time")) var every: String?

    /// For manifests of other kinds.
    func requireNothing() throws {
        let isGiven =
            generate || fieldsFrom != nil || every != nil || ![plain, sealed, read, write].allSatisfy(\.isEmpty)
        guard !isGiven else {
            throw UsageFailure(
                "only secrets have values, permissions to read and write, and rotation",
                hint: "use --set for other keys of `spec`")
        }
    }
}
