import ResealCore
import TestSupport
import Testing

@Suite struct FormatTests {
    let bench: Bench
    private static let script = Repository.root + "/Tests/LintTests/Scripts/report_schemas.py"

    /// One finding of each level, one of them in a file whose name means something to every format.
    init() throws {
        bench = try Bench()
        try bench.repository.write("odd: 100%,ä/a b.yaml", "\npassword: hunter2\npassword: hunter2\n")
        try bench.repository.write("b.swift", "let salt = \"\(Sample.random)\"\n")
        try bench.repository.write(
            "manifests/a.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: a}\nspec: {value: {password: !seal hunter2}}\n")
    }

    @Test func sarif() throws {
        let result = try bench.lint("--format", "sarif")
        #expect(result.status == 1)
        try Command.check("python3", [Self.script, "sarif"], stdin: result.stdout)
        let run = try JSON(parsing: result.stdout)["runs"]?.arrayValue?.first
        let uris = (run?["results"]?.arrayValue ?? []).compactMap {
            $0["locations"]?.arrayValue?.first?["physicalLocation"]?["artifactLocation"]?["uri"]?.stringValue
        }
        #expect(uris.contains("odd%3A%20100%25%2C%C3%A4/a%20b.yaml"))
        // The same findings have the same fingerprints in the next run.
        try bench.repository.write("odd: 100%,ä/a b.yaml", "# more\n\npassword: hunter2\npassword: hunter2\n")
        let next = try JSON(parsing: bench.lint("--format", "sarif").stdout)["runs"]?.arrayValue?.first
        let prints = [run, next].map {
            Set(($0?["results"]?.arrayValue ?? []).compactMap { $0["partialFingerprints"] })
        }
        #expect(prints[0] == prints[1] && !prints[0].isEmpty)
        let clean = try Bench().lint("--format", "sarif")
        try Command.check("python3", [Self.script, "sarif"], stdin: clean.stdout)
    }

    @Test func gitlab() throws {
        let result = try bench.lint("--format", "gitlab")
        #expect(result.status == 1)
        try Command.check("python3", [Self.script, "gitlab"], stdin: result.stdout)
        #expect(try Bench().lint("--format", "gitlab").text == "[]")
    }

    @Test func github() throws {
        let lines = try bench.lint("--format", "github").text.split(separator: "\n").map(String.init)
        #expect(
            lines.contains {
                $0.hasPrefix(
                    "::error file=odd%3A 100%25%2Cä/a b.yaml,line=2,col=11,title=reseal plain-secret::a password")
            }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("::warning file=b.swift,line=1,col=13,") })
        #expect(lines.last?.hasPrefix("::notice file=manifests/a.yaml,line=3,") == true, "\(lines)")
        #expect(lines.allSatisfy { $0.ranges(of: "::").count == 2 })
    }

    @Test func json() throws {
        let document = try JSON(parsing: bench.lint("--json").stdout)
        #expect(document["errors"]?.integerValue == 3 && document["warnings"]?.integerValue == 1)
        #expect(document["notes"]?.integerValue == 1 && document["ignored"]?.integerValue == 0)
        let finding = document["findings"]?.arrayValue?.first
        #expect(
            Set(finding?.objectValue?.keys ?? [:].keys)
                == ["rule", "level", "message", "remedy", "position", "fingerprint"])
    }

    @Test func coloursAreForTerminals() throws {
        #expect(!(try bench.lint().text.contains("\u{1b}")))
        let shown = try bench.user.atTerminal(["lint", "--repo", bench.repository.path])
        #expect(String(describing: shown).contains("31m"))
    }
}
