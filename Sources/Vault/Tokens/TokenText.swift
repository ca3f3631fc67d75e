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
        return try HMAC.code(Array("reseal/v1/token\0".utf8), then: token, key: keyring.fingerprintKey)
    }
}
