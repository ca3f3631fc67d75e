internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault
internal import Synchronization

/// Which vault's folder.
struct HomeOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The vault's folder. Default: $RESEAL_HOME, $XDG_DATA_HOME/reseal, ~/.local/share/reseal.",
            valueName: "dir"), completion: .directory)
    var home: String?

    func validate() throws {
        // An unset variable of a script must not make the root of the file system a vault.
        if home == "" { throw ValidationError("--home is empty") }
    }

    var vaultHome: VaultHome { VaultHome.resolve(explicit: home, environment: Self.environment()) }

    /// A service may run without HOME; the user's entry says where it is then.
    private static func environment() -> [String: String] {
        var variables = Terminal.environment()
        if (variables["HOME"] ?? "").isEmpty, let entry = getpwuid(geteuid()), let folder = entry.pointee.pw_dir {
            variables["HOME"] = String(cString: folder)
        }
        return variables
    }
}

/// Which vault, how it is unlocked, and who asks.
struct VaultOptions: ParsableArguments {
    @OptionGroup var location: HomeOption

    @Option(
        help: ArgumentHelp("Read the vault's passphrase from the first line of a file.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Attribute the action to this principal. Default: user:<your login>.", valueName: "principal"))
    var principal: String?

    var vaultHome: VaultHome { location.vaultHome }

    func openCore() throws -> VaultCore {
        try VaultCore.open(vaultHome, passphrase: { try readPassphrase(prompt: "Passphrase of the vault") })
    }

    /// Opens the vault again and again, and asks for the passphrase once.
    func opener() -> @Sendable () throws -> VaultCore {
        let home = vaultHome
        let passphrase = CachedPassphrase { try readPassphrase(prompt: "Passphrase of the vault") }
        return {
            try VaultCore.open(home, passphrase: { try passphrase.value() }, readers: APIHost.snapshots)
                .observed(ControllerLog.handle)
        }
    }

    func openVault() throws -> Vault { Vault(core: try openCore()) }

    /// From the file, else at a hidden prompt.
    func readPassphrase(prompt: String) throws -> SecretBytes {
        if let passphraseFile { return try ValueInput.firstLine(ofFile: passphraseFile) }
        return try HiddenPrompt.read(prompt)
    }

    func context() throws -> ActionContext {
        let text = principal ?? "user:\(Self.login)"
        guard let who = Principal(text), who.kind != nil, who.kind != .role else {
            throw UsageFailure(
                "`\(text)` is no principal that can act", hint: "write user:NAME or service:NAME with --as")
        }
        return ActionContext(principal: who, userAgent: "reseal/\(ResealVersion.current)")
    }

    private static var login: String {
        guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "uid-\(geteuid())" }
        return String(cString: name)
    }
}

/// Asks for the passphrase at most once: nobody is there when the vault has to be opened again.
private final class CachedPassphrase: Sendable {
    private let known = Mutex<SecretBytes?>(nil)
    private let ask: @Sendable () throws -> SecretBytes

    init(_ ask: @escaping @Sendable () throws -> SecretBytes) { self.ask = ask }

    func value() throws -> SecretBytes {
        if let value = known.withLock({ $0 }) { return value }
        let value = try ask()
        known.withLock { $0 = value }
        return value
    }
}
