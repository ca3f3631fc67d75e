import ResealCore
import Testing

@testable import ResealManifests

/// Rules that no shape can say, and the findings of a whole file.
@Suite struct RulesTests {
    @Test func allErrorsOfAFileAreReportedInTheOrderOfTheirPlaces() {
        let reading = read(
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata:
              name: Orders
              lables: {a: b}
            spec:
              type: databse
              expiresAt: tomorrow
              permissions:
                read: role:backend
                write: [sre, role:x, role:x]
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: good}
            spec: {}
            ---
            kind: Role
            ---
            apiVersion: reseal/v1
            kind: Conection
            metadata: {name: x}
            spec: {}
            ---
            - a
            ---
            just text
            """)
        #expect(
            reading.findings == [
                "4:9 manifest.value", "5:3 manifest.unknown-key", "7:3 manifest.no-value", "7:9 manifest.value",
                "8:14 manifest.value", "10:11 manifest.type", "11:13 manifest.value", "11:26 manifest.duplicate-item",
                "18:1 manifest.api-version", "21:7 manifest.kind", "25:1 manifest.not-a-mapping",
                "27:1 manifest.not-a-mapping",
            ])
        #expect(reading.manifests.map(\.key.name) == ["good"] && reading.manifests.map(\.documentIndex) == [1])
        #expect(!reading.isComplete)
        let hints = reading.diagnostics.compactMap(\.hint)
        for hint in ["did you mean `labels`?", "did you mean `database`?", "did you mean Connection?"] {
            #expect(hints.contains(hint))
        }
    }

    @Test func findingsNameFileAndCommit() throws {
        let commit = try #require(ObjectID(hex: String(repeating: "ab", count: 20)))
        let file = ManifestFile(path: "manifests/é/x.yaml", bytes: Array("- a\n".utf8), commit: commit)
        let span = try #require(ManifestReader.read(file).diagnostics.first?.span)
        #expect(span == SourceSpan(file: "manifests/é/x.yaml", line: 1, column: 1, commit: commit))
    }

    @Test func resourcesWithErrorsAreRejectedByName() {
        let text =
            secret("nonsense: 1") + "---\n" + secret("value: x", name: "ok") + "---\n" + secret("{}", name: "Bad Name")
        let reading = read(text)
        #expect(reading.rejected.map(\.description) == ["Secret.default/orders-db"])
        #expect(reading.manifests.map(\.key.name) == ["ok"])
        // What the third declares is unknown.
        #expect(!reading.isComplete)
    }

    @Test func referencesAreNotedWithTheirPlaces() {
        let text = Samples.all.filter { [.secret, .connection, .notifier].contains($0.kind) }.map(\.text).joined(
            separator: "---\n")
        let reading = read(text.replacing("acme", with: "org"))
        let references = reading.manifests.flatMap(\.references)
        let resources = Set(
            references.compactMap { reference in
                if case .resource(let key) = reference.target { return "\(reference.what) \(key)" }
                return nil
            })
        #expect(
            resources == [
                "read Role.org/backend", "write Role.org/sre", "notify Notifier.org/on-call",
                "sync SyncTarget.org/cluster",
                "issuer Secret.org/ca/internal", "connection Connection.org/orders-admin",
                "connection Connection.org/api",
                "connection Connection.org/idp", "secret Secret.org/admin", "secret Secret.org/hook-key",
            ])
        for reference in references {
            let line = text.split(separator: "\n", omittingEmptySubsequences: false)[reference.span.line - 1]
            #expect(line.dropFirst(reference.span.column - 1).contains { $0 != " " })
        }
    }

    @Test(arguments: [
        ("keepPrevious: 1d\nrotation: {keepPrevious: 2d}", ["7:28 manifest.conflict", "6:3 manifest.no-value"]),
        ("keepPrevious: 24h\nrotation: {keepPrevious: 1d}\nvalue: x", []),
        ("value: x\nautoRenew: true", ["7:14 manifest.no-generator"]),
        ("value: x\nautoRenew: true\nrotation: {generate: {kind: uuid}}", []),
        ("value: x\nrotation: {generate: {kind: uuid, field: a}}", ["7:44 manifest.conflict"]),
        ("value: {a: x}\nrotation: {generate: {kind: uuid, field: a}}", []),
        ("permissions: {read: [\"*\"]}\nvalue: x", ["6:24 manifest.everyone"]),
        ("value:", ["6:3 manifest.no-value"]), ("type: config", ["6:3 manifest.no-value"]),
    ])
    func rulesBetweenKeys(_ spec: String, _ findings: [String]) {
        #expect(Set(read(secret(spec)).findings) == Set(findings))
    }

    @Test func lifetimesFitEachOther() {
        let sample = Samples.all.first { $0.kind == .dynamicSecret }?.text ?? ""
        let line = sample.split(separator: "\n").firstIndex { $0.contains("ttl: 30m") } ?? 0
        #expect(read(sample.replacing("ttl: 30m", with: "ttl: 5h")).findings == ["\(line + 1):8 manifest.conflict"])
        #expect(read(sample.replacing("ttl: 30m", with: "ttl: 4h")).findings.isEmpty)
    }

    @Test func groupsMustExist() {
        let sample = Samples.all.first { $0.kind == .recipients }?.text ?? ""
        let reading = read(sample.replacing("group:ops", with: "group:opps"))
        #expect(reading.codes == ["manifest.unknown-group"])
        #expect(reading.diagnostics.first?.hint == "did you mean group:ops?")
        #expect(reading.diagnostics.first?.span?.line == 24)
    }

    @Test(arguments: [
        ("type: database\nvalue: {password: hunter2}", true), ("value: {db: {API_Key: hunter2}}", true),
        ("value: {token: ''}", false), ("value: {host: db}", false), ("type: generic\nvalue: hunter2", false),
        ("type: api-key\nvalue: hunter2", true), ("type: config\nvalue: hunter2", false), ("value: {pin: 1234}", false),
        ("value: {password: 12345678}", false),
        ("value: {x: AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ}", true),
        ("value: {pem: \"-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA\\n\"}", true),
    ])
    func plainSecretsAreWarnedOf(_ spec: String, _ isWarned: Bool) {
        let reading = read(secret(spec))
        #expect(reading.codes == (isWarned ? ["manifest.plain-secret"] : []))
        #expect(!reading.hasErrors && reading.manifests.count == 1)
        #expect(!reading.diagnostics.description.contains("hunter2"))
    }

    @Test func hintsHoldNothingThatAShellActsOn() {
        let reading = read(secret("value: {\"x; rm -rf ~; password\": hunter2}"))
        #expect(reading.diagnostics.first?.hint?.contains("rm -rf") == false)
        #expect(reading.diagnostics.first?.hint?.contains("--field FIELD") == true)
    }

    @Test func credentialsHostsAndCommandsAreRefusedWithAdvice() {
        let connection = Samples.all.first { $0.kind == .connection }?.text ?? ""
        let notifier = Samples.all.last { $0.kind == .notifier }?.text ?? ""
        for (text, key, code) in [
            (connection, "password", "manifest.literal-credential"), (connection, "url", "manifest.literal-host"),
            (notifier, "shell", "manifest.literal-command"),
        ] {
            let reading = read(text + "  \(key): hunter2\n")
            #expect(reading.codes == [code])
            #expect(!reading.diagnostics.description.contains("hunter2"))
        }
    }
}
