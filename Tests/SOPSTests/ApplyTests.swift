import ResealAge
import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct ApplyTests {
    private func seal(_ plain: String, in project: Project, as name: String, _ options: [String] = []) throws -> [UInt8]
    {
        try project.tool.encrypt(Array(plain.utf8), name: name, options)
    }

    @Test func everyFormatBecomesAValue() throws {
        let project = try Project()
        let yaml =
            "db:\n  host: db.internal\n  port: 5432\n  tls: true\n  hosts: [a, b]\n  none: null\ntoken: hunter2\n"
        try project.write(try seal(yaml, in: project, as: "a.enc.yaml"), to: "manifests/prod/a.enc.yaml")
        try project.write(try seal(yaml, in: project, as: "plain.yaml"), to: "manifests/prod/plain.yaml")
        try project.write(try seal(#"{"a": {"b": 1.5}, "n": 7}"#, in: project, as: "j.json"), to: "manifests/j.json")
        try project.write(try seal("USER=orders\nPASS=a\\nb\n", in: project, as: "e.env"), to: "manifests/e.env")
        try project.write(try project.tool.encrypt([0, 1, 255, 10], name: "k.bin"), to: "manifests/k.bin")
        try project.write(try seal("one: 1\n---\ntwo: 2\n", in: project, as: "m.enc.yaml"), to: "manifests/m.enc.yaml")
        try project.writeSecret("prod/whole", value: "{fromSOPS: a.enc.yaml}")
        try project.writeSecret("prod/db", value: "{fromSOPS: a.enc.yaml, key: db}")
        try project.writeSecret("prod/token", value: "{fromSOPS: plain.yaml, key: token}")
        try project.writeSecret("prod/second", value: "{fromSOPS: a.enc.yaml, key: db.hosts.1}")
        try project.writeSecret("json", value: "{fromSOPS: j.json}")
        try project.writeSecret("dotenv", value: "{fromSOPS: e.env}")
        try project.writeSecret("binary", value: "{fromSOPS: k.bin}")
        try project.writeSecret("two", value: "{fromSOPS: m.enc.yaml, document: 2}")
        try project.apply()

        let db: JSON = [
            "host": "db.internal", "port": 5432, "tls": true, "hosts": ["0": "a", "1": "b"], "none": .null,
        ]
        #expect(try project.get("prod/whole") == ["db": db, "token": "hunter2"])
        #expect(try project.get("prod/db") == db)
        #expect(try project.reseal("get", "prod/token") == "hunter2")
        #expect(try project.reseal("get", "prod/second") == "b")
        #expect(try project.get("json") == ["a": ["b": .number(1.5)], "n": 7])
        #expect(try project.get("dotenv") == ["USER": "orders", "PASS": "a\nb"])
        #expect(try project.run(["get", "binary"]).stdout == [0, 1, 255, 10])
        #expect(try project.get("two") == ["two": 2])
        #expect(try !project.holds("hunter2"))
        #expect(try project.reseal("plan").contains("Nothing to do"))
    }

    @Test func aChangeOfTheFileAloneIsANewVersion() throws {
        let project = try Project()
        let sealed = try seal("a: one\nb: two\nc_unencrypted: plain\n", in: project, as: "x.enc.yaml")
        // One file is known by its name, the other by what it holds.
        try project.write(sealed, to: "manifests/x.enc.yaml")
        try project.write(sealed, to: "manifests/y.yaml")
        try project.writeSecret("x", value: "{fromSOPS: x.enc.yaml}")
        try project.writeSecret("y", value: "{fromSOPS: y.yaml}", file: "manifests/y.secret.yaml")
        try project.writeSecret("only-b", value: "{fromSOPS: x.enc.yaml, key: b}")
        try project.writeSecret("other", value: "{plain: value}")
        try project.apply()
        let path = try project.tool.folder.write(sealed, to: "x.enc.yaml")
        #expect(try project.tool.run(["set", path, #"["a"]"#, #""canary-three""#]).status == 0)
        for name in ["x.enc.yaml", "y.yaml"] {
            try project.write(try project.tool.folder.read("x.enc.yaml"), to: "manifests/\(name)")
        }
        try project.git.commit("edit with sops")

        let plan = try JSON(parsing: try project.run(["plan", "--json"]).stdout)
        let changes = try #require(plan["resource_changes"]?.arrayValue).filter {
            $0["change"]?["actions"] != ["no-op"]
        }
        #expect(changes.map { $0["name"]?.stringValue } == ["x", "y"])
        #expect(!plan.canonical.contains("canary"))

        // Without a key, the ciphertexts tell which fields changed.
        let keyless = try project.run(["plan", "--base", "HEAD~1"])
        #expect(keyless.status == 0)
        #expect(keyless.text.contains("a changed"), "\(keyless.text)")
        #expect(!keyless.text.contains("b changed"))
        let keylessJSON = try JSON(parsing: try project.run(["plan", "--base", "HEAD~1", "--json"]).stdout)
        let found = try #require(keylessJSON["resource_changes"]?.arrayValue).filter {
            $0["change"]?["actions"] != ["no-op"]
        }
        #expect(found.map { $0["name"]?.stringValue } == ["x", "y"])

        try project.reseal("apply", "--yes")
        #expect(try project.get("x") == ["a": "canary-three", "b": "two", "c_unencrypted": "plain"])
        #expect(try project.reseal("versions", "x").contains("2"))
        #expect(try !project.holds("canary-three"))
        #expect(try project.reseal("plan").contains("Nothing to do"))
    }

    @Test func whatIsWrongHasAPlace() throws {
        let project = try Project()
        let sealed = String(decoding: try seal("alpha: one\nbeta: two\n", in: project, as: "x.enc.yaml"), as: UTF8.self)
        let stranger = try X25519Identity().recipient.description
        try project.write(Array(sealed.utf8), to: "manifests/x.enc.yaml")
        try project.write(
            Array(sealed.replacing("beta: ", with: "gamma: ").utf8), to: "manifests/tampered.enc.yaml")
        try project.write(
            try seal("a: b\n", in: project, as: "s.enc.yaml", ["--age", stranger]), to: "manifests/stranger.enc.yaml")
        try project.write(Array("a: b\n".utf8), to: "manifests/unsealed.enc.yaml")
        try project.write(try seal("a: 1\n---\nb: 2\n", in: project, as: "m.enc.yaml"), to: "manifests/many.enc.yaml")
        let cases: [(name: String, value: String, code: String, place: String, hint: String)] = [
            ("key", "{fromSOPS: x.enc.yaml, key: alpah}", "sops.no-such-key", "key.yaml:6:38", "did you mean `alpha`"),
            (
                "missing", "{fromSOPS: y.enc.yaml}", "value.file-missing", "missing.yaml:6:21",
                "relative to the manifest"
            ),
            ("tampered", "{fromSOPS: tampered.enc.yaml}", "sops.mac", "tampered.enc.yaml:2:8", "sops edit"),
            ("stranger", "{fromSOPS: stranger.enc.yaml}", "value.undecryptable", "stranger.enc.yaml:2:1", "--identity"),
            ("unsealed", "{fromSOPS: unsealed.enc.yaml}", "sops.format", "unsealed.enc.yaml:1:1", "sops encrypt"),
            ("many", "{fromSOPS: many.enc.yaml}", "sops.no-such-key", "many.yaml:6:21", "document: 1"),
            ("third", "{fromSOPS: many.enc.yaml, document: 3}", "sops.no-such-key", "third.yaml:6:46", "2 of them"),
        ]
        for item in cases { try project.writeSecret(item.name, value: item.value) }
        try project.git.commit()
        let result = try project.run(["plan", "--json"])
        #expect(result.status == 1)
        let diagnostics = try #require(try JSON(parsing: result.stdout)["diagnostics"]?.arrayValue)
        for item in cases {
            let found = try #require(
                diagnostics.first {
                    $0["message"]?.stringValue?.contains("\(item.name) ") == true
                        || $0["message"]?.stringValue?.contains("of \(item.name):") == true
                        || $0["position"]?["file"]?.stringValue == "manifests/\(item.name).yaml"
                            && $0["severity"] == "error"
                }, "\(item.name): \(result.text)")
            #expect(found["code"]?.stringValue == item.code)
            let position = found["position"]
            let place =
                "\(position?["file"]?.stringValue ?? ""):\(position?["line"]?.integerValue ?? 0):\(position?["column"]?.integerValue ?? 0)"
            #expect(place == "manifests/\(item.place)", "\(item.name)")
            #expect(found["hint"]?.stringValue?.contains(item.hint) == true, "\(found)")
        }
        // What needs no key is found without one.
        let keyless = try project.run(["validate"])
        #expect(keyless.status == 1)
        for code in ["sops.no-such-key", "value.file-missing", "sops.format"] {
            #expect(keyless.errorText.contains(code))
        }
        for name in ["key", "missing", "tampered", "unsealed", "many", "third"] {
            try project.git.remove("manifests/\(name).yaml")
        }
        try project.git.commit()
        #expect(try project.run(["plan"]).status == 6)
    }

    @Test func unboundAndForeignRecipientsAreJudgedByTheRules() throws {
        let project = try Project()
        let other = try X25519Identity().recipient.description
        try project.write(
            try seal("a: b\n", in: project, as: "x.enc.yaml", ["--age", "\(project.tool.recipient),\(other)"]),
            to: "manifests/x.enc.yaml")
        try project.writeSecret("x", value: "{fromSOPS: x.enc.yaml}")
        try project.git.commit()
        var result = try project.run(["validate"])
        #expect(result.status == 0)
        #expect(result.errorText.contains("value.unbound"))
        #expect(result.errorText.contains("reseal import sops manifests/x.enc.yaml"))
        #expect(result.errorText.contains("value.recipients"))
        #expect(result.errorText.contains("sops updatekeys"))

        try project.writeRecipients("rules: [{paths: [manifests/x.enc.yaml], recipients: [\(other)]}]")
        result = try project.run(["validate"])
        #expect(!result.errorText.contains("value.recipients"), "\(result.errorText)")

        let strict = try Project(requireBinding: true)
        try strict.write(try seal("a: b\n", in: strict, as: "x.enc.yaml"), to: "manifests/x.enc.yaml")
        try strict.writeSecret("x", value: "{fromSOPS: x.enc.yaml}")
        try strict.git.commit()
        result = try strict.run(["plan"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("error: the value of x says neither"))
    }

    @Test func aManifestCannotHideBehindMetadataOfSOPS() throws {
        let project = try Project()
        try project.git.write(
            "manifests/x.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: x}\nspec: {value: a}\nsops: {mac: a, lastmodified: b}\n"
        )
        try project.git.commit()
        let result = try project.run(["validate"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("unknown key `sops`"))
    }

    /// The cost does not grow with the product of secrets and values.
    @Test func manySecretsOfOneFile() throws {
        let project = try Project()
        let plain = (0..<400).map { "key\($0): value \($0)" }.joined(separator: "\n")
        try project.write(try seal(plain, in: project, as: "x.enc.yaml"), to: "manifests/x.enc.yaml")
        let secrets = (0..<400).map { index in
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: s\(index)}
            spec: {value: {fromSOPS: x.enc.yaml, key: key\(index)}}

            """
        }
        try project.git.write("manifests/secrets.yaml", secrets.joined(separator: "---\n"))
        let start = ContinuousClock.now
        try project.apply()
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(try project.reseal("get", "s399") == "value 399")
    }
}
