internal import COpenSSL
internal import ResealCore

// Ed25519 and X25519 are one curve in two forms, so that a signing key can be used to agree on a key (RFC 7748,
// section 4.1).

extension Ed25519PrivateKey {
    /// The X25519 key with the scalar of this key: the first half of SHA-512 of its seed (RFC 8032, section 5.1.5).
    package func agreementKey() throws(SealingFailure) -> X25519PrivateKey {
        try X25519PrivateKey(SHA512.hash(privateBytes()).slice(0..<32))
    }
}

extension Ed25519PublicKey {
    /// The X25519 public key of the same point: u = (1 + y) / (1 - y).
    ///
    /// Throws ``SealingFailure/Kind/invalidKey`` for bytes that are no point of the curve.
    package func agreementKey() throws(SealingFailure) -> [UInt8] {
        guard bytes.count == 32 else { throw SealingFailure(.invalidKey, "a public key has 32 bytes") }
        guard let u = EdwardsPoint.montgomeryForm(of: bytes) else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the public key is no point of the curve")
        }
        return u
    }
}

/// Arithmetic on public points only: OpenSSL's numbers take time that depends on them.
private enum EdwardsPoint {
    private static let primeHex = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
    /// -121665 / 121666
    private static let dHex = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"

    /// `nil` if `encoded` is no point.
    static func montgomeryForm(of encoded: [UInt8]) -> [UInt8]? {
        guard let context = BN_CTX_new() else { return nil }
        defer { BN_CTX_free(context) }
        BN_CTX_start(context)
        defer { BN_CTX_end(context) }
        // The top bit is the sign of x, on which u does not depend.
        var magnitude = encoded
        magnitude[31] &= 0x7f
        guard let p = number(primeHex, context), let y = BN_CTX_get(context), let u = BN_CTX_get(context),
            BN_lebin2bn(magnitude, 32, y) != nil, BN_nnmod(y, y, p, context) == 1, isOnCurve(y, p, context),
            let below = BN_CTX_get(context), BN_set_word(below, 1) == 1, BN_mod_sub(below, below, y, p, context) == 1
        else { return nil }
        var result = [UInt8](repeating: 0, count: 32)
        // The neutral point has no u; X25519 takes zero for it.
        if BN_is_zero(below) == 1 { return result }
        guard BN_mod_inverse(below, below, p, context) != nil, BN_add_word(y, 1) == 1,
            BN_mod_mul(u, y, below, p, context) == 1, BN_bn2lebinpad(u, &result, 32) == 32
        else { return nil }
        return result
    }

    /// x^2 = (y^2 - 1) / (d y^2 + 1) has a root if the product of the two is a square.
    private static func isOnCurve(_ y: OpaquePointer, _ p: OpaquePointer, _ context: OpaquePointer) -> Bool {
        guard let d = number(dHex, context), let above = BN_CTX_get(context), let below = BN_CTX_get(context),
            let product = BN_CTX_get(context),
            BN_mod_sqr(above, y, p, context) == 1, BN_mod_mul(below, d, above, p, context) == 1,
            BN_add_word(below, 1) == 1, BN_mod_sub(above, above, BN_value_one(), p, context) == 1,
            BN_mod_mul(product, above, below, p, context) == 1
        else { return false }
        return (0...1).contains(BN_kronecker(product, p, context))
    }

    private static func number(_ hex: String, _ context: OpaquePointer) -> OpaquePointer? {
        var number = BN_CTX_get(context)
        return number != nil && BN_hex2bn(&number, hex) == hex.utf8.count ? number : nil
    }
}
