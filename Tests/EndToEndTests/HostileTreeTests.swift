import Foundation
import ResealCore
import TestSupport
import Testing

/// Repositories with trees and histories that were made to break something.
@Suite struct HostileTreeTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(user.repository.path)/manifests/\(name)", withDestinationPath: target)
    }

    // MARK: What is not a file

    @Test func symbolicLinksAreNotFollowed() throws {
        let secret = try user.folder.write("apiVersion: reseal/v1\n", to: "outside.yaml")
        try link("linked.yaml", to: secret)
        try user.repository.commit()
        let commands = [
            ["validate", "--repo", user.repository.path], ["plan", "--worktree"], ["plan"], ["apply", "--yes"],
        ]
        try user.expectRefusals(commands, code: "manifest.not-a-file", place: "manifests/linked.yaml:1:1")
    }

    @Test func aLoopOfFoldersEnds() throws {
        try link("loop", to: "..")
        try link("self", to: ".")
        try user.expect("plan", "--worktree", prints: ["Nothing to do"])
        try user.expect("validate", "--repo", user.repository.path, prints: ["are valid"])
        try user.repository.commit()
        try user.expect("apply", "--yes")
    }

    @Test func submodulesAndPipesAreLeftAlone() throws {
        let commit = try user.repository.id("HEAD")
        try user.repository.git("update-index", "--add", "--cacheinfo", "160000,\(commit),manifests/module.yaml")
        try user.repository.git("commit", "--quiet", "--message", "submodule")
        try user.expectRefusals(
            [["plan"], ["apply", "--yes"]], code: "manifest.not-a-file", place: "manifests/module.yaml")
        try user.repository.git("reset", "--quiet", "--hard", "HEAD~1")
        mkfifo("\(user.repository.path)/manifests/pipe.yaml", 0o600)
        try user.expect("plan", "--worktree", prints: ["Nothing to do"])
    }

    @Test func aHugeBlobCostsLittle() throws {
        let path = "\(user.repository.path)/manifests/huge.bin"
        try Command.check("truncate", ["--size=200M", path])
        try user.repository.commit()
        for line in [
            ["plan"], ["plan", "--worktree"], ["validate", "--repo", user.repository.path], ["apply", "--yes"],
        ] {
            let cost = try user.measure(line)
            #expect(cost.result.status == 0, "\(cost.result.errorText)")
            #expect(cost.seconds < 20 && cost.mebibytes < 600, "\(line): \(cost.seconds) s, \(cost.mebibytes) MiB")
        }
        // The same as a manifest, and as a value.
        try user.repository.git("mv", "manifests/huge.bin", "manifests/huge.yaml")
        try user.repository.commit()
        let commands = [["validate", "--repo", user.repository.path], ["plan"], ["apply", "--yes"]]
        try user.expectRefusals(commands, code: "git.too-large", place: "manifests/huge.yaml")
        try user.repository.git("mv", "--force", "manifests/huge.yaml", "manifests/blob.age")
        try user.repository.commit()
        try user.expectRefusals(commands, code: "value.too-large", place: "manifests/all.yaml")
    }

    // MARK: Names

    @Test func hostileFileNamesAreMadeHarmless() throws {
        let names = [
            "\u{1b}[2J\u{1b}]0;owned\u{7}.yaml", "line\nbreak::error.yaml", "bidi\u{202e}lmay.yaml",
            "\u{85}next\u{9b}31m.yaml",
            String(repeating: "n", count: 250) + ".yaml",
        ]
        for name in names { try user.repository.write("manifests/\(name)", "kind: [\n") }
        try user.repository.commit()
        for line in [
            ["validate", "--repo", user.repository.path], ["plan", "--worktree"], ["plan"], ["apply", "--yes"],
        ] {
            let result = try user.reseal(line)
            #expect(result.status == 1)
            for scalar in "\u{1b}\u{7}\u{202e}\u{85}\u{9b}".unicodeScalars {
                #expect(!result.errorText.unicodeScalars.contains(scalar), "\(line): \(scalar.value)")
            }
            #expect(!result.errorText.contains("break::error.yaml:") || result.errorText.contains("line\\nbreak"))
            #expect(result.errorText.contains("[yaml.syntax]"))
            let json = try user.reseal(line + ["--json"])
            #expect(try JSON(parsing: json.stdout)["diagnostics"]?.arrayValue?.count ?? 0 >= names.count)
        }
    }

    @Test func fileNamesOfValidManifestsAreHarmlessInPlans() throws {
        try user.writeSecret("made/new", file: "\u{1b}[31m|`<script>.yaml")
        try user.repository.commit()
        for form in [[], ["--markdown"], ["--json"]] {
            let result = try user.reseal(["plan"] + form)
            #expect(result.status == 0)
            #expect(!result.text.contains("\u{1b}"), "\(form)")
            if form == ["--markdown"] { #expect(!result.text.contains("<script>")) }
        }
        try user.check("apply", "--yes")
        #expect(!(try user.check("versions", "made/new").text.contains("\u{1b}")))
    }

    // MARK: History

    @Test func aMissingRepository() throws {
        try FileManager.default.removeItem(atPath: user.repository.path)
        try user.expectRefusals(
            [
                ["plan"], ["apply", "--yes"], ["plan", "--worktree"],
                ["validate", "--repo", user.repository.path, "--ref", "main"],
            ],
            code: "git.not-a-repository")
    }

    @Test func anUnbornBranch() throws {
        let empty = try GitFixture()
        let options = ["--repo", empty.path]
        try user.expectRefusals([["plan"] + options, ["apply", "--yes"] + options], code: "git.unborn-branch")
        try user.expectRefusals([["plan", "--repo", "file://\(empty.path)"]], code: "git.unborn-branch")
    }

    @Test func aForcePushToTheRemote() throws {
        let remote = ["--repo", "file://\(user.repository.path)"]
        #expect(try user.reseal(["apply", "--yes"] + remote).status == 0)
        try user.repository.git("commit", "--quiet", "--amend", "--message", "rewritten")
        try user.expectRefusals([["apply", "--yes"] + remote], code: "git.history-rewritten")
        let plan = try user.reseal(["plan"] + remote)
        #expect(plan.status == 0)
        #expect(plan.text.contains("does not contain the applied commit"))
        try user.expect("audit", "list", "--result", "refused", prints: ["git.history-rewritten"])
    }

    @Test func aDamagedRepository() throws {
        let object = try user.repository.git("rev-parse", "HEAD:manifests/all.yaml")
        let path = "\(user.repository.path)/.git/objects/\(object.prefix(2))/\(object.dropFirst(2))"
        chmod(path, 0o600)
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: path))
        let fresh = ["--home", user.folder.file("fresh")]
        try user.check("init", "--home", user.folder.file("fresh"))
        let result = try user.reseal(
            ["apply", "--yes", "--repo", user.repository.path, "--identity", user.identity] + fresh)
        #expect(result.status == 1)
        #expect(result.errorText.contains("[git."), "\(result.errorText)")
    }
}
