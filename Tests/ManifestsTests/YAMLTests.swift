import ResealCore
import Testing

@testable import ResealManifests

/// Features of YAML, taken or refused, always with a place.
@Suite struct YAMLTests {
    private let good = secret("value: x")

    @Test func documentsAreSeparate() {
        let text =
            "# comment\n---\n" + good + "...\n---\n# nothing\n---\n\n--- ~\n---\n" + secret("value: y", name: "b")
        let reading = read(text)
        #expect(reading.diagnostics.isEmpty && reading.isComplete && reading.rejected.isEmpty)
        #expect(reading.manifests.map(\.key.name) == ["orders-db", "b"])
        #expect(reading.manifests.map(\.documentIndex) == [0, 4])
        #expect(reading.manifests.map(\.span.line) == [6, 19])
    }

    @Test(arguments: [
        "", "\n", "# only a comment", "---", "---\n...\n", "   \n\n", "\u{feff}", "\u{feff}---\n", "--- # x\n",
    ])
    func emptyFilesAreNoError(_ text: String) {
        let reading = read(text)
        #expect(reading.diagnostics.isEmpty && reading.manifests.isEmpty && reading.isComplete)
    }

    @Test(arguments: ["LF", "CRLF", "BOM", "CRLF and BOM", "no final newline", "YAML 1.2", "YAML 1.1"])
    func formsOfAFile(_ form: String) {
        var text = good
        if form.contains("CRLF") { text = text.replacing("\n", with: "\r\n") }
        if form.contains("BOM") { text = "\u{feff}" + text }
        if form.hasPrefix("no") { text = String(text.dropLast()) }
        if form.hasPrefix("YAML") { text = "%\(form)\n---\n" + text }
        let reading = read(text)
        #expect(reading.diagnostics.isEmpty && reading.manifests.first?.leaves.map(\.shown) == ["string x"])
        let lines = form.hasPrefix("YAML") ? 2 : 0
        #expect(reading.manifests.first?.span.line == 4 + lines && reading.manifests.first?.span.column == 9)
        #expect(reading.manifests.first?.leaves.first?.span.line == 6 + lines)
    }

