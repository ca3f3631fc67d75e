internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

/// Where the manifests are, and with which identities they are opened. What is not given comes from the vault's
/// `config.yaml`.
struct GitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Repository: a folder, or a file://, ssh:// or https:// URL.", valueName: "path|url"),
        completion: .directory)
    var repo: String?

    @Option(help: ArgumentHelp("Branch, tag or commit. Default: HEAD.", valueName: "ref"))
    var ref: String?

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "age identity file that opens sealed values; may be repeated. Default: $RESEAL_IDENTITY.", valueName: "file"
        ),
        completion: .file())
    var identity: [String] = []

    @OptionGroup(title: "Remote repositories") var remote: RemoteOptions

    func settings(_ home: VaultHome) throws -> GitSettings {
        var settings = try GitSettings.load(home)
        settings.override(self)
        return settings
    }
}

/// How to reach a remote repository.
struct RemoteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Private key for ssh.", valueName: "file"), completion: .file())
    var sshKey: String?

    @Option(
        help: ArgumentHelp("Host keys for ssh. Default: ~/.ssh/known_hosts.", valueName: "file"), completion: .file())
    var knownHosts: String?

    @Option(help: ArgumentHelp("File with the access token for https.", valueName: "file"), completion: .file())
    var tokenFile: String?

    @Option(help: ArgumentHelp("Certificate authorities for https, PEM.", valueName: "file"), completion: .file())
    var caFile: String?

    @Option(
        help: ArgumentHelp("Certificate that shows https servers who we are, PEM.", valueName: "file"),
        completion: .file())
    var clientCertificate: String?

    @Option(help: ArgumentHelp("Private key of the client certificate, PEM.", valueName: "file"), completion: .file())
    var clientKey: String?

    @Option(
        help: ArgumentHelp("HTTP proxy for https, or none. Default: $https_proxy, $no_proxy.", valueName: "url"))
    var proxy: String?

    @Option(help: ArgumentHelp("Longest time for a fetch. Default: 2m.", valueName: "time"))
    var gitTimeout: String?
}

/// Settings of the vault's config file, overridden by the command line.
struct GitSettings {
    static let keys = [
        "repo", "ref", "path", "identity", "ssh-key", "known-hosts", "token-file", "ca-file",
        "client-certificate", "client-key", "proxy", "git-timeout", "age-plugins", "trust",
    ]
    /// Those with one value each.
    private static let textKeys = keys.filter { !["identity", "age-plugins", "trust"].contains($0) }
    private var values: [String: String] = [:]
    private var identityFiles: [String] = []
    /// Whose signatures commits need; `nil` where the settings have no section `trust`.
    private(set) var trust: TrustPolicy?
    private var plugins: [String] = []

    /// An absent file means no settings.
    static func load(_ home: VaultHome) throws -> GitSettings {
        var settings = GitSettings()
        guard FileProbe.exists(home.configPath) else { return settings }
        let bytes = try AtomicFile.read(home.configPath, limit: SettingsFile.maximumBytes)
        try SettingsFile.read(bytes, name: home.configPath, keys: keys + ControllerSettings.keys) {
            settings.read($0, folder: home.path)
        }
        try settings.requireGuardedTrust(home.configPath, in: home.path)
        return settings
    }

    /// Who may change whom to trust is trusted with everything.
    func requireGuardedTrust(_ file: String, in folder: String) throws {
        guard trust != nil else { return }
        for path in [folder, file] { try VaultHome.requireGuarded(path) }
    }

    /// Takes what a mapping says; what it leaves out stays.
    mutating func read(_ file: SettingsMapping, folder: String) {
        for key in Self.textKeys {
            if let value = file.text(key) { values[key] = value }
        }
        if let files = file.list("identity") { identityFiles = files }
        let pluginHint = "write `yubikey` for the program age-plugin-yubikey"
        if let names = file.list("age-plugins", hint: pluginHint, { PluginPolicy.isName($0) ? $0 : nil }) {
            plugins = names
        }
        if let section = file.mapping("trust", keys: TrustPolicy.settingsKeys) {
            trust = TrustPolicy(section, folder: folder)
        }
    }

    mutating func override(_ options: GitOptions) {
        let given: [(String, String?)] = [
            ("repo", options.repo), ("ref", options.ref), ("path", options.path), ("ssh-key", options.remote.sshKey),
            ("known-hosts", options.remote.knownHosts), ("token-file", options.remote.tokenFile),
            ("ca-file", options.remote.caFile), ("client-certificate", options.remote.clientCertificate),
            ("client-key", options.remote.clientKey), ("proxy", options.remote.proxy),
            ("git-timeout", options.remote.gitTimeout),
        ]
        for case (let key, let value?) in given { values[key] = value }
        override(identities: options.identity)
    }

    /// The files that are given, else that of `RESEAL_IDENTITY`, else the one that is set already.
    mutating func override(identities files: [String]) {
        let environment = Terminal.environment()["RESEAL_IDENTITY"].map { [$0] } ?? []
        if !files.isEmpty {
            identityFiles = files
        } else if !environment.isEmpty {
            identityFiles = environment
        }
    }

    subscript(key: String) -> String? { values[key] }
    mutating func set(_ key: String, _ value: String) { values[key] = value }

    var ref: String { values["ref"] ?? "HEAD" }
    var hasIdentity: Bool { !identityFiles.isEmpty }

    /// The folder from the root of the repository, without `./` and trailing slashes.
    func folder() throws -> String {
        let segments = (values["path"] ?? "manifests").split(separator: "/").filter { $0 != "." }
        guard !segments.contains(".."), values["path"]?.hasPrefix("/") != true else {
            throw UsageFailure(
                "--path is a folder inside the repository, without `..`", hint: "for example --path manifests")
        }
        return segments.joined(separator: "/")
    }

    func location() throws -> String {
        if let repo = values["repo"] { return repo }
        throw ReconcileFailure(
            .noRepository, "no repository is given", hint: "name one with --repo, or `repo:` in the vault's config.yaml"
        )
    }

    /// What sealing to recipients that a repository names may do: ask the user, and run the plugins that he lists in his
    /// own settings. Whoever may change the repository must not choose programs that run here.
    var repositoryAccess: KeyAccess { KeyAccess(interaction: AgeTerminal(), plugins: .only(plugins)) }

    /// Reads the identity files. Throws `plan.no-identity` when none is given.
    func identities() throws -> [any Identity] {
        guard hasIdentity else {
            throw ReconcileFailure(
                .noIdentity, "no identity is given, so sealed values cannot be opened",
                hint: "name its file with --identity or `identity:` in config.yaml; `plan --base REF` needs none")
        }
        return try AgeKeys.identities(files: identityFiles)
    }
}
