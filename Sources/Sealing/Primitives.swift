internal import COpenSSL
internal import ResealCore

/// Randomness of the operating system, through OpenSSL's generator.
package enum SystemRandom {
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SealingFailure) {
        guard let base = buffer.baseAddress else { return }
        guard let count = Int32(exactly: buffer.count) else {
            throw SealingFailure(.invalidInput, "randomness comes in less than 2 GiB")
        }
        try openSSL("no randomness", RAND_bytes(base.assumingMemoryBound(to: UInt8.self), count))
    }

    package static func bytes(_ count: Int) throws(SealingFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withMutableRawBytes { (b) throws(SealingFailure) in try fill(b) }
        return bytes
    }

    package static func secret(_ count: Int) throws(SealingFailure) -> SecretBytes {
        try SecretBytes(count: count) { (b) throws(SealingFailure) in try fill(b) }
    }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let bytes = 32
    // Immutable once fetched, and never freed.
    fileprivate nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    package static func hash(_ data: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: bytes)
        digest.withUnsafeMutableBytes { hash(data, into: $0) }
        return digest
    }

    /// Writes the digest into `out`, which has 32 bytes.
    static func hash(_ data: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) {
        precondition(out.count == bytes, "SHA-256 makes 32 bytes")
        let status = EVP_Digest(
            data.baseAddress, data.count, out.bindMemory(to: UInt8.self).baseAddress, nil, algorithm, nil)
        // It fails only without memory, or without a provider of SHA-256, where nothing here could work.
        precondition(status == 1, "SHA-256 is not available")
    }

    package static func hash(_ data: [UInt8]) -> [UInt8] { data.withUnsafeBytes { hash($0) } }
}

/// SHA-512 (FIPS 180-4) of a message that comes in parts.
package struct SHA512: ~Copyable {
    // Immutable once fetched, and never freed.
    private nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA512", nil)
    private let context: DigestContext

    package init() throws(SealingFailure) {
        context = try DigestContext(starting: Self.algorithm)
    }

    package mutating func update(_ part: UnsafeRawBufferPointer) throws(SealingFailure) {
        try openSSL("cannot compute a digest", EVP_DigestUpdate(context.raw, part.baseAddress, part.count))
    }

    /// The digest, 64 bytes.
    package consuming func finish() throws(SealingFailure) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 64)
        try openSSL("cannot compute a digest", EVP_DigestFinal_ex(context.raw, &digest, nil))
        return digest
    }

    /// The digest of a secret, 64 bytes.
    static func hash(_ data: SecretBytes) -> SecretBytes {
        SecretBytes(count: 64) { out in
            let status = data.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, out.bindMemory(to: UInt8.self).baseAddress, nil, algorithm, nil)
            }
            precondition(status == 1, "SHA-512 is not available")
        }
    }
}

/// Sole owner of one `EVP_MD_CTX`. Not private, since ``SHA512`` holds one: whoever drops that in another module needs
/// this type's symbols.
struct DigestContext: ~Copyable {
    let raw: OpaquePointer

    init() throws(SealingFailure) {
        guard let context = EVP_MD_CTX_new() else { throw .native("cannot allocate a digest context") }
        raw = context
    }

    init(starting algorithm: OpaquePointer?) throws(SealingFailure) {
        guard let context = EVP_MD_CTX_new() else { throw .native("cannot allocate a digest context") }
        guard EVP_DigestInit_ex2(context, algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .native("cannot start a digest")
        }
        raw = context
    }

    deinit { EVP_MD_CTX_free(raw) }
}

/// HMAC-SHA-256 (RFC 2104).
package enum HMAC {
    package static func code(
        _ data: UnsafeRawBufferPointer, key: SecretBytes
    ) throws(SealingFailure) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: SHA256.bytes)
        let context = try DigestContext()
        let status = key.withUnsafeBytes {
            reseal_hmac(
                context.raw, SHA256.algorithm, $0.baseAddress, $0.count, data.baseAddress, data.count, nil, 0, &out)
        }
        try openSSL("cannot compute an HMAC", status)
        return out
    }

    package static func code(_ data: [UInt8], key: SecretBytes) throws(SealingFailure) -> [UInt8] {
        try data.withRawBytes { (d) throws(SealingFailure) in try code(d, key: key) }
    }

    /// HMAC-SHA-256 of `head` followed by `tail`, which need not be joined in memory for it.
    package static func code(
        _ head: [UInt8], then tail: SecretBytes, key: SecretBytes
    ) throws(SealingFailure) -> Digest256 {
        let context = try DigestContext()
        return try Digest256 { (out) throws(SealingFailure) in
            let status = key.withUnsafeBytes { key in
                tail.withUnsafeBytes { tail in
                    reseal_hmac(
                        context.raw, SHA256.algorithm, key.baseAddress, key.count, head, head.count, tail.baseAddress,
                        tail.count, out.bindMemory(to: UInt8.self).baseAddress)
                }
            }
            try openSSL("cannot compute an HMAC", status)
        }
    }
}

/// Key derivation.
package enum KDF {
    /// HKDF-SHA-256 (RFC 5869).
    ///
    /// - Parameter count: how many bytes to derive, at most 32.
    package static func hkdf(
        _ key: SecretBytes, salt: [UInt8] = [], info: String, count: Int = 32
    ) throws(SealingFailure) -> SecretBytes {
        precondition((1...SHA256.bytes).contains(count), "HKDF derives 1 to 32 bytes here")
        let info = Array(info.utf8)
        let context = try DigestContext()
        return try SecretBytes(count: count) { (out) throws(SealingFailure) in
            let status = key.withUnsafeBytes {
                reseal_hkdf_sha256(
                    context.raw, SHA256.algorithm, $0.baseAddress, $0.count, salt, salt.count, info, info.count,
                    out.bindMemory(to: UInt8.self).baseAddress, out.count)
            }
            try openSSL("cannot derive a key", status)
        }
    }

    /// scrypt (RFC 7914) with N = 2^`logN`, r = 8, p = 1; needs `2^logN` KiB of memory.
    package static func scrypt(
        _ passphrase: SecretBytes, salt: [UInt8], logN: Int, count: Int = 32
    ) throws(SealingFailure) -> SecretBytes {
        guard (1...24).contains(logN) else { throw SealingFailure(.invalidInput, "scrypt's logN is out of range") }
        let needed = UInt64(128 * 8) << UInt64(logN) + 64 << 20
        return try SecretBytes(count: count) { (out) throws(SealingFailure) in
            let status = passphrase.withUnsafeBytes { p in
                EVP_PBE_scrypt(
                    p.baseAddress ?? UnsafeRawPointer(bitPattern: 1), p.count, salt, salt.count, 1 << UInt64(logN), 8,
                    1, needed, out.bindMemory(to: UInt8.self).baseAddress, out.count)
            }
            try openSSL("cannot derive a key from the passphrase", status)
        }
    }
}

/// Compares in time that depends on the lengths only.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && (a.isEmpty || CRYPTO_memcmp(a, b, a.count) == 0)
}
