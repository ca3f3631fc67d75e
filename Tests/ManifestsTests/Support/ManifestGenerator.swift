/// Writes random files of valid manifests in every style that YAML has.
struct ManifestGenerator {
    var random: SeededRandom
    private var anchors: [String] = []
    private var canHaveAnchors = false
    /// Lines with a deep indent would belong to the text of a block scalar above them.
    private var isBehindArmor = false

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// One to three documents, of which the first is a Secret with a value.
    mutating func file() -> [UInt8] {
        canHaveAnchors = random.chance(20)
        var text = random.pick(["", "", "# Schlüssel\n", "\n\n", "---\n", "--- # first\n", "%YAML 1.2\n---\n"])
        let count = random.number(1...3)
        for i in 0..<count {
            if i > 0 { text += random.pick(["---\n", "--- # next\n", "...\n---\n", "---\n# between\n\n"]) }
            text += i == 0 || random.chance(70) ? secret(i) : role(i)
        }
        text = ending(of: text)
        if random.chance(30) { text = text.replacing("\n", with: "\r\n") }
        if random.chance(10), !text.hasPrefix("%") { text = "\u{feff}" + text }
        return Array(text.utf8)
    }

    private mutating func ending(of text: String) -> String {
        switch random.number(0...5) {
        case 0, 1: String(text.reversed().drop { $0 == "\n" }.reversed())
        case 2: text + "\n\n  \n"
        case 3: text + "# the end"
        case 4: text + "# the end\n"
        default: text
        }
    }

    private mutating func role(_ i: Int) -> String {
        "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: role-\(i)}  # flow\nspec:\n  members:\n  - user:alice\n  - \"user:b\"\n"
    }

    private mutating func secret(_ i: Int) -> String {
        anchors = []
        isBehindArmor = false
        if random.chance(8) { return json(i) }
        let step = random.pick([2, 2, 4, 3])
        let pad = String(repeating: " ", count: step)
        var text = "apiVersion: reseal/v1\nkind: Secret\n"
        text += random.chance(70) ? "metadata:\n\(pad)name: s\(i)\n" : "metadata: { name: s\(i) }\n"
        text += "spec:" + comment() + "\n" + noise(step)
        if random.chance(40) { text += "\(pad)description:" + leaf(step, isText: true) + noise(step) }
        text += "\(pad)value:" + value(step, step)
        if random.chance(40) { text += noise(step) + "\(pad)service: orders" + comment() + "\n" }
        if random.chance(20) { text += "\(pad)permissions:\n\(pad)\(pad)read:\n\(pad)\(pad)- user:alice\n" }
        return text
    }

    /// The whole document in flow style, as programs write it.
    private mutating func json(_ i: Int) -> String {
        let value = random.chance(50) ? "\"\(armorText().replacing("\n", with: "\\n"))\"" : flowMapping(0, depth: 0)
        let head = #"{"apiVersion": "reseal/v1", "kind": "Secret", "metadata": {"name": "s\#(i)"}, "spec": {"value": "#
        return head + value + random.pick(["}}", ", \"service\": \"x\"}}", "\n}\n}"]) + comment() + "\n"
    }

    /// What follows `value:`, up to the end of its last line.
    private mutating func value(_ indent: Int, _ step: Int) -> String {
        switch random.number(0...9) {
        case 0, 1: return leaf(indent)
        case 2: return " " + flowMapping(indent, depth: 0) + comment() + "\n"
        default: return comment() + "\n" + noise(indent + step) + mapping(indent + step, step, depth: 0)
        }
    }

    private mutating func mapping(_ indent: Int, _ step: Int, depth: Int) -> String {
        var text = ""
        for i in 0..<random.number(1...4) {
            text += String(repeating: " ", count: indent) + key(i) + ":"
            switch random.number(0...9) {
            case 0 where depth < 2: text += comment() + "\n" + mapping(indent + step, step, depth: depth + 1)
            case 1: text += " " + flowMapping(indent, depth: depth + 1) + comment() + "\n"
            default: text += leaf(indent)
            }
            text += noise(indent)
        }
        return text
    }

    private mutating func key(_ i: Int) -> String {
        isBehindArmor = false
        return random.pick([
            "key\(i)", "\"key \(i)\"", "'k\(i)'", "ключ\(i)", "a.b-\(i)", "\(i)", "k\(i)🔑", "\"k\\u00e9\(i)\"",
        ])
    }

    private mutating func flowMapping(_ indent: Int, depth: Int) -> String {
        let isLong = random.chance(30)
        let pad = isLong ? "\n" + String(repeating: " ", count: indent + 3) : ""
        let comments = random.chance(30)
        var items: [String] = []
        for i in 0..<random.number(1...3) {
            let nested = depth < 2 && random.chance(20)
            let content = nested ? flowMapping(indent + 2, depth: depth + 1) : flowScalar()
            items.append(pad + key(i) + ": " + content + (isLong && comments ? " # why" + pad : ""))
        }
        let comma = random.chance(20) ? "," : ""
        return "{" + random.pick(["", " "]) + items.joined(separator: ", ") + comma
            + (isLong
                ? random.pick(["\n" + String(repeating: " ", count: indent + 1), " # end\n   " + pad.dropFirst()])
                : " ") + "}"
    }

