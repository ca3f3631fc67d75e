import Foundation
import ResealCore
import ResealManifests
import ResealSealing
import TestSupport
import Testing

/// Thousands of values that other programs put into manifests, and take out of them again: PyYAML and pyrage, and `age`.
@Suite struct ManifestRoundTripTests {
    let team: Team
    private var random = SeededGenerator(seed: UInt64.random(in: 0 ... .max))

    init() throws {
        team = try Team()
        try team.write(
            "manifests/repository.yaml",
            """
            apiVersion: reseal/v1
            kind: Repository
            metadata: {name: repository}
            spec: {id: 0123456789abcdef, limits: {valueBytes: 8388608}}
            """)
        try team.writeRules(
            """
            apiVersion: reseal/v1
            kind: Recipients
            metadata: {name: recipients}
            spec:
              controller: \(team["controller"])
              rules: [{names: ["**"], recipients: [\(team["alice"])]}]
            """)
    }

    /// Reads `{file: {secret: {field: value in base64}}}` from what other programs find.
    private static let reader = """
        import base64, json, pyrage, sys, yaml
        def leaves(node, path=()):
            if isinstance(node, dict):
                for key, value in node.items():
                    yield from leaves(value, path + (str(key),))
            elif isinstance(node, str) and node.lstrip().startswith("-----BEGIN AGE"):
                yield ".".join(path), node
        keys = [pyrage.x25519.Identity.from_str(open(p).read().split("\\n")[-2]) for p in sys.argv[1:2]]
        found = {}
        for path in sys.argv[2:]:
            data = open(path, "rb").read().decode("utf-8-sig")
            for document in yaml.load_all(data, yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):
                for field, armor in leaves(document["spec"]["value"]):
                    text = pyrage.decrypt(armor.strip().encode() + b"\\n", keys)
                    found[document["metadata"]["name"] + " " + field] = base64.b64encode(text).decode()
        json.dump(found, sys.stdout)
        """

    private func openedElsewhere(_ files: [String], as name: String) throws -> [String: [UInt8]] {
        let answer = try Command.check(
            "python3", ["-c", Self.reader, team.identity(name)] + files.map(team.path), timeout: .seconds(120))
        let values = try JSON(parsing: answer.stdout).objectValue ?? [:]
        return try values.mapValues { try #require(Base64.decode(Array(($0.stringValue ?? "").utf8), padded: true)) }
    }

    /// Seals all values in one process of pyrage.
    private func sealedElsewhere(_ values: [[UInt8]]) throws -> [String] {
        let program = """
            import base64, json, pyrage, sys
            to = [pyrage.x25519.Recipient.from_str(sys.argv[1])]
            print(json.dumps([pyrage.encrypt(base64.b64decode(v), to, armored=True).decode() for v in json.load(sys.stdin)]))
            """
        let list = values.map { JSON.string(Base64.encode($0, padded: true)) }
        let answer = try Command.check(
            "python3", ["-c", program, team["controller"]], stdin: JSON.array(list).canonicalBytes,
            timeout: .seconds(120))
        return try (JSON(parsing: answer.stdout).arrayValue ?? []).compactMap(\.stringValue)
    }

    private mutating func value() -> [UInt8] {
        let texts = ["", "hunter2", "é漢字😀", "a\nb\n", "\n", " lead", "# no comment", "a: b", "\u{0}", "\r\n", "'\"`"]
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5: return Array((texts.randomElement(using: &random) ?? "").utf8)
        case 19: return random.bytes(Int.random(in: 1000...40_000, using: &random))
        default: return random.bytes(Int.random(in: 0...80, using: &random))
        }
    }

    /// A leaf in one of the styles of YAML.
    private mutating func leaf(_ key: String, _ armor: String) -> String {
        let armor = armor.split(separator: "\n")
        func block(_ indent: Int) -> String {
            armor.map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "    \(key): |-   # strip é\n\(block(8))\n"
        case 1: return "    \(key): |+\n\(block(5))\n\n\n"
        case 2: return "    \"\(key)\" :  |3\n\(block(7))\n"
        case 3: return "    \(key): \"\(armor.joined(separator: "\\n"))\\n\"   # quoted\n"
        case 4: return "    \(key): !!str |\n\(block(6))\n    # 漢字\n"
        case 5: return "    \(key):\n      '\(armor.joined(separator: "\n\n      "))'\n"
        case 6: return "    \(key): \"\\\n      \(armor.joined(separator: "\\n\\\n      "))\"  # folded\n"
        default: return "    \(key): |\n\(block(6))\n"
        }
    }

