import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct ValidateTests {
    let user: Installation

    init() throws { user = try Installation.sealed() }

    private func validate(_ options: String...) throws -> Command.Result {
        try user.reseal(["validate", "--repo", user.repository.path] + options)
    }

    @Test func aGoodRepository() throws {
        let text = try validate()
        #expect(text.status == 0)
        #expect(text.text == "\(SampleRepository.fields.count + 3) resources are valid.", "\(text.text)")
        let json = try JSON(parsing: try validate("--json", "--strict").stdout)
        #expect(Set((json.objectValue ?? [:]).keys) == ["valid", "resources", "diagnostics"])
        #expect(json["valid"]?.boolValue == true)
        // The work tree by default, a commit when it is named.
        try user.repository.write("manifests/all.yaml", "nonsense\n")
        #expect(try validate().status == 1)
        #expect(try validate("--ref", "main").status == 0)
        #expect(try validate("--ref", "mian").errorText.contains("[git.ref-not-found]"))
        #expect(try user.reseal(["validate"], directory: user.repository.path).status == 1)
    }

    @Test func itNeedsNeitherVaultNorKey() throws {
        try FileManager.default.removeItem(atPath: user.home)
        try FileManager.default.removeItem(atPath: user.identity)
        #expect(try validate().status == 0)
        #expect(!FileManager.default.fileExists(atPath: user.home))
    }

    @Test func warningsCountOnlyWhenStrict() throws {
        try user.writeSecret("made/login", value: "{password: plain}")
        let lenient = try validate()
        #expect(lenient.status == 0)
        #expect(lenient.errorText.contains("manifests/made-login.yaml:5:21: warning: "), "\(lenient.errorText)")
        #expect(try validate("--strict").status == 1)
        let json = try JSON(parsing: try validate("--json").stdout)
        #expect(json["diagnostics"]?.arrayValue?.first?["severity"]?.stringValue == "warning")
    }

    @Test func unboundValuesFollowTheRepositorysRule() throws {
        let armored = try Command.check(
            "age", ["-a", "-r", try user.recipient()], stdin: Array("by plain age".utf8)
        ).text
        let value = "|\n    " + armored.replacing("\n", with: "\n    ")
        try user.writeSecret("made/unbound", value: value)
        let strict = try validate()
        #expect(strict.status == 1)
        #expect(strict.errorText.contains("manifests/made-unbound.yaml:5:10: error: "), "\(strict.errorText)")
        #expect(strict.errorText.contains("[value.unbound]"))
        let rules = try String(contentsOfFile: "\(user.repository.path)/manifests/repository.yaml", encoding: .utf8)
        try user.repository.write(
            "manifests/repository.yaml", rules.replacing("requireBinding: true", with: "requireBinding: false"))
        let lenient = try validate()
        #expect(lenient.status == 0)
        #expect(lenient.errorText.contains("warning: "))
        // It is applied then, with the warning.
        try user.repository.commit()
        try user.expect("apply", "--yes", prints: ["Applied commit"])
        try user.expect("get", "made/unbound", prints: ["by plain age"])
    }

    @Test func aMovedCiphertextIsAnError() throws {
        let text = try String(contentsOfFile: "\(user.repository.path)/manifests/all.yaml", encoding: .utf8)
        try user.repository.write(
            "manifests/all.yaml", text.replacing("{name: prod/note}", with: "{name: prod/other}"))
        let result = try validate()
        #expect(result.status == 1)
        #expect(result.errorText.contains("[value.misplaced]"))
        try user.repository.commit()
        try user.expectFailure("apply", "--yes", code: "value.misplaced")
        #expect(try user.serial() == "0")
        try user.expect("audit", "list", "--result", "refused", prints: ["git.apply", "value.misplaced"])
    }

    @Test func theSchemaIsOneJSONDocument() throws {
        let schema = try user.expect("schema", notes: nil)
        let document = try JSON(parsing: schema.stdout)
        #expect(document["$schema"]?.stringValue?.contains("json-schema.org") == true)
        try user.folder.write(schema.stdout, to: "schema.json")
    }
}
