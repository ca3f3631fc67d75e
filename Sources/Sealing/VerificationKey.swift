internal import COpenSSL
internal import ResealCore

/// How a signature of a JSON Web Token is made (RFC 7518 and RFC 8037); by their names there.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case edDSA = "EdDSA"

    fileprivate var hash: String? {
        switch self {
        case .rs256, .ps256, .es256: "SHA256"
        case .rs384, .ps384, .es384: "SHA384"
        case .rs512, .ps512: "SHA512"
        case .edDSA: nil
        }
    }

    fileprivate var isPSS: Bool { self == .ps256 || self == .ps384 || self == .ps512 }
}

/// A public key that somebody else signs with.
package struct VerificationKey: Sendable {
    package enum Curve: String, Sendable {
        case p256 = "P-256"
        case p384 = "P-384"

        /// Bytes of a coordinate, and of each half of a signature.
        fileprivate var size: Int { self == .p256 ? 32 : 48 }
    }
    private enum Kind: Sendable, Equatable { case rsa, ec(Curve), ed25519 }

    private let kind: Kind
    private let handle: KeyHandle

    /// Throws ``SealingFailure/Kind/invalidKey`` for less than 2048 bits, and for what is no key.
    package init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws(SealingFailure) {
        kind = .rsa
        handle = try RSAPublicKey(modulus: modulus, exponent: exponent).handle
    }

    /// Throws ``SealingFailure/Kind/invalidKey`` for a point that is not on the curve.
    package init(_ curve: Curve, x: [UInt8], y: [UInt8]) throws(SealingFailure) {
        guard x.count == curve.size, y.count == curve.size else {
            throw SealingFailure(.invalidKey, "a coordinate of the key has the wrong size")
        }
        let point = [4] + x + y
        guard let raw = reseal_ec_public_key(curve.rawValue, point, point.count) else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the key is no point of its curve")
        }
        kind = .ec(curve)
        handle = try KeyHandle(adopting: raw, "cannot read the key")
    }

    package init(ed25519 bytes: [UInt8]) throws(SealingFailure) {
        kind = .ed25519
        handle = try bytes.withRawBytes { (bytes) throws(SealingFailure) in
            try KeyHandle.publicKey(EVP_PKEY_ED25519, bytes)
        }
    }

    /// Whether signatures of that algorithm are made with such a key.
    package func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        switch algorithm {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: kind == .rsa
        case .es256: kind == .ec(.p256)
        case .es384: kind == .ec(.p384)
        case .edDSA: kind == .ed25519
        }
    }

    package func isValid(_ signature: [UInt8], for message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        guard fits(algorithm) else { return false }
        defer { ERR_clear_error() }
        guard case .ec(let curve) = kind else {
            return reseal_verify(
                handle.raw, algorithm.hash, algorithm.isPSS ? 1 : 0, signature, signature.count, message,
                message.count) == 1
        }
        guard signature.count == 2 * curve.size else { return false }
        return reseal_verify_ecdsa(
            handle.raw, algorithm.hash, signature, Int32(curve.size), message, message.count) == 1
    }
}
