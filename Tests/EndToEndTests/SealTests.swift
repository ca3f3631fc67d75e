import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct SealTests {
    let user: Installation

    init() throws { user = try Installation.sealed() }

    private var manifest: String { "\(user.repository.path)/manifests/all.yaml" }

    private func text() throws -> String { try String(contentsOfFile: manifest, encoding: .utf8) }

    @Test func onlyTheScalarChanges() throws {
        let before = try text()
        let repository = user.repository.path
        try user.expect(
            "seal", "prod/orders-db", "--field", "password", "--repo", repository, prints: [],
            notes: ["sealed prod/orders-db password into manifests/all.yaml for 1 recipient(s), counter 2"],
            stdin: "another\n")
        let after = try text()
        #expect(after != before)
        #expect(after.contains("# A comment that no edit may lose."))
        // All lines but those of one armor are as before.
        let changed =
            after.split(separator: "\n").count
            - Set(before.split(separator: "\n")).intersection(
                Set(after.split(separator: "\n"))
            ).count
        #expect(changed < after.split(separator: "\n").count)
        let diff = try user.repository.git("diff", "--unified=0", "--", "manifests/all.yaml")
        #expect(diff.split(separator: "\n").filter { $0.hasPrefix("@@") }.count <= 2, "\(diff)")
        #expect(!after.contains("another"))
    }

    @Test func theValueOpensWithThePlainAgeCommand() throws {
        let printed = try user.expect(
            "seal", "prod/note", "--repo", user.repository.path, "--print",
            prints: ["-----BEGIN AGE ENCRYPTED FILE-----"],
            notes: nil, stdin: "for age\n")
        let before = try text()
        let opened = try Command.check("age", ["-d", "-i", user.identity], stdin: printed.stdout)
        #expect(opened.text == "for age")
        #expect(try text() == before)
    }

    @Test func inputs() throws {
        let repository = user.repository.path
        let file = try user.folder.write("from a file\n", to: "value")
        let cases: [(options: [String], stdin: String, opened: String)] = [
            ([], "one line\n", "one line"), ([], "windows\r\n", "windows"), ([], "two\nlines\n\n", "two\nlines\n"),
            (["--keep-newline"], "kept\n", "kept\n"), (["--from-file", file], "unused", "from a file\n"),
            (["--from-file", "-"], "dash\n", "dash"),
            (["--insecure-value", "on the command line"], "", "on the command line"),
            ([], "", ""),
        ]
        for (options, stdin, opened) in cases {
            let sealed = try user.reseal(
                ["seal", "prod/note", "--repo", repository, "--print"] + options, stdin: Array(stdin.utf8))
            #expect(sealed.status == 0, "\(sealed.errorText)")
            let result = try Command.check("age", ["-d", "-i", user.identity], stdin: sealed.stdout)
            #expect(String(decoding: result.stdout, as: UTF8.self) == opened, "\(options)")
        }
    }

    @Test func aHiddenPromptIsNotEchoed() throws {
        let result = try user.atTerminal(
            ["seal", "prod/note", "--repo", user.repository.path],
            dialogue: [.init("Value of prod/note: ", "typed at the prompt\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(!result.screen.contains("typed at the prompt"))
        #expect(result.echoes)
        try user.repository.commit()
        try user.check("apply", "--yes")
        try user.expect("get", "prod/note", prints: ["typed at the prompt"])
    }

    @Test func theOutcomeAsJSON() throws {
        let outcome = try user.expectJSON(
            "seal", "prod/note", "--repo", user.repository.path, "--json", members: ["file", "counter", "recipients"],
            stdin: "x")
        #expect(outcome["counter"]?.integerValue == 2)
        #expect(outcome["recipients"]?.arrayValue?.first?.stringValue == (try user.recipient()))
    }

    @Test func theCurrentFolderIsTheDefault() throws {
        let folder = user.repository.path + "/manifests"
        let result = try user.reseal(["seal", "prod/note"], stdin: Array("x".utf8), directory: folder)
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.errorText.contains("into manifests/all.yaml"))
    }

    @Test func errors() throws {
        let repository = user.repository.path
        try user.expectFailure(
            "seal", "prod/nte", "--repo", repository, code: "seal.no-manifest", stdin: "x")
        #expect(user.runs.last?.result.text.contains("did you mean `prod/note`?") == true)
        try user.expectFailure("seal", "Bad Name", "--repo", repository, code: "name.invalid", stdin: "x")
        try user.expectFailure(
            "seal", "prod/note", "--field", "a..b", "--repo", repository, exits: 64, code: "usage", stdin: "x")
        try user.expectFailure(
            "seal", "prod/blob", "--field", "x", "--repo", repository, code: "seal.no-manifest", stdin: "x")
        try user.expectFailure(
            "seal", "prod/note", "--repo", "https://example.org/x.git", exits: 64, code: "usage", stdin: "x")
        try user.expectFailure(
            "seal", "prod/note", "--repo", repository, "--path", "../outside", exits: 64, code: "usage", stdin: "x")
        try user.expectFailure(
            "seal", "prod/note", "--repo", repository, "--from-file", "nowhere", code: "file.unreadable")
        // A brand-new repository without rules.
        try user.repository.remove("manifests/recipients.yaml")
        try user.expectFailure("seal", "prod/note", "--repo", repository, code: "seal.no-rules", stdin: "x")
    }

    @Test func aManifestWithErrorsHasItsPlace() throws {
        try user.repository.write(
            "manifests/broken.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: broken}\nspec:\n  valeu: x\n")
        let result = try user.expectFailure(
            "seal", "broken", "--repo", user.repository.path, code: "manifest.unknown-key",
            place: "manifests/broken.yaml:5:3", stdin: "x")
        #expect(result.errorText.contains("did you mean `value`?"))
    }

    @Test(arguments: ["set", "seal"])
    func aValueOnTheCommandLineIsRefusedAndNotRepeated(command: String) throws {
        let result = try user.expectFailure(command, "prod/note", "Hunter2Hunter2", exits: 64, code: "usage")
        #expect(result.errorText.contains("--insecure-value"))
        for run in user.runs.suffix(2) {
            #expect(!run.result.text.contains("Hunter2"))
            #expect(!run.result.errorText.contains("Hunter2"))
        }
    }
}
