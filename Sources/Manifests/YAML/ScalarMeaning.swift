/// What a scalar means by the core schema of YAML 1.2 (section 10.3), made a little stricter.
///
/// Strings, where the core schema has numbers: integers with leading zeros (postal codes, octal of YAML 1.1), integers
/// outside of 64 bits (a conversion would change them), `.inf` and `.nan` (JSON has no such numbers).
enum ScalarMeaning: UInt8, Sendable {
    case string, integer, float, boolean, null, binary

    init(plain text: UnsafeBufferPointer<UInt8>) {
        guard let first = text.first else {
            self = .null
            return
        }
        switch first {
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"):
            self = ["~", "null", "Null", "NULL"].contains { Self.matches(text, $0) } ? .null : .string
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"):
            let words: [StaticString] = ["true", "True", "TRUE", "false", "False", "FALSE"]
            self = words.contains { Self.matches(text, $0) } ? .boolean : .string
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
            self = Self.integer(text) != nil ? .integer : Self.float(text) != nil ? .float : .string
        default: self = .string
        }
    }

    /// The value of an integer in decimal, `0o` or `0x` notation.
    static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard let first = text.first else { return nil }
        let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        let digits = text.dropFirst(isSigned ? 1 : 0)
        guard let leading = digits.first, (48...57).contains(leading) else { return nil }
        if leading == 48, digits.count > 1 {
            let radix = digits[digits.startIndex + 1] == UInt8(ascii: "x") ? 16 : 8
            let isPrefixed = radix == 16 || digits[digits.startIndex + 1] == UInt8(ascii: "o")
            guard isPrefixed, !isSigned, digits.count > 2, digits[digits.startIndex + 2] != UInt8(ascii: "+"),
                digits[digits.startIndex + 2] != UInt8(ascii: "-")
            else { return nil }
            return Int64(String(decoding: digits.dropFirst(2), as: UTF8.self), radix: radix)
        }
        var value: Int64 = 0
        for digit in digits {
            guard (48...57).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            // Subtracted, since the range of Int64 reaches one further below zero than above.
            let (sum, overflow2) = product.subtractingReportingOverflow(Int64(digit - 48))
            if overflow || overflow2 { return nil }
            value = sum
        }
        if first == UInt8(ascii: "-") { return value }
        return value == .min ? nil : -value
    }

    /// The same number as JSON writes it: no `+`, a digit on both sides of the point.
    static func float(_ text: UnsafeBufferPointer<UInt8>) -> String? {
        var rest = text[...]
        func digits() -> String {
            let run = rest.prefix { (48...57).contains($0) }
            rest = rest.dropFirst(run.count)
            return String(decoding: run, as: UTF8.self)
        }
        func take(_ letters: StaticString) -> Bool {
            guard let byte = rest.first, letters.withUTF8Buffer({ $0.contains(byte) }) else { return false }
            rest = rest.dropFirst()
            return true
        }
        let sign = take("-") ? "-" : ""
        if sign.isEmpty { _ = take("+") }
        let whole = digits()
        let hasPoint = take(".")
        let fraction = hasPoint ? digits() : ""
        guard !whole.isEmpty || !fraction.isEmpty, !(whole.count > 1 && whole.first == "0") else { return nil }
        var exponent = ""
        if take("eE") {
            let minus = take("-") ? "-" : ""
            if minus.isEmpty { _ = take("+") }
            let power = digits()
            guard !power.isEmpty else { return nil }
            exponent = "e" + minus + power
        }
        guard rest.isEmpty, hasPoint || !exponent.isEmpty else { return nil }
        let decimals = fraction.isEmpty ? (hasPoint ? ".0" : "") : "." + fraction
        let number = sign + (whole.isEmpty ? "0" : whole) + decimals + exponent
        return Double(number)?.isFinite == true ? number : nil
    }

    private static func matches(_ text: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        word.withUTF8Buffer { $0.elementsEqual(text) }
    }

    /// The meaning that the core tag `name` gives to a scalar, or `nil` if its text does not fit the tag.
    init?(tag name: CoreTag, text: UnsafeBufferPointer<UInt8>) {
        let plain = ScalarMeaning(plain: text)
        switch name {
        case .str: self = .string
        case .binary: self = .binary
        case .int where plain == .integer, .bool where plain == .boolean, .null where plain == .null: self = plain
        case .float where plain == .float || plain == .integer: self = plain
        default: return nil
        }
    }
}

/// The tags that a manifest may use, `tag:yaml.org,2002:` left out.
enum CoreTag: String {
    case str, int, float, bool, null, binary, map, seq

    init?(uri: String) {
        let prefix = "tag:yaml.org,2002:"
        guard uri.hasPrefix(prefix) else { return nil }
        self.init(rawValue: String(uri.dropFirst(prefix.count)))
    }
}
