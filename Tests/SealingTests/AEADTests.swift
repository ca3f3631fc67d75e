import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

/// One published case of authenticated encryption, in hexadecimal.
struct AEADVector: Sendable, CustomTestStringConvertible {
    let source: String
    let aead: AEAD
    let key: String
    let nonce: String
    var aad = ""
    var text = ""
    let sealed: String
    var testDescription: String { source }

    /// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the 256-bit cases with a 96-bit nonce,
    /// which NIST took over.
    static let gcm = [
        AEADVector(
            source: "GCM 13", aead: .aes256GCM, key: zeros(32), nonce: zeros(12),
            sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        AEADVector(
            source: "GCM 14", aead: .aes256GCM, key: zeros(32), nonce: zeros(12), text: zeros(16),
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        AEADVector(
            source: "GCM 15", aead: .aes256GCM, key: gcmKey, nonce: "cafebabefacedbaddecaf888",
            text: gcmText + "1aafd255",
            sealed: gcmSealed + "898015ad" + "b094dac5d93471bdec1a502270e3cc6c"),
        AEADVector(
            source: "GCM 16", aead: .aes256GCM, key: gcmKey, nonce: "cafebabefacedbaddecaf888",
            aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2", text: gcmText,
            sealed: gcmSealed + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    /// RFC 8439, section 2.8.2 and appendix A.5.
    static let chaCha = [
        AEADVector(
            source: "RFC 8439, 2.8.2", aead: .chaCha20Poly1305,
            key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", nonce: "070000004041424344454647",
            aad: "50515253c0c1c2c3c4c5c6c7",
            text: Hex.encode(
                ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                    + "sunscreen would be it.").utf8),
            sealed: """
                d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
                3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
                92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691
                """),
        AEADVector(
            source: "RFC 8439, A.5", aead: .chaCha20Poly1305,
            key: "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", nonce: "000000000102030405060708",
            aad: "f33388860000000000004e91",
            text: Hex.encode(
                ("Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, "
                    + "or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as "
                    + "reference material or to cite them other than as /\u{201c}work in progress./\u{201d}").utf8),
            sealed: """
                64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2\
                4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf\
                332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855\
                9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4\
                b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e\
                af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a\
                0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10\
                49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29\
                a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38
                """),
    ]

    private static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }
    private static let gcmKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    private static let gcmText = """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
        """
    private static let gcmSealed = """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
        """
}

@Suite struct AEADTests {
    static let algorithms: [AEAD] = [.aes256GCM, .chaCha20Poly1305]
    private let key = SecretBytes([UInt8](repeating: 7, count: 32))
    private let nonce = [UInt8](repeating: 9, count: 12)

    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

    @Test(arguments: AEADVector.gcm + AEADVector.chaCha)
    func matchesThePublishedVector(_ vector: AEADVector) throws {
        let key = SecretBytes(try bytes(vector.key))
        let (nonce, aad) = (try bytes(vector.nonce), try bytes(vector.aad))
        let text = SecretBytes(try bytes(vector.text))
        let sealed = try vector.aead.seal(text, key: key, nonce: nonce, aad: aad)
        #expect(Hex.encode(sealed) == vector.sealed)
        #expect(try vector.aead.open(sealed, key: key, nonce: nonce, aad: aad).isEqual(to: text))
    }

    /// Every bit of ciphertext and tag, of the nonce, the key and the associated data.
    @Test(arguments: algorithms.indices)
    func everyFlippedBitIsRefusedAndNothingIsGivenOut(algorithm: Int) throws {
        let aead = Self.algorithms[algorithm]
        let aad = Array("place".utf8)
        let keyBytes = key.revealBytes()
        let sealed = try aead.seal(SecretBytes(utf8: "top secret text!"), key: key, nonce: nonce, aad: aad)

        func expectRefusal(_ sealed: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ aad: [UInt8]) {
            var out = [UInt8](repeating: 0xaa, count: sealed.count - AEAD.tagBytes)
            #expect(throws: SealingFailure(.notAuthentic, "")) {
                try out.withMutableRawBytes { (out) throws(SealingFailure) in
                    try sealed.withRawBytes { (sealed) throws(SealingFailure) in
                        try aead.open(sealed, key: SecretBytes(key), nonce: nonce, aad: aad, into: out)
                    }
                }
            }
            #expect(out.allSatisfy { $0 == 0 })
        }
        for bit in 0..<sealed.count * 8 { expectRefusal(flip(bit, in: sealed), keyBytes, nonce, aad) }
        for bit in 0..<nonce.count * 8 { expectRefusal(sealed, keyBytes, flip(bit, in: nonce), aad) }
        for bit in 0..<aad.count * 8 { expectRefusal(sealed, keyBytes, nonce, flip(bit, in: aad)) }
        for bit in 0..<keyBytes.count * 8 { expectRefusal(sealed, flip(bit, in: keyBytes), nonce, aad) }
        expectRefusal(sealed, keyBytes, nonce, [])
        expectRefusal(sealed, keyBytes, nonce, aad + [0])
    }

    @Test(arguments: algorithms.indices)
    func everyTruncationAndExtensionIsRefused(algorithm: Int) throws {
        let aead = Self.algorithms[algorithm]
        let sealed = try aead.seal(SecretBytes(utf8: "top secret text!"), key: key, nonce: nonce)
        for count in 0..<sealed.count {
            for part in [sealed.prefix(count), sealed.suffix(count)] {
                #expect(throws: SealingFailure(.notAuthentic, "")) { try aead.open(part, key: key, nonce: nonce) }
            }
        }
        for extra in [[0] + sealed, sealed + [0]] {
            #expect(throws: SealingFailure(.notAuthentic, "")) { try aead.open(extra, key: key, nonce: nonce) }
        }
    }

    @Test(arguments: algorithms.indices)
    func sizesAroundBlocksRoundTrip(algorithm: Int) throws {
        let aead = Self.algorithms[algorithm]
        var random = SeededGenerator(seed: 11)
        for count in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4095, 4096, 65_536, 300_000] {
            let text = SecretBytes(random.bytes(count))
            let sealed = try aead.seal(text, key: key, nonce: nonce, aad: random.bytes(0))
            #expect(sealed.count == count + AEAD.tagBytes)
            #expect(try aead.open(sealed, key: key, nonce: nonce).isEqual(to: text))
        }
    }

