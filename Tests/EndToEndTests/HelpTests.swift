import ResealCore
import TestSupport
import Testing

@Suite struct HelpTests {
    static let commands = [
        "init", "keygen", "status", "new", "seal", "edit", "generate", "validate", "lint", "hook", "hook install",
        "hook uninstall", "hook status", "schema", "plan", "apply", "get",
        "get-many", "set", "list", "versions", "rollback", "delete", "audit", "audit list", "audit verify", "key",
        "key rotate", "key change-root", "access", "access explain", "access who", "access list", "token",
        "serve", "exec", "agent", "token create", "token list", "token lookup", "token revoke", "age", "completion",
    ]
    private static let shared = Result { try Installation() }
    let user: Installation

    init() throws { user = try Self.shared.get() }

    @Test(arguments: commands)
    func everyCommandSaysWhatItDoesAndShowsExamples(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let help = try user.reseal(words + ["--help"])
        #expect(help.status == 0)
        #expect(help.errorText == "")
        #expect(help.text.hasPrefix("OVERVIEW: "))
        #expect(help.text.contains("\nEXAMPLES\n  "))
        #expect(help.text.contains("\nUSAGE: reseal \(words.joined(separator: " "))"))
        // `help COMMAND` answers the same.
        #expect(try user.reseal(["help"] + words).text == help.text)
    }

    @Test func theRootListsEveryCommandAndTheExitCodes() throws {
        for line in [["--help"], ["help"], []] {
            let help = try user.reseal(line)
            #expect(help.status == 0)
            for command in Self.commands where !command.contains(" ") {
                #expect(help.text.contains("\n  \(command)"), "\(command)")
            }
            for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 64] { #expect(help.text.contains("\n  \(code) ")) }
            #expect(!help.text.contains("git-transport") && !help.text.contains("edit-guardian"))
        }
    }

    @Test(arguments: ["plan", "apply"])
    func commandsWithSpecialExitCodesListThem(command: String) throws {
        try user.expect(command, "--help", prints: ["EXIT CODES\n  0 ", "\n  4 "])
    }

    @Test(arguments: ["plan", "apply", "validate", "lint"])
    func commandsThatReadGitTakeTheSameOptions(command: String) throws {
        let options = [
            "--repo", "--ref", "--path", "--identity", "--ssh-key", "--known-hosts", "--token-file", "--ca-file",
            "--git-timeout", "--home",
        ]
        try user.expect(command, "--help", prints: options.map { "  \($0) <" })
    }

    @Test func theVersionIsOneLine() throws {
        let version = try user.expect("--version", notes: nil)
        #expect(version.text.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+/) != nil)
        // In `get` the word means the version of the secret, and nothing else.
        #expect(try user.expect("get", "--help").text.ranges(of: "  --version").count == 1)
    }

    @Test(arguments: [
        ("pln", "plan"), ("aply", "apply"), ("get-mny", "get-many"), ("versons", "versions"), ("roll-back", "rollback"),
        ("audit lst", "audit list"), ("audit verfy", "audit verify"),
    ])
    func aMisspeltCommandGetsTheNearest(wrong: String, right: String) throws {
        let words = wrong.split(separator: " ").map(String.init)
        let result = try user.reseal(words)
        #expect(result.status == 64)
        #expect(result.errorText.contains("there is no command `reseal \(wrong)` [usage]"))
        #expect(result.errorText.contains("hint: did you mean `reseal \(right)`?"))
        let json = try JSON(parsing: try user.reseal(words + ["--json"]).stdout)
        #expect(json["error"]?["hint"]?.stringValue == "did you mean `reseal \(right)`?")
    }

    @Test func aHiddenCommandIsNotSuggested() throws {
        try user.expect("git-transpor", exits: 64, notes: ["`reseal --help` lists the commands"])
    }

    @Test(arguments: [
        ("plan --identty key", "--identity"), ("apply --yess", "--yes"), ("get x --fild y", "--field"),
        ("audit list --sinc 3d", "--since"), ("list --jso", "--json"),
    ])
    func aMisspeltOptionGetsTheNearest(line: String, right: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let result = try user.reseal(words)
        #expect(result.status == 64)
        #expect(result.errorText.hasPrefix("error: Unknown option"))
        #expect(result.errorText.contains("Did you mean '\(right)'?"))
        let json = try JSON(parsing: try user.reseal(words + ["--json"]).stdout)
        #expect(json["error"]?["code"]?.stringValue == "usage")
    }

    @Test(arguments: [
        "get", "set", "seal", "edit", "generate", "versions", "rollback", "delete", "get-many",
        "completion",
    ])
    func aMissingNameIsSaid(command: String) throws {
        try user.expect(command, exits: 64, notes: ["error: Missing expected argument", "Usage: reseal \(command)"])
    }

    // MARK: Completion

    @Test(arguments: [("bash", ["bash", "-n"]), ("zsh", []), ("fish", [])])
    func completionScripts(shell: String, check: [String]) throws {
        let script = try user.expect("completion", shell, notes: nil)
        #expect(script.text.contains("reseal"))
        for word in ["plan", "get-many", "audit", "worktree", "insecure-value"] {
            #expect(script.text.contains(word), "\(word)")
        }
        #expect(!script.text.contains("git-transport"))
        if !check.isEmpty { try Command.check(check[0], Array(check.dropFirst()), stdin: script.stdout) }
    }

    @Test func aMisspeltShellGetsTheNearest() throws {
        try user.expect("completion", "bahs", exits: 64, notes: ["no completion for `bahs`", "did you mean `bash`?"])
        try user.expect("completion", "powershell", exits: 64, notes: ["one of "])
    }
}
