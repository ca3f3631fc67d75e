import ResealCore
import TestSupport

@testable import ResealManifests

/// Random scalars, keys and YAML, with what should be read of them.
struct RandomValues {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private mutating func pick<T>(_ items: [T]) -> T { items[number(0...items.count - 1)] }

    /// Mostly short, at times some kilobytes.
    private mutating func length() -> Int {
        chance(3) ? number(1000...9000) : chance(20) ? number(20...200) : number(1...19)
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789").map(
        String.init)
    private static let signs = Array(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").map(String.init)
    private static let others = [
        "ä", "ß", "é", "e\u{301}", "ж", "日", "本", "🔑", "👩‍👧", "\u{a0}", "\u{200b}", "\u{2028}", "\u{202e}", "\u{85}",
        "\u{feff}",
        "\u{e000}", "𝄞", "\t", "\u{7f}", "\u{1}", "\u{1b}",
    ]

    mutating func word(_ length: Int) -> String { (0..<length).map { _ in pick(Self.letters) }.joined() }

    /// Any characters, line breaks too.
    mutating func text() -> String {
        (0..<length()).map { _ in
            chance(60) ? pick(Self.letters) : chance(60) ? pick(Self.signs) : chance(85) ? pick(Self.others) : "\n"
        }.joined()
    }

    mutating func key(_ index: Int) -> String {
        let special = [
            "a b", "x: y", "it's", "\"quoted\"", "#no comment", "- dash", "1.5", "12", "true", "null", "~", "ключ",
            "a.b.c",
            "\\back", "{brace}", "[list]", "&anchor", "*alias", "!tag", "%percent", "@at", "`tick`", "y", "0x1f", "=",
            "<<",
            "trailing ", " leading", "a#b", "🔑", "2024-01-01",
        ]
        if chance(30) { return pick(special) + "\(index)" }
        if chance(2) { return word(number(129...500)) + "\(index)" }
        return pick(["pw_", "user", "k", "s_", ""]) + "\(index)" + pick(["", "", "_s", "_unencrypted"])
    }

    /// A scalar for programs: its kind and its bytes.
    mutating func value() -> (kind: SOPSValue.Kind, bytes: [UInt8]) {
        switch number(0...20) {
        case 0: return (.null, [])
        case 1: return (.boolean, Array((chance(50) ? "true" : "false").utf8))
        case 2, 3: return (.integer, Array("\(Int64.random(in: .min ... .max, using: &generator))".utf8))
        case 4: return (.integer, Array("\(number(-1000...1000))".utf8))
        case 5, 6, 7: return Self.float(double())
        case 8:
            let raw = bytes(length())
            return (String(validating: raw, as: UTF8.self) == nil ? .binary : .string, raw)
        case 9: return (.string, [])
        default: return (.string, Array(text().utf8))
        }
    }

    /// Any finite number, and many ordinary ones.
    mutating func double() -> Double {
        if chance(40) { return Double(number(-100_000...100_000)) / Double(pick([1, 2, 8, 10, 100, 1000, 3, 7])) }
        while true {
            let value = Double(bitPattern: generator.next())
            if value.isFinite { return value }
        }
    }

    static func float(_ number: Double) -> (kind: SOPSValue.Kind, bytes: [UInt8]) {
        if number == number.rounded(), abs(number) <= 9_007_199_254_740_992, !(number == 0 && number.sign == .minus) {
            return (.integer, Array("\(Int64(number))".utf8))
        }
        return (.number, Array("\(number)".utf8))
    }
}

/// A random YAML document of SOPS's input: every style of scalar.
struct RandomYAML {
    private(set) var text = ""
    private(set) var leaves: [Leaf] = []
    private var random: RandomValues
    /// SOPS cannot read back some values that it leaves plain: minus zero, and text with white space in front of
    /// several lines.
    private let isAllEncrypted: Bool

    init(
        seed: UInt64, leaves count: Int, isAllEncrypted: Bool = false, lineBreak: String = "\n",
        endsWithLineBreak: Bool = true
    ) {
        random = RandomValues(seed: seed)
        self.isAllEncrypted = isAllEncrypted
        while leaves.count < count { entry(path: [], indent: 0, index: leaves.count) }
        text += "last: word"
        leaves.append(Leaf(["last"], .string, "word"))
        if endsWithLineBreak { text += "\n" }
        if lineBreak != "\n" {
            text = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineBreak)
        }
    }

    private mutating func entry(path: [String], indent: Int, index: Int) {
        let pad = String(repeating: " ", count: indent)
        let key = random.key(index)
        if random.chance(10) { text += "\(pad)# \(random.word(12))\n" }
        text += pad + quotedKey(key) + ":"
        node(path: path + [key], indent: indent)
    }

