internal import COpenSSL
internal import ResealCore

/// A fresh key pair of a kind that programs use: RSA, a NIST curve, or Ed25519.
package struct KeyPair: Sendable {
    package enum Algorithm: Sendable, Equatable {
        /// 2048 to 8192 bits.
        case rsa(bits: Int)
        case ec(Curve)
        case ed25519
    }
    package enum Curve: String, Sendable {
        case p256, p384, p521

        var openSSLName: String { "P-" + rawValue.dropFirst() }
    }

    package let algorithm: Algorithm
    let handle: KeyHandle

    /// Takes a second or more for a large RSA key.
    package init(_ algorithm: Algorithm) throws(SealingFailure) {
        self.algorithm = algorithm
        let raw =
            switch algorithm {
            case .rsa(let bits): reseal_generate_key("RSA", UInt32(clamping: bits), nil)
            case .ec(let curve): reseal_generate_key("EC", 0, curve.openSSLName)
            case .ed25519: reseal_generate_key("ED25519", 0, nil)
            }
        handle = try KeyHandle(adopting: raw, "cannot generate a key")
    }

    /// PKCS #8 (RFC 5958) in PEM, not encrypted.
    package func privatePEM() throws(SealingFailure) -> SecretBytes {
        try MemoryBIO(adopting: reseal_private_pem(handle.raw)).secret()
    }

    /// SubjectPublicKeyInfo in PEM.
    package func publicPEM() throws(SealingFailure) -> String {
        try MemoryBIO(adopting: reseal_public_pem(handle.raw)).text()
    }
}

/// Sole owner of a memory `BIO` that something was written to.
struct MemoryBIO: ~Copyable {
    private let raw: OpaquePointer

    init(adopting raw: OpaquePointer?) throws(SealingFailure) {
        guard let raw else { throw .native("cannot write a key") }
        self.raw = raw
    }

    deinit { BIO_free(raw) }

    func secret() -> SecretBytes { withContent { SecretBytes(copying: $0) } }
    func text() -> String { withContent { String(decoding: $0, as: UTF8.self) } }

    private func withContent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        var content: UnsafeMutablePointer<CChar>?
        let count = reseal_bio_content(raw, &content)
        return body(UnsafeRawBufferPointer(start: content, count: max(0, count)))
    }
}
