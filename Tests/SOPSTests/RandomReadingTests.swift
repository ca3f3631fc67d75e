import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct RandomReadingTests {
    private let tool: SOPSTool

    init() throws { tool = try SOPSTool() }

    /// What selects values; all of it leaves some plain, so that the MAC covers both.
    static let selections = [
        "", "encrypted_regex: '^(pw_|s_|[0-9]+$)'", "unencrypted_regex: user|_s$", "encrypted_suffix: _s",
        "unencrypted_suffix: _s", "{encrypted_regex: ^s_, mac_only_encrypted: true}",
        "{unencrypted_regex: '^k\\d{1,2}$', mac_only_encrypted: true}", "encrypted_regex: (?i)^PW",
        "encrypted_regex: .*",
    ]

    @Test(arguments: 0..<18) func yaml(seed: Int) throws {
        let selection = Self.selections[seed % Self.selections.count]
        let document = RandomYAML(
            seed: UInt64(seed), leaves: 250, isAllEncrypted: selection == "encrypted_regex: .*",
            lineBreak: seed % 5 == 4 ? "\r\n" : "\n", endsWithLineBreak: seed % 3 != 0)
        let sealed = try tool.encrypt(Array(document.text.utf8), name: "t.yaml", rule: selection)
        try expectEqual(try tool.open(sealed, name: "t.yaml"), document.leaves)
        // Git may change line ends on the way.
        let converted = sealed.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
        try expectEqual(try tool.open(converted, name: "t.yaml"), document.leaves)
    }

    @Test(arguments: 0..<6) func json(seed: Int) throws {
        var random = RandomValues(seed: UInt64(100 + seed))
        var leaves: [Leaf] = []
        var lines: [String] = []
        for index in 0..<400 {
            var (kind, bytes) = random.value()
            let key = random.key(index)
            // JSON has no bytes, and SOPS takes every number of it for floating point.
            if kind == .binary { (kind, bytes) = (.string, Array("b".utf8)) }
            if kind == .integer {
                (kind, bytes) = RandomValues.float(Double(String(decoding: bytes, as: UTF8.self)) ?? 0)
            }
            let isNested = random.chance(20)
            var text: [UInt8] = []
            bytes.withUnsafeBytes { JSON.quote($0, to: &text) }
            let value =
                kind == .string ? text : kind == .null ? Array("null".utf8) : bytes
            let key8 = JSON.string(key).canonical
            let source = String(decoding: value, as: UTF8.self)
            lines.append(isNested ? "\(key8): {\"a\": [[\(source)], {}]}" : "\(key8): \(source)")
            leaves.append(Leaf(isNested ? [key, "a", "0", "0"] : [key], kind, bytes))
        }
        let plain = "{\n" + lines.joined(separator: ",\n") + "\n}"
        let sealed = try tool.encrypt(
            Array(plain.utf8), name: "t.json", rule: Self.selections[seed % Self.selections.count])
        try expectEqual(try tool.open(sealed, name: "t.json"), leaves)
    }

    @Test(arguments: 0..<6) func dotenv(seed: Int) throws {
        var random = RandomValues(seed: UInt64(200 + seed))
        var leaves: [Leaf] = []
        var text = ""
        for index in 0..<300 {
            if random.chance(10) { text += "# \(random.word(9))\n" }
            if random.chance(5) { text += "\n" }
            let key = random.key(index).filter { $0 != "=" && $0 != "#" }
            var value = String(decoding: random.value().bytes, as: UTF8.self).filter { $0 != "\n" }
            if random.chance(20) { value += #"\nsecond line\\n"# }
            // CRLF files keep the carriage return as part of the value, as with SOPS.
            if seed == 5 { value += "\r" }
            text += "\(key)=\(value)\n"
            leaves.append(Leaf([key], .string, value.replacing(#"\n"#, with: "\n")))
        }
        let sealed = try tool.encrypt(
            Array(text.utf8), name: "t.env", rule: Self.selections[seed % Self.selections.count])
        try expectEqual(try tool.open(sealed, name: "t.env"), leaves)
    }

    @Test(arguments: [0, 1, 2, 15, 16, 17, 1000, 65_536, 1_000_000, 5_000_000]) func binary(size: Int) throws {
        var random = RandomValues(seed: UInt64(size))
        let plain = random.bytes(size)
        let sealed = try tool.encrypt(plain, name: "t.bin")
        let leaves = try tool.open(sealed, name: "t.bin")
        #expect(leaves.map(\.path) == [["data"]])
        #expect(leaves.first?.bytes == plain)
    }

    @Test func severalDocuments() throws {
        let plain = "a: 1\n# between\n---\nb: two\n---\n# only a comment\n---\nc: {d: 3}\n"
        let sealed = try tool.encrypt(Array(plain.utf8), name: "t.yaml")
        let file = try tool.read(sealed, name: "t.yaml")
        #expect(file.documents.count == 4)
        let opened = try file.open(with: [tool.identity])
        #expect(
            opened.map(Leaf.leaves) == [
                [Leaf(["a"], .integer, "1")], [Leaf(["b"], .string, "two")], [], [Leaf(["c", "d"], .integer, "3")],
            ])
    }
}

/// Says which leaf differs, not just that some do.
func expectEqual(_ found: [Leaf], _ expected: [Leaf]) throws {
    for (a, b) in zip(found, expected) { try #require(a == b) }
    #expect(found.count == expected.count)
}
