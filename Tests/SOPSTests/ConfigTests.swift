import ResealAge
import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct ConfigTests {
    private static let a = "age1d66y9l8w6splnm2fumy72zntjvl9wtvytpp0cw64uxcr572p5eps3m88fs"

    private func keys(_ count: Int) throws -> [String] {
        try (0..<count).map { _ in try X25519Identity().recipient.description }
    }

    private func read(_ text: String, at path: String = ".sops.yaml") -> SOPSConfig {
        SOPSConfig(ManifestFile(path: path, bytes: Array(text.utf8)))
    }

    @Test func allWaysToNameRecipients() throws {
        let k = try keys(7)
        let config = read(
            """
            keys:
              - &ada \(k[0])
              - &ben \(k[1])
            creation_rules:
              - path_regex: ^prod/
                encrypted_regex: ^(data|stringData)$
                age: >-
                  \(k[0]),
                  \(k[1]) ,
              - path_regex: dev
                age: [*ada, *ben, "\(k[2]), \(k[3])"]
              - path_regex: group
                age: \(k[6])
                key_groups:
                  - age: [\(k[4])]
                    merge:
                      - age: [*ada]
                        merge: [{age: [\(k[5]), *ada]}]
              - age: \(k[6])
            """)
        #expect(config.diagnostics.isEmpty, "\(config.diagnostics)")
        #expect(
            config.rules.map(\.recipients) == [
                [k[0], k[1]], [k[0], k[1], k[2], k[3]], [k[5], k[0], k[4]], [k[6]],
            ])
        #expect(config.rules.map(\.pathRegex) == ["^prod/", "dev", "group", nil])
    }

    @Test func whatSOPSPassesOverIsWarnedAbout() throws {
        let config = read(
            """
            creation_rule: []
            anchors: {any: thing}
            creation_rules:
              - path_regexp: prod
                age: \(Self.a)
                pgp: ABCD
              - kms: arn
            """)
        #expect(
            config.diagnostics.map { "\($0.severity) \($0.span?.line ?? 0):\($0.span?.column ?? 0)" } == [
                "warning 1:1", "warning 4:5", "warning 4:5", "warning 7:5", "warning 7:5",
            ])
        #expect(config.diagnostics[0].hint == "did you mean `creation_rules`?")
        #expect(config.diagnostics[1].hint == "did you mean `path_regex`?")
        #expect(config.diagnostics[2].message.contains("PGP"))
        #expect(config.diagnostics[4].message.contains("the controller alone"))
        #expect(config.rules.map(\.recipients) == [[Self.a], []])
    }

    @Test(arguments: [
        ("creation_rules:\n  - path_regex: '(a'\n    age: \(a)\n", "`path_regex`"),
        ("creation_rules:\n  - age: age1nonsense\n", "a recipient"),
        ("creation_rules:\n  - age: {a: b}\n", "`age` is a text"),
        ("creation_rules:\n  - key_groups: [{age: [\(a)]}, {age: [\(a)]}]\n", "2 key groups"),
        ("creation_rules:\n  - text\n", "a creation rule is a mapping"), ("- a\n", "is a mapping"),
        ("a: [\n", "did not find"),
    ]) func whatCannotBeHonouredIsRefused(text: String, message: String) {
        let config = read(text)
        #expect(
            config.diagnostics.contains { $0.severity == .error && $0.message.contains(message) },
            "\(config.diagnostics)")
        #expect(config.rules.isEmpty)
    }

    /// SOPS itself says which rule is for which file.
    @Test func pathsFitTheSameRulesAsInSOPS() throws {
        let tool = try SOPSTool()
        let patterns = ["^prod/.*\\.ya?ml$", "(^|/)dev/", "\\.env$", "^[^/]+\\.json$", "a.b", "secrets/.*(?i)KEY"]
        let k = try keys(patterns.count + 1)
        var text = "creation_rules:\n"
        for (pattern, key) in zip(patterns, k) { text += "  - path_regex: '\(pattern)'\n    age: \(key)\n" }
        text += "  - age: \(k[patterns.count])\n"
        try tool.folder.write(text, to: ".sops.yaml")
        let manifest = try #require(
            ManifestReader.read(
                ManifestFile(
                    path: "r.yaml",
                    bytes: Array(
                        """
                        apiVersion: reseal/v1
                        kind: Recipients
                        metadata: {name: r}
                        spec: {controller: \(Self.a), fromSOPSConfig: infra/.sops.yaml}
                        """.utf8))
            ).manifests.first)
        let taken = manifest.taking(read(text, at: "infra/.sops.yaml"))
        guard case .recipients(let spec) = taken.spec else { throw Command.Failure(description: "no Recipients") }
        let rules = try RecipientRules(spec)
        let plain = try tool.folder.write("a: b", to: "plain.yaml")
        for path in [
            "prod/x.yaml", "prod/x/y.yml", "prod/x.json", "x.json", "sub/x.json", "dev/x", "sub/dev/x.yaml", "ab/x.env",
            "prod/a.yaml.env", "aXb", "secrets/my.key", "secrets/KEYS", "other", "Prod/x.yaml",
        ] {
            let sealed = try tool.run(
                ["encrypt", "--input-type", "yaml", "--output-type", "yaml", "--filename-override", path, plain])
            let used = try tool.read(sealed.stdout, name: "t.yaml").metadata.ageKeys.map(\.recipient)
            #expect(
                rules.recipients(path: "infra/" + path, name: "n").dropFirst().map(\.description) == used, "\(path)")
            // Elsewhere the file means nothing.
            #expect(rules.recipients(path: path, name: "n").count == 1)
        }
        // The form that the vault keeps reads back as the same rules.
        let stored = ManifestFile(
            path: "r.yaml",
            bytes: JSON.object(
                (try JSON(parsing: taken.publicForm).objectValue ?? [:]).merging([
                    "apiVersion": "reseal/v1", "kind": "Recipients", "metadata": ["name": "r"],
                ]) { $1 }
            ).canonicalBytes)
        let again = ManifestReader.read(stored)
        #expect(again.diagnostics.isEmpty, "\(again.diagnostics)")
        guard case .recipients(let reread)? = again.manifests.first?.spec else { return }
        #expect(reread.rules == spec.rules)
    }

    @Test func theFileIsPartOfTheRules() throws {
        let project = try Project(rules: "fromSOPSConfig: .sops.yaml")
        let k = try keys(2)
        func config(_ key: String) -> String { "creation_rules:\n  - path_regex: ^manifests/prod/\n    age: \(key)\n" }
        try project.git.write(".sops.yaml", config(k[0]))
        try project.writeSecret("prod/a", value: "{user: orders}")
        try project.writeSecret("dev/a", value: "{user: orders}")
        try project.git.commit()
        #expect(try sealedFor(project, "prod/a") == [project.tool.recipient, k[0]])
        #expect(try sealedFor(project, "dev/a") == [project.tool.recipient])
        try project.apply()
        #expect(try project.reseal("validate").contains("valid"))
        #expect(try project.reseal("plan").contains("Nothing to do"))

        // A change of the file alone, outside of the manifests' folder, is planned and judged.
        try project.git.write(".sops.yaml", config(k[1]))
        try project.git.commit()
        for arguments in [["plan"], ["plan", "--base", "HEAD~1"], ["plan", "--worktree"]] {
            let plan = try project.run(arguments + ["--json"])
            #expect(plan.text.contains("recipientsAdded"), "\(arguments) \(plan.text)")
            #expect(plan.text.contains(k[1]))
        }
        #expect(try project.run(["validate"]).errorText.contains("value.recipients"))
        try project.reseal("apply", "--yes")
        #expect(try project.reseal("plan").contains("Nothing to do"))
        // What the vault keeps is enough for a plan that reads only what changed.
        try project.writeSecret("prod/b", value: "{user: orders}")
        try project.git.commit()
        try project.git.write("manifests/prod/b.yaml", try project.git.git("show", "HEAD:manifests/prod/b.yaml") + "\n")
        #expect(try sealedFor(project, "prod/b") == [project.tool.recipient, k[1]])
        #expect(try !project.run(["plan"]).errorText.contains("value.recipients"))

        try project.git.remove(".sops.yaml")
        try project.git.commit()
        let result = try project.run(["plan"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("manifests/recipients.yaml:6:19"))
        #expect(result.errorText.contains("error: there is no readable file of this name"))
    }

    /// Seals a field, and tells for whom.
    private func sealedFor(_ project: Project, _ name: String) throws -> [String] {
        let file = try project.tool.folder.write("hunter2", to: "value")
        let result = try project.run(["seal", name, "--field", "password", "--from-file", file, "--json"])
        try #require(result.status == 0, "\(result.errorText.suffix(400))")
        try project.git.commit()
        return try JSON(parsing: result.stdout)["recipients"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}
