import ResealCore
import Testing

@testable import ResealManifests

/// Edits in place, by example. What holds for any file is in ``EditorPropertyTests``.
@Suite struct ManifestEditorTests {
    private func edit(
        _ text: String, _ field: String, _ content: ManifestEdit.Content = .sealed(Array(armor.utf8)),
        secret: SecretID = SecretID("orders-db")
    ) throws -> String {
        let path = try #require(FieldPath(field))
        let file = ManifestFile(path: "a.yaml", bytes: Array(text.utf8))
        return String(
            decoding: try ManifestEditor.apply([ManifestEdit(secret, path, content)], to: file), as: UTF8.self)
    }

    @Test func aPlainLeafBecomesABlock() throws {
        let text = secret("value:\n  host: db  # stays\n  password: hunter2 # rotate me\n# aside\n")
        #expect(
            try edit(text, "password")
                == text.replacing("hunter2 # rotate me\n", with: "| # rotate me\n" + armor.indented(6)))
    }

    @Test func aSealedLeafKeepsItsIndentAndComment() throws {
        let text = secret("value:\n  password: |  # note\n" + armor.indented(7) + "  b: x\n")
        let other = armor.replacing("YWdl", with: "ZWdh")
        #expect(try edit(text, "password", .sealed(Array(other.utf8))) == text.replacing("YWdl", with: "ZWdh"))
    }

    @Test func flowStyleStaysOnItsLine() throws {
        let inline = "\"" + armor.replacing("\n", with: "\\n") + "\""
        #expect(try edit(secret("value: {a: x, b: 'y' }"), "b") == secret("value: {a: x, b: \(inline) }"))
        #expect(try edit(secret("value: {a: x}"), "b") == secret("value: {a: x, b: \(inline)}"))
        #expect(try edit(secret("value: {a: x,}"), "b.c") == secret("value: {a: x, b: {c: \(inline)},}"))
    }

    @Test func missingPartsAreAdded() throws {
        let body = armor.indented(6)
        #expect(
            try edit(secret("value:\n  a: x"), "b") == secret("value:\n  a: x\n  b: |\n" + armor.indented(4).dropLast())
        )
        #expect(
            try edit(secret("type: generic"), "") == secret("type: generic\nvalue: |\n" + armor.indented(2).dropLast()))
        #expect(try edit(secret("value:  # later"), "b").contains("  value:  # later\n    b: |\n\(body)"))
        #expect(try edit(secret("value: ~"), "b").contains("  value: {b: \"-----BEGIN"))
        #expect(
            try edit(secret("type: generic"), "x.y").hasSuffix(
                "  type: generic\n  value:\n    x:\n      y: |\n\(armor.indented(8))"))
    }

    @Test(arguments: ["\n", "\r\n"]) func noFinalNewline(_ newLine: String) throws {
        let text = String(secret("value:\n  a: x").dropLast()).replacing("\n", with: newLine)
        let edited = try edit(text, "b")
        #expect(
            edited == text
                + (newLine + "    b: |\n" + armor.indented(6)).dropLast().replacing("\n", with: newLine).replacing(
                    "\r\r", with: "\r"))
        let again = try edit(edited, "c", .plain("x"))
        #expect(again == edited + newLine + "    c: \"x\"")
    }

    @Test func keysThatNeedQuotesGetThem() throws {
        for (field, key) in [
            ("true", "\"true\""), ("5", "\"5\""), ("a b", "\"a b\""), ("-x", "\"-x\""), ("ключ", "\"ключ\""),
            ("a-b", "a-b"), ("~", "\"~\""),
        ] {
            let text = try edit(secret("value: {a: x}"), field, .plain("v"))
            #expect(text.contains("{a: x, \(key): \"v\"}"), "\(text)")
            #expect(read(text).manifests.first?.leaves.map(\.field.description) == ["a", field])
        }
    }

    @Test func severalNewFieldsBuildOnEachOther() throws {
        let file = ManifestFile(path: "a.yaml", bytes: Array(secret("type: generic").utf8))
        let edits = ["a", "b.c", "b.d", "e"].map {
            ManifestEdit(SecretID("orders-db"), FieldPath($0) ?? .whole, .plain("v-\($0)"))
        }
        let bytes = try ManifestEditor.apply(edits, to: file)
        #expect(
            read(bytes).manifests.first?.leaves.map { "\($0.field) \($0.shown)" } == [
                "a string v-a", "b.c string v-b.c", "b.d string v-b.d", "e string v-e",
            ])
    }

    @Test func ofTwoEditsOfOneFieldTheLastCounts() throws {
        let file = ManifestFile(path: "a.yaml", bytes: Array(secret("value: {a: x}").utf8))
        let edits = ["one", "two"].map { ManifestEdit(SecretID("orders-db"), FieldPath(["a"]), .plain($0)) }
        #expect(read(try ManifestEditor.apply(edits, to: file)).manifests.first?.leaves.map(\.shown) == ["string two"])
    }

    @Test func theRightDocumentIsEdited() throws {
        let other = secret("value: x").replacing("  name: orders-db", with: "  name: orders-db\n  organization: acme")
        let text = secret("value: x") + "---\n" + other + "---\n- no manifest\n---\nx\n"
        let edited = try edit(text, "", .plain("new"), secret: SecretID("orders-db", organization: "acme"))
        #expect(
            edited == secret("value: x") + "---\n" + other.replacing("value: x", with: "value: \"new\"")
                + "---\n- no manifest\n---\nx\n")
    }

    @Test(arguments: [
        ("value: x", "a", ManifestFailure.Kind.notALeaf), ("value: {a: {b: c}}", "a", .notALeaf),
        ("value: {a: [b]}", "a", .notALeaf),
        ("value: {a: b}", "", .notALeaf), ("value: {a: b}", "a.c", .notALeaf),
        ("value: {fromFile: x.age}", "a", .notALeaf),
        ("value: {fromSOPS: x.yaml, key: a}", "key", .notALeaf), ("value: {a: &x b, c: *x}", "a", .unsafe),
        ("value: {a: &x {b: c}, d: *x}", "d.b", .unsafe), ("value: {a: &x {b: c}, d: *x}", "d.e", .unsafe),
        ("value: {a: [", "a", .unreadable),
        ("value: {a: b, a: c}", "a", .unreadable),
    ])
    func whatCannotBeEditedInPlace(_ spec: String, _ field: String, _ kind: ManifestFailure.Kind) {
        #expect(throws: ManifestFailure(kind, "")) { try edit(secret(spec), field) }
    }

    @Test func otherSecretsAreNotFound() {
        let text = secret("value: x")
        #expect(throws: ManifestFailure(.noSuchSecret, "")) { try edit(text, "", secret: SecretID("other")) }
        #expect(throws: ManifestFailure(.noSuchSecret, "")) {
            try edit(text, "", secret: SecretID("orders-db", organization: "acme"))
        }
        #expect(throws: ManifestFailure(.noSuchSecret, "")) { try edit(text + "---\n" + text, "") }
        for text in ["", "- a\n", "x", "kind: [Secret]\nmetadata: [name]\n"] {
            #expect(throws: ManifestFailure(.noSuchSecret, "")) { try edit(text, "") }
        }
    }

    @Test func anAliasIsReplacedAndItsTargetStays() throws {
        #expect(
            try edit(secret("value: {a: &x b, c: *x }"), "c", .plain("new")) == secret("value: {a: &x b, c: \"new\" }"))
    }

    /// Thousands of edits of one file cost a few times what reading it does.
    @Test func manyEditsOfOneFile() throws {
        let names = (0..<1500).map { "s\($0)" }
        let text = names.map { secret("value: {a: x, b: y}", name: $0) }.joined(separator: "---\n")
        let edits = names.map { ManifestEdit(SecretID($0), FieldPath(["b"]), .plain("new")) }
        let bytes = try costing(atMost: 20) {
            try ManifestEditor.apply(edits, to: ManifestFile(path: "a.yaml", bytes: Array(text.utf8)))
        }
        #expect(String(decoding: bytes, as: UTF8.self) == text.replacing("b: y", with: "b: \"new\""))
    }

    @Test func filesDoNotGrowOverTheirLimit() {
        var limits = ManifestLimits()
        limits.yaml.fileBytes = 200
        let file = ManifestFile(path: "a.yaml", bytes: Array(secret("value: x").utf8))
        let edit = ManifestEdit(SecretID("orders-db"), .whole, .sealed(Array(armor.utf8)))
        let failure = #expect(throws: ManifestFailure.self) {
            try ManifestEditor.apply([edit], to: file, limits: limits)
        }
        #expect(failure?.message.contains("would become larger") == true)
    }

    @Test func failuresNameNoContent() throws {
        let text = secret("value: {password: hunter2, token: *hunter2}")
        let failure = #expect(throws: ManifestFailure.self) { try edit(text, "password") }
        #expect(failure?.description.contains("hunter2") == false && failure?.span?.line == 6)
    }
}
