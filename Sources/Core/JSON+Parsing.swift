/// Text that is not the JSON we accept.
package struct JSONFailure: Error, Sendable, Equatable {
    /// Offset in bytes. Nothing of the text itself is kept, for it may be confidential.
    package let offset: Int
    package let problem: String
}

extension JSON {
    /// Parses RFC 8259 text strictly: duplicate keys, lone surrogates, trailing bytes and nesting below `maximumDepth`
    /// levels are errors. Foundation's decoder accepts duplicate keys, which would let two readers of one document
    /// see different values.
    package init(parsing text: some Collection<UInt8>, maximumDepth: Int = 64) throws(JSONFailure) {
        self = try JSONParser<JSON>.parse(Array(text), maximumDepth: maximumDepth)
    }
}

/// What a document is read into: ``JSON``, or a form that keeps its texts in secret memory.
package protocol JSONForm {
    /// `nil` for what is no UTF-8. The form may take the bytes over, and zero them.
    init?(text: inout [UInt8])
    /// `nil` for one out of range.
    init?(number: ArraySlice<UInt8>)
    /// `true` and `false`; `nil` for `null`.
    init(word: Bool?)
    init(items: [Self])
    init(members: [String: Self])
}

extension JSON: JSONForm {
    package init?(text: inout [UInt8]) {
        guard let string = String(validating: text, as: UTF8.self) else { return nil }
        self = .string(string)
    }

    package init?(number: ArraySlice<UInt8>) {
        let text = String(decoding: number, as: UTF8.self)
        if let integer = Int64(text) {
            self = .integer(integer)
        } else if let number = Double(text), number.isFinite {
            self = .number(number)
        } else {
            return nil
        }
    }

    package init(word: Bool?) { self = word.map(JSON.bool) ?? .null }
    package init(items: [JSON]) { self = .array(items) }
    package init(members: [String: JSON]) { self = .object(members) }
}

/// The one parser of JSON, whatever it is read into.
package struct JSONParser<Form: JSONForm> {
    private let bytes: [UInt8]
    private var position = 0

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// As strict as ``JSON/init(parsing:maximumDepth:)``.
    package static func parse(_ bytes: [UInt8], maximumDepth: Int = 64) throws(JSONFailure) -> Form {
        var parser = JSONParser(bytes: bytes)
        return try parser.document(maximumDepth: maximumDepth)
    }

    private mutating func document(maximumDepth: Int) throws(JSONFailure) -> Form {
        let value = try value(depth: maximumDepth)
        skipSpace()
        guard position == bytes.count else { throw failure("text behind the document") }
        return value
    }

    private func failure(_ problem: String) -> JSONFailure { JSONFailure(offset: position, problem: problem) }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        skipSpace()
        return takeByte(letter)
    }

    private mutating func value(depth: Int) throws(JSONFailure) -> Form {
        guard depth > 0 else { throw failure("too deeply nested") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return try text()
        case UInt8(ascii: "t"): return try literal("true", true)
        case UInt8(ascii: "f"): return try literal("false", false)
        case UInt8(ascii: "n"): return try literal("null", nil)
        default: return try number()
        }
    }

    private mutating func literal(_ word: StaticString, _ value: Bool?) throws(JSONFailure) -> Form {
        let expected = word.withUTF8Buffer { Array($0) }
        guard bytes[position...].starts(with: expected) else { throw failure("an unknown word") }
        position += expected.count
        return Form(word: value)
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> Form {
        position += 1
        var members: [String: Form] = [:]
        if take("}") { return Form(members: members) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a key") }
            guard let key = String(validating: try string(), as: UTF8.self) else { throw failure("invalid UTF-8") }
            guard take(":") else { throw failure("expected `:`") }
            guard members.updateValue(try value(depth: depth - 1), forKey: key) == nil else {
                throw failure("a duplicate key")
            }
        } while take(",")
        guard take("}") else { throw failure("expected `,` or `}`") }
        return Form(members: members)
    }

    private mutating func array(depth: Int) throws(JSONFailure) -> Form {
        position += 1
        var items: [Form] = []
        if take("]") { return Form(items: items) }
        repeat { items.append(try value(depth: depth - 1)) } while take(",")
        guard take("]") else { throw failure("expected `,` or `]`") }
        return Form(items: items)
    }

    private mutating func number() throws(JSONFailure) -> Form {
        let start = position
        guard takeNumber() else {
            position = start
            throw failure("expected a value")
        }
        guard let form = Form(number: bytes[start..<position]) else { throw failure("a number out of range") }
        return form
    }

    /// Moves behind a number as RFC 8259, section 6 has it: no leading zero or `+`, a digit on both sides of the point.
    private mutating func takeNumber() -> Bool {
        takeByte("-")
        let start = position
        let whole = takeDigits()
        guard whole > 0, whole == 1 || bytes[start] != UInt8(ascii: "0") else { return false }
        if takeByte("."), takeDigits() == 0 { return false }
        guard takeByte("e") || takeByte("E") else { return true }
        if !takeByte("-") { takeByte("+") }
        return takeDigits() > 0
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while let byte = current, (48...57).contains(byte) { position += 1 }
        return position - start
    }

    @discardableResult
    private mutating func takeByte(_ letter: Unicode.Scalar) -> Bool {
        guard let byte = current, UInt32(byte) == letter.value else { return false }
        position += 1
        return true
    }

    private mutating func text() throws(JSONFailure) -> Form {
        var bytes = try string()
        guard let form = Form(text: &bytes) else { throw failure("invalid UTF-8") }
        return form
    }

    private mutating func string() throws(JSONFailure) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        // Growing would leave copies of a secret behind.
        text.reserveCapacity(lengthToQuote)
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
            case 0..<0x20: throw failure("a control character in a string")
            default: text.append(byte)
            }
        }
        throw failure("an unterminated string")
    }

    /// What no text is longer than that begins here, for an escape is longer than what it stands for.
    private var lengthToQuote: Int {
        var end = position
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
        return end - position
    }

    private mutating func escape() throws(JSONFailure) -> [UInt8] {
        guard let byte = current else { throw failure("an unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try hexUnit()
            if (0xd800..<0xdc00).contains(code) {
                guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
                    throw failure("a lone surrogate")
                }
                position += 2
                let low = try hexUnit()
                guard (0xdc00..<0xe000).contains(low) else { throw failure("a lone surrogate") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("a lone surrogate") }
            return Array(String(Character(scalar)).utf8)
        default: throw failure("an unknown escape")
        }
    }

    private mutating func hexUnit() throws(JSONFailure) -> UInt32 {
        let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, let pair = Hex.decode(digits) else { throw failure("a bad \\u escape") }
        position += 4
        return UInt32(pair[0]) << 8 | UInt32(pair[1])
    }
}
