/// Reads the syntax of RE2. Groups need no numbers here, and whether a repetition is greedy does not matter, since
/// nobody asks what fits, only whether something does.
struct PatternParser {
    /// Letters of `(?ims)`.
    private struct Flags {
        var foldsCase = false
        var isMultiline = false
        var dotTakesNewLine = false
    }

    private static let maximumDepth = 100
    private static let maximumRepetition = 1000
    private let text: [Unicode.Scalar]
    private var position = 0
    private var flags = Flags()
    private var depth = 0

    init(_ source: String) { text = Array(source.unicodeScalars) }

    mutating func parse() throws(ManifestFailure) -> PatternTree {
        let tree = try choice()
        guard position == text.count else { throw .pattern("a `)` closes nothing") }
        return tree
    }

    private var current: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private func comes(_ word: String) -> Bool { text[position...].starts(with: word.unicodeScalars) }

    private mutating func take(_ word: String) -> Bool {
        guard comes(word) else { return false }
        position += word.unicodeScalars.count
        return true
    }

    // MARK: Structure

    private mutating func choice() throws(ManifestFailure) -> PatternTree {
        var options = [try sequence()]
        while take("|") { options.append(try sequence()) }
        return options.count == 1 ? options[0] : .choice(options)
    }

    private mutating func sequence() throws(ManifestFailure) -> PatternTree {
        var parts: [PatternTree] = []
        while let next = current, next != "|", next != ")" {
            if take("\\Q") {
                parts += quotedLiterals()
                continue
            }
            // A group of flags alone is nothing that could be repeated.
            guard let part = try atom() else { continue }
            parts.append(try repeated(part))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quotedLiterals() -> [PatternTree] {
        var literals: [PatternTree] = []
        while let next = current, !take("\\E") {
            literals.append(literal(next))
            position += 1
        }
        return literals
    }

    private mutating func repeated(_ part: PatternTree) throws(ManifestFailure) -> PatternTree {
        guard let (minimum, maximum) = try repetition() else { return part }
        _ = take("?")
        if try repetition() != nil { throw .pattern("one repetition follows on another") }
        return .repetition(part, minimum: minimum, maximum: maximum)
    }

    private mutating func repetition() throws(ManifestFailure) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        return try countedRepetition()
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else that begins with `{` is text.
    private mutating func countedRepetition() throws(ManifestFailure) -> (Int, Int?)? {
        let start = position
        guard take("{"), let minimum = number() else {
            position = start
            return nil
        }
        var maximum: Int? = minimum
        if take(",") { maximum = comes("}") ? nil : number() ?? -1 }
        guard maximum != -1, take("}") else {
            position = start
            return nil
        }
        guard minimum <= Self.maximumRepetition, maximum ?? 0 <= Self.maximumRepetition, maximum ?? minimum >= minimum
        else { throw .pattern("a repetition `{…}` is out of range") }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        let digits = text[position...].prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty else { return nil }
        position += digits.count
        return digits.count > 6 ? .max : digits.reduce(0) { $0 * 10 + Int($1.value - 48) }
    }

    // MARK: Atoms

    private mutating func atom() throws(ManifestFailure) -> PatternTree? {
        guard let next = current else { return .empty }
        switch next {
        case "(": return try group()
        case "[":
            position += 1
            return .scalar(try bracketClass())
        case "*", "+", "?": throw .pattern("a repetition has nothing to repeat")
        case "\\":
            position += 1
            return try escape()
        default: break
        }
        position += 1
        switch next {
        case ".": return .scalar(flags.dotTakesNewLine ? .any : .notNewLine)
        case "^": return .assert(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assert(flags.isMultiline ? .lineEnd : .textEnd)
        default: return literal(next)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> PatternTree {
        var set = ScalarClass(scalar)
        set.foldsCase = flags.foldsCase
        return .scalar(set)
    }

    private mutating func group() throws(ManifestFailure) -> PatternTree? {
        position += 1
        depth += 1
        guard depth <= Self.maximumDepth else { throw .pattern("groups stand too deep in each other") }
        let outer = flags
        if take("?") {
            if take("P<") || take("<") {
                try groupName()
            } else if try groupFlags() {
                depth -= 1
                return nil
            }
        }
        let tree = try choice()
        guard take(")") else { throw .pattern("a `(` is not closed") }
        flags = outer
        depth -= 1
        return tree
    }

    private mutating func groupName() throws(ManifestFailure) {
        let name = text[position...].prefix { $0 != ">" }
        position += name.count
        let isName = !name.isEmpty && name.allSatisfy { ScalarClass.word.contains($0) }
        guard isName, take(">") else { throw .pattern("a group has no proper name (lookbehind is not part of RE2)") }
    }

    /// True if the group holds flags alone, which then count to the end of the group around it.
    private mutating func groupFlags() throws(ManifestFailure) -> Bool {
        var isOn = true
        while let letter = current {
            position += 1
            switch letter {
            case "i": flags.foldsCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesNewLine = isOn
            case "U": break
            case "-" where isOn: isOn = false
            case ":": return false
            case ")": return true
            default: throw .pattern("`(?` is followed by what RE2 does not know (lookaround is not part of it)")
            }
        }
        throw .pattern("a `(` is not closed")
    }

    // MARK: Classes

    private mutating func bracketClass() throws(ManifestFailure) -> ScalarClass {
        var set = ScalarClass()
        set.isNegated = take("^")
        set.foldsCase = flags.foldsCase
        var isFirst = true
        while isFirst || !comes("]") {
            isFirst = false
            if try takePOSIX(&set) { continue }
            let start = position
            if take("\\") {
                if try takePerlClass(&set) { continue }
                position = start
            }
            let low = try classScalar()
            guard comes("-"), position + 1 < text.count, text[position + 1] != "]" else {
                set.insert(low.value...low.value)
                continue
            }
            position += 1
            let high = try classScalar()
            guard low <= high else { throw .pattern("a range of characters ends before it begins") }
            set.insert(low.value...high.value)
        }
        position += 1
        return set
    }

    private mutating func takePOSIX(_ set: inout ScalarClass) throws(ManifestFailure) -> Bool {
        guard comes("[:") else { return false }
        let name = text[(position + 2)...].prefix { $0 != ":" && $0 != "]" }
        let end = position + 2 + name.count
        guard text[min(end, text.count)...].starts(with: ":]".unicodeScalars) else { return false }
        let isNegated = name.first == "^"
        let word = String(String.UnicodeScalarView(isNegated ? name.dropFirst() : name))
        guard let found = ScalarClass.posix(word) else { throw .pattern("there is no class `[:…:]` of that name") }
        set.formUnion(found, negated: isNegated)
        position = end + 2
        return true
    }

    /// Behind a `\`: `d`, `s`, `w`, `p` or their opposites.
    private mutating func takePerlClass(_ set: inout ScalarClass) throws(ManifestFailure) -> Bool {
        guard let letter = current else { return false }
        position += 1
        switch letter {
        case "d", "D": set.formUnion(.digit, negated: letter == "D")
        case "s", "S": set.formUnion(.space, negated: letter == "S")
        case "w", "W": set.formUnion(.word, negated: letter == "W")
        case "p", "P": try takeCategory(&set, negated: letter == "P")
        default: return false
        }
        return true
    }

    private mutating func takeCategory(_ set: inout ScalarClass, negated: Bool) throws(ManifestFailure) {
        var name = ""
        if take("{") {
            let letters = text[position...].prefix { $0 != "}" }
            position += letters.count
            guard take("}") else { throw .pattern("`\\p{` is not closed") }
            name = String(String.UnicodeScalarView(letters))
        } else if let letter = current {
            name = String(letter)
            position += 1
        }
        var isNegated = negated
        if name.hasPrefix("^") {
            isNegated.toggle()
            name.removeFirst()
        }
        if name == "Any" { return set.formUnion(.any, negated: isNegated) }
        guard let members = ScalarClass.categories(named: name) else {
            throw .pattern("`\\p` knows categories such as L or Lu, no scripts")
        }
        set.insert(members, negated: isNegated)
    }

    private mutating func classScalar() throws(ManifestFailure) -> Unicode.Scalar {
        guard let next = current else { throw .pattern("a `[` is not closed") }
        position += 1
        return next == "\\" ? try escapedScalar() : next
    }

    // MARK: Escapes

    private mutating func escape() throws(ManifestFailure) -> PatternTree {
        let start = position
        var set = ScalarClass()
        set.foldsCase = flags.foldsCase
        if try takePerlClass(&set) { return .scalar(set) }
        position = start
        let known: [(String, LinearPattern.Assertion)] = [
            ("A", .textStart), ("z", .textEnd), ("b", .wordBoundary), ("B", .noWordBoundary),
        ]
        for (letter, assertion) in known where take(letter) { return .assert(assertion) }
        return literal(try escapedScalar())
    }

    private mutating func escapedScalar() throws(ManifestFailure) -> Unicode.Scalar {
        guard let letter = current else { throw .pattern("it ends with a `\\`") }
        position += 1
        switch letter {
        case "a": return "\u{07}"
        case "f": return "\u{0c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0b}"
        case "x": return try hexadecimal()
        case "0"..."7":
            let more = text[position...].prefix(2).prefix { ("0"..."7").contains($0) }
            guard letter == "0" || !more.isEmpty else { throw .pattern("references to groups are not part of RE2") }
            position += more.count
            let value = more.reduce(letter.value - 48) { $0 * 8 + $1.value - 48 }
            return Unicode.Scalar(value) ?? letter
        default:
            guard letter.isASCII, !ScalarClass.word.contains(letter) || letter == "_" else {
                throw .pattern("`\\\(letter)` means nothing in RE2")
            }
            return letter
        }
    }

    private mutating func hexadecimal() throws(ManifestFailure) -> Unicode.Scalar {
        let isBraced = take("{")
        let digits = text[position...].prefix(isBraced ? 8 : 2).prefix { $0.properties.isASCIIHexDigit }
        position += digits.count
        let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        guard isBraced ? take("}") : digits.count == 2, let scalar = value.flatMap(Unicode.Scalar.init) else {
            throw .pattern("`\\x` needs two hexadecimal digits, or braces around a character's number")
        }
        return scalar
    }
}
