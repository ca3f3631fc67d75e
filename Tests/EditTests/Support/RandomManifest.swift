import ResealCore
import ResealManifests
import TestSupport

/// A file of manifests as all sorts of people and tools write them: every style of scalar, comments everywhere, CRLF,
/// byte order marks, no line break at the end.
struct RandomManifest {
    private(set) var text = ""
    /// What is sealed.
    private(set) var values: [LeafName: [UInt8]] = [:]
    private var random: SeededGenerator
    private let pool: [(value: [UInt8], armor: String)]
    private var id = SecretID("x")
    /// Flow style without white space behind the colon, as JSON has it.
    let isTight: Bool

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        pool = try Keys.pool.get()
        isTight = seed % 16 == 0
        let count = Int.random(in: 1...3, using: &random)
        for number in 0..<count { document(number) }
        if chance(4) { text += "...\n" }
        if chance(3) { while text.hasSuffix("\n") { text.removeLast() } }
        if chance(3) { text = text.replacing("\n", with: "\r\n") }
        if chance(8) { text = "\u{feff}" + text }
    }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
    private mutating func pick<T>(_ items: [T]) -> T { random.pick(items) }
    private mutating func comment() -> String { pick(["", "", "", "  # why", " #é漢 😀", "   "]) }

    private mutating func noise(_ indent: Int) {
        if chance(5) { text += pick(["\n", "\(spaces(indent))# note: { [\n", "   \n", "# left\n"]) }
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

    private mutating func document(_ number: Int) {
        if number > 0 || chance(2) { text += pick(["---\n", "---  # next\n", "--- \n"]) }
        noise(0)
        id = SecretID(pick(["prod/db", "a", "x.y-z"]) + "-\(number)")
        let step = Int.random(in: 1...4, using: &random)
        text += pick(["apiVersion: reseal/v1\nkind: Secret\n", "kind: \"Secret\"\n\"apiVersion\":  'reseal/v1' # v\n"])
        text += pick(["metadata: {name: \(id.name)}\n", "metadata:\n\(spaces(step))name: \(id.name)  # n\n"])
        noise(0)
        text += "spec:\(comment())\n"
        if chance(2) {
            text +=
                "\(spaces(step))description: \(pick(["x", "'it''s'", "\"é\"", ">-\n\(spaces(step * 3))a\n\(spaces(step * 3))b"]))\n"
        }
        value(indent: step, step)
        if chance(2) { text += "\(spaces(step))permissions: {read: [user:a]}\(comment())\n" }
    }

    private mutating func value(indent: Int, _ step: Int) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            text += "\(spaces(indent))value: "
            sealedLeaf(.whole, indent)
        case 1:
            text += "\(spaces(indent))value: "
            flowMapping(.whole, depth: 0)
            text += "\(comment())\n"
        default:
            text += "\(spaces(indent))value:\(comment())\n"
            blockMapping(.whole, indent + step, step, depth: 0)
        }
    }

    private mutating func blockMapping(_ path: FieldPath, _ indent: Int, _ step: Int, depth: Int) {
        for number in 0..<Int.random(in: 1...4, using: &random) {
            noise(indent)
            let name = pick(["password", "key", "ключ", "a b", "on", "1"]) + "\(number)"
            let key = name.contains(" ") || chance(4) ? "\"\(name)\"" : name
            text += "\(spaces(indent))\(key):"
            let field = path.appending(name)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where depth < 2:
                text += "\(comment())\n"
                blockMapping(field, indent + step, step, depth: depth + 1)
            case 1:
                text += " "
                flowMapping(field, depth: depth)
                text += "\(comment())\n"
            case 2: plainLeaf(indent + step)
            default:
                text += pick([" ", " ", "   ", "\n\(spaces(indent + step))"])
                sealedLeaf(field, indent)
            }
        }
    }

    private mutating func flowMapping(_ path: FieldPath, depth: Int) {
        text += "{"
        for number in 0..<Int.random(in: 1...3, using: &random) {
            if number > 0 { text += pick([", ", ",", " , "]) }
            let name = "f\(number)"
            let isTight = isTight && chance(2)
            text += isTight ? "\"\(name)\":" : "\(name): "
            if chance(3) {
                text += isTight ? "\"plain\"" : pick(["plain", "5", "'q'", "\"d\"", "true"])
            } else {
                let sealed = pick(pool)
                values[LeafName(id, path.appending(name))] = sealed.value
                text += quoted(sealed.armor)
            }
        }
        text += pick(["}", " }", "}"])
    }

    private mutating func plainLeaf(_ indent: Int) {
        text += pick([
            " word", " 'it''s'", " \"a\\tb\"", " 5432", " true", " ~", " two words", " a\n\(spaces(indent))folded one",
            " |\n\(spaces(indent))line\n\(spaces(indent)) more", " >\n\(spaces(indent))fold\n\(spaces(indent))ed",
            " !!str 5", " |-  # c\n\(spaces(indent))x", " ''", "",
        ])
        text += "\n"
    }

    /// An armor in any style that YAML has for it. `indent` is that of its key.
    private mutating func sealedLeaf(_ field: FieldPath, _ indent: Int) {
        let (value, armor) = pick(pool)
        values[LeafName(id, field)] = value
        let body = indent + Int.random(in: 1...5, using: &random)
        func lines(_ indent: Int) -> String {
            armor.split(separator: "\n").map { "\n\(spaces(indent))\($0)" }.joined()
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: text += "|-\(comment())\(lines(body))\n"
        case 1: text += "|+\(comment())\(lines(body))\n" + pick(["", "\n", "\n\n"])
        case 2: text += "|\(body - indent)\(comment())\(lines(body))\n"
        case 3: text += "!!str |\(comment())\(lines(body))\n"
        case 4: text += "\(quoted(armor))\(comment())\n"
        case 5: text += "\"\\\n\(spaces(body))\(armor.replacing("\n", with: "\\n\\\n\(spaces(body))"))\"\(comment())\n"
        case 6: text += "'\(armor.replacing("\n", with: "\n\n\(spaces(body))"))'\(comment())\n"
        case 7: text += "|\(comment())\(lines(body))\n\n"
        default: text += "|\(comment())\(lines(body))\n"
        }
    }

    private func quoted(_ armor: String) -> String { "\"\(armor.replacing("\n", with: "\\n"))\"" }
}