    private mutating func node(path: [String], indent: Int) {
        if indent < 12, random.chance(12) {
            text += "\n"
            for index in 0..<random.number(1...5) { entry(path: path, indent: indent + 2, index: index) }
        } else if indent < 12, random.chance(8) {
            text += "\n"
            for index in 0..<random.number(1...5) {
                text += String(repeating: " ", count: indent + 2) + "-"
                scalar(path: path + ["\(index)"], indent: indent + 2)
            }
        } else {
            scalar(path: path, indent: indent)
        }
    }

    private mutating func scalar(path: [String], indent: Int) {
        let (source, kind, bytes) = style(indent: indent + 2)
        text += " \(source)"
        if random.chance(5), !source.contains("\n") { text += " # \(random.word(5))" }
        text += "\n"
        leaves.append(Leaf(path, kind, bytes))
    }

    private mutating func style(indent: Int) -> (source: String, SOPSValue.Kind, [UInt8]) {
        let pad = String(repeating: " ", count: indent)
        switch random.number(0...11) {
        case 0:
            let word = random.word(random.number(1...30))
            return ("w" + word, .string, Array(("w" + word).utf8))
        case 1:
            let words = (0..<5).map { _ in "it's " + random.word(4) }.joined(separator: " ")
            return ("'" + words.replacing("'", with: "''") + "'", .string, Array(words.utf8))
        case 2:
            let lines = (0..<random.number(1...5)).map { _ in random.word(9) + " : # " + random.word(3) }
            let (header, end) = random.chance(50) ? ("|", "\n") : ("|-", "")
            return (
                header + "\n" + lines.map { pad + $0 }.joined(separator: "\n"), .string,
                Array((lines.joined(separator: "\n") + end).utf8)
            )
        case 3:
            let lines = (0..<random.number(2...4)).map { _ in random.word(9) + " é " + random.word(3) }
            return (
                ">\n" + lines.map { pad + $0 }.joined(separator: "\n"), .string,
                Array((lines.joined(separator: " ") + "\n").utf8)
            )
        case 4:
            let raw = random.bytes(random.number(1...100))
            let kind: SOPSValue.Kind = String(validating: raw, as: UTF8.self) == nil ? .binary : .string
            return ("!!binary " + Base64.encode(raw, padded: true), kind, raw)
        case 5: return plain()
        default:
            var (kind, bytes) = random.value()
            if !isAllEncrypted {
                if kind == .string, bytes.contains(0x0a) { bytes = [0x78] + bytes }
                if bytes == Array("-0.0".utf8) { bytes = [0x78] }
            }
            switch kind {
            case .null: return (random.chance(50) ? "null" : "~", .null, [])
            case .string: return (doubleQuoted(bytes), .string, bytes)
            case .binary: return ("!!binary " + Base64.encode(bytes, padded: true), .binary, bytes)
            default: return (String(decoding: bytes, as: UTF8.self), kind, bytes)
            }
        }
    }

    /// Words that mean something to Go's YAML library.
    private mutating func plain() -> (source: String, SOPSValue.Kind, [UInt8]) {
        let samples: [(String, SOPSValue.Kind, String)] = [
            ("0777", .integer, "511"), ("0x1F", .integer, "31"), ("0b101", .integer, "5"), ("1_000", .integer, "1000"),
            ("-0", .integer, "0"), ("+7", .integer, "7"), ("08", .integer, "8"), ("1.", .integer, "1"),
            (".5", .number, "0.5"),
            ("1e3", .integer, "1000"), ("2024-1-2", .string, "2024-01-02T00:00:00Z"),
            ("2001-12-14t21:59:43.10-05:00", .string, "2001-12-14T21:59:43.1-05:00"),
            ("2001-12-14 21:59:43", .string, "2001-12-14T21:59:43Z"), (".inf", .string, ".inf"),
            (".nan", .string, ".nan"),
            ("yes", .string, "yes"), ("TRUE", .boolean, "true"), ("1:30", .string, "1:30"), ("0o14", .integer, "12"),
            ("1e400", .string, "1e400"), ("12345678901234567890123", .number, "1.2345678901234568e+22"),
            ("!!str 12", .string, "12"), ("!!float 3", .integer, "3"), ("-.5e-3", .number, "-0.0005"),
            ("-0.0", .number, "-0.0"),
        ]
        let sample = samples[random.number(0...samples.count - (isAllEncrypted ? 1 : 2))]
        return (sample.0, sample.1, Array(sample.2.utf8))
    }

    private func quotedKey(_ key: String) -> String { doubleQuoted(Array(key.utf8)) }

    private func doubleQuoted(_ bytes: [UInt8]) -> String { String(decoding: YAMLText.quoted(bytes), as: UTF8.self) }
}
