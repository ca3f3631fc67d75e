import ResealAge
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealManifests

@Suite struct RefusalTests {
    private let tool: SOPSTool

    init() throws { tool = try SOPSTool() }

    private func sealed(rule: String = "") throws -> String {
        let plain = "user: orders\npassword: hunter2\nother: hunter3\nlist: [a1, b2]\nhost_unencrypted: db\n"
        return String(decoding: try tool.encrypt(Array(plain.utf8), name: "t.yaml", rule: rule), as: UTF8.self)
    }

    private func failure(_ text: String, name: String = "t.yaml") throws -> ManifestFailure {
        let failure = #expect(throws: ManifestFailure.self) { try tool.open(Array(text.utf8), name: name) }
        return try #require(failure)
    }

    private func line(_ text: String, _ start: String) throws -> String {
        try #require(text.split(separator: "\n").map(String.init).first { $0.hasPrefix(start) })
    }

    /// The real SOPS agrees that the file is bad.
    private func refusedBySOPS(_ text: String) throws -> Bool {
        let path = try tool.folder.write(text, to: "tampered.yaml")
        return try tool.run(["decrypt", path]).status != 0
    }

    @Test func changedPlainValue() throws {
        let text = try sealed().replacing("host_unencrypted: db", with: "host_unencrypted: evil")
        #expect(try refusedBySOPS(text))
        let found = try failure(text)
        #expect(found.kind == .sopsMAC)
        #expect(found.span?.line == 8)
        #expect(found.span?.column == 1)
    }

    @Test func changedPlainValueOutsideOfTheMAC() throws {
        let text = try sealed(rule: "{unencrypted_suffix: _unencrypted, mac_only_encrypted: true}")
            .replacing("host_unencrypted: db", with: "host_unencrypted: else")
        #expect(try !refusedBySOPS(text))
        #expect(try tool.open(Array(text.utf8), name: "t.yaml").last == Leaf(["host_unencrypted"], .string, "else"))
    }

    @Test func swappedValues() throws {
        let text = try sealed()
        let (a, b) = (try line(text, "password: "), try line(text, "other: "))
        let swapped = text.replacing(a, with: "password: " + b.dropFirst("other: ".count))
            .replacing(b, with: "other: " + a.dropFirst("password: ".count))
        #expect(try refusedBySOPS(swapped))
        let found = try failure(swapped)
        #expect(found.kind == .sopsMAC)
        #expect(found.message.contains("`password`"))
        #expect(found.span?.line == 2)
    }

    @Test func swappedElementsOfAList() throws {
        let text = try sealed()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = try #require(lines.firstIndex { $0.hasPrefix("    - ENC") })
        lines.swapAt(first, first + 1)
        #expect(try refusedBySOPS(lines.joined(separator: "\n")))
        // Positions are not bound, but the MAC knows the order.
        #expect(try failure(lines.joined(separator: "\n")).kind == .sopsMAC)
    }

    @Test func removedAndAddedValues() throws {
        let text = try sealed()
        let line = try line(text, "other: ")
        #expect(try failure(text.replacing(line + "\n", with: "")).kind == .sopsMAC)
        #expect(try failure(text.replacing(line, with: "other: \"\"")).kind == .sopsMAC)
        #expect(try failure(text.replacing(line, with: line + "\nmore_unencrypted: x")).kind == .sopsMAC)
        #expect(try failure(text.replacing(line, with: "other: hunter9")).kind == .sopsFormat)
        #expect(try failure(text.replacing(line, with: "other: 12")).kind == .sopsFormat)
    }

    @Test func valuesOfAnotherFile() throws {
        let (one, two) = (try sealed(), try sealed())
        let moved = one.replacing(try line(one, "password: "), with: try line(two, "password: "))
        #expect(try refusedBySOPS(moved))
        #expect(try failure(moved).kind == .sopsMAC)
    }

