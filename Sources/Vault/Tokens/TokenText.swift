internal import ResealCore
package import ResealSealing

/// The text that a caller shows: a prefix that says what it is for, and 256 random bits in hexadecimal.
package enum TokenText {
    /// What a text is for. Each kind has digests of its own, so that none is ever taken for another.
    package enum Kind: String, Sendable {
        case caller = "rsl_"
        /// For one answer that is kept.
        case wrapping = "rslw_"

        fileprivate var label: String {
            switch self {
            case .caller: "reseal/v1/token\0"
            case .wrapping: "reseal/v1/wrapping-token\0"
            }
        }
    }

    static func fresh(_ kind: Kind = .caller) throws -> SecretBytes {
        var text = Array(kind.rawValue.utf8) + Array(Hex.encode(try SystemRandom.bytes(32)).utf8)
        return SecretBytes(consuming: &text)
    }

    /// A fresh text with its digest.
    static func fresh(_ kind: Kind, _ keyring: Keyring) throws -> (text: SecretBytes, digest: Digest256) {
        let text = try fresh(kind)
        guard let digest = try digest(of: text, as: kind, keyring) else {
            preconditionFailure("a fresh token has the form of one")
        }
        return (text, digest)
    }

    static func freshAccessor() throws -> String { Hex.encode(try SystemRandom.bytes(12)) }

    /// `nil` for what can be no token, which costs no look into the store.
    package static func digest(
        of token: SecretBytes, as kind: Kind = .caller, _ keyring: Keyring
    ) throws -> Digest256? {
        let isPlausible = token.withUnsafeBytes { text in
            text.count == kind.rawValue.utf8.count + 64 && text.starts(with: kind.rawValue.utf8)
        }
        guard isPlausible else { return nil }
        return try HMAC.code(Array(kind.label.utf8), then: token, key: keyring.fingerprintKey)
    }
}
