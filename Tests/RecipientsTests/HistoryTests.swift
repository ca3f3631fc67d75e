import Foundation
import ResealCore
import ResealManifests
import TestSupport
import Testing

/// What an offboarding finds in the history of a repository.
@Suite struct HistoryTests {
    let team: Team
    init() throws { team = try Team() }

    /// What carol could open: the value, and how many versions of it.
    private func found(_ who: String = "carol", _ words: String...) throws -> [String: Int] {
        let json = try team.json("offboard", team[who], "--dry-run")
        let values = json["values"]?.arrayValue ?? []
        return Dictionary(
            uniqueKeysWithValues: values.map {
                ($0["value"]?.stringValue ?? "", $0["versions"]?.arrayValue?.count ?? 0)
            })
    }

    private func setRules(_ recipients: [String], for names: String = "**") throws {
        let list = recipients.map { team[$0] }.joined(separator: ", ")
        try team.writeRules(
            """
            apiVersion: reseal/v1
            kind: Recipients
            metadata: {name: recipients}
            spec:
              controller: \(team["controller"])
              rules: [{names: ["\(names)"], recipients: [\(list)]}]
            """)
    }

    @Test func whoNeverHadAccessHasNothing() throws {
        try team.writeSamples()
        #expect(try found("carol").isEmpty)
        #expect(try found("alice") == ["staging/db#password": 1, "prod/db#password": 1])
        #expect(try found("bob") == ["staging/db#password": 1])
    }

    @Test func deletedAndRenamedFilesAreFound() throws {
        try setRules(["carol"])
        for name in ["a/gone", "a/moved", "a/stays"] {
            try team.writeSecret(name)
            try team.seal(name, "x")
        }
        try team.repository.commit("with carol")
        try setRules([])
        try team.rekey()
        try team.repository.commit("without carol")
        try team.repository.git("rm", "-q", "manifests/a/gone.yaml")
        try team.repository.git("mv", "manifests/a/moved.yaml", "manifests/other.yaml")
        try team.repository.commit("moved")
        #expect(try found() == ["a/gone#password": 1, "a/moved#password": 1, "a/stays#password": 1])
    }

    @Test func everyVersionCountsOnceHoweverOftenItsFileChanged() throws {
        try setRules(["carol"])
        try team.writeSecret("a")
        for value in ["one", "two"] {
            try team.seal("a", value)
            try team.repository.commit(value)
            for number in 0..<3 {
                try team.write("manifests/a.yaml", try team.read("manifests/a.yaml") + "# \(number)\n")
                try team.repository.commit("comment")
            }
        }
        let json = try team.json("offboard", team["carol"], "--dry-run")
        #expect(json["values"]?.arrayValue?.count == 1)
        let versions = try #require(json["values"]?[0]?["versions"]?.arrayValue)
        #expect(versions.map { $0["counter"] } == [1, 2])
        #expect(versions[0]["commit"]?.stringValue == (try team.repository.id("HEAD~7").description))
        #expect(versions[1]["commit"]?.stringValue == (try team.repository.id("HEAD~3").description))
        #expect(json["commits"] == 8)
    }

