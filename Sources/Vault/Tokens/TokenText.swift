internal import ResealCore
package import ResealSealing

/// The text that a caller shows: `rsl_` and 256 random bits in hexadecimal.
package enum TokenText {
    private static let prefix = "rsl_"

    static func fresh() throws -> SecretBytes {
        var text = Array(prefix.utf8) + Array(Hex.encode(try SystemRandom.bytes(32)).utf8)
        return SecretBytes(consuming: &text)
    }

    static func freshAccessor() throws -> String { Hex.encode(try SystemRandom.bytes(12)) }

    /// `nil` for what can be no token, which costs no look into the store.
    package static func digest(of token: SecretBytes, _ keyring: Keyring) throws -> Digest256? {
        let isPlausible = token.withUnsafeBytes { text in
            text.count == prefix.utf8.count + 64 && text.starts(with: prefix.utf8)
        }
        guard isPlausible else { return nil }
        let label = Array("reseal/v1/token\0".utf8)
        let input = SecretBytes(count: label.count + token.count) { buffer in
            buffer.copyBytes(from: label)
            token.withUnsafeBytes { text in
                UnsafeMutableRawBufferPointer(rebasing: buffer[label.count...]).copyMemory(from: text)
            }
        }
        let code = try input.withUnsafeBytes { (bytes) throws(SealingFailure) in
            try HMAC.code(bytes, key: keyring.fingerprintKey)
        }
        return Digest256(code)
    }
}