    @Test func oneAlgorithmDoesNotOpenTheOther() throws {
        let sealed = try AEAD.aes256GCM.seal(SecretBytes(utf8: "x"), key: key, nonce: nonce)
        #expect(throws: SealingFailure(.notAuthentic, "")) {
            try AEAD.chaCha20Poly1305.open(sealed, key: key, nonce: nonce)
        }
    }

    @Test func badArgumentsAreRefusedBeforeAnyWork() throws {
        let text = SecretBytes(utf8: "x")
        for count in [0, 16, 31, 33] {
            let key = SecretBytes([UInt8](repeating: 1, count: count))
            #expect(throws: SealingFailure(.invalidKey, "")) { try AEAD.aes256GCM.seal(text, key: key, nonce: nonce) }
        }
        for count in [0, 8, 11, 13, 16] {
            let nonce = [UInt8](repeating: 1, count: count)
            #expect(throws: SealingFailure(.invalidInput, "")) { try AEAD.aes256GCM.seal(text, key: key, nonce: nonce) }
            #expect(throws: SealingFailure(.invalidInput, "")) {
                try AEAD.aes256GCM.open([UInt8](repeating: 0, count: 32), key: key, nonce: nonce)
            }
        }
        var small = [UInt8](repeating: 0, count: 16)
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try small.withMutableRawBytes { (out) throws(SealingFailure) in
                try text.withUnsafeBytes { (text) throws(SealingFailure) in
                    try AEAD.aes256GCM.seal(text, key: key, nonce: nonce, into: out)
                }
            }
        }
    }

    private func flip(_ bit: Int, in bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << (bit % 8)
        return bytes
    }
}
