internal import COpenSSL
internal import ResealCore

/// Decryption with the ciphers that OpenSSH encrypts its private key files with.
package struct FileCipher: Sendable {
    package let keyBytes: Int
    package let ivBytes: Int
    /// The length of the authentication tag behind the ciphertext; 0 for ciphers that have none.
    package let tagBytes: Int
    /// Ciphertexts are a multiple of this.
    package let blockBytes: Int
    private let name: String

    private init(_ name: String, key: Int, iv: Int, tag: Int = 0, block: Int = 16) {
        (self.name, keyBytes, ivBytes, tagBytes, blockBytes) = (name, key, iv, tag, block)
    }

    /// `nil` for a name that OpenSSH does not know.
    package static func named(_ name: String) -> FileCipher? { known[name] }

    private static let known: [String: FileCipher] = [
        "aes128-cbc": FileCipher("AES-128-CBC", key: 16, iv: 16),
        "aes192-cbc": FileCipher("AES-192-CBC", key: 24, iv: 16),
        "aes256-cbc": FileCipher("AES-256-CBC", key: 32, iv: 16),
        "aes128-ctr": FileCipher("AES-128-CTR", key: 16, iv: 16),
        "aes192-ctr": FileCipher("AES-192-CTR", key: 24, iv: 16),
        "aes256-ctr": FileCipher("AES-256-CTR", key: 32, iv: 16),
        "aes128-gcm@openssh.com": FileCipher("AES-128-GCM", key: 16, iv: 12, tag: 16),
        "aes256-gcm@openssh.com": FileCipher("AES-256-GCM", key: 32, iv: 12, tag: 16),
        "3des-cbc": FileCipher("DES-EDE3-CBC", key: 24, iv: 8, block: 8),
        "chacha20-poly1305@openssh.com": FileCipher("ChaCha20", key: 64, iv: 0, tag: 16, block: 8),
    ]

    /// Decrypts `sealed`, behind which its tag stands, if there is one. Without a tag a wrong key is not noticed.
    ///
    /// - Parameter keys: key and initialization vector, one behind the other.
    /// - Throws: ``SealingFailure/Kind/notAuthentic`` if the tag does not fit.
    package func decrypt(_ sealed: UnsafeRawBufferPointer, keys: SecretBytes) throws(SealingFailure) -> SecretBytes {
        let count = sealed.count - tagBytes
        guard keys.count == keyBytes + ivBytes, count >= 0, count.isMultiple(of: blockBytes) else {
            throw SealingFailure(.notAuthentic, "the ciphertext has the wrong size")
        }
        let text = UnsafeRawBufferPointer(rebasing: sealed[..<count])
        let tag = UnsafeRawBufferPointer(rebasing: sealed[count...])
        if ivBytes == 0 { return try decryptChaCha(text, tag: tag, keys: keys) }
        return try keys.withUnsafeBytes { (keys) throws(SealingFailure) in
            let keys = keys.bindMemory(to: UInt8.self)
            return try run(
                text, key: keys.baseAddress, iv: keys.baseAddress.map { $0 + keyBytes },
                tag: tagBytes > 0 ? tag.bindMemory(to: UInt8.self).baseAddress : nil)
        }
    }

    /// ChaCha20 and Poly1305 as OpenSSH puts them together (PROTOCOL.chacha20poly1305): the first half of the key
    /// encrypts, block 0 of the stream is the key of the tag, which covers the ciphertext alone, and the text begins
    /// with block 1.
    private func decryptChaCha(
        _ text: UnsafeRawBufferPointer, tag: UnsafeRawBufferPointer, keys: SecretBytes
    ) throws(SealingFailure) -> SecretBytes {
        let firstBlock = [UInt8](repeating: 0, count: 16)
        let secondBlock = [1] + [UInt8](repeating: 0, count: 15)
        return try keys.withUnsafeBytes { (keys) throws(SealingFailure) in
            let key = keys.bindMemory(to: UInt8.self).baseAddress
            let zeros = [UInt8](repeating: 0, count: 32)
            let tagKey = try zeros.withRawBytes { (zeros) throws(SealingFailure) in
                try run(zeros, key: key, iv: firstBlock, tag: nil)
            }
            var expected = [UInt8](repeating: 0, count: tagBytes)
            let made = tagKey.withUnsafeBytes {
                EVP_Q_mac(
                    nil, "POLY1305", nil, nil, nil, $0.baseAddress, $0.count,
                    text.bindMemory(to: UInt8.self).baseAddress, text.count, &expected, expected.count, nil)
            }
            guard made != nil, constantTimeEqual(expected, Array(tag)) else {
                ERR_clear_error()
                throw SealingFailure(.notAuthentic, "the ciphertext does not authenticate")
            }
            return try run(text, key: key, iv: secondBlock, tag: nil)
        }
    }

    private func run(
        _ text: UnsafeRawBufferPointer, key: UnsafePointer<UInt8>?, iv: UnsafePointer<UInt8>?,
        tag: UnsafePointer<UInt8>?
    ) throws(SealingFailure) -> SecretBytes {
        try SecretBytes(count: text.count) { (out) throws(SealingFailure) in
            let status = reseal_decrypt(
                name, key, iv, tag, text.bindMemory(to: UInt8.self).baseAddress, text.count,
                out.bindMemory(to: UInt8.self).baseAddress)
            guard status == 1 else {
                ERR_clear_error()
                throw SealingFailure(.notAuthentic, "the ciphertext does not authenticate")
            }
        }
    }
}
