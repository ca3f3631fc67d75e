internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct GitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git",
        abstract: "Make git diff and git merge understand sealed values.",
        discussion: """
            With the drivers installed, `git diff`, `git log -p` and `git show` print each sealed value as one line that \
            tells it apart and names who can open it, and `git merge`, `git rebase` and `git cherry-pick` bring manifests \
            together field by field. Neither needs a key.

            EXAMPLES
              reseal git install
              reseal git status
              git diff main feature -- manifests
            """,
        subcommands: [
            GitInstallCommand.self, GitUninstallCommand.self, GitStatusCommand.self, GitTextconvCommand.self,
            GitMergeDriverCommand.self,
        ])
}

/// Where the drivers are set.
struct GitIntegrationOptions: ParsableArguments {
    @OptionGroup var location: HomeOption
    @OptionGroup var workTree: WorkTreeOptions

    @Flag(help: "The configuration of the user, for all repositories, instead of the repository's own.")
    var global = false

    func integration() throws -> GitIntegration {
        let place = try workTree.place(location.vaultHome)
        let configuration =
            global
            ? try GitConfiguration(file: Self.globalFile(Terminal.environment()))
            : try GitConfiguration(ofRepository: place.root)
        let isDefault = place.folder == "manifests" || global
        return GitIntegration(
            configuration, root: place.root, folder: place.folder, program: Self.program,
            diffOptions: isDefault ? "" : " --path \(ShellWord.quoted(place.folder.isEmpty ? "." : place.folder))")
    }

    /// The file that `git config --global` writes.
    private static func globalFile(_ environment: [String: String]) throws -> String {
        if let file = environment["GIT_CONFIG_GLOBAL"], !file.isEmpty { return file }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw UsageFailure("HOME is not set, so there is no configuration of the user", hint: "leave --global out")
        }
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.config"
        let (usual, other) = ("\(home)/.gitconfig", "\(folder)/git/config")
        return !FileProbe.exists(usual) && FileProbe.exists(other) ? other : usual
    }

    /// `reseal` where the shell finds this very program under that name, otherwise its path.
    private static var program: String {
        let here = FileProbe.absolute("/proc/self/exe")
        let folders = (Terminal.environment()["PATH"] ?? "").split(separator: ":")
        let first = folders.map { "\($0)/reseal" }.first(where: FileProbe.isFile)
        return first.map(FileProbe.absolute) == here ? "reseal" : ShellWord.quoted(here)
    }
}

/// A word that a shell takes as it is.
enum ShellWord {
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "/._-".utf8.contains(byte)
        }
        return isPlain && !text.isEmpty ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }
}

struct GitInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Set up the drivers for git diff and git merge.",
        discussion: """
            Sets `diff.reseal` and `merge.reseal` in the configuration of the repository, which is not part of what it \
            shares: everyone runs this once in each clone, or once with --global. Which files the drivers are for stands \
            in a .gitattributes file in the manifests' folder, to be committed. What is there already stays.

            EXAMPLES
              reseal git install
              reseal git install --global
              reseal git install --path deploy/secrets
            """)

    @OptionGroup var options: GitIntegrationOptions

    func run() throws {
        let integration = try options.integration()
        let missing = try integration.status().filter { !$0.isInPlace }
        try integration.install()
        for item in missing { Terminal.note("set \(GitItemView.text(item))") }
        if missing.isEmpty { Terminal.note("everything is in place already") }
    }
}

struct GitUninstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Take the drivers away again.",
        discussion: """
            Removes what `reseal git install` adds, and nothing else.

            EXAMPLES
              reseal git uninstall
            """)

    @OptionGroup var options: GitIntegrationOptions

    func run() throws {
        let integration = try options.integration()
        let present = try integration.status().filter { $0.found != nil }
        try integration.uninstall()
        for item in present { Terminal.note("removed \(GitItemView.text(item))") }
        if present.isEmpty { Terminal.note("nothing is installed") }
    }
}

struct GitStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell whether the drivers are set up.",
        discussion: """
            Exits with 1 when something is missing or differs from what `reseal git install` would set.

            EXAMPLES
              reseal git status
              reseal git status --json
            """)

    @OptionGroup var options: GitIntegrationOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let items = try options.integration().status()
        Terminal.print(json ? GitItemView.document(items).canonical : GitItemView.table(items))
        if items.contains(where: { !$0.isInPlace }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// Settings and attributes, for people and as JSON.
private enum GitItemView {
    static func text(_ item: GitIntegration.Item) -> String {
        "\(SafeText.line(item.name)): \(SafeText.line(item.wanted))"
    }

    static func table(_ items: [GitIntegration.Item]) -> String {
        TextTable.render(
            ["STATE", "WHERE", "WHAT"],
            items.map { [state($0), SafeText.line($0.name), SafeText.line($0.found ?? $0.wanted)] })
    }

    static func document(_ items: [GitIntegration.Item]) -> JSON {
        .object([
            "installed": .bool(items.allSatisfy(\.isInPlace)),
            "items": .array(
                items.map { item in
                    .object([
                        "name": .string(item.name), "wanted": .string(item.wanted),
                        "found": item.found.map(JSON.string) ?? .null,
                    ])
                }),
        ])
    }

    private static func state(_ item: GitIntegration.Item) -> String {
        item.isInPlace ? "ok" : item.found == nil ? "missing" : "differs"
    }
}
