import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct InitTests {
    let user: Installation

    init() throws { user = try Installation() }

    private func mode(_ path: String) -> mode_t? {
        var info = stat()
        return lstat(path, &info) == 0 ? info.st_mode & 0o777 : nil
    }

    @Test func aNewVaultIsForItsOwnerOnly() throws {
        try user.expect("init", notes: ["made a vault at \(user.home)", "root.key"])
        #expect(mode(user.home) == 0o700)
        for name in ["vault.db", "root.key"] { #expect(mode("\(user.home)/\(name)") == 0o600, "\(name)") }
        #expect(!FileManager.default.fileExists(atPath: "\(user.home)/config.yaml"))
        try user.expect("status", prints: ["0 active", "nothing applied yet"])
        try user.expectFailure("init", code: "vault.already-initialized", hasJSON: false)
    }

    @Test func settingsAreKeptWithAbsolutePaths() throws {
        try user.expect(
            "init", "--repo", "../repository", "--identity", "../key.txt", "--path", "deploy/secrets", "--ref", "main")
        let settings = try String(contentsOfFile: "\(user.home)/config.yaml", encoding: .utf8)
        #expect(settings.contains("repo: \"\(user.repository.path)\""))
        #expect(settings.contains("identity: \"\(user.identity)\""))
        #expect(settings.contains("path: \"deploy/secrets\""))
        #expect(mode("\(user.home)/config.yaml") == 0o600)
        // A second vault elsewhere does not touch the first one's.
        try user.expectFailure("init", "--ref", "other", code: "vault.already-initialized", hasJSON: false)
        #expect(try String(contentsOfFile: "\(user.home)/config.yaml", encoding: .utf8) == settings)
    }

    @Test func aMisspeltSettingHasItsPlace() throws {
        try user.check("init")
        try user.folder.write("identiy: key.txt\n", to: "vault/config.yaml")
        let config = "\(user.home)/config.yaml"
        let result = try user.expectFailure("plan", code: "config.unknown-key", place: "\(config):1:1")
        #expect(result.errorText.contains("did you mean `identity`?"))
    }

    @Test func theFirstManifestsAreValid() throws {
        let folder = "\(user.repository.path)/manifests"
        try user.expect("init", "--manifests", folder, "--recipient", try user.recipient(), notes: ["repository.yaml"])
        try user.expect("validate", "--repo", user.repository.path, "--strict", prints: ["2 resources are valid"])
        // Nobody's id is overwritten.
        try user.expectFailure(
            "init", "--manifests", folder, "--recipient", try user.recipient(), code: "file.exists", hasJSON: false)
        #expect(!FileManager.default.fileExists(atPath: user.home))
    }

    @Test(arguments: [
        ["--manifests", "m"], ["--recipient", "age1x"], ["--manifests", "m", "--recipient", "age1x", "--passphrase"],
        ["--manifests", "m", "--recipient", "age1x", "--repo", "."], ["--home", ""],
    ])
    func optionsThatContradictEachOtherAreRefused(options: [String]) throws {
        let result = try user.reseal(["init"] + options)
        #expect(result.status == 64)
        #expect(result.errorText.contains("Usage: reseal init"))
        #expect(!FileManager.default.fileExists(atPath: user.home))
    }

    @Test func aWrongRecipientIsRefused() throws {
        try user.expectFailure(
            "init", "--manifests", "m", "--recipient", "age1nonsense", code: "age.recipient", hasJSON: false)
        #expect(!FileManager.default.fileExists(atPath: "\(user.work)/m"))
    }

    // MARK: Where the vault is

    @Test func theHomeFollowsTheRules() throws {
        let folder = user.folder.path
        let cases: [(variables: [String: String?], options: [String], expected: String)] = [
            (["RESEAL_HOME": nil], [], "\(folder)/user/.local/share/reseal"),
            (["RESEAL_HOME": nil, "XDG_DATA_HOME": "\(folder)/xdg"], [], "\(folder)/xdg/reseal"),
            // Relative paths are to be ignored, says the specification.
            (["RESEAL_HOME": nil, "XDG_DATA_HOME": "relative"], [], "\(folder)/user/.local/share/reseal"),
            (["RESEAL_HOME": "", "XDG_DATA_HOME": "\(folder)/xdg"], [], "\(folder)/xdg/reseal"),
            (["RESEAL_HOME": "\(folder)/by variable"], [], "\(folder)/by variable"),
            (["RESEAL_HOME": "\(folder)/unused"], ["--home", "\(folder)/Tresor 🔐 ü"], "\(folder)/Tresor 🔐 ü"),
        ]
        for (variables, options, expected) in cases {
            let copy = try user.reseal(["init"] + options, variables: variables)
            #expect([0, 1].contains(copy.status))
            #expect(FileManager.default.fileExists(atPath: "\(expected)/vault.db"), "\(expected)")
            let status = try user.reseal(["status", "--json"] + options, variables: variables)
            #expect(try JSON(parsing: status.stdout)["home"]?.stringValue == expected)
        }
    }

    @Test func withoutHOMETheUsersEntryCounts() throws {
        // Whether this user has a vault there or not, the answer names the place.
        let result = try user.reseal(["status", "--json"], variables: ["RESEAL_HOME": nil, "HOME": nil])
        let entry = try #require(getpwuid(geteuid()))
        #expect(result.text.contains("\(String(cString: entry.pointee.pw_dir))/.local/share/reseal"), "\(result.text)")
    }

    @Test func withoutAVaultEveryCommandSaysHowToMakeOne() throws {
        let lines = [
            ["status"], ["get", "x"], ["get-many", "x"], ["list"], ["versions", "x"], ["rollback", "x"],
            ["delete", "x"], ["audit", "list"], ["audit", "verify"], ["apply", "--yes", "--repo", "."],
        ]
        for line in lines {
            let result = try user.reseal(line + ["--json"])
            #expect(result.status == 1)
            let error = try JSON(parsing: result.stdout)["error"]
            #expect(error?["code"]?.stringValue == "vault.not-initialized", "\(line)")
            #expect(error?["hint"]?.stringValue?.contains("reseal init") == true)
        }
        try user.expectFailure("set", "x", code: "vault.not-initialized", stdin: "v")
        #expect(!FileManager.default.fileExists(atPath: user.home))
    }

    // MARK: Passphrase

    @Test func aVaultWithAPassphrase() throws {
        let right = try user.folder.write("correct horse battery\n", to: "passphrase")
        let wrong = try user.folder.write("incorrect horse battery\n", to: "wrong")
        try user.expect("init", "--passphrase", "--passphrase-file", right, notes: ["made a vault"])
        #expect(!FileManager.default.fileExists(atPath: "\(user.home)/root.key"))
        try user.expect("set", "a/b", "--passphrase-file", right, notes: ["wrote a/b, version 1"], stdin: "value")
        try user.expect("get", "a/b", "--passphrase-file", right, prints: ["value"])
        try user.expectFailure("get", "a/b", "--passphrase-file", wrong, code: "vault.wrong-root-key")
        try user.expectFailure("get", "a/b", "--passphrase-file", "nowhere", code: "file.unreadable")
        // Without a file it is asked for, and there is nobody to ask.
        try user.expectFailure("get", "a/b", code: "terminal.missing")
    }

    @Test func aShortPassphraseIsRefused() throws {
        let short = try user.folder.write("1234567\n", to: "passphrase")
        try user.expectFailure(
            "init", "--passphrase", "--passphrase-file", short, exits: 64, code: "usage", hasJSON: false)
        #expect(!FileManager.default.fileExists(atPath: "\(user.home)/vault.db"))
    }

    @Test func aPassphraseIsAskedForTwice() throws {
        let made = try user.atTerminal(
            ["init", "--passphrase"],
            dialogue: [
                .init("New passphrase of the vault: ", "hidden words\n"), .init("Passphrase again: ", "hidden words\n"),
            ])
        #expect(made.status == 0, "\(made.screen)")
        #expect(!made.screen.contains("hidden words"))
        #expect(!made.screen.contains(": :"))
        let listed = try user.atTerminal(["status"], dialogue: [.init("Passphrase of the vault: ", "hidden words\n")])
        #expect(listed.status == 0)
        #expect(listed.screen.contains("0 active"))
        #expect(!listed.screen.contains("hidden words"))
    }

    @Test func twoDifferentPassphrasesMakeNoVault() throws {
        let result = try user.atTerminal(
            ["init", "--passphrase"],
            dialogue: [
                .init("New passphrase of the vault: ", "hidden words\n"), .init("Passphrase again: ", "other words\n"),
            ])
        #expect(result.status == 64)
        #expect(result.screen.contains("the two passphrases differ"))
        #expect(!FileManager.default.fileExists(atPath: "\(user.home)/vault.db"))
    }
}
