import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct SecretValueTests {
    private func leaf(_ path: String..., type: SecretValue.LeafType = .string, holding text: String = "x")
        -> SecretValue.Leaf
    {
        SecretValue.Leaf(path: path, type: type, bytes: SecretBytes(utf8: text))
    }

    private func json(_ value: SecretValue) throws -> String { try #require(value.revealJSON().revealText()) }

    private func decode(_ bytes: [UInt8]) throws -> SecretValue { try SecretValue(decoding: SecretBytes(bytes)) }

    private func randomValue(_ random: inout SeededGenerator) throws -> SecretValue {
        let leaves = (0..<Int.random(in: 0...6, using: &random)).map { index in
            let path = (0...Int.random(in: 0...3, using: &random)).map { "k\($0)ä." + String(index) }
            let type = SecretValue.LeafType(rawValue: UInt8.random(in: 0...5, using: &random)) ?? .string
            let count = Int.random(in: 0...40, using: &random)
            return SecretValue.Leaf(path: path, type: type, bytes: SecretBytes(random.bytes(count)))
        }
        return try SecretValue(leaves: leaves)
    }

    @Test func decodingUndoesEncoding() throws {
        var random = SeededGenerator(seed: 30)
        for _ in 0..<300 {
            let value = try randomValue(&random)
            let read = try SecretValue(decoding: value.encoded())
            #expect(
                read.leaves.map(\.path) == value.leaves.map(\.path)
                    && read.leaves.map(\.type) == value.leaves.map(\.type))
            #expect(zip(read.leaves, value.leaves).allSatisfy { $0.bytes.isEqual(to: $1.bytes) })
            #expect(read.encoded().isEqual(to: value.encoded()))
        }
    }

    /// Equal values have equal fingerprints, whatever order they were written in.
    @Test func theOrderOfWritingDoesNotMatter() throws {
        let leaves = [leaf("b"), leaf("a", "z"), leaf("a", "b"), leaf("ab"), leaf("c", type: .binary)]
        let encoded = try SecretValue(leaves: leaves).encoded()
        for _ in 0..<20 { #expect(try SecretValue(leaves: leaves.shuffled()).encoded().isEqual(to: encoded)) }
    }

    /// Whatever else is read was not written here: every cut, and every byte changed to something that does not read
    /// back the same.
    @Test func otherBytesAreDamageAndNoCrash() throws {
        let bytes = try SecretValue(leaves: [leaf("a", "key"), leaf("b", type: .integer, holding: "17")]).encoded()
            .revealBytes()
        for count in 0..<bytes.count {
            #expect(throws: VaultFailure(.corrupt, "")) { try decode(Array(bytes.prefix(count))) }
        }
        #expect(throws: VaultFailure(.corrupt, "")) { try decode(bytes + [0]) }
        for index in bytes.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] where bytes[index] != value {
                var other = bytes
                other[index] = value
                if let read = try? decode(other) { #expect(read.encoded().revealBytes() == other) }
            }
        }
    }

    /// Counts that promise billions of parts cost nothing.
    @Test(
        arguments: [
            [], [0], [2, 0, 0, 0, 0], [1], [1, 0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0, 1, 0xff, 0xff],
            [1, 0, 0, 0, 1, 0, 1, 0xff, 0xff], [1, 0, 0, 0, 1, 0, 0, 6, 0, 0, 0, 0],
            [1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            [1, 0, 0, 0, 1, 0, 1, 0, 1, 0xff, 0, 0, 0, 0, 0],
            // Two leaves in the wrong order, and twice the same.
            [1, 0, 0, 0, 2, 0, 1, 0, 1, 0x62, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x61, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func hostileBytesAreDamage(bytes: [UInt8]) {
        #expect(throws: VaultFailure(.corrupt, "")) { try decode(bytes) }
    }

    @Test func fieldsMayNotCollide() throws {
        for leaves in [
            [leaf("a"), leaf("a")], [leaf("a"), leaf("a", "b")], [leaf("a", "b", "c"), leaf("a", "b")],
            [leaf(), leaf("a")],
        ] {
            #expect(throws: VaultFailure(.invalidValue, "")) { try SecretValue(leaves: leaves) }
        }
        #expect(try SecretValue(leaves: [leaf("a"), leaf("ab"), leaf("a.b"), leaf("b", "a")]).leaves.count == 4)
    }

    @Test func namesHaveALimit() throws {
        let longest = String(repeating: "k", count: 65_535)
        let value = try SecretValue(leaves: [leaf(longest)])
        #expect(try SecretValue(decoding: value.encoded()).leaves[0].path == [longest])
        let states = [FieldState(field: longest, counter: 1, fingerprint: 2)]
        #expect(try [FieldState](decoding: states.encoded) == states)
        let tooLong = [
            [longest + "k"], [String(repeating: ".", count: 32_768)], [longest, "k"],
            [String](repeating: "", count: 65_536),
        ]
        for path in tooLong {
            let leaf = SecretValue.Leaf(path: path, bytes: SecretBytes([]))
            #expect(throws: VaultFailure(.invalidValue, "")) { try SecretValue(leaves: [leaf]) }
        }
    }

    @Test func fieldsAreFoundByKeyThenByPath() throws {
        let fields = try SecretValue(leaves: [
            SecretValue.Leaf(path: ["tls", "key"], bytes: SecretBytes(utf8: "1")),
            SecretValue.Leaf(path: ["a.b"], bytes: SecretBytes(utf8: "2")),
            SecretValue.Leaf(path: ["a", "b"], bytes: SecretBytes(utf8: "3")),
        ])
        #expect(fields.leaf(named: "tls.key")?.bytes.revealText() == "1")
        #expect(fields.leaf(named: "a.b")?.bytes.revealText() == "2")
        #expect(fields.leaf(named: #"a\.b"#)?.bytes.revealText() == "2")
        #expect(fields.leaf(named: "tls") == nil && fields.leaf(named: "") == nil)
        #expect(SecretValue.text(of: ["a.b", "c\\d"]) == #"a\.b.c\\d"#)
    }

    @Test func settingReplacesOrAddsOneField() throws {
        let value = try SecretValue(leaves: [leaf("a", "x"), leaf("b")])
        let changed = try value.setting(SecretValue.Leaf(path: ["b"], bytes: SecretBytes(utf8: "new")))
        #expect(changed.leaf(named: "b")?.bytes.revealText() == "new" && changed.leaves.count == 2)
        #expect(try value.setting(leaf("c")).leaves.count == 3)
        #expect(throws: VaultFailure(.invalidValue, "")) { try value.setting(leaf("a")) }
    }

    @Test func jsonHasTheShapeOfTheValue() throws {
        let value = try SecretValue(leaves: [
            SecretValue.Leaf(path: ["db", "host"], bytes: SecretBytes(utf8: "h\"\n\u{1}é")),
            SecretValue.Leaf(path: ["db", "port"], type: .integer, bytes: SecretBytes(utf8: "5432")),
            SecretValue.Leaf(path: ["ratio"], type: .number, bytes: SecretBytes(utf8: "-1.5e3")),
            SecretValue.Leaf(path: ["on"], type: .boolean, bytes: SecretBytes(utf8: "true")),
            SecretValue.Leaf(path: ["none"], type: .null, bytes: SecretBytes([])),
            SecretValue.Leaf(path: ["raw"], type: .binary, bytes: SecretBytes([0, 255])),
        ])
        #expect(
            try json(value)
                == #"{"db":{"host":"h\"\n\u0001é","port":5432},"none":null,"on":true,"ratio":-1.5e3,"raw":"AP8="}"#)
        #expect(try json(SecretValue(scalar: SecretBytes(utf8: "x"))) == #""x""#)
        #expect(try json(SecretValue(leaves: [])) == "{}")
    }

    /// A number that is none stays within its quotes: it cannot pass for another field, or another secret.
    @Test(arguments: [#"1,"admin":true"#, "1}", "1 ", "\"", "", "1\n"]) func bareLeavesCannotBreakOut(text: String)
        throws
    {
        for type in [SecretValue.LeafType.integer, .number, .boolean] {
            let written = try json(
                SecretValue(leaves: [SecretValue.Leaf(path: ["n"], type: type, bytes: SecretBytes(utf8: text))]))
            #expect(try JSON(parsing: Array(written.utf8)) == ["n": .string(text)])
        }
    }

    /// The worst case of escaping fits into what was reserved, or a copy would stay in memory.
    @Test func revealingNeedsNoMoreThanOneBuffer() throws {
        let control = String(repeating: "\u{1}", count: 5000)
        let value = try SecretValue(leaves: (0..<20).map { leaf("k\($0)" + control, holding: control) })
        #expect(try JSON(parsing: Array(json(value).utf8)).objectValue?.count == 20)
        #expect(SecretValue.jsonBound(of: value.leaves) >= value.revealJSON().count)
        let binary = try SecretValue(
            leaves: (0..<9).map { leaf("\($0)", "b", type: .binary, holding: String(repeating: "x", count: $0)) })
        #expect(SecretValue.jsonBound(of: binary.leaves) >= binary.revealJSON().count)
    }

    @Test func noRenderingShowsAValue() throws {
        let secret = SecretValue(scalar: SecretBytes(utf8: "canary-91"))
        let reading = SecretReading(id: SecretID("a"), version: 1, createdAt: Sample.start, value: secret)
        for container in [secret, [secret], reading, secret.leaves] as [Any] {
            var text = "\(container)" + String(reflecting: container)
            dump(container, to: &text)
            #expect(!text.contains("canary-91"))
        }
    }
}

@Suite struct FieldStateTests {
    @Test func decodingUndoesEncoding() throws {
        let states = Sample.fullSecret().fields
        #expect(try [FieldState](decoding: states.encoded) == states)
        #expect(try [FieldState](decoding: []) == [])
        #expect(states.map(\.highestCounter) == [0, .max, 7])
    }

    @Test func cutBytesAreDamage() throws {
        let bytes = [FieldState(field: "abc", counter: 1, fingerprint: 2)].encoded
        for count in 1..<bytes.count {
            #expect(throws: VaultFailure(.corrupt, "")) { try [FieldState](decoding: Array(bytes.prefix(count))) }
        }
    }
}
