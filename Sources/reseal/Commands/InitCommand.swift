internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a new vault, or the first manifests of a repository.",
        discussion: """
            Makes the vault's folder with the encrypted store and its root key. Keep a copy of root.key somewhere else: \
            the store is worthless without it, and so is the key without the store.

            With --manifests, writes a Repository manifest with a fresh random id and a Recipients manifest into that \
            folder instead.

            EXAMPLES
              reseal init --repo ~/secrets --identity key.txt
              reseal init --passphrase
              reseal init --manifests manifests --recipient age1…
            """)

    @OptionGroup var vault: VaultOptions

    @Flag(help: "Make the root key from a passphrase instead of a key file.")
    var passphrase = false

    @Option(help: ArgumentHelp("Repository to write into config.yaml.", valueName: "path|url"))
    var repo: String?
    @Option(help: ArgumentHelp("Branch to write into config.yaml.", valueName: "ref"))
    var ref: String?
    @Option(help: ArgumentHelp("Manifests' folder to write into config.yaml.", valueName: "dir"))
    var path: String?
    @Option(help: ArgumentHelp("Identity file to write into config.yaml.", valueName: "file"), completion: .file())
    var identity: String?

    @Option(
        help: ArgumentHelp("Write the first manifests into this folder of a repository.", valueName: "dir"),
        completion: .directory)
    var manifests: String?
    @Option(
        name: [.customShort("r"), .long],
        help: ArgumentHelp("With --manifests: the controller's recipient (from `reseal keygen`).", valueName: "age1…"))
    var recipient: String?

    func validate() throws {
        guard manifests == nil || recipient != nil else {
            throw ValidationError("--manifests needs --recipient: the public key of the controller's identity")
        }
        guard recipient == nil || manifests != nil else {
            throw ValidationError("--recipient goes into the first manifests: name their folder with --manifests")
        }
        guard manifests == nil || (!passphrase && [repo, ref, path, identity].allSatisfy { $0 == nil }) else {
            throw ValidationError(
                "--manifests makes no vault: it goes with none of --passphrase, --repo, --ref, --path and --identity")
        }
    }

    func run() async throws {
        if let manifests, let recipient { return try StarterManifests.write(to: manifests, recipient: recipient) }
        let home = vault.vaultHome
        let secret = passphrase ? try NewPassphrase.read(file: vault.passphraseFile) : nil
        // The settings come first: when the vault is there, all of it is.
        try VaultCore.create(home, passphrase: secret, by: try vault.context()) { try writeConfig(home) }
        Terminal.note("made a vault at \(home.path)")
        if secret == nil { Terminal.note("keep a copy of \(home.rootKeyPath) apart from the store") }
    }

    private func writeConfig(_ home: VaultHome) throws {
        let absoluteRepo = repo.map { FileProbe.exists($0) ? FileProbe.absolute($0) : $0 }
        let settings: [(String, String?)] = [
            ("repo", absoluteRepo), ("ref", ref), ("path", path), ("identity", identity.map(FileProbe.absolute)),
        ]
        let lines = settings.compactMap { key, value in value.map { "\(key): \(JSON.string($0).canonical)" } }
        guard !lines.isEmpty else { return }
        let text = "# Settings of this vault; flags on the command line win.\n" + lines.joined(separator: "\n") + "\n"
        try AtomicFile.write(text, to: home.configPath)
    }
}
