import ResealCore
import TestSupport
import Testing

/// What no single file can tell: `reseal validate` over folders of manifests.
@Suite struct WholeSetTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try Command.check("git", ["init", "-q", folder.path])
        try Command.check("mkdir", ["-p", folder.file("manifests/a"), folder.file("manifests/b")])
        try write("repository", "Repository", "main", "{id: 0123456789abcdef}")
    }

    private func write(_ file: String, _ kind: String, _ name: String, _ spec: String, organization: String = "default")
        throws
    {
        try folder.write(
            "apiVersion: reseal/v1\nkind: \(kind)\nmetadata: {name: \(name), organization: \(organization)}\nspec: \(spec)\n",
            to: "manifests/\(file).yaml")
    }

    private struct Finding {
        let place: String
        let message: String
        let hint: String
    }

    /// Errors, in the order of the report.
    private func validate(isValid: Bool = false) throws -> [Finding] {
        let result = try Command.run(
            BuiltProduct.reseal(), ["validate", "--repo", folder.path, "--json", "--home", folder.file("home")])
        #expect(result.status == (isValid ? 0 : 1), "\(result.errorText)")
        let findings = try JSON(parsing: result.stdout)["diagnostics"]?.arrayValue ?? []
        return findings.filter { $0["severity"]?.stringValue == "error" }.map { finding in
            let position = finding["position"]
            let line = position?["line"]?.integerValue ?? 0
            let column = position?["column"]?.integerValue ?? 0
            return Finding(
                place:
                    "\(position?["file"]?.stringValue ?? "-"):\(line):\(column) \(finding["code"]?.stringValue ?? "")",
                message: finding["message"]?.stringValue ?? "", hint: finding["hint"]?.stringValue ?? "")
        }
    }

    @Test func namesAreUniqueWithinKindAndOrganization() throws {
        try write("a/one", "Role", "sre", "{}")
        try write("b/two", "Role", "sre", "{}")
        try write("b/three", "Role", "sre", "{}", organization: "acme")
        try write("b/four", "Secret", "sre", "{}")
        let findings = try validate()
        #expect(findings.map(\.place) == ["manifests/b/two.yaml:3:18 manifest.duplicate"])
        #expect(findings[0].message.contains("first at manifests/a/one.yaml:3:18"))
    }

    @Test func referencesLeadSomewhere() throws {
        try write("a/x", "Secret", "x", "{value: {a: b}, permissions: {read: [role:sre, role:srr]}, sync: [cluster]}")
        try write("b/y", "Connection", "y", "{engine: ssh, endpoint: e, credentialsFrom: {secret: hunter2-x9}}")
        try write("b/z", "Connection", "z", "{engine: ssh, endpoint: e, credentialsFrom: {secret: xx}}")
        try write("b/role", "Role", "sre", "{}")
        try write("b/other", "SyncTarget", "cluster", "{provider: file, folder: f}", organization: "acme")
        let findings = try validate()
        #expect(
            findings.map(\.place) == [
                "manifests/a/x.yaml:4:54 manifest.dangling-reference",
                "manifests/a/x.yaml:4:73 manifest.dangling-reference",
                "manifests/b/y.yaml:4:60 manifest.dangling-reference",
                "manifests/b/z.yaml:4:60 manifest.dangling-reference",
            ])
        #expect(
            findings.map(\.hint).filter { $0.hasPrefix("did you mean") } == [
                "did you mean `sre`?", "did you mean `x`?",
            ])
        #expect(findings[1].message == "there is no SyncTarget `cluster`")
        // A password where the name of its Secret belongs.
        #expect(findings[2].message == "there is no Secret of this name")
        #expect(!findings.contains { ($0.message + $0.hint).contains("hunter2") })
    }

    @Test func errorsOfAllFilesComeTogetherInTheOrderOfTheirPlaces() throws {
        try write("a/one", "Role", "One", "{}")
        try write("b/two", "Secret", "two", "{valu: x, type: nonsense, fromFile: y}")
        try write("c", "Rolle", "c", "{}")
        try folder.write("a: [\n", to: "manifests/d.yaml")
        try folder.write("- a\n", to: "manifests/e.yaml")
        #expect(
            try validate().map(\.place) == [
                "manifests/a/one.yaml:3:18 manifest.value", "manifests/b/two.yaml:4:8 manifest.unknown-key",
                "manifests/b/two.yaml:4:23 manifest.value", "manifests/b/two.yaml:4:33 manifest.unknown-key",
                "manifests/c.yaml:2:7 manifest.kind", "manifests/d.yaml:2:1 yaml.syntax",
                "manifests/e.yaml:1:1 manifest.not-a-mapping",
            ])
    }

    @Test func theRepositoryIsOne() throws {
        #expect(try validate(isValid: true).isEmpty)
        try write("second", "Repository", "other", "{id: fedcba9876543210}")
        #expect(try validate().map(\.place) == ["manifests/second.yaml:3:18 manifest.second-repository"])
    }

    /// Many references to what is not there: each is found, in time that does not grow with their square.
    @Test func thousandsOfDanglingReferences() throws {
        let many = (0..<3000).map { i in
            "---\napiVersion: reseal/v1\nkind: Secret\nmetadata: {name: s\(i)}\nspec: {value: {a: b}, sync: [target-\(i)]}\n"
        }
        try folder.write(many.joined(), to: "manifests/many.yaml")
        #expect(try validate().count == 3000)
    }
}