    @Test func columnsCountScalarsOfUnicode() {
        let reading = read(
            "\u{feff}# é\r\n" + secret("value: {\"ключ🔑é\": x, b: y, b: z}").replacing("\n", with: "\r\n"))
        #expect(reading.findings == ["7:30 yaml.duplicate-key"])
        let long = String(repeating: "é🔑", count: 5000)
        let far = read(secret("value: {a: \"\(long)\", b: x, c: [y]}"))
        #expect(far.findings == ["6:10027 manifest.list-value"])
        #expect(
            read(secret("value: {a: \"\(long)\", b: x}")).manifests.first?.leaves.map(\.span.column) == [14, 10_021])
    }

    @Test(arguments: [
        ("\u{0}", "yaml.control-character"), ("\u{1b}[2K", "yaml.control-character"),
        ("\u{7f}", "yaml.control-character"),
        ("\u{85}", "yaml.control-character"), ("\u{2028}", "yaml.control-character"), ("\r", "yaml.control-character"),
        ("\u{202e}", "yaml.control-character"), ("\u{2066}", "yaml.control-character"),
        ("\u{9b}", "yaml.control-character"),
        ("\u{feff}", "yaml.control-character"), ("\u{ffff}", "yaml.control-character"),
    ])
    func charactersThatHideOrReorderAreRefused(_ character: String, _ code: String) {
        for place in ["# a\(character)b", "spot: \"a\(character)b\"", "spot: a\(character)b"] {
            let reading = read(
                "\(secret("value: x", name: "a"))---\n" + good.replacing("spec:", with: "spec:\n  \(place)"))
            // Two spaces, then what stands before the character, then itself.
            let column =
                2 + (place.unicodeScalars.firstIndex(of: "a").map { place.unicodeScalars[...$0].count } ?? 0) + 1
            #expect(reading.findings == ["13:\(column) \(code)"], "\(place.debugDescription)")
            #expect(reading.manifests.map(\.key.name) == ["a"])
            #expect(!reading.isComplete)
        }
    }

    @Test(arguments: [
        [0xff], [0xc3], [0xc3, 0x28], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
        [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xff, 0xfe],
    ])
    func invalidUTF8IsRefusedWithItsPlace(_ bytes: [UInt8]) {
        let first = Array(secret("value: x", name: "a").utf8)
        let reading = read(first + Array("---\nkind: ü".utf8) + bytes + Array("x\n---\n".utf8) + Array(good.utf8))
        #expect(reading.findings.first == "8:8 yaml.encoding")
        #expect(Set(reading.codes) == ["yaml.encoding"])
        // What stands before and behind it is read all the same.
        #expect(reading.manifests.map(\.key.name) == ["a", "orders-db"])
        #expect(!reading.isComplete)
    }

    @Test func aFileInUTF16IsToldSo() {
        let bytes = good.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let reading = read([0xff, 0xfe] + bytes)
        #expect(reading.findings.first == "1:1 yaml.encoding" && reading.manifests.isEmpty)
        #expect(reading.diagnostics.count <= 101)
    }

    @Test(arguments: [
        ("a: 1\na: 2", "7:3 yaml.duplicate-key"), ("{a: 1, 'a': 2}", "6:10 yaml.duplicate-key"),
        ("\"\\x61\": 1\na: 2", "7:3 yaml.duplicate-key"), ("é: 1\n\"e\\u0301\": 2", "7:3 yaml.duplicate-key"),
        ("<<: {a: b}", "6:3 yaml.merge-key"), ("{<<: {a: b}}", "6:4 yaml.merge-key"),
        ("? [a]\n: b", "6:5 yaml.key"), ("? {a: b}\n: c", "6:5 yaml.key"), ("{[a]: b}", "6:4 yaml.key"),
        ("a: *nowhere", "6:6 yaml.unknown-alias"), ("a: &x [*x]", "6:10 yaml.cyclic-alias"),
        ("a: &x\nb: 1", "6:6 yaml.empty-anchor"), ("a:\n\tb: c", "7:3 yaml.syntax"), ("\ta: b", "6:3 yaml.syntax"),
        ("a: b: c", "6:7 yaml.syntax"), ("a: 'b", "7:1 yaml.syntax"), ("a: [b", "7:1 yaml.syntax"),
        ("a: @b", "6:6 yaml.syntax"),
        ("a: `b`", "6:6 yaml.syntax"), ("a: %b", "6:6 yaml.syntax"), ("a: !foo!b c", "6:6 yaml.syntax"),
        ("a: |x\n  b", "6:7 yaml.syntax"), ("a: b\n c", "ok"), ("a:\n- b", "ok"),
    ])
    func mistakesOfYAML(_ spec: String, _ finding: String) {
        let errors = read(secret(spec)).errors.filter { $0.code.hasPrefix("yaml.") }
        #expect(errors.map(\.place) == (finding == "ok" ? [] : [finding]))
    }

    @Test func tabsAreNamed() {
        let reading = read(secret("a:\n\tb: c"))
        #expect(reading.diagnostics.first?.hint == "indent with spaces, not with tabs")
    }

    @Test func duplicatesNameTheFirst() {
        let reading = read(good + "metadata: {name: other}\n")
        #expect(reading.diagnostics.first?.hint == "the first one is at line 3, column 1")
        #expect(reading.findings == ["7:1 yaml.duplicate-key"])
        #expect(reading.rejected.map(\.name) == ["orders-db"])
    }

    /// Keys are text, whatever they look like.
    @Test func keysAreText() {
        #expect(
            leaves(
                "\n  1: a\n  true: b\n  null: c\n  ~: d\n  0x10: e\n  'x y': f\n  \"<<\": g\n  ? h\n  : i\n  2031-01-01: j"
            )
                == [
                    "1: string a", "true: string b", "null: string c", "~: string d", "0x10: string e", "x y: string f",
                    "<<: string g", "h: string i", "2031-01-01: string j",
                ])
    }

    @Test func aliasesAreWrittenOut() {
        #expect(
            leaves("\n  a: &v {x: 1, y: &t text}\n  b: *v\n  c: {z: *v}\n  d: *t") == [
                "a.x: integer 1", "a.y: string text", "b.x: integer 1", "b.y: string text", "c.z.x: integer 1",
                "c.z.y: string text", "d: string text",
            ])
        // The newest anchor of a name counts, and none reaches into another document.
        #expect(leaves("\n  a: &v 1\n  b: &v 2\n  c: *v") == ["a: integer 1", "b: integer 2", "c: integer 2"])
        let reading = read(secret("value: &v x") + "---\n" + secret("value: *v", name: "b"))
        #expect(reading.findings == ["13:10 yaml.unknown-alias"])
        #expect(leaves("\n  &k key: 1\n  other: *k") == ["key: integer 1", "other: string key"])
    }

    @Test func aBrokenDocumentHidesNoOther() {
        let reading = read("a: [\n---\n" + good + "---\nb: 'x\n---\n\tc: d\n---\n" + secret("value: y", name: "last"))
        #expect(reading.manifests.map(\.key.name) == ["orders-db", "last"])
        #expect(reading.manifests.map(\.documentIndex) == [1, 4])
        #expect(reading.codes == ["yaml.syntax", "yaml.syntax", "yaml.syntax"] && !reading.isComplete)
    }

    /// A line that begins with `---` ends a document even inside a block scalar or quotes, as YAML says.
    @Test func markersEndADocumentEverywhere() {
        let reading = read(
            secret("value: |\n  a") + "---\n" + secret("value: \"a") + "---\n" + secret("value: z", name: "z"))
        #expect(reading.manifests.map(\.key.name) == ["orders-db", "z"])
        #expect(reading.codes == ["yaml.syntax"])
    }
}