    private mutating func flowScalar() -> String {
        let scalar = random.pick([
            "plain", "a b", "5", "true", "''", "\"\"", "'it''s'", "\"a, b\"", "\"\\u00e9\\n\"", "db.internal:5432",
            "'# x'", "[]",
        ])
        return scalar == "[]" ? "~" : decorated(scalar)
    }

    /// What follows the `:` of a key, up to the end of its last line.
    private mutating func leaf(_ indent: Int, isText: Bool = false) -> String {
        isBehindArmor = false
        let deeper = String(repeating: " ", count: indent + random.number(1...4))
        switch random.number(0...(isText ? 5 : 11)) {
        case 0:
            return " " + decorated(random.pick(["db.internal", "a b  c", "http://x:1/y?z=é", "a#b", "x'y", "-1x"]))
                + comment() + "\n"
        case 1:
            return " " + decorated(random.pick(["'it''s'", "'a # b'", "\"q\\\"\\u00e9\\t\"", "\"\\x41: b\"", "'{}'"]))
                + comment() + "\n"
        case 2: return " " + decorated("first line\n\(deeper)second\n\n\(deeper)third") + "\n"
        case 3: return " " + decorated("\"first\n\(deeper)second \\\n\(deeper)third\"") + comment() + "\n"
        case 4: return " " + decorated("'first\n\n\(deeper)second'") + comment() + "\n"
        case 5: return block(indent, lines())
        case 6: return " " + decorated(random.pick(["5", "true", "~", "1.50", "no", "0o17"])) + comment() + "\n"
        case 7: return comment() + "\n"
        case 8:
            return comment() + "\n" + (random.chance(30) ? "# above\n" : "") + deeper
                + random.pick(["plain", "'q'", "\"d\""]) + "\n"
        case 9: return " \"" + armorText().replacing("\n", with: "\\n") + "\"" + comment() + "\n"
        case 10 where !anchors.isEmpty: return " *" + random.pick(anchors) + comment() + "\n"
        default: return block(indent, armorText().split(separator: "\n").map(String.init), isArmor: true)
        }
    }

    private mutating func decorated(_ scalar: String) -> String {
        if random.chance(5) { return "!!str " + scalar }
        guard canHaveAnchors, random.chance(20) else { return scalar }
        anchors.append("a\(anchors.count)")
        return "&a\(anchors.count - 1) " + scalar
    }

    /// A literal or folded scalar with any indicators, blank lines behind it included.
    private mutating func block(_ indent: Int, _ lines: [String], isArmor: Bool = false) -> String {
        isBehindArmor = isArmor
        let width = random.number(1...4)
        let first = lines.first { !$0.isEmpty } ?? ""
        let needsWidth = first.hasPrefix(" ") || first.hasPrefix("\t") || lines.first?.isEmpty == true
        let indicator = needsWidth || random.chance(10) ? "\(width)" : ""
        let chomp = random.pick(["", "-", "+"])
        let style = isArmor ? "|" : random.pick(["|", ">"])
        let header = decorated(style + (random.chance(50) ? indicator + chomp : chomp + indicator))
        let pad = String(repeating: " ", count: indent + width)
        let body = lines.map { $0.isEmpty ? "" : pad + $0 }.joined(separator: "\n")
        return " " + header + comment() + "\n" + body + "\n" + random.pick(["", "", "\n", "\n\n", "  \n"])
    }

    private mutating func lines() -> [String] {
        let words = [
            "text", "# no comment", "a: b", "- x", "ключ 🔑", " deeper", "\ttab", "trailing  ", "", "'", "---x", "{",
        ]
        return (0..<random.number(1...4)).map { _ in random.pick(words) } + ["end"]
    }

    mutating func armorText() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let lines = (0..<random.number(1...4)).map { _ in String((0..<64).map { _ in random.pick(letters) }) }
        return "-----BEGIN AGE ENCRYPTED FILE-----\n" + lines.joined(separator: "\n")
            + "\n-----END AGE ENCRYPTED FILE-----\n"
    }

    /// Any text that may be put into a leaf.
    mutating func plainText() -> String {
        let words = [
            "a", "é", "🔑", " ", "  ", "\n", "\n\n", "\"", "'", "\\", "#", ": ", "- ", "|", "{", "\t", "true", "5", "~",
            "\u{1}", "\r\n",
        ]
        return (0..<random.number(0...6)).map { _ in random.pick(words) }.joined()
    }

    private mutating func comment() -> String {
        random.chance(25) ? random.pick([" # note", "  # née 🔑", "   # a: b"]) : ""
    }

    /// Comments and blank lines between two entries.
    private mutating func noise(_ indent: Int) -> String {
        guard random.chance(20) else { return "" }
        let pad = String(repeating: " ", count: random.pick(isBehindArmor ? [0] : [0, indent, indent + 2]))
        return random.pick(["\n", "\n\n", "\(pad)# aside\n", "\(pad)# key: value\n\n", "\(pad)\n"])
    }
}
