internal import COpenSSL
internal import ResealCore

/// An X25519 private key (RFC 7748). The parsed key is kept, since making it from bytes costs a scalar multiplication.
package struct X25519PrivateKey: Sendable {
    private let handle: KeyHandle
    /// 32 bytes.
    package let publicKey: [UInt8]

    package init() throws(SealingFailure) { try self.init(.generated(EVP_PKEY_X25519)) }

    package init(_ bytes: SecretBytes) throws(SealingFailure) { try self.init(.privateKey(EVP_PKEY_X25519, bytes)) }

    private init(_ handle: KeyHandle) throws(SealingFailure) {
        self.handle = handle
        publicKey = try handle.publicBytes()
    }

    package func privateBytes() throws(SealingFailure) -> SecretBytes { try handle.privateBytes() }

    /// Throws ``SealingFailure/Kind/invalidKey`` for a point of low order, whose shared secret is zero.
    package func sharedSecret(with peer: [UInt8]) throws(SealingFailure) -> SecretBytes {
        try peer.withRawBytes { (peer) throws(SealingFailure) in try sharedSecret(with: peer) }
    }

    /// As above, of a point that is itself secret.
    package func sharedSecret(with peer: SecretBytes) throws(SealingFailure) -> SecretBytes {
        try peer.withUnsafeBytes { (peer) throws(SealingFailure) in try sharedSecret(with: peer) }
    }

    private func sharedSecret(with peer: UnsafeRawBufferPointer) throws(SealingFailure) -> SecretBytes {
        let peer = try KeyHandle.publicKey(EVP_PKEY_X25519, peer)
        guard let context = EVP_PKEY_CTX_new(handle.raw, nil) else { throw .native("cannot agree on a key") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer_ex(context, peer.raw, 0) == 1 else {
            throw .native("cannot agree on a key")
        }
        return try SecretBytes(count: 32) { (out) throws(SealingFailure) in
            var count = out.count
            guard EVP_PKEY_derive(context, out.bindMemory(to: UInt8.self).baseAddress, &count) == 1, count == 32,
                out.contains(where: { $0 != 0 })
            else {
                ERR_clear_error()
                throw SealingFailure(.invalidKey, "the public key is a point of low order")
            }
        }
    }
}

/// An Ed25519 signing key (RFC 8032).
package struct Ed25519PrivateKey: Sendable {
    private let handle: KeyHandle
    package let publicKey: Ed25519PublicKey

    package init() throws(SealingFailure) { try self.init(.generated(EVP_PKEY_ED25519)) }

    package init(_ bytes: SecretBytes) throws(SealingFailure) { try self.init(.privateKey(EVP_PKEY_ED25519, bytes)) }

    init(_ handle: KeyHandle) throws(SealingFailure) {
        self.handle = handle
        publicKey = Ed25519PublicKey(bytes: try handle.publicBytes())
    }

    package func privateBytes() throws(SealingFailure) -> SecretBytes { try handle.privateBytes() }

    /// 64 bytes.
    package func sign(_ message: [UInt8]) throws(SealingFailure) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .native("cannot sign") }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, handle.raw) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { throw .native("cannot sign") }
        return signature
    }
}

/// An Ed25519 public key (RFC 8032).
package struct Ed25519PublicKey: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// False for any defect of key or signature.
    package func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64,
            let key = try? bytes.withUnsafeBytes({ try KeyHandle.publicKey(EVP_PKEY_ED25519, $0) }),
            let context = EVP_MD_CTX_new()
        else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key.raw) == 1,
            EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        else {
            ERR_clear_error()
            return false
        }
        return true
    }
}
