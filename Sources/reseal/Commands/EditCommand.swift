internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct EditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Edit a manifest of the work tree with its sealed values opened.",
        discussion: """
            Opens the document of a secret, or a whole file, in $VISUAL or $EDITOR. Sealed values stand there in plain \
            text behind a tag:

              password: !sealed hunter2
              licence: !sealed/base64 AAECAw==
              other: !unopened 76a144607f72f6ff   # no identity opens it; leave it, or write a new `!sealed` value

            When the editor ends, values that changed are sealed anew, and so are new ones with the tag. Unchanged ones \
            keep the ciphertext that they had, and everything else in the file is what you typed. A value that is a file \
            of its own (`fromFile`) is opened itself when its secret is named.

            A result with errors is not written: you see them, and go on editing or give up. The text lies in memory \
            only, and is wiped when the session ends, however it ends.

            EXAMPLES
              reseal edit prod/orders-db --identity ~/.config/reseal/key.txt
              reseal edit manifests/prod/orders.yaml
              EDITOR='code --wait' reseal edit prod/orders-db
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var workTree: WorkTreeOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: ArgumentHelp("The secret's name, or a file.", valueName: "name|file"), completion: .file())
    var target: String

    @OptionGroup var keys: IdentityOptions

    @Option(
        help: ArgumentHelp(
            "A folder on a tmpfs for the text. Default: $XDG_RUNTIME_DIR, else /dev/shm.", valueName: "dir"),
        completion: .directory)
    var workspace: String?

    @Flag(help: "Let a value lose its tag, or stand in plain text elsewhere, without asking.")
    var allowPlain = false

    func run() async throws {
        let place = try workTree.place(location.vaultHome)
        let target = try self.target(place)
        let editor = try Editor.find(Terminal.environment())
        let settings = try keys.settings(location.vaultHome)
        if !settings.hasIdentity {
            Terminal.note("note: no identity is given, so no sealed value is shown; name its file with --identity")
        }
        let editing = SecretEditing(
            root: place.root, folder: place.folder, identities: settings.hasIdentity ? try settings.identities() : [],
            access: place.access)
        // Before anything is decrypted.
        let folder = try PrivateFolder(in: workspace)
        defer { folder.remove() }
        if editor.habits == .hoarder {
            Terminal.note("warning: this editor may keep copies of the text in your home folder; see docs/editing.md")
        }
        try EditSession(
            editing: editing, target: target, editor: editor, folder: folder, allowsPlain: allowPlain
        ).run()
    }

    /// A word that names a file is a file, however much it looks like a name.
    private func target(_ place: WorkTreePlace) throws -> SecretEditing.Target {
        if target.hasSuffix(".yaml") || target.hasSuffix(".yml") || target.hasPrefix("/") || target.hasPrefix(".") {
            return .file(try place.path(of: target))
        }
        if let path = try? place.path(of: target), FileProbe.isFile("\(place.root)/\(path)") { return .file(path) }
        return .secret(try organization.id(target))
    }
}
