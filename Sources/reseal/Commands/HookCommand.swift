internal import ArgumentParser
internal import ResealCore

struct HookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Check commits and pushes of this clone before they are made.",
        discussion: """
            The pre-commit hook validates and lints what is staged, not what lies in the work tree. The pre-push hook \
            validates the pushed commits and lints every file that they change, also one that a later commit takes away.

            EXAMPLES
              reseal hook install
              reseal hook install --pre-push --strict
              reseal hook status
              reseal hook uninstall
            """,
        subcommands: [
            HookInstallCommand.self, HookUninstallCommand.self, HookStatusCommand.self, HookRunCommand.self,
        ])
}

/// The hooks that a command is about.
struct HookOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A folder of the work tree. Default: the current one.", valueName: "dir"),
        completion: .directory)
    var repo = "."

    @Flag(help: "The hook for commits. Default: both.") var preCommit = false
    @Flag(help: "The hook for pushes. Default: both.") var prePush = false

    var names: [HookName] {
        let chosen = HookName.allCases.filter { $0 == .preCommit ? preCommit : prePush }
        return chosen.isEmpty ? HookName.allCases : chosen
    }

    func folder() throws -> HookFolder { try HookFolder(of: repo) }
}

struct HookInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install the hooks, or renew them.",
        discussion: """
            Goes where git takes hooks from, core.hooksPath and linked work trees included. A hook that is there already \
            stays: it is renamed to NAME.before-reseal and runs first. A second run changes nothing.

            EXAMPLES
              reseal hook install
              reseal hook install --pre-commit --path secrets
            """)

    @OptionGroup var options: HookOptions

    @Option(help: ArgumentHelp("The manifests' folder in the repository. Default: manifests.", valueName: "dir"))
    var path: String?

    @Flag(help: "Let warnings stop a commit or a push as well.")
    var strict = false

    @Flag(
        help: "Put other hooks aside instead of running them first, and install into a folder that repositories share.")
    var force = false

    func run() throws {
        let folder = try options.folder()
        for name in options.names {
            let script = HookScript(name: name, folder: path, isStrict: strict)
            let outcome = try folder.install(script, force: force)
            let before = HookFolder.isPresent(folder.chained(name)) ? ", behind \(folder.chained(name))" : ""
            Terminal.note("\(name.rawValue): \(outcome.rawValue), \(SafeText.line(folder.file(name) + before))")
        }
    }
}

struct HookUninstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Take the hooks away. What was there before comes back.",
        discussion: """
            Hooks that are not reseal's stay untouched.

            EXAMPLES
              reseal hook uninstall
              reseal hook uninstall --pre-push
            """)

    @OptionGroup var options: HookOptions

    func run() throws {
        let folder = try options.folder()
        for name in options.names {
            let outcome = try folder.uninstall(name)
            Terminal.note("\(name.rawValue): \(outcome.rawValue), \(SafeText.line(folder.file(name)))")
        }
    }
}

struct HookStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell which hooks are installed, and where.",
        discussion: """
            EXAMPLES
              reseal hook status
              reseal hook status --json
            """)

    @OptionGroup var options: HookOptions

    @Flag(help: "Print the state as JSON.")
    var json = false

    func run() throws {
        let folder = try options.folder()
        var documents: [JSON] = []
        var rows: [[String]] = []
        for name in options.names {
            let state = try folder.state(name)
            let chained = HookFolder.isPresent(folder.chained(name)) ? folder.chained(name) : nil
            documents.append([
                "hook": .string(name.rawValue), "state": .string(state.rawValue), "path": .string(folder.file(name)),
                "chained": chained.map { .string($0) } ?? .null,
            ])
            rows.append([name.rawValue, state.rawValue, SafeText.line(chained ?? folder.file(name))])
        }
        if json { return Terminal.print(JSON.array(documents).canonical) }
        Terminal.print(TextTable.render(["HOOK", "STATE", "PLACE"], rows))
    }
}
