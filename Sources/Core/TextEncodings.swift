/// Lower-case hexadecimal (RFC 4648, section 8; either case is read).
package enum Hex {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let text = bytes.withContiguousStorageIfAvailable { encode(UnsafeRawBufferPointer($0)) }
        return text ?? Array(bytes).withUnsafeBytes { encode($0) }
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        return String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (i, byte) in bytes.enumerated() {
                text[2 * i] = digit(byte >> 4)
                text[2 * i + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    /// `nil` unless `text` is an even number of hexadecimal digits.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for i in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[i]), let low = value(digits[i + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// `%` and two hexadecimal digits for a byte (RFC 3986, section 2.1).
package enum PercentEscapes {
    /// `nil` where a `%` has no two digits after it.
    package static func decode(_ text: String.UTF8View) -> [UInt8]? {
        var out: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard rest.count >= 2, let decoded = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)) else {
                return nil
            }
            out += decoded
            rest = rest.dropFirst(2)
        }
        return out
    }
}

/// Standard base64 (RFC 4648, section 4), strict: canonical trailing bits, and padding exactly as asked.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for (value, letter) in alphabet.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()

    package static func encode(_ bytes: UnsafeRawBufferPointer, padded: Bool) -> [UInt8] {
        let rest = bytes.count % 3
        let count = bytes.count / 3 * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1)
        return [UInt8](unsafeUninitializedCapacity: count) { text, used in
            alphabet.withUnsafeBufferPointer { alphabet in
                var place = 0
                for i in stride(from: 0, to: bytes.count, by: 3) {
                    let left = bytes.count - i
                    let group =
                        UInt32(bytes[i]) << 16 | (left > 1 ? UInt32(bytes[i + 1]) << 8 : 0)
                        | (left > 2 ? UInt32(bytes[i + 2]) : 0)
                    for k in 0..<min(left + 1, 4) {
                        text[place] = alphabet[Int(group >> (18 - 6 * UInt32(k))) & 63]
                        place += 1
                    }
                }
                while place < count {
                    text[place] = UInt8(ascii: "=")
                    place += 1
                }
            }
            used = count
        }
    }

    package static func encode(_ bytes: [UInt8], padded: Bool) -> String {
        String(decoding: bytes.withUnsafeBytes { encode($0, padded: padded) }, as: UTF8.self)
    }

    /// `nil` for a foreign character, wrong padding, or trailing bits that are not zero.
    package static func decode(_ text: some Collection<UInt8>, padded: Bool) -> [UInt8]? {
        let decoded = text.withContiguousStorageIfAvailable { decode(UnsafeRawBufferPointer($0), padded: padded) }
        return decoded ?? Array(text).withUnsafeBytes { decode($0, padded: padded) }
    }

    /// As above. It works on raw bytes, since it stands in the way of every sealed value that is opened.
    package static func decode(_ text: UnsafeRawBufferPointer, padded: Bool) -> [UInt8]? {
        var letters = text.count
        if padded {
            guard letters.isMultiple(of: 4) else { return nil }
            letters -= text.suffix(2).reduce(0) { $0 + ($1 == UInt8(ascii: "=") ? 1 : 0) }
        }
        guard letters % 4 != 1 else { return nil }
        var bits: UInt32 = 0
        // Foreign characters have bits above the sixth, which this collects instead of branching for each.
        var seen: UInt8 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: letters * 3 / 4) { bytes, used in
            values.withUnsafeBufferPointer { values in
                var held: UInt32 = 0
                for letter in text.prefix(letters) {
                    let value = values[Int(letter)]
                    seen |= value
                    bits = bits << 6 | UInt32(value & 63)
                    held += 6
                    if held >= 8 {
                        held -= 8
                        bytes[used] = UInt8(truncatingIfNeeded: bits >> held)
                        used += 1
                        bits &= (1 << held) - 1
                    }
                }
            }
        }
        return seen <= 63 && bits == 0 ? bytes : nil
    }
}
