internal import ResealCore
internal import ResealSealing

/// The forms in which a value appears in texts.
enum SecretForms {
    /// The value itself first.
    static func all(of bytes: UnsafeRawBufferPointer) -> [SecretBytes] {
        var forms = [SecretBytes(copying: bytes), json(bytes), hex(bytes, isUpper: false), hex(bytes, isUpper: true)]
        forms += [percent(bytes, isUpper: true), percent(bytes, isUpper: false)]
        for offset in 0..<3 {
            let text = base64(bytes, offset: offset)
            forms.append(text)
            forms.append(urlSafe(text))
        }
        return forms
    }

    private static func build(_ bound: Int, _ body: (inout [UInt8]) -> Void) -> SecretBytes {
        var out: [UInt8] = []
        // Growing would leave a copy behind.
        out.reserveCapacity(bound)
        body(&out)
        return SecretBytes(consuming: &out)
    }

    /// Without its quotes.
    private static func json(_ bytes: UnsafeRawBufferPointer) -> SecretBytes {
        let quoted = build(6 * bytes.count + 2) { JSON.quote(bytes, to: &$0) }
        return quoted.slice(1..<quoted.count - 1)
    }

    private static func hex(_ bytes: UnsafeRawBufferPointer, isUpper: Bool) -> SecretBytes {
        build(2 * bytes.count) { out in
            for byte in bytes { append(byte, isUpper, to: &out) }
        }
    }

    private static func append(_ byte: UInt8, _ isUpper: Bool, to out: inout [UInt8]) {
        for digit in [byte >> 4, byte & 15] {
            let letter = isUpper ? UInt8(ascii: "A") : UInt8(ascii: "a")
            out.append(digit < 10 ? UInt8(ascii: "0") + digit : letter + digit - 10)
        }
    }

    private static func percent(_ bytes: UnsafeRawBufferPointer, isUpper: Bool) -> SecretBytes {
        build(3 * bytes.count) { out in
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    out.append(byte)
                default:
                    out.append(UInt8(ascii: "%"))
                    append(byte, isUpper, to: &out)
                }
            }
        }
    }

    /// The letters that are the same whatever stands around the value, when `offset` bytes of a group stand before it.
    private static func base64(_ bytes: UnsafeRawBufferPointer, offset: Int) -> SecretBytes {
        let shifted = SecretBytes(count: offset + bytes.count) { buffer in
            UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: bytes)
        }
        let text = shifted.withUnsafeBytes { content in
            build(0) { $0 = Base64.encode(content, padded: false) }
        }
        // Letters of six bits that have some of the bytes before or after.
        let (first, last) = ((offset * 8 + 5) / 6, shifted.count * 8 / 6)
        return text.slice(first..<last)
    }

    private static func urlSafe(_ text: SecretBytes) -> SecretBytes {
        text.withUnsafeBytes { letters in
            build(letters.count) { out in
                for letter in letters {
                    switch letter {
                    case UInt8(ascii: "+"): out.append(UInt8(ascii: "-"))
                    case UInt8(ascii: "/"): out.append(UInt8(ascii: "_"))
                    default: out.append(letter)
                    }
                }
            }
        }
    }
}
