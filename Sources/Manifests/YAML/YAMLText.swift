internal import ResealCore

/// Writes text as a scalar of YAML that every reader takes for the same text.
enum YAMLText {
    private static let bare = ASCIISet("A-Za-z0-9_.-")
    /// Truth values of YAML 1.1, which older readers know.
    private static let oldWords: Set<String> = ["y", "n", "yes", "no", "on", "off"]

    /// Without quotes where that is safe, else in double quotes.
    static func scalar(_ text: [UInt8]) -> [UInt8] {
        let isBare =
            !text.isEmpty && text.first != UInt8(ascii: "-") && text.allSatisfy(bare.contains)
            && text.withUnsafeBufferPointer { ScalarMeaning(plain: $0) } == .string
            && GoScalar(plainYAML: text) == .string(text)
            && !oldWords.contains(String(decoding: text, as: UTF8.self).lowercased())
        return isBare ? text : quoted(text)
    }

    static func scalar(_ text: String) -> [UInt8] { scalar(Array(text.utf8)) }

    /// In double quotes. What would not be seen, or would move other text on the screen, is escaped.
    static func quoted(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var run: [UInt8] = []
        out.reserveCapacity(text.count + 2)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case _ where isUnseen(scalar):
                let digits = String(scalar.value, radix: 16)
                run += Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
            case UInt32(UInt8(ascii: "\\")), UInt32(UInt8(ascii: "\"")): run += [0x5c, UInt8(scalar.value)]
            case 0x0a: run += Array(#"\n"#.utf8)
            case 0x0d: run += Array(#"\r"#.utf8)
            case 0x09: run += Array(#"\t"#.utf8)
            case 0..<0x20, 0x7f: run += Array("\\u00\(Hex.encode([UInt8(scalar.value)]))".utf8)
            default: run += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        out.append(UInt8(ascii: "\""))
        out += run
        out.append(UInt8(ascii: "\""))
        return out
    }

    /// As a person would type it: as it is, else in single quotes, else in double quotes.
    static func typed(_ bytes: UnsafeRawBufferPointer, _ isFlow: Bool) -> [UInt8] {
        let text = Array(bytes)
        guard isVisible(text), !text.contains(where: \.isControl), text.first != 0x20, text.last != 0x20, !text.isEmpty
        else { return quoted(text) }
        if isPlain(text, isFlow) { return text }
        return [0x27] + text.flatMap { $0 == 0x27 ? [0x27, 0x27] : [$0] } + [0x27]
    }

    /// True if nothing in the text would be hidden, or would move other text on the screen.
    static func isVisible(_ text: [UInt8]) -> Bool {
        text.allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
            && !String(decoding: text, as: UTF8.self).unicodeScalars.contains { isUnseen($0) || $0.value == 0x7f }
    }

    /// Text as people write it: without quotes wherever every reader takes it for the same text.
    static func readable(_ text: [UInt8]) -> [UInt8] {
        guard !text.isEmpty, isVisible(text), !text.contains(where: \.isControl), text.first != 0x20, text.last != 0x20,
            isPlain(text.filter { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "-") }, true), isPlain(text, false),
            text.withUnsafeBufferPointer({ ScalarMeaning(plain: $0) }) == .string,
            GoScalar(plainYAML: text) == .string(text),
            !oldWords.contains(String(decoding: text, as: UTF8.self).lowercased())
        else { return quoted(text) }
        return text
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0xfeff, 0xfffe, 0xffff: true
        default: false
        }
    }

    private static let indicators = ASCIISet("[?:,{}#&*!|>'\"%@`-")
    private static let flowIndicators = ASCIISet("[{},:?-")

    /// True for one line that needs no quotes behind a tag. Stricter than YAML.
    private static func isPlain(_ text: [UInt8], _ isFlow: Bool) -> Bool {
        guard let first = text.first, !indicators.contains(first), first != UInt8(ascii: "]"),
            text.last != UInt8(ascii: ":")
        else { return false }
        if isFlow, text.contains(where: { flowIndicators.contains($0) || $0 == UInt8(ascii: "]") }) { return false }
        return zip(text, text.dropFirst()).allSatisfy { byte, next in
            !(byte == UInt8(ascii: ":") && next == 0x20) && !(byte == 0x20 && next == UInt8(ascii: "#"))
        }
    }
}

extension UInt8 {
    fileprivate var isControl: Bool { self < 0x20 || self == 0x7f }
}
