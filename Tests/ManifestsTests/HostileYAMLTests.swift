import ResealCore
import Testing

@testable import ResealManifests

/// Input that is made to cost much: it ends in a clear finding within bounded time and memory.
@Suite struct HostileYAMLTests {
    private func large(_ megabytes: Int) -> ManifestLimits {
        var limits = ManifestLimits()
        limits.yaml.fileBytes = megabytes << 20
        return limits
    }

    private func times(_ count: Int, _ text: (Int) -> String) -> String { (0..<count).map(text).joined() }

    @Test(arguments: ["*nowhere", "&nothing", "!unknown ~"])
    func aDocumentOfNothingWithAnErrorHidesWhatItDeclares(_ document: String) {
        let reading = read("\(document)\n---\n\(secret("value: x"))")
        #expect(reading.hasErrors && !reading.isComplete)
        #expect(reading.manifests.count == 1)
    }

    @Test func filesHaveALargestSize() {
        let reading = read([UInt8](repeating: 0x61, count: (4 << 20) + 1))
        #expect(reading.findings == ["1:1 yaml.too-large"] && !reading.isComplete)
        #expect(reading.diagnostics.first?.hint?.contains("limits.fileBytes") == true)
        var limits = ManifestLimits()
        limits.yaml.fileBytes = 100
        #expect(read(secret("value: x"), limits: limits).codes == [])
        #expect(
            read(secret("value: x") + String(repeating: "#", count: 100), limits: limits).codes == ["yaml.too-large"])
    }

    @Test(arguments: ["x", "é"])
    func aLineOfTenMegabytes(_ letter: String) {
        let value = String(repeating: letter, count: (10 << 20) / letter.utf8.count)
        costing(atMost: 20) {
            let reading = read(secret("value: {a: \"\(value)\", b: [x], a: z}"), limits: large(16))
            #expect(reading.codes == ["manifest.value-too-large", "manifest.list-value", "yaml.duplicate-key"])
            let count = value.unicodeScalars.count
            #expect(reading.diagnostics.map(\.span?.column) == [14, count + 21, count + 26])
        }
        // Without any structure.
        costing(atMost: 20) { #expect(read(value, limits: large(16)).codes == ["manifest.not-a-mapping"]) }
    }

    /// Many places on one line: a column must not cost a walk along the line.
    @Test func aLongLineOfManyLeaves() {
        let leaves = times(900) { "k\($0): \"\(String(repeating: "é", count: 1000))\", " }
        let text = secret("value: {\(leaves)}") + "# " + String(repeating: "é", count: 500_000)
        costing(atMost: 10) { #expect(read(text).manifests.first?.leaves.count == 900) }
    }

    @Test func billionLaughs() {
        let bomb = "a0: &a0 x\n" + times(30) { i in "a\(i + 1): &a\(i + 1) [\(times(9) { _ in "*a\(i), " })]\n" }
        costing(atMost: 2) {
            let reading = read(secret("value: x") + bomb)
            #expect(reading.codes == ["yaml.alias-limit"] && reading.manifests.isEmpty && !reading.isComplete)
        }
    }

    /// Few nodes, much text.
    @Test func aliasesToLongText() {
        let text = String(repeating: "x", count: 1 << 20)
        let bomb = secret("value:\n  a: &a \(text)\n" + times(900) { "  k\($0): *a\n" })
        costing(atMost: 5) { #expect(read(bomb).codes == ["yaml.alias-limit"]) }
        // Within the limit they are fine.
        let some = secret("value:\n  a: &a \(text.prefix(1000))\n" + times(500) { "  k\($0): *a\n" })
        #expect(read(some).manifests.first?.leaves.count == 501)
    }

    @Test func anchorsAndAliasesByTheThousand() {
        let anchors = times(80_000) { "- &a\($0) x\n" }
        costing(atMost: 10) {
            let unknown = read(anchors + times(80_000) { "- *b\($0)\n" })
            #expect(unknown.diagnostics.count == 101 && unknown.codes[0] == "yaml.unknown-alias")
            let known = read(anchors + times(20_000) { "- *a\($0)\n" })
            #expect(known.codes == ["yaml.alias-limit"])
        }
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[{a: ", "- - ? "])
    func deepNesting(_ opening: String) {
        for depth in [100, 100_000] {
            costing(atMost: 5) {
                let reading = read(String(repeating: opening, count: depth) + "\n---\n" + secret("value: x"))
                #expect(reading.codes.contains("yaml.too-deep") && reading.codes.count <= 33)
                #expect(reading.manifests.count == 1)
            }
        }
    }

    @Test func depthHasAnExactLimit() {
        // The document, its `spec` and the value are three levels.
        func nested(_ levels: Int) -> String {
            secret("value: " + String(repeating: "{a: ", count: levels) + "x" + String(repeating: "}", count: levels))
        }
        #expect(read(nested(30)).manifests.first?.leaves.first?.field.segments.count == 30)
        #expect(read(nested(31)).codes == ["yaml.too-deep"])
        // An alias counts as deep as what it stands for.
        let inner = String(repeating: "[", count: 29) + "x" + String(repeating: "]", count: 29)
        #expect(read("a: &a \(inner)\nb: [*a]\n").codes.first == "manifest.api-version")
        #expect(read("a: &a \(inner)\nb: [[*a]]\n").codes.first == "manifest.api-version")
        #expect(read("a: &a \(inner)\nb: [[[*a]]]\n").codes == ["yaml.too-deep"])
    }

    @Test func nodesAndDocumentsHaveALimit() {
        costing(atMost: 20) {
            let reading = read("[" + times(400_001) { _ in "x," } + "]")
            #expect(reading.codes == ["yaml.too-many-nodes"] && !reading.isComplete)
        }
        costing(atMost: 20) {
            let reading = read(times(10_001) { _ in "--- ~\n" } + "---\n" + secret("value: x"))
            #expect(reading.codes == ["yaml.too-many-documents"] && reading.manifests.isEmpty && !reading.isComplete)
        }
    }

    @Test func valuesHaveALargestNumberOfFields() {
        let fields = times(1001) { "k\($0): x, " }
        #expect(read(secret("value: {\(fields)}")).codes == ["manifest.too-many-fields"])
        #expect(
            read(secret("value: {\(fields) l: x, m: [x]}")).codes == [
                "manifest.too-many-fields", "manifest.list-value",
            ])
        #expect(read(secret("value: {\(fields.dropLast(10))}")).manifests.first?.leaves.count == 1000)
    }

    /// Findings stop at a limit, and so does the work behind them.
    @Test(arguments: ["unknown", "near", "duplicate", "odd values", "documents", "bytes", "duplicate items"])
    func findingsHaveALimit(_ kind: String) {
        let text =
            switch kind {
            case "unknown": secret("value: x\n" + times(100_000) { "key-\($0): x\n" })
            case "near": secret("value: x\n" + times(100_000) { "deletionProt\($0): x\n" })
            case "duplicate": secret("value: x\n" + times(100_000) { "k\($0 / 2): x\n" })
            case "odd values": secret("metadata: {" + times(50_000) { "k\($0): [x], " } + "}")
            case "documents": times(9000) { _ in "---\nkind: Nothing\n" }
            case "bytes": times(100_000) { _ in "\u{1}" }
            default: secret("sync: [" + times(100_000) { _ in "a, " } + "]")
            }
        costing(atMost: 20) {
            let reading = read(text)
            #expect(reading.diagnostics.count { $0.severity == .error } == 101)
            #expect(reading.diagnostics.contains { $0.code == "yaml.too-many-errors" })
            #expect(reading.manifests.isEmpty)
            if ["documents", "bytes"].contains(kind) { #expect(!reading.isComplete) }
        }
    }

    @Test func longListsAreComparedQuickly() {
        let members = times(9000) { "user:u\($0), " }
        let role = "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: a}\nspec: {members: [\(members)"
        costing(atMost: 10) {
            #expect(read(role + "]}").diagnostics.isEmpty)
            #expect(read(role + "user:u7]}").codes == ["manifest.duplicate-item"])
        }
    }

    @Test func directivesHaveALimit() {
        let flood = times(100_000) { "%TAG !a\($0)! tag:example.org,2000:\n" } + "---\n" + secret("value: y", name: "a")
        costing(atMost: 5) {
            let reading = read(secret("value: x") + "...\n" + flood + "---\n" + secret("value: z", name: "c"))
            #expect(reading.findings == ["24:1 yaml.directives"])
            // What stands before the flood goes with it, for only `---` surely begins a document.
            #expect(reading.manifests.map(\.key.name) == ["a", "c"] && !reading.isComplete)
        }
        let few = times(16) { "%TAG !a\($0)! tag:example.org,2000:\n" } + "---\n"
        #expect(read(few + secret("value: x") + "...\n" + few + secret("value: y", name: "b")).manifests.count == 2)
    }

    private static let fragments = [
        "[", "{", "]", "}", ",", ":", "- ", "? ", ": ", "&a ", "*a ", "!a ", "!!str ", "! ", "|", ">", "\"", "'", "%",
        "@",
        "a: ", "a:\n", "- a\n", "? a\n", "---\n", "--- a\n", "...\n", "#", "# a\n", " ", "\n", "\t", "\r\n", "a\n",
        "a ", "é",
        "[]", "{}", "[a,", "{a: b, ", "\\", "\"\\x41", "'' ", "a: &a *a\n", "<<: ", "a: |\n", "a: >\n  b\n\n",
        "- - - -\n",
        " a\n", "- |\n\n", "a: 'b\n\n", "%TAG ! a\n", "--- !a\n", "*a : ", "&a b: *a\n", "[\n", "-\n", ": \n",
        "\u{feff}",
        "-----BEGIN AGE ENCRYPTED FILE-----\n", "---\n%YAML 1.2\n",
    ]

    @Test(arguments: fragments)
    func anythingRepeated(_ fragment: String) {
        let count = 100_000 / fragment.utf8.count
        for text in [
            String(repeating: fragment, count: count), "a: " + String(repeating: fragment, count: count),
            secret("value: |") + String(repeating: "    \(fragment)", count: count / 4),
            secret("value: \"" + String(repeating: fragment, count: count)),
        ] {
            costing(atMost: 5) {
                let reading = read(text)
                #expect(reading.diagnostics.count <= 101)
                #expect(reading.diagnostics.allSatisfy { $0.span != nil })
            }
        }
    }

    /// As cut by a transfer: every prefix is read without a trap, and only the whole is valid.
    @Test func everyPrefixIsRead() {
        let text = Array(secret("value:\n  a: |\n    x\n  b: {c: \"d\\u00e9\"}\n  e: &e 1\n  f: *e").utf8)
        var valid = 0
        for count in 0...text.count { valid += read(Array(text[..<count])).hasErrors ? 0 : 1 }
        #expect(valid > 2)
    }
}
