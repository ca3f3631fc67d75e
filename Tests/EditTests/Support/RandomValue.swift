import TestSupport

extension SeededGenerator {
    mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: items.indices, using: &self)] }
}

/// Values of all kinds that people and machines seal.
enum RandomValue {
    static func next(_ random: inout SeededGenerator) -> [UInt8] {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return random.bytes(Int.random(in: 0..<80, using: &random))
        case 1, 2: return Array(random.pick(special).utf8)
        case 3: return Array(lines(&random).utf8)
        case 4: return random.bytes(Int.random(in: 200..<400, using: &random))
        default: return Array(word(&random).utf8)
        }
    }

    /// Text that a person types into an editor: no control characters.
    static func typed(_ random: inout SeededGenerator) -> String {
        Bool.random(using: &random) ? word(&random) : lines(&random)
    }

    static func word(_ random: inout SeededGenerator) -> String {
        let letters = Array("abcXYZ0189 _-.:/#@!$%^&*()[]{}|\\'\"`~<>?,;=+éß漢😀")
        return String((0..<Int.random(in: 1...24, using: &random)).map { _ in random.pick(letters) })
    }

    private static func lines(_ random: inout SeededGenerator) -> String {
        let end = random.pick(["", "\n", "\n\n"])
        let lines = (0..<Int.random(in: 1...5, using: &random)).map { _ in
            random.pick(["", "", "  ", "\t"]) + word(&random)
                + random.pick(["", "", " "])
        }
        return lines.joined(separator: "\n") + end
    }

    private static let special = [
        "", " ", "\n", "true", "null", "~", "5432", "0x1f", "1.5e3", "yes", "- a", "? b", ": c", "# d", "a: b", "a #b",
        "a:",
        "---", "--- x", "...", "%TAG", "&a", "*b", "!c", "|", ">", "'", "\"", "''", "it's", "say \"hi\"", "C:\\dir\\n",
        "@x",
        "`y", "[1]", "{a: b}", "a, b", " lead", "trail ", "\ttab", "tab\t", "a\tb", "a\rb", "a\r\nb\r\n", "x\u{0}y",
        "\u{1b}[31m",
        "\u{85}", "\u{2028}", "a\u{202e}b", "\u{feff}", "é", "漢字", "😀", "a\nb", "a\n b\n", " a\nb", "a\n\nb\n", "\n\na",
        "a\n\n",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n", "-----BEGIN AGE",
        "!sealed x",
        "hunter2",
        "a very long passphrase of many words that goes on and on until no line of an editor holds it any more",
    ]
}
