import Foundation
import ResealCore
import TestSupport
import Testing

/// Manifests that were made to break something.
@Suite struct HostileManifestTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    /// In the work tree and in a commit, with a key and without one.
    private var commands: [[String]] {
        [["plan", "--worktree"], ["plan", "--base", "HEAD~1"], ["apply", "--yes"]]
    }

    private func write(_ bytes: [UInt8], to name: String = "hostile.yaml") throws {
        try user.folder.write(bytes, to: "repository/manifests/\(name)")
        try user.repository.commit()
    }

    private static let head = "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: made/new}\nspec:\n  "

    private static let texts: [(name: String, text: String, code: String)] = [
        ("ten megabytes in one line", head + "value: " + String(repeating: "x", count: 10 << 20), "git.too-large"),
        (
            "three megabytes in one line", head + "value: " + String(repeating: "x", count: 3 << 20),
            "manifest.value-too-large"
        ),
        (
            "an alias bomb",
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
                + "bcdefghi".reduce(into: ("", "a")) { text, name in
                    text.0 += "\(name): &\(name) [\(Array(repeating: "*\(text.1)", count: 9).joined(separator: ","))]\n"
                    text.1 = String(name)
                }.0, "yaml.alias-limit"
        ),
        ("a cyclic alias", head + "value: &a {b: *a}", "yaml.cyclic-alias"),
        ("a hundred thousand brackets", String(repeating: "[", count: 100_000), "yaml.too-deep"),
        (
            "a hundred thousand indents", (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
            "yaml.too-deep"
        ),
        ("a million items", "[" + String(repeating: "x,", count: 1_000_000) + "]", "yaml.too-many-nodes"),
        ("a hundred thousand documents", String(repeating: "---\n", count: 100_000), "yaml.too-many-documents"),
        ("duplicate keys", head + "value: x\n  value: y\n", "yaml.duplicate-key"),
        (
            "many duplicate keys", head + "value: {" + String(repeating: "a: 1, ", count: 20_000) + "}",
            "yaml.too-many-errors"
        ),
        ("a NUL byte", head + "value: \"a\u{0}b\"\n", "yaml.control-character"),
        ("bidirectional text", head + "value: \"a\u{202e}b\"\n", "yaml.control-character"),
        ("an unclosed quote", head + "value: \"" + String(repeating: "x\n", count: 100_000), "yaml.syntax"),
        ("a merge key", head + "<<: {value: x}\n", "yaml.merge-key"),
        ("a tag of a program", head + "value: !!python/object/apply:os.system [ls]\n", "yaml.tag"),
    ]

    @Test(arguments: texts.indices)
    func text(index: Int) throws {
        let hostile = Self.texts[index]
        try write(Array(hostile.text.utf8))
        try user.expectRefusals(commands, code: hostile.code, place: "manifests/hostile.yaml")
    }

    @Test func invalidUTF8() throws {
        try write(Array(Self.head.utf8) + Array("value: \"".utf8) + [0xff, 0xfe, 0xc0, 0x80] + Array("\"\n".utf8))
        try user.expectRefusals(commands, code: "yaml.encoding", place: "manifests/hostile.yaml:5:")
    }

    // MARK: Sealed values

    @Test(arguments: [60, 100, 200, 300])
    func aTruncatedAgeFile(length: Int) throws {
        let sealed = try user.folder.read("repository/manifests/blob.age")
        try write(Array(sealed.prefix(length)), to: "blob.age")
        try user.expectRefusals(commands, code: "age.armor", place: "manifests/all.yaml:")
    }

    @Test func aSealedValueWithABitFlipped() throws {
        var sealed = try Command.check("age", ["-r", try user.recipient()], stdin: Array("x".utf8)).stdout
        sealed[sealed.count - 1] ^= 1
        try write(sealed, to: "blob.age")
        // Only whoever holds the key can tell; the others see that it is bound to nothing.
        try user.expectRefusals([["plan"], ["apply", "--yes"]], exits: 6, code: "value.undecryptable")
        try user.expectRefusals([["plan", "--base", "HEAD~1"]], code: "value.unbound")
    }

    @Test func aCiphertextMovedToAnotherSecretFieldOrRepository() throws {
        let text = try String(contentsOfFile: "\(user.repository.path)/manifests/all.yaml", encoding: .utf8)
        let swaps = [
            ("prod/note}", "prod/other}"), ("    password: |", "    passphrase: |"),
            ("{name: prod/note}", "{name: prod/note, organization: other}"),
        ]
        for (old, new) in swaps {
            #expect(text.contains(old))
            try write(Array(text.replacing(old, with: new).utf8), to: "all.yaml")
            try user.expectRefusals(commands, code: "value.misplaced", place: "manifests/all.yaml:")
        }
        try write(Array(text.utf8), to: "all.yaml")
        let rules = try String(contentsOfFile: "\(user.repository.path)/manifests/repository.yaml", encoding: .utf8)
        let other = rules.replacing(/id: [0-9a-f]{32}/, with: "id: \(String(repeating: "0", count: 32))")
        try write(Array(other.utf8), to: "repository.yaml")
        // For a vault that knows the repository, it is another one now; to anybody else, its values are.
        try user.expectRefusals([["apply", "--yes"]], code: "git.other-repository")
        let validation = try user.reseal(["validate", "--repo", user.repository.path])
        #expect(validation.status == 1 && validation.errorText.contains("[value.misplaced]"))
    }

    @Test func anOldCiphertextIsKnownAsOld() throws {
        let old = try user.folder.read("repository/manifests/all.yaml")
        try user.seal("prod/note", "", "newer")
        try user.repository.commit()
        try user.check("apply", "--yes")
        try write(old, to: "all.yaml")
        try user.expect("plan", prints: ["olderValue", "prod/note"])
        try user.expect("apply", "--yes")
        try user.expect("get", "prod/note", prints: ["generic-value"])
    }
}
