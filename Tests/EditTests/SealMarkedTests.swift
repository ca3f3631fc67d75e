import Foundation
import ResealCore
import TestSupport
import Testing

/// `!seal` in manifests, and several fields at a time.
@Suite struct SealMarkedTests {
    let desk: Desk
    private let canary = Canary("marked")

    init() throws { desk = try Desk() }

    private func write(_ value: String, to path: String = "manifests/new.yaml", name: String = "new") throws {
        try desk.user.repository.write(
            path, "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: \(name)}\nspec:\n  value:\(value)\n")
    }

    @discardableResult
    private func seal(
        _ arguments: String..., stdin: [UInt8] = [], exits status: Int32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let result = try desk.user.reseal(
            ["seal"] + arguments + ["--repo", desk.user.repository.path], stdin: stdin,
            variables: ["RESEAL_HOME": desk.memory])
        #expect(result.status == status, "\(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        return result
    }

    // MARK: Marks

    @Test func allThatIsMarkedInAFileIsSealedInPlace() throws {
        let value = """
            \n    host: db  # plain
                password: !seal \(canary.mark)   # why
                key: !seal |
                  line 1
                   line 2
                bytes: !seal/base64 AAEC/w==
                flow: {a: !sealed "x: y", b: 5}
            """
        try write(value)
        let result = try seal("--file", "manifests/new.yaml")
        #expect(
            result.errorText == """
                sealed new password into manifests/new.yaml for 1 recipient(s), counter 1
                sealed new key into manifests/new.yaml for 1 recipient(s), counter 1
                sealed new bytes into manifests/new.yaml for 1 recipient(s), counter 1
                sealed new flow.a into manifests/new.yaml for 1 recipient(s), counter 1
                """)
        let text = try desk.text("manifests/new.yaml")
        #expect(text.contains("    host: db  # plain\n    password: |   # why\n      -----BEGIN"))
        #expect(try desk.opened("password", in: text.replacing("|   # why", with: "|")) == Array(canary.mark.utf8))
        #expect(try desk.opened("key", in: text) == Array("line 1\n line 2\n".utf8))
        #expect(try desk.opened("bytes", in: text) == [0, 1, 2, 255])
        try desk.user.check("validate", "--strict", "--repo", desk.user.repository.path)
        #expect(try seal("--file", "manifests/new.yaml").errorText == "nothing is marked with `!seal`")
    }

    @Test func allManifestsAtOnce() throws {
        try write(" !seal one", to: "manifests/a.yaml", name: "a")
        try write(" !seal two", to: "manifests/deep/b.yaml", name: "b")
        let before = try desk.text()
        let outcome = try JSON(parsing: try seal("--all", "--json").stdout).arrayValue ?? []
        #expect(outcome.compactMap { $0["secret"]?.stringValue } == ["a", "b"])
        #expect(outcome.compactMap { $0["file"]?.stringValue } == ["manifests/a.yaml", "manifests/deep/b.yaml"])
        #expect(try desk.text() == before)
        try desk.user.check("validate", "--repo", desk.user.repository.path)
        #expect(try seal("--all", "--json").text == "[]")
    }

    @Test(arguments: ["validate", "plan", "apply"])
    func whatIsNotSealedYetIsNeitherPlannedNorShown(command: String) throws {
        try write(
            "\n    user: a\n    password: !seal \(canary.mark)\n    key: !seal/base64 \(canary.mark)=\n    old: !unopened \(canary.mark)"
        )
        try desk.user.repository.commit()
        let options =
            command == "validate" ? ["--repo", desk.user.repository.path] : command == "apply" ? ["--yes"] : []
        for format in [[], ["--json"]] {
            let result = try desk.user.reseal([command] + options + format)
            #expect(result.status == 1, "\(result.text) \(result.errorText)")
            let said = result.text + result.errorText
            #expect(said.contains("manifest.unsealed") && said.contains("manifest.placeholder"))
            #expect(said.contains("`password` is marked to be sealed, and still stands there in plain text"))
            #expect(said.contains("reseal seal --file manifests/new.yaml"))
            let place = "manifests/new.yaml:7:15"
            let isPlaced = said.contains("\(place): error: ") || said.contains("\(place) (commit ")
            if format.isEmpty { #expect(isPlaced) }
            var scanner = LeakScanner([canary])
            scanner.scan(result.stdout + result.stderr, at: command)
            #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
        }
    }

    @Test func aCounterThatGitKnowsGoesOn() throws {
        try desk.user.seal("prod/orders-db", "password", "second")
        try desk.user.repository.commit()
        let text = try desk.text()
        let start = try #require(text.range(of: "    password: |\n"))
        let end = try #require(
            text.range(of: "-----END AGE ENCRYPTED FILE-----\n", range: start.upperBound..<text.endIndex))
        let edited = text.replacingCharacters(
            in: start.lowerBound..<end.upperBound, with: "    password: !seal third\n")
        try desk.user.repository.write(Desk.path, edited)
        #expect(
            try seal("--all").errorText.contains(
                "sealed prod/orders-db password into manifests/all.yaml for 1 recipient(s), counter 3"))
    }

    @Test func marksInOtherPlacesAreErrors() throws {
        let cases: [(value: String, code: String)] = [
            (" !seal", "manifest.marked-empty"), (" !seal &a x", "yaml.marked-anchor"), (" !seal [a]", "yaml.tag"),
            (" !seal {a: b}", "yaml.tag"), ("\n    !seal a: b", "yaml.tag"), (" !seals x", "yaml.tag"),
            (" !seal/base64 x", "manifest.base64"), (" !unopened x", "manifest.placeholder"),
            (" x\n  description: !seal x", "manifest.sealed-outside-value"),
            (" x\n  labels: !seal x", "manifest.unknown-key"),
            (" {fromFile: !seal x.age}", "manifest.sealed-outside-value"),
            (
                " !seal |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    x\n    -----END AGE ENCRYPTED FILE-----",
                "manifest.marked-armor"
            ),
        ]
        for (value, code) in cases {
            try write(value)
            let before = try desk.text("manifests/new.yaml")
            let result = try seal("--file", "manifests/new.yaml", exits: 1)
            #expect(result.errorText.contains("[\(code)]"), "\(value): \(result.errorText)")
            #expect(try desk.text("manifests/new.yaml") == before)
        }
        try write(" !seal ''")
        try seal("--file", "manifests/new.yaml")
    }

    @Test func nothingIsSealedUnlessAllCanBe() throws {
        try write(" !seal one", to: "manifests/a.yaml", name: "a")
        try write("\n    x: !seal two\n    y: !seal", to: "manifests/b.yaml", name: "b")
        let before = try desk.text("manifests/a.yaml")
        #expect(try seal("--all", exits: 1).errorText.contains("manifests/b.yaml:7:8: error: "))
        #expect(try desk.text("manifests/a.yaml") == before)
    }

    @Test func anotherFieldCanBeSealedMeanwhile() throws {
        try write("\n    a: !seal one\n    b: ''")
        try seal("new", "--field", "b", stdin: Array("x".utf8))
        #expect(try desk.text("manifests/new.yaml").contains("    a: !seal one\n    b: |\n"))
        try seal("new", "--field", "a", stdin: Array("y".utf8))
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    @Test func filesAreFoundFromAnywhere() throws {
        for (word, folder) in [
            ("new.yaml", "manifests"), ("manifests/new.yaml", "."), ("new.yaml", "."),
            ("../new.yaml", "manifests/deep"),
        ] {
            try write(" !seal x")
            try desk.user.repository.write("manifests/deep/.keep", "")
            let result = try desk.user.reseal(
                ["seal", "--file", word], directory: "\(desk.user.repository.path)/\(folder)")
            #expect(result.errorText.hasPrefix("sealed new into manifests/new.yaml"), "\(word): \(result.errorText)")
        }
        #expect(try seal("--file", "/etc/passwd", exits: 64).errorText.contains("does not lie in the work tree"))
        #expect(try seal("--file", "README.md", exits: 1).errorText.contains("README.md is no manifest"))
    }

    @Test func deathAtAnyPlaceLeavesEachFileWhole() throws {
        try write(" !seal one", to: "manifests/a.yaml", name: "a")
        try write(" !seal two", to: "manifests/b.yaml", name: "b")
        for point in [
            "worktree.beforeSync:1", "worktree.beforeRename:1", "worktree.beforeRename:2", "worktree.afterRename:1",
        ] {
            let copy = try Installation(copying: desk.user)
            let line = ["seal", "--all", "--repo", copy.repository.path]
            #expect(try copy.reseal(line, variables: ["RESEAL_FAULT": point]).status == 137)
            for (file, value) in [("a", "one"), ("b", "two")] {
                let text = try String(contentsOfFile: "\(copy.repository.path)/manifests/\(file).yaml", encoding: .utf8)
                #expect(
                    text.hasSuffix("value: !seal \(value)\n") != text.contains("-----END AGE ENCRYPTED FILE-----\n"))
            }
            try copy.check("seal", "--all", "--repo", copy.repository.path)
            try copy.check("validate", "--repo", copy.repository.path)
        }
    }

    // MARK: Fields from JSON

    @Test func severalFieldsGoInTogether() throws {
        let fields = #"{"password": "p\u00e4ss", "tls": {"key": {"$base64": "AAH/"}, "ca": "c\n"}, "a.b": ""}"#
        let result = try seal("prod/orders-db", "--fields-from", "-", stdin: Array(fields.utf8))
        #expect(
            result.errorText.contains(
                "sealed prod/orders-db password into manifests/all.yaml for 1 recipient(s), counter 2"))
        #expect(
            result.errorText.contains(#"sealed prod/orders-db a\.b into"#) && result.errorText.contains(" tls.key into")
        )
        let text = try desk.text()
        #expect(try desk.opened("password", in: text) == Array("päss".utf8))
        let block = String(text[try #require(text.range(of: "    tls:\n")).lowerBound...])
        #expect(try desk.opened("key", in: block) == [0, 1, 255])
        #expect(try desk.opened("ca", in: block) == Array("c\n".utf8))
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    @Test func fieldsThatAreNone() throws {
        let before = try desk.text()
        let cases = [
            "", "[]", "{}", "\"hunter2\"", "{\"a\": 5}", "{\"a\": null}", "{\"a\": [\"hunter2\"]}", "{\"a\": {}}",
            "{\"a\": {\"$base64\": \"hunter2!\"}}", "{\"a\": {\"$base64\": \"AA==\", \"b\": \"hunter2\"}}",
            "{\"\": \"hunter2\"}",
            "{\"a\": \"hunter2\"", "{\"a\\u0001\": \"hunter2\"}",
        ]
        for text in cases {
            let result = try seal("prod/orders-db", "--fields-from", "-", stdin: Array(text.utf8), exits: 64)
            #expect(
                result.errorText.contains("[usage]") && !result.errorText.contains("hunter2"),
                "\(text): \(result.errorText)")
        }
        #expect(
            try seal("prod/blob", "--fields-from", "-", stdin: Array(#"{"a": "b"}"#.utf8), exits: 1).errorText.contains(
                "has no fields"))
        #expect(
            try seal("prod/orders-db", "--fields-from", "/nowhere", exits: 1).errorText.contains("[file.unreadable]"))
        #expect(try desk.text() == before)
    }

    @Test func bytesFromStandardInputStayAsTheyAre() throws {
        for bytes: [UInt8] in [[0xff, 0x0a], [0x0a, 0xfe, 0x0d, 0x0a], [0, 1, 2]] {
            try seal("prod/orders-db", "--field", "password", stdin: bytes)
            #expect(try desk.opened("password", in: try desk.text()) == bytes)
        }
        try seal("prod/orders-db", "--field", "password", stdin: [0x61, 0x0a])
        #expect(try desk.opened("password", in: try desk.text()) == [0x61])
    }

    @Test func optionsThatExcludeEachOther() throws {
        let lines = [
            ["x", "--all"], ["x", "--file", "a.yaml"], ["--all", "--file", "a.yaml"], ["--all", "--field", "x"],
            ["--all", "--print"],
            ["--all", "--fields-from", "-"], ["x", "--fields-from", "-", "--field", "y"],
            ["x", "--fields-from", "-", "--print"],
            ["x", "--fields-from", "-", "--from-file", "y"], ["--all", "--insecure-value", "x"],
        ]
        for line in lines {
            let result = try desk.user.reseal(["seal"] + line)
            #expect(result.status == 64 && result.errorText.hasPrefix("error: "), "\(line): \(result.errorText)")
        }
    }
}
