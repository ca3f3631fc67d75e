internal import ResealCore

/// A scalar as the Go libraries under SOPS understand it. SOPS hashes values in the text form that Go gives them, so
/// Reseal has to find the same form.
package enum GoScalar: Sendable, Equatable {
    case string([UInt8])
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// In the one text form that Go writes.
    case time(String)
    case null
    /// An integer that SOPS refuses, being above the range of 64 bits with a sign.
    case unsigned
    case comment([UInt8])

    var typeName: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .boolean: "boolean"
        case .time: "time"
        case .null: "null"
        case .unsigned: "unsigned"
        case .comment: "comment"
        }
    }

    /// The bytes that go into the MAC; none for null and comments.
    package var hashed: [UInt8] {
        switch self {
        case .string(let text): text
        case .integer(let value): Array(String(value).utf8)
        case .float(let value): Array(GoNumber.text(value).utf8)
        case .boolean(let value): Array((value ? "True" : "False").utf8)
        case .time(let text): Array(text.utf8)
        case .null, .unsigned, .comment: []
        }
    }
}

extension GoScalar {
    /// An untagged plain scalar of YAML.
    init(plainYAML text: [UInt8]) {
        let word = String(decoding: text, as: UTF8.self)
        switch word {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .boolean(true)
        case "false", "False", "FALSE": self = .boolean(false)
        case ".nan", ".NaN", ".NAN": self = .float(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .float(-.infinity)
        default:
            let first = text[0]
            guard first == UInt8(ascii: ".") || first.isSign || first.isDigit, let number = Self.number(word) else {
                self = .string(text)
                return
            }
            self = number
        }
    }

    private static func number(_ word: String) -> GoScalar? {
        if word.hasPrefix(".") { return float(word) }
        if let time = GoTime(yaml: word) { return .time(time.text) }
        let plain = word.filter { $0 != "_" }
        if let integer = GoNumber.integer(plain) { return integer }
        return GoNumber.isYAMLFloat(plain) ? float(plain) : nil
    }

    /// `nil` for a number out of range, which Go then takes for text.
    private static func float(_ word: String) -> GoScalar? {
        Double(word).flatMap { $0.isFinite ? .float($0) : nil }
    }
}

/// Numbers as Go reads and writes them.
enum GoNumber {
    /// Decimal, or with the prefix `0x`, `0b`, `0o` or `0` of another base.
    static func integer(_ text: String) -> GoScalar? {
        var digits = Substring(text)
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        let radix: Int
        switch digits.lowercased().prefix(2) {
        case "0x": radix = 16
        case "0b": radix = 2
        case "0o": radix = 8
        default: radix = digits.hasPrefix("0") && digits.utf8.count > 1 ? 8 : 10
        }
        if radix != 10 { digits = digits.dropFirst(digits.dropFirst().first?.isLetter == true ? 2 : 1) }
        guard digits.first?.isHexDigit == true else { return nil }
        if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .integer(value) }
        return !isNegative && UInt64(digits, radix: radix) != nil ? .unsigned : nil
    }

    /// A sign, digits with at most one point, an exponent.
    static func isYAMLFloat(_ text: String) -> Bool {
        var rest = Substring(text).utf8
        if rest.first?.isSign == true { rest.removeFirst() }
        let whole = rest.prefix { $0.isDigit }.count
        rest = rest.dropFirst(whole)
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = rest.prefix { $0.isDigit }.count
            rest = rest.dropFirst(fraction)
        }
        guard whole > 0 || fraction > 0 else { return false }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first?.isSign == true { rest.removeFirst() }
            guard !rest.isEmpty, rest.allSatisfy(\.isDigit) else { return false }
            return true
        }
        return rest.isEmpty
    }

    /// The shortest decimal that reads back as `value`, without an exponent.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let parts = "\(value.magnitude)".split(separator: "e")
        let halves = parts[0].split(separator: ".")
        var digits = String(halves[0])
        var point = digits.utf8.count
        if halves.count > 1, halves[1] != "0" { digits += halves[1] }
        if parts.count > 1 { point += Int(parts[1]) ?? 0 }
        let zeros = digits.prefix { $0 == "0" }.count
        digits.removeFirst(zeros)
        point -= zeros
        let sign = value.sign == .minus ? "-" : ""
        if digits.isEmpty { return sign + "0" }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        let count = digits.utf8.count
        if point >= count { return sign + digits + String(repeating: "0", count: point - count) }
        let place = digits.index(digits.startIndex, offsetBy: point)
        return sign + digits[..<place] + "." + digits[place...]
    }

    /// What a truth value may look like inside of a ciphertext.
    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": true
        case "0", "f", "F", "FALSE", "false", "False": false
        default: nil
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isSign: Bool { self == UInt8(ascii: "-") || self == UInt8(ascii: "+") }
}
