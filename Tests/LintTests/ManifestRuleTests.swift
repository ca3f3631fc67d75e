import ResealCore
import ResealManifests
import TestSupport
import Testing

@Suite struct ManifestRuleTests {
    private func secret(_ spec: String, name: String = "prod/db") -> String {
        "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: \(name)}\nspec:\n"
            + spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n")
            + "\n"
    }

    private func places(_ text: String, files: [String: [UInt8]] = [:]) -> [String] {
        FileLint.findings(text, file: "manifests/a.yaml", files: files).map {
            "\($0.span.line):\($0.span.column) \($0.rule.id)"
        }
    }

    @Test func plainFieldsOfAValue() {
        let text = secret(
            "type: database\nvalue:\n  host: db.internal\n  username: orders\n  password: hunter\n  tls: {key: x}")
        #expect(places(text) == ["9:15 plain-secret"])
        #expect(places(secret("type: api-key\nvalue: plainvalue")) == ["6:10 plain-secret"])
        #expect(places(secret("type: config\nvalue: plainvalue")) == [])
        #expect(places(secret("value: {apiKey: changeme, token: '${X}'}")) == [])
        #expect(places(secret("value: {port: 5432, region: eu-central-1}")) == [])
    }

    @Test func aTokenUnderAHarmlessNameIsFoundByItsShape() {
        #expect(places(secret("value: {note: \(Sample.githubToken)}")) == ["5:17 known-token"])
        #expect(places(secret("description: was \(Sample.githubToken)\nvalue: {a: b}")) == ["5:20 known-token"])
    }

    @Test func referencesToSecretsAreNoSecrets() {
        let text = """
            apiVersion: reseal/v1
            kind: Connection
            metadata: {name: admin}
            spec:
              engine: postgresql
              credentialsFrom: {secret: db1, passwordField: pw1}

            """
        #expect(places(text) == [])
    }

    @Test func freeTextOfTheMetadata() {
        #expect(places(secret("metadata: {adminPassword: hunter2}\nvalue: {a: b}")) == ["5:29 plain-secret"])
    }

    @Test func documentsWithErrorsAreLookedAtAsWell() {
        let text = secret("tpye: database\nvalue: {password: hunter}") + "---\n" + secret("value: {token: q7w8e9}")
        #expect(places(text) == ["6:21 plain-secret", "12:18 plain-secret"])
        // Without a tree, the lines.
        #expect(
            places("apiVersion: reseal/v1\nkind: Secret\nspec: {value: [}\npassword: hunter2\n") == [
                "4:11 plain-secret"
            ])
    }

    @Test func marksThatWereNeverSealed() {
        #expect(
            places(secret("value: {password: !seal hunter2, blob: !seal/base64 aGk=}"))
                == ["3:18 missing-rotation", "5:21 unsealed-mark", "5:42 unsealed-mark"].sorted(by: <))
    }

    @Test func everyone() {
        let text = secret("type: config\nvalue: {a: b}\npermissions:\n  read: [user:ada, '*']\n  write: [role:sre]")
        #expect(places(text) == ["8:22 wildcard-permission"])
    }

    @Test func times() {
        func rules(_ spec: String) -> [String] { places(secret("type: config\nvalue: {a: b}\n" + spec)) }
        #expect(rules("expiresAt: 2025-12-31") == ["7:14 expired"])
        #expect(rules("expiresAt: 2026-01-20T00:00:00Z") == ["7:14 expiring-soon"])
        #expect(rules("expiresAt: 2026-02-20T00:00:00Z") == [])
        #expect(rules("expiresAt: 2026-01-20\nautoRenew: true") == [])
        #expect(rules("expiresAt: nonsense") == [])
    }

    @Test func unboundValuesInPlaceAndInFiles() throws {
        let user = try Installation()
        let sealed = try Command.check("age", ["-a", "-r", user.recipient()], stdin: Array("x".utf8))
        let armor = sealed.text.split(separator: "\n").joined(separator: "\n  ")
        let rotation = "rotation: {every: 30d}"
        #expect(places(secret("\(rotation)\nvalue: |\n  \(armor)")) == ["6:10 unbound-value"])
        let file = secret("\(rotation)\nvalue: {fromFile: x.age}")
        #expect(places(file, files: ["manifests/x.age": sealed.stdout]) == ["6:21 unbound-value"])
        #expect(places(file) == [])
    }

    @Test func boundValuesWithoutRotation() throws {
        let user = try Installation()
        try user.check("init", "--manifests", "\(user.repository.path)/manifests", "--recipient", user.recipient())
        try user.repository.write("manifests/a.yaml", secret("type: database\nvalue: {password: ''}"))
        try user.seal("prod/db", "password", "hunter2")
        let text = String(decoding: try user.folder.read("repository/manifests/a.yaml"), as: UTF8.self)
        #expect(places(text) == ["3:18 missing-rotation"])
        #expect(places(text + "  rotation: {every: 30d}\n") == [])
        #expect(places(text + "  rotation: {keepPrevious: 1d}\n") == ["3:18 missing-rotation"])
    }

    @Test func recipientsThatNobodyHolds() throws {
        let keys = try (0..<4).map { _ in
            try Command.check("age-keygen", []).text.split(separator: " ").first { $0.hasPrefix("age1") }.map {
                String($0.prefix(62))
            } ?? ""
        }
        let text = """
            apiVersion: reseal/v1
            kind: Recipients
            metadata: {name: recipients}
            spec:
              controller: \(keys[0])
              groups:
                ada: [\(keys[1])]
                sre:
                  - \(keys[1])
                  - \(keys[2]) # Bob
                  - \(keys[3])
                old: []
              rules:
                - recipients: ["group:sre", "group:ada", \(keys[0])]

            """
        #expect(places(text) == ["11:9 unnamed-recipient", "12:5 unused-group"])
    }
}
