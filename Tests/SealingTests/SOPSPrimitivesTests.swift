import ResealCore
import Testing

@testable import ResealSealing

@Suite struct SOPSPrimitivesTests {
    /// FIPS 180-4, examples of NIST.
    @Test(arguments: [
        (
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ]) func sha512(text: String, digest: String) throws {
        var whole = try SHA512()
        try Array(text.utf8).withUnsafeBytes { try whole.update($0) }
        #expect(Hex.encode(try whole.finish()) == digest)
        var parts = try SHA512()
        for byte in text.utf8 { try [byte].withUnsafeBytes { try parts.update($0) } }
        #expect(Hex.encode(try parts.finish()) == digest)
    }

    @Test func longNoncesAreBoundToTheirLength() throws {
        let key = try SystemRandom.secret(32)
        let nonce = try SystemRandom.bytes(32)
        let text = SecretBytes(utf8: "hunter2")
        let sealed = try AEAD.aes256GCMLongNonce.seal(text, key: key, nonce: nonce, aad: [1])
        #expect(try AEAD.aes256GCMLongNonce.open(sealed, key: key, nonce: nonce, aad: [1]).isEqual(to: text))
        #expect(throws: SealingFailure(.notAuthentic, "")) {
            try AEAD.aes256GCMLongNonce.open(sealed, key: key, nonce: nonce, aad: [2])
        }
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try AEAD.aes256GCM.seal(text, key: key, nonce: nonce)
        }
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try AEAD.aes256GCMLongNonce.seal(text, key: key, nonce: Array(nonce.prefix(12)))
        }
    }
}
