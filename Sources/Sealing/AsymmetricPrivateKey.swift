internal import COpenSSL

/// A private key of one of the kinds that SSH keys have here.
package enum AsymmetricPrivateKey: Sendable {
    case rsa(RSAPrivateKey)
    case ed25519(Ed25519PrivateKey)

    /// Reads PEM: PKCS #1 or PKCS #8, plain or encrypted.
    ///
    /// Throws ``SealingFailure/Kind/invalidKey`` for text that is no such key, and for a wrong passphrase.
    package init(pem text: SecretBytes, passphrase: SecretBytes? = nil) throws(SealingFailure) {
        let raw = text.withUnsafeBytes { text in
            guard let passphrase else { return reseal_pem_private_key(text.baseAddress, text.count, nil, 0) }
            return passphrase.withUnsafeBytes {
                reseal_pem_private_key(text.baseAddress, text.count, $0.baseAddress, $0.count)
            }
        }
        guard let raw else {
            ERR_clear_error()
            throw SealingFailure(.invalidKey, "the private key cannot be read")
        }
        let handle = try KeyHandle(adopting: raw, "cannot read the private key")
        switch EVP_PKEY_get_base_id(raw) {
        case EVP_PKEY_RSA: self = .rsa(try RSAPrivateKey(handle))
        case EVP_PKEY_ED25519: self = .ed25519(try Ed25519PrivateKey(handle))
        default: throw SealingFailure(.invalidKey, "the private key is neither RSA nor Ed25519")
        }
    }
}
