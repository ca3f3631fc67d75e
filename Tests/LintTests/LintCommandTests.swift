import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct LintCommandTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    @Test func aCleanRepository() throws {
        let result = try bench.lint()
        #expect(result.status == 0 && result.text.hasPrefix("Nothing found: looked at "), "\(result.text)")
        // Neither a vault nor a key is needed, nor a repository.
        let folder = try TemporaryFolder()
        try folder.write("password: hunter2\n", to: "a.yaml")
        let outside = try bench.lint("--repo", folder.path)
        #expect(outside.status == 1 && outside.text.hasPrefix("a.yaml:1:11: error: "), "\(outside.text)")
    }

    @Test func statusFollowsTheLevels() throws {
        try bench.repository.write("a.swift", "let salt = \"\(Sample.random)\"\n")
        #expect(try bench.lint().status == 0)
        #expect(try bench.lint("--strict").status == 1)
        try bench.repository.write(".reseal-lint.yaml", "rules: {random-text: note}\n")
        #expect(try bench.lint("--strict").status == 0)
        try bench.repository.write(".reseal-lint.yaml", "rules: {random-text: error}\n")
        #expect(try bench.lint().status == 1)
        try bench.repository.write(".reseal-lint.yaml", "rules: {random-txt: error}\n")
        let wrong = try bench.lint()
        #expect(wrong.status == 1)
        #expect(
            wrong.errorText.hasPrefix(".reseal-lint.yaml:1:9: error: unknown rule `random-txt`"), "\(wrong.errorText)")
        try bench.repository.remove(".reseal-lint.yaml")
        #expect(try bench.lint("--format", "yaml").status == 64)
        #expect(try bench.lint("--staged", "--ref", "HEAD").status == 64)
        #expect(try bench.lint("nowhere").status == 64)
        #expect(try bench.lint("../..").status == 64)
    }

    @Test func workTreeIndexAndCommitAreDifferentThings() throws {
        try bench.repository.write(".gitignore", "ignored.yaml\n")
        try bench.repository.write("ignored.yaml", "password: hunter2\n")
        try bench.repository.write("a.yaml", "password: committed1\n")
        try bench.repository.commit()
        try bench.repository.write("a.yaml", "password: changeme\n")
        try bench.repository.write("b.yaml", "\npassword: staged11\n")
        try bench.repository.git("add", "b.yaml")
        try bench.repository.write("b.yaml", "\n\npassword: worktree1\n")
        #expect(try bench.findings() == ["b.yaml:3 plain-secret"])
        #expect(try bench.findings("--staged") == ["a.yaml:1 plain-secret", "b.yaml:2 plain-secret"])
        #expect(try bench.findings("--ref", "HEAD") == ["a.yaml:1 plain-secret"])
        #expect(
            try bench.findings("--repo", "file://\(bench.repository.path)", "--ref", "main") == [
                "a.yaml:1 plain-secret"
            ])
        #expect(try bench.lint("--ref", "HEAD").text.contains("a.yaml:1:11 (commit "))
    }

    @Test func pathsNarrowIt() throws {
        for file in ["a/x.yaml", "a/b/y.yaml", "ab.yaml", "c d/z.yaml"] {
            try bench.repository.write(file, "password: hunter2\n")
        }
        #expect(try bench.findings("a") == ["a/b/y.yaml:1 plain-secret", "a/x.yaml:1 plain-secret"])
        #expect(try bench.findings("a/x.yaml", "c d/") == ["a/x.yaml:1 plain-secret", "c d/z.yaml:1 plain-secret"])
        #expect(try bench.findings(".").count == 4)
        #expect(try bench.lint("y.yaml", directory: bench.path("a/b")).text.hasPrefix("a/b/y.yaml:1:11: error: "))
        try bench.repository.commit()
        #expect(try bench.findings("--ref", "HEAD", "a/b") == ["a/b/y.yaml:1 plain-secret"])
    }

    @Test func theRulesOfTheTargetBranchCount() throws {
        try bench.repository.git("switch", "--quiet", "--create", "feature")
        try bench.repository.write(".reseal-lint.yaml", "rules: {plain-secret: off}\n")
        try bench.repository.write("a.yaml", "password: hunter2\n")
        try bench.repository.commit()
        #expect(try bench.lint("--ref", "HEAD").status == 0)
        #expect(try bench.findings("--ref", "HEAD", "--config-from", "main") == ["a.yaml:1 plain-secret"])
    }

    @Test func conflictsAndEmptyIndexes() throws {
        let fresh = try Bench(hasManifests: false)
        #expect(try fresh.lint("--staged").status == 0)
        try bench.repository.write("a.txt", "one\n")
        try bench.repository.commit()
        try bench.repository.git("switch", "--quiet", "--create", "other", "HEAD~")
        try bench.repository.write("a.txt", "two\n")
        try bench.repository.commit()
        _ = try bench.git(["merge", "main"])
        let result = try bench.lint("--staged")
        #expect(result.status == 1 && result.errorText.contains("[git.conflicted]"), "\(result.errorText)")
    }

    @Test func theRulesAreListed() throws {
        let text = try bench.lint("--rules").text
        let json = try JSON(parsing: try bench.lint("--rules", "--json").stdout).arrayValue ?? []
        #expect(json.count > 10)
        for rule in json {
            let id = try #require(rule["id"]?.stringValue)
            #expect(id.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil)
            #expect(text.contains("\(id) (\(rule["level"]?.stringValue ?? "?"))\n  "))
        }
        let page = try String(contentsOfFile: Repository.root + "/docs/lint.md", encoding: .utf8)
        for rule in json {
            #expect(page.contains("| `\(rule["id"]?.stringValue ?? "?")` | \(rule["level"]?.stringValue ?? "?") |"))
        }
    }

    @Test func thousandsOfFiles() throws {
        let line = "let value = compute(from: input, with: \"some text\", and: 12345) // a comment of some length\n"
        let body = String(repeating: line, count: 40)
        var stream = "commit refs/heads/big\ncommitter a <a@b> 1 +0000\ndata 1\nx\n"
        for i in 0..<3000 { stream += "M 100644 inline src/f\(i).swift\ndata \(body.utf8.count)\n\(body)\n" }
        stream += "M 100644 inline src/bad.env\ndata 21\nDB_PASSWORD=hunter2xx\n\n"
        try bench.repository.fastImport(stream)
        #expect(try bench.findings("--ref", "big") == ["src/bad.env:1 plain-secret"])
    }

    @Test func validateReadsWhatIsStaged() throws {
        try bench.repository.write("manifests/a.yaml", "nonsense\n")
        try bench.repository.git("add", "--all")
        try bench.repository.remove("manifests/a.yaml")
        let staged = try bench.user.reseal(["validate", "--staged"], directory: bench.repository.path)
        #expect(staged.status == 1 && staged.errorText.contains("manifests/a.yaml:1:1: error: "))
        #expect(try bench.user.reseal(["validate"], directory: bench.repository.path).status == 0)
    }

    @Test func theSampleManifestsAreClean() throws {
        let result = try bench.lint("--repo", Repository.root, "manifests", directory: Repository.root)
        #expect(result.status == 0, "\(result.text)")
    }
}

enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