    @Test func damagedMetadata() throws {
        let text = try sealed()
        let mac = try line(text, "    mac: ")
        #expect(try failure(text.replacing(mac, with: "    mac: \"\"")).kind == .sopsMAC)
        #expect(try failure(text.replacing(mac + "\n", with: "")).kind == .sopsMAC)
        #expect(try failure(text.replacing(mac, with: mac.replacing("type:str", with: "type:int"))).kind == .sopsMAC)
        let time = try line(text, "    lastmodified: ")
        #expect(try failure(text.replacing(time, with: "    lastmodified: \"2020-01-01T00:00:00Z\"")).kind == .sopsMAC)
        #expect(try failure(text.replacing(time, with: "    lastmodified: yesterday")).kind == .sopsFormat)
        let both = text.replacing(time, with: time + "\n    encrypted_regex: .*")
        #expect(try failure(both).message.contains("exclude each other"))
        #expect(try failure("a: b\n").message.contains("not encrypted by SOPS"))
        let regex = try sealed(rule: "encrypted_regex: ^pass").replacing(
            "encrypted_regex: ^pass", with: "encrypted_regex: (a")
        #expect(try failure(regex).kind == .pattern)
    }

    @Test func everyBitOfACiphertextCounts() throws {
        let text = try sealed()
        let line = try line(text, "password: ")
        let bytes = Array(line.utf8)
        for (index, byte) in bytes.enumerated() where index > "password: ENC[AES256_GCM,data:".utf8.count {
            var changed = bytes
            changed[index] = byte == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            if changed == bytes { continue }
            let found = try failure(text.replacing(line, with: String(decoding: changed, as: UTF8.self)))
            #expect([.sopsMAC, .sopsFormat].contains(found.kind))
        }
    }

