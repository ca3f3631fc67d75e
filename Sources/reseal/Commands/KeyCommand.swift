internal import ArgumentParser
internal import ResealCore
internal import ResealSealing
internal import ResealVault

struct KeyCommand: AsyncParsableCommand {
    /// The age at which `status` says that a KEK is due.
    static let kekLifetime = TimeSpan(seconds: 365 * 86_400)

    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Rotate the keys of the vault. No value is opened or written anew.",
        discussion: """
            EXAMPLES
              reseal key rotate
              reseal key change-root
            """,
        subcommands: [KeyRotateCommand.self, KeyChangeRootCommand.self])
}

struct KeyRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new key-encryption key and wrap the data key of every version with it.",
        discussion: """
            One transaction: afterwards the old key-encryption key is gone from the store. Once a year is usual; `status` \
            says when it is due.

            EXAMPLES
              reseal key rotate
            """)

    @OptionGroup var vault: VaultOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let report = try vault.withKeys { rotation, context in try rotation.rotateKEK(by: context) }
        if json { return Terminal.print(report.document.canonical) }
        Terminal.note("made key-encryption key \(report.kek); \(report.rewrapped) data keys wrapped anew")
    }
}

struct KeyChangeRootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-root",
        abstract: "Wrap the vault's keys with another root key: a fresh key file, or a passphrase.",
        discussion: """
            The former key file stays as root.key.old: backups made before still need it. Destroy it when they are gone.

            EXAMPLES
              reseal key change-root
              reseal key change-root --to-passphrase
            """)

    @OptionGroup var vault: VaultOptions

    @Flag(help: "Make the new root key from a passphrase instead of a key file.")
    var toPassphrase = false

    @Option(
        help: ArgumentHelp("Read the new passphrase from the first line of a file.", valueName: "file"),
        completion: .file())
    var newPassphraseFile: String?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func validate() throws {
        guard newPassphraseFile == nil || toPassphrase else {
            throw ValidationError("--new-passphrase-file goes with --to-passphrase")
        }
    }

    func run() async throws {
        let report = try vault.withKeys { rotation, context in
            let secret = toPassphrase ? try NewPassphrase.read(file: newPassphraseFile) : nil
            return try rotation.changeRoot(passphrase: secret, by: context)
        }
        if json { return Terminal.print(report.document.canonical) }
        Terminal.note("the vault has a new root key, \(toPassphrase ? "made from the passphrase" : "in root.key")")
        if !toPassphrase { Terminal.note("keep a copy of \(vault.vaultHome.rootKeyPath) apart from the store") }
    }
}

extension VaultOptions {
    /// Opens vault and root key while no apply runs.
    fileprivate func withKeys<R>(_ body: (KeyRotation, ActionContext) throws -> R) throws -> R {
        let context = try context()
        let rotation = try KeyRotation(
            vaultHome, passphrase: { try readPassphrase(prompt: "Passphrase of the vault") })
        let lock = try VaultLock(vaultHome)
        defer { withExtendedLifetime(lock) {} }
        return try body(rotation, context)
    }
}

extension KeyRotationReport {
    fileprivate var document: JSON {
        [
            "audit_head": .string(auditHead), "kek": .integer(kek), "rewrapped_data_keys": .integer(Int64(rewrapped)),
        ]
    }
}
