internal import ResealCore
package import ResealSealing

/// Texts inside of addresses and forms (RFC 3986, section 2).
package enum PercentEncoding {
    /// `nil` where a `%` has no two digits after it, or for what is no UTF-8.
    package static func decode(_ text: some StringProtocol) -> String? {
        PercentEscapes.decode(String(text).utf8).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Everything but letters, digits and `-._~` becomes `%XX`.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 { append(byte, to: &out) }
        return String(decoding: out, as: UTF8.self)
    }

    package static func encode(_ secret: SecretBytes) -> SecretBytes {
        var out: [UInt8] = []
        // Growing would leave a copy behind.
        out.reserveCapacity(3 * secret.count)
        secret.withUnsafeBytes { for byte in $0 { append(byte, to: &out) } }
        return SecretBytes(consuming: &out)
    }

    /// `name=value&…` as `application/x-www-form-urlencoded`; values stay in secret memory.
    package static func form(_ fields: [(name: String, value: SecretBytes)]) -> SecretBytes {
        var out: [UInt8] = []
        // Growing would leave a copy behind.
        out.reserveCapacity(fields.reduce(0) { $0 + 3 * ($1.name.utf8.count + $1.value.count) + 2 })
        for (i, field) in fields.enumerated() {
            if i > 0 { out.append(UInt8(ascii: "&")) }
            for byte in field.name.utf8 { append(byte, to: &out) }
            out.append(UInt8(ascii: "="))
            field.value.withUnsafeBytes { for byte in $0 { append(byte, to: &out) } }
        }
        return SecretBytes(consuming: &out)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func append(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: out.append(byte)
        default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
