import ResealAge
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct WritingTests {
    private let tool: SOPSTool

    init() throws { tool = try SOPSTool() }

    private func write(_ leaves: [Leaf], as format: SOPSFormat, also others: [X25519Recipient] = []) throws -> [UInt8] {
        let fields = leaves.map {
            SOPSField(path: $0.path, value: SOPSValue($0.kind, SecretBytes($0.bytes), isEncrypted: true))
        }
        return try SOPSWriter.write(
            fields, as: format, to: ([tool.identity.recipient] + others).map { ($0.description, $0) },
            at: Timestamp(milliseconds: 1_700_000_000_123))
    }

    /// Sorted, as a secret's value is.
    private func randomLeaves(seed: UInt64, count: Int) -> [Leaf] {
        var random = RandomValues(seed: seed)
        var leaves: [[String]: Leaf] = [:]
        for index in 0..<count {
            let (kind, bytes) = random.value()
            let path =
                random.chance(30) ? ["nested", random.key(index), "\(index)"] : [random.key(index)]
            leaves[path] = Leaf(path, kind, bytes)
        }
        return leaves.values.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    /// What `sops` prints as JSON, as leaves.
    private func leaves(_ json: JSON, below path: [String] = []) -> [[String]: JSON] {
        guard let members = json.objectValue else { return [path: json] }
        return members.reduce(into: [:]) { $0.merge(leaves($1.value, below: path + [$1.key])) { $1 } }
    }

    private func expected(_ leaf: Leaf) -> JSON {
        let text = String(decoding: leaf.bytes, as: UTF8.self)
        return switch leaf.kind {
        case .null: .null
        case .boolean: .bool(text == "true")
        case .integer, .number: .number(Double(text) ?? .nan)
        default: .string(text)
        }
    }

    private func compare(_ printed: [UInt8], _ wanted: [Leaf]) throws {
        let found = leaves(try JSON(parsing: printed))
        #expect(found.count == wanted.count)
        for leaf in wanted {
            var value = try #require(found[leaf.path], "\(leaf)")
            if let number = value.integerValue { value = .number(Double(number)) }
            try #require(value == expected(leaf), "\(leaf)")
        }
    }

    @Test(arguments: 0..<6) func yamlAndJSON(seed: Int) throws {
        let wanted = randomLeaves(seed: UInt64(300 + seed), count: 400)
        for (format, name) in [(SOPSFormat.yaml, "w.yaml"), (.json, "w.json")] {
            // JSON has no bytes; they go there as base64.
            let text = wanted.map { leaf in
                leaf.kind != .binary
                    ? leaf
                    : Leaf(
                        leaf.path, .string,
                        format == .yaml ? Array("binary".utf8) : Array(Base64.encode(leaf.bytes, padded: true).utf8))
            }
            let source = format == .yaml ? text : wanted
            let sealed = try write(source, as: format)
            try compare(try tool.decrypt(sealed, name: name, ["--output-type", "json"]), text)
            try expectEqual(try tool.open(sealed, name: name), text)
        }
    }

    @Test func bytesSurviveYAML() throws {
        var random = RandomValues(seed: 7)
        let wanted = (0..<50).map { Leaf(["b\($0 + 100)"], .binary, [0xff] + random.bytes($0 * 40)) }
        let sealed = try write(wanted, as: .yaml)
        // What SOPS prints is encrypted once more, so that the one reader of tests serves.
        let printed = try tool.decrypt(sealed, name: "w.yaml")
        #expect(try tool.open(try tool.encrypt(printed, name: "again.yaml"), name: "again.yaml") == wanted)
    }

    @Test(arguments: 0..<3) func dotenv(seed: Int) throws {
        let wanted = randomLeaves(seed: UInt64(400 + seed), count: 200).filter { leaf in
            leaf.path.count == 1 && !leaf.path[0].contains { "=#".contains($0) } && leaf.kind == .string
                && !leaf.bytes.contains(0x5c)
        }
        #expect(wanted.count > 50)
        let sealed = try write(wanted, as: .dotenv)
        let printed = String(decoding: try tool.decrypt(sealed, name: "w.env"), as: UTF8.self)
        let lines = wanted.map {
            "\($0.path[0])=" + String(decoding: $0.bytes, as: UTF8.self).replacing("\n", with: #"\n"#)
        }
        #expect(printed == lines.map { $0 + "\n" }.joined())
        try expectEqual(try tool.open(sealed, name: "w.env"), wanted)
    }

    @Test(arguments: [0, 1, 100, 65_537, 3_000_000]) func binary(size: Int) throws {
        var random = RandomValues(seed: UInt64(size))
        let plain = random.bytes(size)
        let sealed = try write([Leaf([], .binary, plain)], as: .binary)
        #expect(try tool.decrypt(sealed, name: "w.bin") == plain)
    }

    @Test func aScalarGetsAName() throws {
        let sealed = try write([Leaf([], .string, "hunter2")], as: .yaml)
        #expect(try tool.decrypt(sealed, name: "w.yaml") == Array("value: hunter2\n".utf8))
    }

    @Test func everythingIsEncryptedWhateverItIsCalled() throws {
        let sealed = try write(
            [Leaf(["a_unencrypted"], .string, "canary-one"), Leaf(["b", "c_unencrypted"], .integer, "424242")],
            as: .yaml)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("canary"))
        #expect(!String(decoding: sealed, as: UTF8.self).contains("424242"))
        let printed = String(decoding: try tool.decrypt(sealed, name: "w.yaml"), as: UTF8.self)
        #expect(printed == "a_unencrypted: canary-one\nb:\n    c_unencrypted: 424242\n")
    }

    @Test func otherRecipientsOpenItAndSOPSEditsIt() throws {
        let other = try X25519Identity()
        let sealed = try write(
            [Leaf(["a"], .string, "one"), Leaf(["b"], .integer, "2")], as: .json, also: [other.recipient])
        #expect(try tool.read(sealed, name: "w.json").open(with: [other]).flatMap(Leaf.leaves).count == 2)
        let path = try tool.folder.write(sealed, to: "w.json")
        #expect(try tool.run(["set", path, #"["a"]"#, #""changed""#]).status == 0)
        #expect(
            try tool.open(try tool.folder.read("w.json"), name: "w.json")
                == [Leaf(["a"], .string, "changed"), Leaf(["b"], .integer, "2")])
    }

    @Test func whatAFormatCannotHoldIsRefused() throws {
        let cases: [(SOPSFormat, [Leaf])] = [
            (.binary, [Leaf(["a"], .string, "x")]), (.yaml, [Leaf(["sops", "a"], .string, "x")]),
            (.dotenv, [Leaf(["a", "b"], .string, "x")]), (.dotenv, [Leaf(["a=b"], .string, "x")]),
            (.dotenv, [Leaf(["sops_mac"], .string, "x")]), (.dotenv, [Leaf(["#a"], .string, "x")]), (.json, []),
        ]
        for (format, leaves) in cases {
            #expect(throws: ManifestFailure(.sopsUnwritable, "")) { try write(leaves, as: format) }
        }
    }
}
