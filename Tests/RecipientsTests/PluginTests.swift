import Foundation
import TestSupport
import Testing

/// Recipients of plugins in a repository's rules: no program is run because a repository names it.
@Suite struct PluginTests {
    let team: Team
    private static let recipient = "age1honest1qypqxpq94488w0"
    private static let identity = "AGE-PLUGIN-HONEST-1QCRSSWAR7HC"

    init() throws {
        team = try Team()
        let source = "\(#filePath.dropLast("RecipientsTests/PluginTests.swift".count))AgeTests/Plugin/plugin.c"
        try FileManager.default.createDirectory(atPath: plugins, withIntermediateDirectories: false)
        try Command.check("cc", ["-O1", "-o", "\(plugins)/program", source])
        // Says that it was run.
        let script = "#!/bin/sh\necho run >> \(log)\nexec \(plugins)/age-plugin-honest.d/age-plugin-honest \"$@\"\n"
        try Command.check("mkdir", ["\(plugins)/age-plugin-honest.d"])
        try Command.check("mv", ["\(plugins)/program", "\(plugins)/age-plugin-honest.d/age-plugin-honest"])
        try Command.check(
            "sh", ["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh", "\(plugins)/age-plugin-honest"],
            stdin: Array(script.utf8))
        try team.user.folder.write("\(Self.identity)\n", to: "plugin.txt")
        try team.writeRules(team.rules().replacing("- \(team["bob"])   # bob", with: "- \(Self.recipient) # token"))
        try team.writeSecret("staging/db")
    }

    private var plugins: String { team.user.folder.file("plugins") }
    private var log: String { team.user.folder.file("plugin-log") }
    private var wasRun: Bool { FileManager.default.fileExists(atPath: log) }
    private var variables: [String: String?] {
        ["PATH": "\(plugins):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
    }

    private func allow(_ setting: String) throws {
        try FileManager.default.createDirectory(atPath: team.user.home, withIntermediateDirectories: true)
        try Data("\(setting)\n".utf8).write(to: URL(fileURLWithPath: "\(team.user.home)/config.yaml"))
    }

    /// Every command that seals.
    private static let commands: [[String]] = [
        ["seal", "staging/db", "--field", "password"],
        ["generate", "staging/db", "--field", "password", "--kind", "password"],
        ["edit", "staging/db", "--identity", "key"],
        ["rekey", "--identity", "key"],
        ["new", "generic", "staging/new", "--sealed", "password", "--fields-from", "-", "--no-input"],
    ]

    private func run(_ command: [String]) throws -> Command.Result {
        let words = command.map { $0 == "key" ? team.identity("controller") : $0 }
        let editor = try team.user.folder.write(
            "sed -i 's/^    password: .*/    password: !sealed edited/' \"$1\"", to: "e")
        let stdin = command[0] == "new" ? #"{"password": "made"}"# : "typed"
        return try team.user.reseal(
            words, stdin: Array(stdin.utf8), variables: variables.merging(["EDITOR": "sh \(editor)"]) { $1 },
            directory: team.repository.path, wrapper: [try Command.find("setsid"), "--wait"])
    }

    @Test(arguments: commands) func refusedUnlessAllowed(command: [String]) throws {
        if command[0] == "rekey" {
            try team.writeUnbound("staging/db", "old", for: ["controller"])
            try team.repository.commit()
        }
        for setting in ["", "age-plugins: []", "age-plugins: [other]"] {
            try allow(setting)
            let refused = try run(command)
            #expect(refused.status != 0, "\(command) \(setting)")
            #expect(refused.errorText.contains("the plugin `honest` may not be run here"), "\(refused.errorText)")
            #expect(refused.errorText.contains("list `honest` under `age-plugins` in your own config.yaml"))
            #expect(!wasRun)
        }
        try allow("age-plugins: [other, Honest]")
        let done = try run(command)
        #expect(done.status == 0 && wasRun, "\(done.errorText)")
        let name = command[0] == "new" ? "staging/new" : "staging/db"
        let armor = try #require(try Team.armors(in: team.bytes("manifests/\(name).yaml")).first)
        // Whoever has the token opens it.
        let opened = try team.user.reseal(
            ["age", "-d", "-i", team.user.folder.file("plugin.txt")], stdin: armor, variables: variables)
        #expect(opened.status == 0 && !opened.stdout.isEmpty, "\(opened.errorText)")
        #expect(try team.opened(armor, as: "controller").map { Array($0.utf8) } == opened.stdout)
    }

    @Test func whatNeedsNoSealingRunsNothing() throws {
        try allow("age-plugins: honest")
        try team.reseal("validate", variables: variables)
        try team.reseal("recipients", "list", variables: variables)
        try team.reseal("recipients", "check", variables: variables)
        #expect(!wasRun)
    }

    @Test func theRepositoryCannotAllowIt() throws {
        for path in ["config.yaml", ".reseal/config.yaml", "manifests/config.yaml"] {
            try team.write(path, "age-plugins: [honest]")
        }
        try? FileManager.default.removeItem(atPath: "\(team.repository.path)/manifests/config.yaml")
        #expect(try run(Self.commands[0]).errorText.contains("[age.plugin-forbidden]"))
        #expect(!wasRun)
    }

    @Test(arguments: ["../x", "age-plugin-honest", "a b"]) func namesAreChecked(name: String) throws {
        try allow("age-plugins: ['\(name)']")
        let refused = try run(Self.commands[0])
        #expect(refused.status == 1 && refused.errorText.contains("[config.bad-value]"))
    }
}
