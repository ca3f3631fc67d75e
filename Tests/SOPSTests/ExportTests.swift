import Foundation
import ResealAge
import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct ExportTests {
    private func project() throws -> Project {
        let project = try Project()
        let plain =
            "host: db\nport: 5432\nratio: 0.5\ntls: true\nnone: null\nempty: \"\"\npassword: canary-hunter2\nkey_unencrypted: canary-too\n"
        try project.write(
            try project.tool.encrypt(Array(plain.utf8), name: "db.enc.yaml", rule: "encrypted_regex: .*"),
            to: "manifests/db.enc.yaml")
        try project.write(try project.tool.encrypt([0, 255], name: "bin"), to: "manifests/bin")
        try project.writeSecret("db", value: "{fromSOPS: db.enc.yaml}")
        try project.writeSecret(
            "db/scalar", value: "{fromSOPS: db.enc.yaml, key: password}", file: "manifests/scalar.yaml")
        try project.writeSecret("binary", value: "{fromSOPS: bin}")
        try project.writeSecret("nested", value: "{a: {b: {c: x}}}")
        try project.apply()
        return project
    }

    private func decrypt(_ project: Project, _ file: String, _ options: [String] = []) throws -> String {
        String(
            decoding: try project.tool.decrypt(
                try project.read(file), name: URL(fileURLWithPath: file).lastPathComponent, options), as: UTF8.self)
    }

    @Test func everyFormatOpensInSOPS() throws {
        let project = try project()
        let json: JSON = [
            "host": "db", "port": 5432, "ratio": .number(0.5), "tls": true, "none": .null, "empty": "",
            "password": "canary-hunter2", "key_unencrypted": "canary-too",
        ]
        try project.reseal("export", "sops", "db", "-o", "out.yaml")
        try project.reseal("export", "sops", "db", "-o", "out.json")
        try project.reseal("export", "sops", "db", "-o", "out.env")
        try project.reseal("export", "sops", "binary", "-o", "out.bin")
        try project.reseal("export", "sops", "db/scalar", "-o", "scalar.yaml")
        try project.reseal("export", "sops", "db/scalar", "-o", "scalar.txt")
        #expect(try JSON(parsing: Array(decrypt(project, "out.yaml", ["--output-type", "json"]).utf8)) == json)
        #expect(try JSON(parsing: Array(decrypt(project, "out.json").utf8)) == json)
        #expect(
            try decrypt(project, "out.env")
                == "empty=\nhost=db\nkey_unencrypted=canary-too\nnone=\npassword=canary-hunter2\nport=5432\nratio=0.5\ntls=true\n"
        )
        #expect(try project.tool.decrypt(try project.read("out.bin"), name: "out.bin") == [0, 255])
        #expect(try decrypt(project, "scalar.yaml") == "value: canary-hunter2\n")
        #expect(try decrypt(project, "scalar.txt") == "canary-hunter2")
        #expect(try !project.holds("canary"))
        #expect(try project.reseal("audit", "list", "--secret", "db").contains("secret.read"))
    }

    @Test func allSecretsAtOnceAndBackAgain() throws {
        let project = try project()
        try project.reseal("export", "sops", "--all", "-o", "out")
        for (file, text) in [("nested", "a:\n    b:\n        c: x\n"), ("db/scalar", "value: canary-hunter2\n")] {
            #expect(try decrypt(project, "out/\(file).enc.yaml") == text)
        }
        #expect(try project.run(["export", "sops", "--all", "-o", "out"]).status == 1)
        try project.reseal("export", "sops", "--all", "-o", "out", "--force")
        // What was exported can be imported.
        try project.git.write(
            "again/repository.yaml", String(decoding: try project.read("manifests/repository.yaml"), as: UTF8.self))
        try project.git.write(
            "again/recipients.yaml", String(decoding: try project.read("manifests/recipients.yaml"), as: UTF8.self))
        try project.reseal("import", "sops", "--path", "again", "--write", "out")
        #expect(try project.reseal("validate", "--path", "again").contains("6 resources are valid"))
    }

    @Test func recipientsAreThoseOfTheRulesOrThoseGiven() throws {
        let project = try project()
        let (other, stranger) = (try X25519Identity(), try X25519Identity())
        try project.writeRecipients("rules: [{names: [db], recipients: [\(other.recipient)]}]")
        try project.apply()
        try project.reseal("export", "sops", "db", "-o", "rules.yaml")
        let byRules = try project.tool.read(try project.read("rules.yaml"), name: "rules.yaml")
        #expect(byRules.metadata.ageKeys.map(\.recipient) == [project.tool.recipient, other.recipient.description])
        try project.reseal("export", "sops", "db", "-o", "given.yaml", "-r", stranger.recipient.description)
        let given = try project.tool.read(try project.read("given.yaml"), name: "given.yaml")
        #expect(given.metadata.ageKeys.map(\.recipient) == [stranger.recipient.description])
        #expect(try given.open(with: [stranger]).flatMap(Leaf.leaves).count == 8)

        let value = try project.tool.folder.write("x", to: "value")
        try project.reseal("set", "by-hand", "--from-file", value)
        let refused = try project.run(["export", "sops", "by-hand", "-o", "hand.yaml"])
        #expect(refused.status == 1)
        #expect(refused.errorText.contains("-r/--recipient"))
        #expect(!FileManager.default.fileExists(atPath: "\(project.git.path)/hand.yaml"))
    }

    @Test func whatCannotBeWrittenIsRefused() throws {
        let project = try project()
        for (name, file, words) in [
            ("nested", "x.env", "no nested fields"), ("db", "x.bin", "holds one scalar"), ("db", "x.ini", "INI"),
            ("dbb", "x.yaml", "dbb"),
        ] {
            let result = try project.run(["export", "sops", name, "-o", file, "-r", project.tool.recipient])
            #expect(result.status == 1)
            #expect(result.errorText.contains(words), "\(result.errorText)")
            #expect(!FileManager.default.fileExists(atPath: "\(project.git.path)/\(file)"))
        }
        try project.git.write("there.yaml", "mine\n")
        #expect(try project.run(["export", "sops", "db", "-o", "there.yaml"]).errorText.contains("exists already"))
        #expect(try project.read("there.yaml") == Array("mine\n".utf8))
        try project.reseal("export", "sops", "db", "-o", "there.yaml", "--force")
        #expect(try decrypt(project, "there.yaml").contains("canary-hunter2"))
    }
}