    @Test func branchesAndMergesAreFound() throws {
        try setRules([])
        try team.writeSecret("base")
        try team.seal("base", "x")
        try team.repository.commit("base")
        // One branch that is merged, with a value that the merge itself changes once more.
        try team.repository.git("checkout", "-q", "-b", "feature")
        try setRules(["carol"])
        try team.writeSecret("merged")
        try team.seal("merged", "y")
        try team.repository.commit("feature")
        try team.repository.git("checkout", "-q", "main")
        try team.write("note.txt", "x")
        try team.repository.commit("main goes on")
        try team.repository.git("merge", "-q", "--no-commit", "--no-ff", "feature")
        try team.seal("base", "resealed in the merge")
        try team.repository.commit("merge")
        // One that never is, one that only a tag remembers.
        try team.repository.git("checkout", "-q", "-b", "lost")
        try team.writeSecret("unmerged")
        try team.seal("unmerged", "z")
        try team.repository.commit("unmerged")
        try team.writeSecret("tagged")
        try team.seal("tagged", "t")
        try team.repository.commit("tagged")
        try team.repository.git("tag", "-a", "old", "-m", "old")
        try team.repository.git("reset", "-q", "--hard", "HEAD~1")
        try team.repository.git("checkout", "-q", "main")
        #expect(
            try found() == ["merged#password": 1, "base#password": 1, "unmerged#password": 1, "tagged#password": 1])
    }

    @Test func unboundValuesAreJudgedByTheRulesOfTheirTime() throws {
        try setRules(["carol"], for: "then")
        try team.writeUnbound("then", "x", for: ["controller", "carol"])
        try team.repository.commit("then")
        try setRules([])
        try team.writeUnbound("later", "x", for: ["controller"])
        try team.repository.commit("later")
        let json = try team.json("offboard", team["carol"], "--dry-run")
        #expect(json["values"]?.texts("value") == ["then#password"])
        #expect(json["values"]?[0]?["basis"] == "rules")
        #expect(json["values"]?[0]?["versions"]?[0]?["counter"] == 0)
    }

    @Test func rulesThatCannotBeReadCountAgainstWhomTheyMention() throws {
        try team.writeRules(
            "apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: r}\nspec:\n  controler: x\n  groups: {x: [\(team["carol"])]}\n"
        )
        try team.writeUnbound("then", "x", for: ["controller"])
        try team.repository.commit("broken rules")
        try team.writeRules()
        try team.repository.commit("repaired")
        #expect(try found("carol") == ["then#password": 1])
        #expect(try found("bob").isEmpty)
    }

    @Test func valueFilesAreFoundByTheirManifests() throws {
        try setRules(["carol"])
        try team.write(
            "manifests/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: file}\nspec: {value: {fromFile: v.age}}\n")
        try team.write("manifests/v.age", try team.plainAge("unbound", for: ["carol"], indent: 0))
        try team.write("manifests/nobodys.age", try team.plainAge("unbound", for: ["carol"], indent: 0))
        try team.repository.commit("unbound")
        try team.reseal("seal", "file", stdin: "bound")
        try team.repository.commit("bound")
        #expect(try found() == ["file": 2, "manifests/nobodys.age": 1])
    }

    @Test func brokenManifestsAndCommentsHideNothing() throws {
        try setRules(["carol"])
        for name in ["broken", "commented", "elsewhere"] {
            try team.writeSecret(name)
            try team.seal(name, "x")
        }
        // With an error in the document; in comments; in a file of another name, outside of the folder.
        try team.write(
            "manifests/broken.yaml", try team.read("manifests/broken.yaml").replacing("permissions", with: "permisions")
        )
        let commented = try team.read("manifests/commented.yaml").split(
            separator: "\n", omittingEmptySubsequences: false)
        try team.write("manifests/commented.yaml", commented.map { "#  \($0)" }.joined(separator: "\n"))
        try team.write("backup/elsewhere.yaml", try team.read("manifests/elsewhere.yaml"))
        try team.write("manifests/elsewhere.yaml.bak", try team.read("manifests/elsewhere.yaml"))
        try team.repository.remove("manifests/elsewhere.yaml")
        try team.repository.commit("hidden")
        #expect(try found() == ["broken#password": 1, "commented#password": 1, "elsewhere#password": 1])
    }

    @Test func whatWasNeverCommittedCountsToo() throws {
        try setRules(["carol"])
        try team.writeSecret("new")
        try team.seal("new", "x")
        #expect(try found() == ["new#password": 1])
        // Even where there is no repository.
        try FileManager.default.removeItem(atPath: team.path(".git"))
        let json = try team.json("offboard", team["carol"], "--dry-run")
        #expect(json["commits"] == .null)
        #expect(json["values"]?.texts("value") == ["new#password"])
    }

    @Test func aShallowCloneIsRefused() throws {
        try team.writeSamples()
        try team.writeSecret("other")
        try team.repository.commit("second")
        let clone = team.user.folder.file("clone")
        try Command.check(
            "git", ["clone", "-q", "--depth", "1", "file://\(team.repository.path)", clone],
            environment: GitFixture.environment)
        let result = try team.user.reseal(["offboard", team["alice"], "--dry-run"], directory: clone)
        #expect(result.status == 1)
        #expect(result.errorText.contains("the history of the repository is not all there [git.object-missing]"))
        #expect(result.errorText.contains("git fetch --unshallow"))
    }

    @Test func aLongHistoryTakesSeconds() throws {
        try setRules(["carol"])
        try team.writeSecret("a")
        try team.seal("a", "x")
        try team.repository.commit("a")
        var stream = ""
        for number in 1...3000 {
            stream += "commit refs/heads/main\ncommitter a <a@b> \(1_790_000_000 + number) +0000\ndata 1\nc\n"
            stream += number == 1 ? "from refs/heads/main^0\n" : ""
            let text = "note: \(number)\n"
            stream += "M 100644 inline manifests/notes/\(number % 50).txt\ndata \(text.utf8.count)\n\(text)\n"
        }
        try team.repository.fastImport(stream)
        let start = ContinuousClock.now
        let json = try team.json("offboard", team["carol"], "--dry-run")
        #expect(json["commits"] == 3001)
        #expect(json["values"]?.texts("value") == ["a#password"])
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