    @Test mutating func whatOthersSealIsResealedAndAllElseStays() throws {
        let (files, fields) = (30, 20)
        let values = (0..<files * fields).map { _ in value() }
        let armors = try sealedElsewhere(values)
        var expected: [String: [UInt8]] = [:]
        var paths: [String] = []
        for file in 0..<files {
            var text = "# é \(file)\napiVersion: reseal/v1\nkind: Secret\nmetadata: {name: s\(file)}\nspec:\n  value:\n"
            for field in 0..<fields {
                let number = file * fields + field
                expected["s\(file) f\(field)"] = values[number]
                text += leaf("f\(field)", armors[number])
                if field % 9 == 0 { text += "    plain\(field):   'x: #'   # stays\n\n" }
            }
            if file % 3 == 0 { while text.hasSuffix("\n") { text.removeLast() } }
            if file % 4 == 1 { text = text.replacing("\n", with: "\r\n") }
            if file % 7 == 2 { text = "\u{feff}" + text }
            paths.append("manifests/s\(file).yaml")
            try Data(text.utf8).write(to: URL(fileURLWithPath: team.path(paths[file])))
        }
        let before = try paths.map(skeleton)
        #expect(try openedElsewhere(paths, as: "controller") == expected)
        try team.rekey()
        #expect(try paths.map(skeleton) == before)
        for name in ["controller", "alice"] { #expect(try openedElsewhere(paths, as: name) == expected, "\(name)") }
        #expect(try team.rekey().errorText.hasPrefix("resealed 0 value(s)"))
    }

    /// A file without the bytes of its sealed values, which a tag in front of one is part of.
    private func skeleton(_ path: String) throws -> String {
        let shown = SealedOutline.text(of: try team.bytes(path), names: RecipientNames())
        return String(decoding: shown, as: UTF8.self).replacing(/<sealed [^>]*>/, with: "<sealed>")
            .replacing("!!str <sealed>", with: "<sealed>")
    }

    @Test mutating func whatIsSealedHereIsOpenedElsewhere() throws {
        let count = 500
        var expected: [String: [UInt8]] = [:]
        for (file, lineBreak) in ["\n", "\r\n"].enumerated() {
            try team.writeSecret("s\(file)")
            let path = "manifests/s\(file).yaml"
            try Data(team.read(path).replacing("\n", with: lineBreak).utf8).write(
                to: URL(fileURLWithPath: team.path(path)))
            var members: [String: JSON] = [:]
            for field in 0..<count {
                let value = value()
                expected["s\(file) f\(field)"] = value
                let base64 = Base64.encode(value, padded: true)
                members["f\(field)"] =
                    field % 2 == 0 || String(validating: value, as: UTF8.self) == nil
                    ? ["$base64": .string(base64)] : .string(String(decoding: value, as: UTF8.self))
            }
            try team.reseal("seal", "s\(file)", "--fields-from", "-", stdin: JSON.object(members).canonical)
            let text = try team.read(path)
            #expect(text.contains("# s\(file): a comment that no edit may lose"))
            #expect(text.utf8.count { $0 == 0x0d } == (file == 1 ? text.utf8.count { $0 == 0x0a } : 0))
        }
        for name in ["controller", "alice"] {
            #expect(try openedElsewhere(["manifests/s0.yaml", "manifests/s1.yaml"], as: name) == expected)
        }
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 1 << 20, 5_000_000]) mutating func filesOfAnySize(bytes: Int) throws
    {
        let value = random.bytes(bytes)
        let plain = try team.user.folder.write(value, to: "value")
        try team.write(
            "manifests/f.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: f}\nspec: {value: {fromFile: f.age}}\n")
        let sealed = team.path("manifests/f.age")
        // Sealed by age, resealed here, opened by age.
        try Command.check("age", ["-r", team["controller"], "-o", sealed, plain])
        try team.rekey()
        for name in ["controller", "alice"] {
            #expect(try Command.check("age", ["-d", "-i", team.identity(name), sealed]).stdout == value)
        }
        // Sealed here, opened by pyrage.
        try team.reseal("seal", "f", "--from-file", plain)
        let program = """
            import pyrage, sys
            key = pyrage.x25519.Identity.from_str(open(sys.argv[1]).read().split("\\n")[-2])
            sys.stdout.buffer.write(pyrage.decrypt(open(sys.argv[2], "rb").read(), [key]))
            """
        #expect(try Command.check("python3", ["-c", program, team.identity("alice"), sealed]).stdout == value)
    }
}
