package import ResealCore
package import ResealSealing
internal import Glibc

extension VaultCore {
    /// Opens the vault in a folder. `passphrase` is asked only when the root key is made from one.
    ///
    /// - Parameter readers: how many snapshots can be read at the same time.
    package static func open(
        _ home: VaultHome, passphrase: () throws -> SecretBytes?, clock: WallClock = .system, readers: Int = 2
    ) throws -> VaultCore {
        try home.requireGuarded()
        let store = try SQLiteStore(path: home.storePath, readers: readers)
        let provider = try rootKeyProvider(of: store, home, passphrase: passphrase)
        return try VaultCore(unlocking: store, with: provider, clock: clock)
    }

    /// The provider that the vault's root key comes from, as the vault itself says.
    static func rootKeyProvider(
        of store: any Store, _ home: VaultHome, passphrase: () throws -> SecretBytes?
    ) throws -> any RootKeyProvider {
        switch try rootKeyDescriptor(of: store) {
        case nil: throw VaultFailure(.notInitialized, "the vault is not initialised", hint: "run `reseal init`")
        case .keyFile: return try keyFileProvider(of: store, home)
        case .passphrase(let salt, let logN):
            guard let secret = try passphrase() else {
                throw VaultFailure(
                    .wrongRootKey, "this vault is locked by a passphrase",
                    hint: "give it at the prompt, or name a file with --passphrase-file")
            }
            return PassphraseProvider(secret, salt: salt, logN: logN)
        }
    }

    /// A change of the root key that died before its last step leaves the key in use under its first name.
    private static func keyFileProvider(of store: any Store, _ home: VaultHome) throws -> KeyFileProvider {
        let next = KeyFileProvider(path: home.nextRootKeyPath)
        if access(home.nextRootKeyPath, F_OK) == 0, (try? VaultCore(unlocking: store, with: next)) != nil {
            try home.settleRootKey(usesFile: true)
        }
        return KeyFileProvider(path: home.rootKeyPath)
    }

    /// Makes a vault in a folder. Every step may be repeated after a crash: a key file that was written before the vault
    /// is used by it, and a vault comes into being in one transaction. Two processes never do it at the same time.
    ///
    /// - Parameters:
    ///   - passphrase: `nil` for a root key in a file.
    ///   - prepare: called when it is certain that there is no vault yet, before there is one.
    package static func create(
        _ home: VaultHome, passphrase: SecretBytes?, clock: WallClock = .system, by context: ActionContext,
        prepare: () throws -> Void = {}
    ) throws {
        try AtomicFile.createPrivateFolder(home.path)
        try home.requireGuarded()
        let lock = try VaultLock(home)
        defer { withExtendedLifetime(lock) {} }
        if access(home.storePath, F_OK) == 0,
            try rootKeyDescriptor(of: SQLiteStore(path: home.storePath, creating: true)) != nil
        {
            throw VaultFailure(
                .alreadyInitialized, "there is a vault at \(home.path) already",
                hint: "choose another --home for a second vault")
        }
        try prepare()
        if let passphrase {
            let provider = try PassphraseProvider(new: passphrase)
            try initialize(SQLiteStore(path: home.storePath, creating: true), with: provider, clock: clock, by: context)
            return
        }
        let keyExists = access(home.rootKeyPath, F_OK) == 0
        let provider =
            keyExists ? KeyFileProvider(path: home.rootKeyPath) : try KeyFileProvider.create(at: home.rootKeyPath)
        FaultPoint.pass("init.afterRootKey")
        try initialize(SQLiteStore(path: home.storePath, creating: true), with: provider, clock: clock, by: context)
    }
}
