internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

/// Identities for a command that needs no other Git setting.
struct IdentityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "age identity file that opens the values; may be repeated. Default: $RESEAL_IDENTITY, the vault's config.yaml.",
            valueName: "file"), completion: .file())
    var identity: [String] = []

    func settings(_ home: VaultHome) throws -> GitSettings {
        var settings = try GitSettings.load(home)
        settings.override(identities: identity)
        return settings
    }
}

/// The work tree whose files a command edits.
struct WorkTreeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"),
        completion: .directory)
    var repo: String?

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    func checkout(_ home: VaultHome) throws -> Checkout {
        var settings = try GitSettings.load(home)
        settings.useWorkTree(repo)
        if let path { settings.set("path", path) }
        return try CheckoutResolver(settings: settings, mirrors: home.mirrorsPath).resolve(workTree: true)
    }
}

extension GitOptions {
    /// What a command reads that needs no vault: a commit with --ref, otherwise the work tree of --repo, by default that
    /// of the current folder.
    func checkout(_ home: VaultHome) throws -> Checkout {
        var settings = try settings(home)
        settings.useWorkTree(repo)
        return try CheckoutResolver(settings: settings, mirrors: home.mirrorsPath).resolve(workTree: ref == nil)
    }
}