    @Test func strangersCannotOpenIt() throws {
        let text = try sealed()
        let failure = #expect(throws: ManifestFailure.self) {
            try tool.read(Array(text.utf8), name: "t.yaml").open(with: [X25519Identity()])
        }
        #expect(failure?.kind == .sopsNoMatch)
        #expect(failure?.message.contains(tool.recipient) == true)
        #expect(failure?.hint?.contains("--add-age") == true)
    }

    @Test func otherKeysAreNamed() throws {
        let text = try sealed()
        let age = try #require(text.firstRange(of: "    age:\n"))
        let end = try #require(text.firstRange(of: "    lastmodified"))
        let keys = "    pgp:\n        - fp: AB\n          enc: x\n    kms:\n        - arn: aws\n          enc: y\n"
        var foreign = text
        foreign.replaceSubrange(age.lowerBound..<end.lowerBound, with: keys)
        let found = try failure(foreign)
        #expect(found.kind == .sopsUnsupported)
        #expect(found.message.contains("PGP, AWS KMS"))
        var both = text
        both.insert(contentsOf: keys, at: end.lowerBound)
        #expect(try tool.open(Array(both.utf8), name: "t.yaml").count == 6)
        #expect(try tool.read(Array(both.utf8), name: "t.yaml").metadata.otherKeys == ["PGP", "AWS KMS"])
        var none = text
        none.removeSubrange(age.lowerBound..<end.lowerBound)
        #expect(try failure(none).message.contains("names no keys"))
    }

    @Test func severalKeyGroups() throws {
        let (a, b) = (try X25519Identity().recipient, try X25519Identity().recipient)
        let config = """
            creation_rules:
              - shamir_threshold: 2
                key_groups:
                  - age: [\(tool.recipient)]
                  - age: [\(a), \(b)]
            """
        let path = try tool.folder.write(config, to: "groups.yaml")
        for name in ["t.yaml", "t.json", "t.env"] {
            let plain = name == "t.json" ? #"{"a": "b"}"# : name == "t.env" ? "a=b" : "a: b"
            let file = try tool.folder.write(plain, to: name)
            let sealed = try tool.run(["--config", path, "encrypt", file]).stdout
            let found = try failure(String(decoding: sealed, as: UTF8.self), name: name)
            #expect(found.kind == .sopsUnsupported)
            #expect(found.message.contains("2 key groups"))
        }
    }

    @Test func oneKeyGroupIsAsGoodAsNone() throws {
        let config = "creation_rules:\n  - key_groups:\n      - age: [\(tool.recipient)]\n"
        let path = try tool.folder.write(config, to: "groups.yaml")
        let file = try tool.folder.write("a: b", to: "t.yaml")
        let sealed = try tool.run(["--config", path, "encrypt", file]).stdout
        #expect(try tool.open(sealed, name: "t.yaml") == [Leaf(["a"], .string, "b")])
    }

    @Test func iniFiles() throws {
        #expect(try failure("[a]\nb=c\n", name: "t.ini").kind == .sopsUnsupported)
    }

    @Test func brokenFilesOfEveryFormat() throws {
        for name in ["t.yaml", "t.json", "t.env", "t.bin"] {
            for text in [
                "", "{", "[1]", "\u{0}", "{\"a\": 1, \"a\": 2}", "a b", "sops: 1", "{\"sops\": {}}", "sops_mac=x",
            ] {
                #expect(throws: (any Error).self) { try tool.open(Array(text.utf8), name: name) }
            }
            #expect(throws: (any Error).self) { try tool.open([0xff, 0xfe, 0x00], name: name) }
            #expect(throws: (any Error).self) {
                try tool.open(Array(String(repeating: "[", count: 100_000).utf8), name: name)
            }
        }
    }

    /// Whatever happens to a file, it is refused or says the same as before.
    @Test(arguments: ["m.yaml", "m.json", "m.env", "m.bin"]) func mutatedFilesAreRefusedOrMeanTheSame(name: String)
        throws
    {
        let plain =
            switch name {
            case "m.json": #"{"a": "one", "b": {"c": [1, true, "x"]}}"#
            case "m.env": "a=one\nb=two\n"
            default: "a: one\nb: {c: [1, true, x]}\n# comment\nd: 2024-01-01\n"
            }
        let sealed = try tool.encrypt(Array(plain.utf8), name: name)
        let wanted = try tool.open(sealed, name: name)
        var random = RandomValues(seed: 99)
        var refused = 0
        for _ in 0..<600 {
            var bytes = sealed
            for _ in 0..<random.number(1...3) {
                let place = random.number(0...bytes.count - 1)
                switch random.number(0...3) {
                case 0: bytes[place] = random.bytes(1)[0]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: random.bytes(1), at: place)
                default: bytes.replaceSubrange(place..<min(place + 40, bytes.count), with: bytes.suffix(20))
                }
            }
            do {
                let found = try tool.open(bytes, name: name)
                #expect(found == wanted, "\(String(decoding: bytes, as: UTF8.self))")
            } catch is any UserFacingFailure {
                refused += 1
            }
        }
        #expect(refused > 300)
    }

    @Test func tooManyValues() throws {
        let list = "[" + String(repeating: "0,", count: 500_000) + "0]"
        for (name, text) in [
            ("t.json", "{\"a\": \(list)}"), ("t.yaml", "a: \(list)"),
            ("t.env", String(repeating: "#\n", count: 500_000)),
        ] {
            #expect(throws: (any Error).self) { try tool.open(Array(text.utf8), name: name) }
        }
        let aliases =
            "a: &a [" + String(repeating: "x,", count: 50) + "x]\nb: [" + String(repeating: "*a,", count: 500) + "*a]\n"
        #expect(throws: DiagnosticsFailure.self) { try tool.open(Array(aliases.utf8), name: "t.yaml") }
    }

    @Test func truncatedFiles() throws {
        let plain: [(String, String)] = [
            ("t.yaml", "a: one\nb: two\n"), ("t.json", #"{"a": "one"}"#), ("t.env", "a=one\nb=two\n"),
        ]
        for (name, text) in plain {
            let sealed = try tool.encrypt(Array(text.utf8), name: name)
            // Behind the MAC there is only what does not matter here, such as the version of SOPS.
            let end = try #require(sealed.firstRange(of: Array("mac".utf8))).upperBound + 40
            for count in stride(from: 0, to: end, by: 11) {
                #expect(throws: (any Error).self) { try tool.open(Array(sealed.prefix(count)), name: name) }
            }
        }
    }

    @Test func noErrorQuotesAValue() throws {
        let text = try sealed(rule: "encrypted_regex: nothing")
        let found = try failure(text.replacing("hunter2", with: "canary-value"))
        #expect(!"\(found)".contains("canary"))
        let syntax = #expect(throws: DiagnosticsFailure.self) {
            try tool.open(Array((text + "\n  canary: [canary-value\n").utf8), name: "t.yaml")
        }
        #expect(syntax.map { "\($0)".contains("canary-value") } == false)
    }
}
