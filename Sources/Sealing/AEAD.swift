internal import COpenSSL
internal import ResealCore

/// Authenticated encryption with a 32-byte key, a nonce (of 12 bytes but for SOPS) and a 16-byte tag behind the text.
///
/// A nonce must never be used twice with one key; callers use a fresh key for each message or count.
package struct AEAD: Sendable {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    package static let tagBytes = 16

    /// NIST SP 800-38D, for the vault.
    package static let aes256GCM = AEAD("AES-256-GCM")
    /// RFC 8439, for age.
    package static let chaCha20Poly1305 = AEAD("ChaCha20-Poly1305")
    /// AES-256-GCM with nonces of 32 bytes, for documents of SOPS.
    package static let aes256GCMLongNonce = AEAD("AES-256-GCM", nonceCount: 32)

    // Fetched once and never freed; OpenSSL's algorithm objects are immutable and safe to share.
    private nonisolated(unsafe) let cipher: OpaquePointer?
    /// Bytes of each nonce.
    package let nonceCount: Int

    private init(_ name: String, nonceCount: Int = nonceBytes) {
        cipher = EVP_CIPHER_fetch(nil, name, nil)
        self.nonceCount = nonceCount
    }

    /// Encrypts `text` into `out`, which must hold `text.count + tagBytes`.
    package func seal(
        _ text: UnsafeRawBufferPointer, key: SecretBytes, nonce: [UInt8], aad: [UInt8] = [],
        into out: UnsafeMutableRawBufferPointer
    ) throws(SealingFailure) {
        try check(key, nonce, aad, text.count)
        guard out.count == text.count + Self.tagBytes else {
            throw SealingFailure(.invalidInput, "the output of encryption has the wrong size")
        }
        let context = try CipherContext()
        let status = key.withUnsafeBytes { k in
            reseal_aead_seal(
                context.raw, cipher, k.bindMemory(to: UInt8.self).baseAddress, nonce, nonce.count, aad, aad.count,
                text.baseAddress, text.count, out.bindMemory(to: UInt8.self).baseAddress)
        }
        try openSSL("cannot encrypt", status)
    }

    /// Decrypts `sealed` (text and tag) into `out`, which must hold `sealed.count - tagBytes`. On failure `out` holds
    /// zeros, never unauthenticated text.
    package func open(
        _ sealed: UnsafeRawBufferPointer, key: SecretBytes, nonce: [UInt8], aad: [UInt8] = [],
        into out: UnsafeMutableRawBufferPointer
    ) throws(SealingFailure) {
        try check(key, nonce, aad, sealed.count)
        guard sealed.count >= Self.tagBytes, out.count == sealed.count - Self.tagBytes else {
            throw SealingFailure(.notAuthentic, "the ciphertext is cut short")
        }
        let context = try CipherContext()
        let status = key.withUnsafeBytes { k in
            reseal_aead_open(
                context.raw, cipher, k.bindMemory(to: UInt8.self).baseAddress, nonce, nonce.count, aad, aad.count,
                sealed.bindMemory(to: UInt8.self).baseAddress, out.count, out.bindMemory(to: UInt8.self).baseAddress)
        }
        guard status == 1 else {
            explicitZero(out)
            ERR_clear_error()
            throw SealingFailure(.notAuthentic, "the ciphertext does not authenticate: wrong key or changed bytes")
        }
    }

    package func seal(
        _ text: SecretBytes, key: SecretBytes, nonce: [UInt8], aad: [UInt8] = []
    ) throws(SealingFailure) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: text.count + Self.tagBytes)
        try out.withMutableRawBytes { (out) throws(SealingFailure) in
            try text.withUnsafeBytes { (text) throws(SealingFailure) in
                try seal(text, key: key, nonce: nonce, aad: aad, into: out)
            }
        }
        return out
    }

    /// Encrypts under a fresh random nonce: nonce, text and tag, one behind the other.
    package func sealBehindNonce(
        _ text: SecretBytes, key: SecretBytes, aad: [UInt8]
    ) throws(SealingFailure) -> [UInt8] {
        let nonce = try SystemRandom.bytes(Self.nonceBytes)
        var out = [UInt8](repeating: 0, count: Self.nonceBytes + text.count + Self.tagBytes)
        try out.withMutableRawBytes { (out) throws(SealingFailure) in
            out.copyBytes(from: nonce)
            try text.withUnsafeBytes { (text) throws(SealingFailure) in
                let sealed = UnsafeMutableRawBufferPointer(rebasing: out[Self.nonceBytes...])
                try seal(text, key: key, nonce: nonce, aad: aad, into: sealed)
            }
        }
        return out
    }

    package func open(
        _ sealed: some Collection<UInt8>, key: SecretBytes, nonce: [UInt8], aad: [UInt8] = []
    ) throws(SealingFailure) -> SecretBytes {
        let sealed = Array(sealed)
        guard sealed.count >= Self.tagBytes else {
            throw SealingFailure(.notAuthentic, "the ciphertext is cut short")
        }
        return try SecretBytes(count: sealed.count - Self.tagBytes) { (out) throws(SealingFailure) in
            try sealed.withRawBytes { (sealed) throws(SealingFailure) in
                try open(sealed, key: key, nonce: nonce, aad: aad, into: out)
            }
        }
    }

    private func check(
        _ key: SecretBytes, _ nonce: [UInt8], _ aad: [UInt8], _ count: Int
    ) throws(SealingFailure) {
        guard key.count == Self.keyBytes else { throw SealingFailure(.invalidKey, "an AEAD key has 32 bytes") }
        guard nonce.count == nonceCount else {
            throw SealingFailure(.invalidInput, "a nonce has \(nonceCount) bytes")
        }
        // OpenSSL counts in `int`.
        guard max(count, aad.count) <= Int(Int32.max) - Self.tagBytes else {
            throw SealingFailure(.invalidInput, "a message of 2 GiB or more needs chunks")
        }
    }
}

/// Sole owner of one `EVP_CIPHER_CTX`.
private struct CipherContext: ~Copyable {
    let raw: OpaquePointer

    init() throws(SealingFailure) {
        guard let context = EVP_CIPHER_CTX_new() else { throw .native("cannot allocate a cipher context") }
        raw = context
    }

    deinit { EVP_CIPHER_CTX_free(raw) }
}
