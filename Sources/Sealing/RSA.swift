internal import COpenSSL
internal import ResealCore

/// An RSA public key (RFC 8017) of 2048 to 16384 bits.
package struct RSAPublicKey: Sendable, Hashable {
    /// Big-endian, without leading zeros.
    package let modulus: [UInt8]
    /// Big-endian, without leading zeros.
    package let exponent: [UInt8]
    let handle: KeyHandle

    /// Throws ``SealingFailure/Kind/invalidKey`` for a modulus of another size, and for an exponent that is even, below
    /// 3, or of more than 24 bits.
    package init(modulus: [UInt8], exponent: [UInt8]) throws(SealingFailure) {
        try RSA.check(modulus, exponent)
        self.modulus = modulus
        self.exponent = exponent
        let raw = modulus.withUnsafeBytes { n in
            exponent.withUnsafeBytes { e in reseal_rsa_key(RSA.number(n), RSA.number(e), nil, nil, nil, nil) }
        }
        handle = try KeyHandle(adopting: raw, "cannot read the RSA public key")
    }

    package static func == (a: Self, b: Self) -> Bool { a.modulus == b.modulus && a.exponent == b.exponent }
    package func hash(into hasher: inout Hasher) { hasher.combine(modulus) }

    /// RSAES-OAEP with SHA-256.
    package func encryptOAEP(_ text: SecretBytes, label: String) throws(SealingFailure) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: modulus.count)
        var count = out.count
        let label = Array(label.utf8)
        let status = text.withUnsafeBytes {
            reseal_rsa_oaep(handle.raw, 0, label, label.count, $0.baseAddress, $0.count, &out, &count)
        }
        try openSSL("cannot encrypt with RSA", status)
        return out
    }
}

/// An RSA private key with two primes.
package struct RSAPrivateKey: Sendable {
    package let publicKey: RSAPublicKey
    private let handle: KeyHandle

    /// Takes the numbers of a key, big-endian; `coefficient` is the inverse of `prime2` modulo `prime1`.
    package init(
        _ publicKey: RSAPublicKey, privateExponent: SecretBytes, prime1: SecretBytes, prime2: SecretBytes,
        coefficient: SecretBytes
    ) throws(SealingFailure) {
        guard [privateExponent, prime1, prime2, coefficient].allSatisfy({ $0.count <= publicKey.modulus.count }) else {
            throw SealingFailure(.invalidKey, "the numbers of the RSA key do not fit each other")
        }
        self.publicKey = publicKey
        let raw = publicKey.modulus.withUnsafeBytes { n in
            publicKey.exponent.withUnsafeBytes { e in
                RSA.withNumbers(privateExponent, prime1, prime2, coefficient) { d, p, q, inverse in
                    reseal_rsa_key(RSA.number(n), RSA.number(e), &d, &p, &q, &inverse)
                }
            }
        }
        handle = try KeyHandle(adopting: raw, "cannot read the RSA private key")
    }

    init(_ handle: KeyHandle) throws(SealingFailure) {
        self.handle = handle
        publicKey = try RSAPublicKey(
            modulus: RSA.parameter(OSSL_PKEY_PARAM_RSA_N, of: handle),
            exponent: RSA.parameter(OSSL_PKEY_PARAM_RSA_E, of: handle))
    }

    /// RSAES-OAEP with SHA-256. Throws ``SealingFailure/Kind/notAuthentic`` for whatever was not made for this key and
    /// label.
    package func decryptOAEP(_ sealed: [UInt8], label: String) throws(SealingFailure) -> SecretBytes {
        let label = Array(label.utf8)
        var count = publicKey.modulus.count
        let padded = try SecretBytes(count: count) { (out) throws(SealingFailure) in
            let status = reseal_rsa_oaep(
                handle.raw, 1, label, label.count, sealed, sealed.count, out.bindMemory(to: UInt8.self).baseAddress,
                &count)
            guard status == 1 else {
                ERR_clear_error()
                throw SealingFailure(.notAuthentic, "the ciphertext was not made for this RSA key")
            }
        }
        return padded.slice(0..<count)
    }
}

private enum RSA {
    static let bits = 2048...16_384

    static func check(_ modulus: [UInt8], _ exponent: [UInt8]) throws(SealingFailure) {
        guard let top = modulus.first, top != 0, exponent.first != 0 else {
            throw SealingFailure(.invalidKey, "the RSA key is malformed")
        }
        let size = modulus.count * 8 - top.leadingZeroBitCount
        guard bits.contains(size) else {
            throw SealingFailure(
                .invalidKey, "the RSA key has \(size) bits; \(bits.lowerBound) to \(bits.upperBound) can be used")
        }
        let value = exponent.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard exponent.count <= 3, value >= 3, value & 1 == 1 else {
            throw SealingFailure(.invalidKey, "the exponent of the RSA key cannot be used")
        }
    }

    static func number(_ bytes: UnsafeRawBufferPointer) -> reseal_number {
        reseal_number(bytes: bytes.baseAddress, count: bytes.count)
    }

    static func withNumbers<R>(
        _ a: SecretBytes, _ b: SecretBytes, _ c: SecretBytes, _ d: SecretBytes,
        _ body: (inout reseal_number, inout reseal_number, inout reseal_number, inout reseal_number) -> R
    ) -> R {
        a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                c.withUnsafeBytes { c in
                    d.withUnsafeBytes { d in
                        var numbers = (number(a), number(b), number(c), number(d))
                        return body(&numbers.0, &numbers.1, &numbers.2, &numbers.3)
                    }
                }
            }
        }
    }

    /// A public number of a key, big-endian.
    static func parameter(_ name: String, of handle: KeyHandle) throws(SealingFailure) -> [UInt8] {
        var number: OpaquePointer?
        try openSSL("cannot read the RSA key", EVP_PKEY_get_bn_param(handle.raw, name, &number))
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
        BN_bn2bin(number, &bytes)
        return bytes
    }
}
