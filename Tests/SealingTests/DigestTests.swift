import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

@Suite struct DigestTests {
    /// FIPS 180-4 examples, and the million letters that go with them.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func sha256(text: String, digest: String) {
        #expect(Hex.encode(SHA256.hash(Array(text.utf8))) == digest)
        #expect(Digest256(hashing: Array(text.utf8)).description == digest)
    }

    @Test func digestsKeepTheirBytes() throws {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<200 {
            let bytes = random.bytes(32)
            let digest = try #require(Digest256(bytes))
            #expect(digest.bytes == bytes && digest.description == Hex.encode(bytes))
            for i in [0, 8, 16, 24, 31] {
                var other = bytes
                other[i] ^= 1
                #expect(Digest256(other) != digest)
            }
        }
        #expect(Digest256([UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest256([UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test func constantTimeEqualCompares() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1]))
        #expect(!constantTimeEqual([], [0]))
    }
}

@Suite struct ScryptTests {
    /// RFC 7914, section 12, the vector with r = 8 and p = 1 that fits a test.
    @Test func matchesThePublishedVector() throws {
        let derived = try KDF.scrypt(
            SecretBytes(utf8: "pleaseletmein"), salt: Array("SodiumChloride".utf8), logN: 14, count: 64)
        #expect(
            Hex.encode(derived.revealBytes()) == """
                7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887
                """)
    }

    /// Known answers of another implementation: Python's `hashlib.scrypt(password, salt=…, n=…, r=8, p=1, dklen=32)`.
    @Test(arguments: [
        ("", "", 10, "225009a832a3041c"),
        ("pässwörd", "salt", 4, "c191f25379f53317"),
    ])
    func matchesAnotherImplementation(password: String, salt: String, logN: Int, beginning: String) throws {
        let derived = try KDF.scrypt(SecretBytes(utf8: password), salt: Array(salt.utf8), logN: logN)
        #expect(derived.count == 32)
        #expect(Hex.encode(derived.revealBytes().prefix(8)) == beginning)
    }

    @Test(arguments: [-1, 0, 25, 63, 64]) func refusesAbsurdWorkFactors(logN: Int) {
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try KDF.scrypt(SecretBytes(utf8: "x"), salt: [1], logN: logN)
        }
    }
}

@Suite struct RandomTests {
    @Test func givesWhatIsAskedForAndNeverTheSame() throws {
        #expect(try SystemRandom.bytes(0) == [])
        #expect(try SystemRandom.secret(0).isEmpty)
        let drawn = try (0..<1000).map { _ in try SystemRandom.bytes(16) }
        #expect(Set(drawn).count == 1000)
        // Each byte value is missing from 16,000 bytes with a probability of e^-62.
        #expect(Set(drawn.joined()).count == 256)
    }

    @Test func refusesMoreThanOpenSSLCanCount() {
        let huge = UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(bitPattern: 4096), count: Int(Int32.max) + 1)
        #expect(throws: SealingFailure(.invalidInput, "")) { try SystemRandom.fill(huge) }
    }
}
