import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

@Suite struct RSATests {
    private static func pem(_ arguments: [String]) throws -> SecretBytes {
        SecretBytes(try Command.check("openssl", arguments).stdout)
    }

    private static func rsa(bits: Int) throws -> SecretBytes {
        try pem(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"])
    }

    @Test func sealsAndOpens() throws {
        guard case .rsa(let key) = try AsymmetricPrivateKey(pem: Self.rsa(bits: 2048)) else {
            Issue.record("no RSA key")
            return
        }
        let text = SecretBytes(utf8: "sixteen bytes...")
        let sealed = try key.publicKey.encryptOAEP(text, label: "a")
        #expect(sealed.count == 256)
        #expect(try key.decryptOAEP(sealed, label: "a").isEqual(to: text))
        let again = try RSAPublicKey(modulus: key.publicKey.modulus, exponent: key.publicKey.exponent)
        #expect(try key.decryptOAEP(again.encryptOAEP(text, label: "a"), label: "a").isEqual(to: text))
        for (bytes, label) in [(sealed, "b"), (Array(sealed.dropLast()), "a"), ([], "a"), (sealed.reversed(), "a")] {
            #expect(throws: SealingFailure(.notAuthentic, "")) { try key.decryptOAEP(bytes, label: label) }
        }
    }

    @Test func refusesWeakAndOversizedKeys() throws {
        #expect(throws: SealingFailure(.invalidKey, "")) { try AsymmetricPrivateKey(pem: Self.rsa(bits: 1024)) }
        let modulus = [0x80] + [UInt8](repeating: 1, count: 255)
        for (modulus, exponent): ([UInt8], [UInt8]) in [
            (modulus, [1]), (modulus, [4]), (modulus, [1, 0, 0, 1]), (modulus, []), (modulus, [0, 3]),
            ([0x7f] + modulus.dropFirst(), [3]), ([0] + modulus, [3]), ([], [3]),
            ([0x80] + [UInt8](repeating: 1, count: 2048), [3]),
        ] {
            #expect(throws: SealingFailure(.invalidKey, "")) { try RSAPublicKey(modulus: modulus, exponent: exponent) }
        }
    }

    @Test func readsEncryptedFilesWithTheirPassphraseOnly() throws {
        let text = try Self.pem(["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:hunter22"])
        guard case .ed25519 = try AsymmetricPrivateKey(pem: text, passphrase: SecretBytes(utf8: "hunter22")) else {
            Issue.record("no Ed25519 key")
            return
        }
        for passphrase in [nil, SecretBytes([]), SecretBytes(utf8: "hunter23")] {
            #expect(throws: SealingFailure(.invalidKey, "")) {
                try AsymmetricPrivateKey(pem: text, passphrase: passphrase)
            }
        }
        #expect(throws: SealingFailure(.invalidKey, "")) {
            try AsymmetricPrivateKey(
                pem: Self.pem(["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]))
        }
    }
}
