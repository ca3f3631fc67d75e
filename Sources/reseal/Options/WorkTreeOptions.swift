internal import ArgumentParser
internal import ResealAge
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

    func checkout(_ home: VaultHome) throws -> Checkout { try checkout(settings(home), home) }

    private func settings(_ home: VaultHome) throws -> GitSettings {
        var settings = try GitSettings.load(home)
        settings.useWorkTree(repo)
        if let path { settings.set("path", path) }
        return settings
    }

    private func checkout(_ settings: GitSettings, _ home: VaultHome) throws -> Checkout {
        try CheckoutResolver(settings: settings, mirrors: home.mirrorsPath).resolve(workTree: true)
    }

    func place(_ home: VaultHome) throws -> WorkTreePlace {
        let settings = try settings(home)
        let checkout = try checkout(settings, home)
        return WorkTreePlace(
            root: checkout.workTree ?? checkout.repositoryPath, folder: checkout.source.path,
            access: settings.repositoryAccess)
    }
}

/// A work tree and the manifests' folder in it.
struct WorkTreePlace {
    let root: String
    let folder: String
    /// What sealing to the recipients of its manifests may do.
    let access: KeyAccess

    /// As ``path(of:)``; empty for the root itself.
    func pathOrRoot(of word: String) throws -> String {
        FileProbe.absolute(word) == FileProbe.absolute(root) ? "" : try path(of: word)
    }

    /// From the root of the work tree, the file that a word of the command line names: by its path from where the user
    /// stands, from the root, or from the manifests' folder. It need not exist.
    func path(of word: String) throws -> String {
        let top = FileProbe.absolute(root)
        let candidates = word.hasPrefix("/") ? [word] : [word, "\(top)/\(word)", "\(top)/\(folder)/\(word)"]
        let here = candidates.first(where: FileProbe.exists) ?? (word.hasPrefix("/") ? word : "\(top)/\(word)")
        // The last part may not exist yet, or be a link that is not to be followed.
        let slash = here.lastIndex(of: "/")
        let parent = slash.map { String(here[...$0]) } ?? "."
        let name = slash.map { here[here.index(after: $0)...] } ?? here[...]
        let full = FileProbe.exists(parent) ? "\(FileProbe.absolute(parent))/\(name)" : here
        guard full.hasPrefix(top + "/"), !name.isEmpty, !full.split(separator: "/").contains("..") else {
            throw UsageFailure(
                "`\(word)` does not lie in the work tree \(top)",
                hint: "name a file of the repository, or the repository with --repo")
        }
        return String(full.dropFirst(top.utf8.count + 1))
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

    /// As above; when `staged`, what is staged takes the place of the work tree's files.
    func checkout(_ home: VaultHome, staged: Bool) throws -> Checkout {
        var checkout = try checkout(home)
        guard staged else { return checkout }
        guard ref == nil else {
            throw UsageFailure("--staged and --ref exclude each other", hint: "leave one of the two out")
        }
        try checkout.readIndex()
        return checkout
    }
}
