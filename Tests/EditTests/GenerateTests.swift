import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal generate`, by the manifest's own rules and by options.
@Suite struct GenerateTests {
    let desk: Desk

    init() throws {
        desk = try Desk()
        try desk.user.repository.write("manifests/made.yaml", Self.manifest)
    }

    private static func secret(_ name: String, _ spec: String) -> String {
        "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: \(name)}\nspec:\n\(spec)\n"
    }

    private static let manifest = [
        secret("made/password", "  value:\n  rotation: {generate: {kind: password, length: 40, symbols: \"-_\"}}"),
        secret(
            "made/ssh",
            "  # kept\n  value: {user: deploy}\n  rotation: {generate: {kind: ssh, field: key, publicField: public, comment: ci}}"
        ),
        secret(
            "made/tls",
            "  value:\n    certificate: old\n    key: old  # k\n  rotation: {generate: {kind: x509, field: key, certificateField: certificate, commonName: a.example}}"
        ),
        secret(
            "made/ca-signed",
            "  value: x\n  rotation: {generate: {kind: x509, certificateField: c, commonName: a, issuer: made/tls}}"),
        secret("made/no-room", "  value: x\n  rotation: {generate: {kind: ed25519, publicField: p}}"),
        secret("made/lost", "  value: {k: x}\n  rotation: {generate: {kind: x509, field: k, commonName: a}}"),
        secret("made/several", "  value: {a: x, b: y}\n  rotation: {generate: {kind: uuid}}"),
        secret("made/handled", "  value: x\n  rotation: {generate: {kind: uuid}, handler: {exec: {command: reload}}}"),
        secret("made/nothing", "  value: x"),
    ].joined(separator: "---\n")

    /// Without any private key.
    @discardableResult
    private func generate(
        _ arguments: String..., exits status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let result = try desk.user.reseal(
            ["generate"] + arguments + ["--repo", desk.user.repository.path], variables: ["RESEAL_HOME": desk.memory])
        #expect(result.status == status, "\(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        return result
    }

    private func text() throws -> String { try desk.text("manifests/made.yaml") }

    private func part(_ name: String) throws -> String {
        try #require(try text().components(separatedBy: "---\napi").first { $0.contains("name: made/\(name)}") })
    }

    @Test func aPasswordByTheManifest() throws {
        let first = try generate("made/password")
        #expect(
            first.errorText
                == "sealed a fresh value: made/password into manifests/made.yaml for 1 recipient(s), counter 1")
        #expect(first.text == "")
        let one = try desk.opened("value", in: try part("password"))
        let json = try JSON(parsing: try generate("made/password", "--json").stdout)
        #expect(json["counter"]?.integerValue == 2 && json["file"]?.stringValue == "manifests/made.yaml")
        let two = try desk.opened("value", in: try part("password"))
        #expect(one.count == 40 && two.count == 40 && one != two)
        for made in [one, two] {
            #expect(!(first.text + first.errorText + json.canonical).contains(String(decoding: made, as: UTF8.self)))
        }
        // The rest of the file is as it was.
        let armor = try #require(try text().firstRange(of: /\ \|\n    -----BEGIN(.|\n)*?END AGE ENCRYPTED FILE-----/))
        #expect(try text().replacingCharacters(in: armor, with: "") == Self.manifest)
        // The other name of the command.
        let other = try desk.user.reseal(["rotate-value", "made/password", "--repo", desk.user.repository.path])
        #expect(other.errorText.contains("counter 3"))
    }

    @Test func whatIsPublicGoesInBesideTheKey() throws {
        try generate("made/ssh")
        let ssh = try part("ssh")
        #expect(
            ssh.contains("  # kept\n  value: {user: deploy, key: \"-----BEGIN AGE")
                && ssh.contains("public: \"ssh-ed25519 AAAA"))

        try generate("made/tls")
        let tls = try part("tls").replacing("|  # k", with: "|")
        let key = try desk.user.folder.write(try desk.opened("key", in: tls), to: "key.pem")
        let start = try #require(tls.range(of: "certificate: |\n"))
        let lines = tls[start.upperBound...].split(separator: "\n").prefix { $0.hasPrefix("      ") }
        let certificate = try desk.user.folder.write(lines.map { $0.dropFirst(6) + "\n" }.joined(), to: "cert.pem")
        let ofKey = try Command.check("openssl", ["pkey", "-in", key, "-pubout"]).text
        #expect(try Command.check("openssl", ["x509", "-in", certificate, "-noout", "-pubkey"]).text == ofKey)
        #expect(try part("tls").contains("    key: |  # k\n"))
    }

    @Test func byOptions() throws {
        try generate(
            "made/several", "--field", "b", "--kind", "password", "--length", "12", "--symbols", "+", "--exclude",
            "lIO01")
        try generate("made/several", "--field", "c.d", "--kind", "bytes", "--encoding", "hex", "--length", "16")
        let part = try part("several")
        let armors = part.matches(of: /"(-----BEGIN.*?FILE-----\\n)"/).map {
            String($0.output.1).replacing("\\n", with: "\n")
        }
        let values = try armors.map {
            String(
                decoding: try Command.check("age", ["-d", "-i", desk.user.identity], stdin: Array($0.utf8)).stdout,
                as: UTF8.self)
        }
        #expect(values.count == 2 && values[0].count == 12 && values[0].contains("+"))
        #expect(values.count == 2 && values[1].wholeMatch(of: /[0-9a-f]{32}/) != nil)
        // A value that is a file.
        try generate("prod/blob", "--kind", "bytes", "--encoding", "raw", "--length", "100")
        let blob = "\(desk.user.repository.path)/manifests/blob.age"
        #expect(try Command.check("age", ["-d", "-i", desk.user.identity, blob]).stdout.count == 100)
        // One that does not exist yet.
        try desk.user.repository.write("manifests/f.yaml", Self.secret("f", "  value: {fromFile: deep/new.age}"))
        try generate("f", "--kind", "uuid")
        try desk.user.check("validate", "--repo", desk.user.repository.path)
    }

    @Test func refusals() throws {
        let before = try text()
        let cases: [(line: [String], code: String, words: String)] = [
            (["made/ca-signed"], "generate.needs-controller", "let its rotation make it"),
            (["made/handled"], "generate.needs-controller", "--ignore-handler"),
            (["made/nothing"], "generate.unclear", "--kind password"),
            (["made/several"], "generate.unclear", "name it with --field: `a`, `b`"),
            (["made/no-room"], "generate.unclear", "set `field`"),
            (["made/lost"], "generate.unclear", "certificateField"),
            (["made/nothng"], "seal.no-manifest", "did you mean `made/nothing`?"),
            (
                ["prod/blob", "--kind", "ed25519", "--public-field", "p", "--field", "x"], "generate.unclear",
                "make the value a mapping"
            ),
            (["made/nothing", "--kind", "password", "--length", "3"], "usage", "must be from 8 to 1024"),
            (["made/nothing", "--kind", "pasword"], "usage", "did you mean `password`?"),
            (["made/nothing", "--length", "30"], "usage", "add --kind"),
            (["made/nothing", "--kind", "uuid", "--length", "30"], "usage", "does not apply here"),
            (
                [
                    "made/nothing", "--kind", "password", "--length", "8", "--exclude",
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                ], "generate.impossible", "shorten `exclude`"
            ),
        ]
        for (line, code, words) in cases {
            let result = try desk.user.reseal(["generate"] + line + ["--repo", desk.user.repository.path])
            #expect(
                result.status == (code == "usage" ? 64 : 1) && result.errorText.contains("[\(code)]"),
                "\(line): \(result.errorText)")
            #expect(result.errorText.contains(words), "\(line): \(result.errorText)")
        }
        #expect(try text() == before)
        try generate("made/handled", "--ignore-handler")
    }

    @Test func deathAtAnyPlaceLeavesBothPartsOrNone() throws {
        for point in ["worktree.beforeSync", "worktree.beforeRename", "worktree.afterRename"] {
            let copy = try Installation(copying: desk.user)
            let line = ["generate", "made/tls", "--repo", copy.repository.path]
            #expect(try copy.reseal(line, variables: ["RESEAL_FAULT": point]).status == 137)
            let text = try String(contentsOfFile: "\(copy.repository.path)/manifests/made.yaml", encoding: .utf8)
            let isNew = text.contains("certificate: |")
            #expect(isNew == text.contains("    key: |") && (isNew || text == Self.manifest), "\(point)")
            try copy.check("generate", "made/tls", "--repo", copy.repository.path)
        }
    }
}
