import Foundation
import ResealAge
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct ImportTests {
    private static let orders = """
        # Orders, primary database
        host_unencrypted: db.internal
        port: 5432
        user: orders
        password: canary-hunter2
        # encrypted by SOPS
        hosts:
            - one
            - two
        empty: ""
        note_unencrypted: "yes: # really"
        nested:
            when_unencrypted: 2024-01-31
            key: |
                canary line one
                line two
        nothing: {}

        """

    private func seal(_ plain: String, in project: Project, as file: String, rule: String = "") throws {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        try project.write(try project.tool.encrypt(Array(plain.utf8), name: name, rule: rule), to: file)
    }

    private func files(_ project: Project, below folder: String) -> [String] {
        let found =
            FileManager.default.enumerator(atPath: "\(project.git.path)/\(folder)")?.allObjects as? [String] ?? []
        return found.filter { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(project.git.path)/\(folder)/\(path)", isDirectory: &isFolder)
            return !isFolder.boolValue
        }.sorted()
    }

    private func importSOPS(_ project: Project, _ arguments: String..., fault: String? = nil) throws -> Command.Result {
        try project.run(
            ["import", "sops", "--identity", project.tool.folder.file("key.txt")] + arguments, fault: fault)
    }

    @Test func aTreeBecomesManifests() throws {
        let project = try Project(requireBinding: true)
        try seal(Self.orders, in: project, as: "secrets/prod/Orders DB.enc.yaml")
        try seal(#"{"token": "canary-json", "n": 1.5}"#, in: project, as: "secrets/ci.json")
        try seal("USER=orders\n# plain?\nPASS=canary-env\n", in: project, as: "secrets/app.env")
        try project.write(try project.tool.encrypt([0, 255, 1], name: "tls.key"), to: "secrets/tls.key")
        let large = try project.tool.encrypt([UInt8](repeating: 0xab, count: 200_000), name: "large.bin")
        try project.write(large, to: "secrets/large.bin")
        try seal("a: canary-first\n---\nb: second\n", in: project, as: "secrets/two.yaml")
        try project.git.write("secrets/README.md", "no secret, though it speaks of sops\n")
        try project.git.write("secrets/plain.yaml", "a: b\n")

        let before = files(project, below: "manifests")
        var result = try importSOPS(project, "secrets")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.contains("Would write 7 manifests"))
        #expect(result.text.contains("prod/orders-db"))
        #expect(result.text.contains("`hosts`: a list becomes fields"))
        #expect(result.text.contains("`port`: a sealed number is text"))
        #expect(result.text.contains("2 encrypted comment(s) left out"))
        #expect(files(project, below: "manifests") == before)

        result = try importSOPS(project, "--write", "secrets")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(
            files(project, below: "manifests")
                == (before + [
                    "app.yaml", "ci.yaml", "large.bin.age", "large.bin.yaml", "prod/orders-db.yaml", "tls.key.yaml",
                    "two-1.yaml",
                    "two-2.yaml",
                ]).sorted())
        let text = String(decoding: try project.read("manifests/prod/orders-db.yaml"), as: UTF8.self)
        #expect(!text.contains("canary"))
        #expect(text.contains("host_unencrypted: db.internal\n"))
        #expect(text.contains("note_unencrypted: \"yes: # really\"\n"))
        #expect(!text.contains("primary database"))

        try project.apply()
        #expect(
            try project.get("prod/orders-db") == [
                "host_unencrypted": "db.internal", "port": "5432", "user": "orders", "password": "canary-hunter2",
                "hosts": ["0": "one", "1": "two"], "empty": "", "note_unencrypted": "yes: # really",
                "nested": ["when_unencrypted": "2024-01-31T00:00:00Z", "key": "canary line one\nline two\n"],
            ])
        #expect(try project.get("ci") == ["token": "canary-json", "n": "1.5"])
        #expect(try project.get("app") == ["USER": "orders", "PASS": "canary-env"])
        #expect(try project.run(["get", "tls.key"]).stdout == [0, 255, 1])
        #expect(try project.run(["get", "large.bin"]).stdout == [UInt8](repeating: 0xab, count: 200_000))
        #expect(try project.get("two-2") == ["b": "second"])
        #expect(try !project.holds("canary"))

        // Once more: nothing to do, nothing changed.
        let contents = try files(project, below: "manifests").map { try project.read("manifests/\($0)") }
        result = try importSOPS(project, "--write", "secrets")
        #expect(result.text.contains("Nothing to do"))
        #expect(try files(project, below: "manifests").map { try project.read("manifests/\($0)") } == contents)
    }

    @Test func plainCommentsAreKeptAndEncryptedOnesOnRequest() throws {
        let project = try Project()
        try seal(Self.orders, in: project, as: "a.yaml", rule: "encrypted_regex: ^(password|key)$")
        try seal("# canary in a comment\nb: c\n", in: project, as: "b.yaml")
        #expect(try importSOPS(project, "--write", "a.yaml").status == 0)
        let text = String(decoding: try project.read("manifests/a.yaml"), as: UTF8.self)
        #expect(text.contains("    # Orders, primary database\n    host_unencrypted: db.internal\n"))
        #expect(text.contains("    # encrypted by SOPS\n    hosts:\n      \"0\": one\n"))
        #expect(text.contains("    port: 5432\n"))
        #expect(try importSOPS(project, "--write", "--reveal-comments", "b.yaml").status == 0)
        let revealed = String(decoding: try project.read("manifests/b.yaml"), as: UTF8.self)
        #expect(revealed.contains("    # canary in a comment\n    b: |\n"), "\(revealed)")
        try project.apply()
        #expect(try project.get("a")["port"] == 5432)
    }

    @Test func recipientsAreThoseOfTheRulesForTheNewPlace() throws {
        let other = try X25519Identity().recipient.description
        let project = try Project(rules: "rules: [{paths: [manifests/prod/**], recipients: [\(other)]}]")
        try seal("a: b\n", in: project, as: "x.yaml")
        #expect(try importSOPS(project, "--write", "--prefix", "prod/", "x.yaml").status == 0)
        #expect(try importSOPS(project, "--write", "--name", "dev/y", "x.yaml").status == 0)
        try project.git.commit()
        let result = try project.run(["validate"])
        #expect(result.status == 0)
        #expect(!result.errorText.contains("value."), "\(result.errorText)")
        let sealed = String(decoding: try project.read("manifests/prod/x.yaml"), as: UTF8.self)
        let armor = sealed.split(separator: "\n").map { $0.trimmingPrefix("      ") }.drop { !$0.hasPrefix("-----") }
        let file = try SealedFile(parsing: Array(armor.joined(separator: "\n").utf8))
        let binding = try #require(try Binding.find(in: file.header.stanzas))
        #expect(binding.recipients.count == 2)
        #expect(binding.secret == "prod/x")
        #expect(binding.field == FieldPath(["a"]))
        #expect(binding.counter == 1)
    }

    @Test func manifestsCanReferToTheFiles() throws {
        let project = try Project()
        try seal("a: canary-one\n", in: project, as: "manifests/prod/x.enc.yaml")
        try seal("a: two\n", in: project, as: "manifests/prod/y.yaml")
        try seal("a: 1\n---\nb: 2\n", in: project, as: "manifests/many.enc.yaml")
        try seal("outside: x\n", in: project, as: "secrets/z.yaml")
        var result = try project.run(["import", "sops", "--keep-sops", "--write", "manifests"])
        #expect(result.status == 0, "\(result.errorText)")
        #expect(
            files(project, below: "manifests").filter { !$0.hasPrefix("re") } == [
                "many-1.yaml", "many-2.yaml", "many.enc.yaml", "prod/x.enc.yaml", "prod/x.yaml", "prod/y.secret.yaml",
                "prod/y.yaml",
            ])
        try project.apply()
        #expect(try project.get("prod/x") == ["a": "canary-one"])
        #expect(try project.get("prod/y") == ["a": "two"])
        #expect(try project.get("many-2") == ["b": 2])
        result = try project.run(["import", "sops", "--keep-sops", "secrets"])
        #expect(result.status == 64)
        #expect(result.errorText.contains("does not lie below manifests"))
    }

    @Test func problemsStopEverythingAndSayWhere() throws {
        let project = try Project()
        try seal("good: x\n", in: project, as: "s/good.yaml")
        try seal(#"{"a": "x"}"#, in: project, as: "s/good.json.enc.json")
        try seal("same: x\n", in: project, as: "s/sub/same.yaml")
        try seal("same=x\n", in: project, as: "s/sub/same.env")
        try seal("\"a\\tb\": x\n", in: project, as: "s/key.yaml")
        try seal("fromFile: x\n", in: project, as: "s/reserved.yaml")
        let tampered = String(
            decoding: try project.tool.encrypt(Array("a: canary-x\nb_unencrypted: y\n".utf8), name: "t.yaml"),
            as: UTF8.self)
        try project.git.write("s/tampered.yaml", tampered.replacing("b_unencrypted: \"y\"", with: "b_unencrypted: z"))
        try project.git.write("manifests/taken.yaml", "# nothing of ours\n")
        try seal("a: b\n", in: project, as: "s/taken.yaml")
        let before = files(project, below: "manifests")
        let result = try importSOPS(project, "--write", "s")
        #expect(result.status == 1)
        #expect(files(project, below: "manifests") == before)
        for words in [
            "s/tampered.yaml:3:1: error: the SOPS document was changed", "sub/same", "has control characters",
            "manifests/taken.yaml is there already", "s/reserved.yaml",
        ] { #expect(result.errorText.contains(words), "\(words)\n\(result.errorText)") }
        #expect(!result.errorText.contains("canary"))
        #expect(result.text.contains("Nothing was written"))

        let stranger = try project.tool.folder.write(
            try X25519Identity().revealText().revealBytes(), to: "stranger.txt")
        let refused = try project.run(["import", "sops", "--identity", stranger, "s/good.yaml"])
        #expect(refused.status == 6)
        #expect(refused.errorText.contains(project.tool.recipient))
        #expect(try importSOPS(project, "nowhere").status == 1)
    }

    /// Killed at each place where a file is about to appear, and right before it does.
    @Test func aKilledImportIsFinishedByTheNext() throws {
        let project = try Project(requireBinding: true)
        for index in 0..<3 { try seal("a: value \(index)\nb: {c: x}\n", in: project, as: "s/n\(index).yaml") }
        let large = try project.tool.encrypt([UInt8](repeating: 7, count: 100_000), name: "large.bin")
        try project.write(large, to: "s/large.bin")
        let before = Set(files(project, below: "manifests"))
        var kills = 0
        for fault in ["import.beforeFile", "file.beforeRename"] {
            for count in 1...6 {
                for file in files(project, below: "manifests") where !before.contains(file) {
                    try project.git.remove("manifests/\(file)")
                }
                let killed = try importSOPS(project, "--write", "s", fault: "\(fault):\(count)")
                if killed.status != 128 + 9 {
                    #expect(killed.status == 0)
                    continue
                }
                kills += 1
                let whole = try files(project, below: "manifests").filter { $0.hasSuffix(".yaml") }
                    .map { ManifestReader.read(ManifestFile(path: $0, bytes: try project.read("manifests/\($0)"))) }
                #expect(whole.allSatisfy { !$0.hasErrors && $0.manifests.count == 1 })
                let rest = try importSOPS(project, "--write", "s")
                #expect(rest.status == 0, "\(rest.errorText)")
                try project.git.commit()
                #expect(try project.run(["validate"]).status == 0)
            }
        }
        #expect(kills == 10)
        try project.apply()
        #expect(try project.run(["get", "large.bin"]).stdout.count == 100_000)
        #expect(try project.get("n2") == ["a": "value 2", "b": ["c": "x"]])
    }

    @Test func sopsKeysAreFoundWhereSOPSHasThem() throws {
        let project = try Project()
        try seal("a: b\n", in: project, as: "x.yaml")
        // The vault's settings name an identity; a home without any has to look elsewhere.
        let empty = try TemporaryFolder()
        var environment = GitFixture.environment
        environment["RESEAL_HOME"] = empty.path
        environment["HOME"] = empty.path
        func run() throws -> Command.Result {
            try Command.run(
                BuiltProduct.reseal(), ["import", "sops", "x.yaml"], environment: environment,
                directory: project.git.path)
        }
        #expect(try run().status == 6)
        environment["SOPS_AGE_KEY_FILE"] = project.tool.folder.file("key.txt")
        #expect(try run().status == 0)
        environment["SOPS_AGE_KEY_FILE"] = nil
        try FileManager.default.createDirectory(
            atPath: empty.file(".config/sops/age"), withIntermediateDirectories: true)
        try empty.write(try project.tool.folder.read("key.txt"), to: ".config/sops/age/keys.txt")
        #expect(try run().status == 0)
    }
}
