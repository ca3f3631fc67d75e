import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

@Suite struct X25519Tests {
    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }
    private func key(_ hex: String) throws -> X25519PrivateKey { try X25519PrivateKey(SecretBytes(bytes(hex))) }

    /// RFC 7748, section 5.2; the second input has its highest bit set, which must be ignored.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
        ),
    ])
    func multiplies(scalar: String, point: String, product: String) throws {
        #expect(Hex.encode(try key(scalar).sharedSecret(with: bytes(point)).revealBytes()) == product)
    }

    /// RFC 7748, section 5.2: each result is the next scalar, each scalar the next point.
    @Test func multipliesAThousandTimes() throws {
        var scalar = try bytes("09" + String(repeating: "00", count: 31))
        var point = scalar
        for round in 1...1000 {
            let product = try X25519PrivateKey(SecretBytes(scalar)).sharedSecret(with: point).revealBytes()
            (scalar, point) = (product, scalar)
            if round == 1 {
                #expect(Hex.encode(scalar) == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
            }
        }
        #expect(Hex.encode(scalar) == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
    }

    /// RFC 7748, section 6.1.
    @Test func agreesOnAKey() throws {
        let alice = try key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        let bob = try key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        #expect(Hex.encode(bob.publicKey) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        #expect(Hex.encode(alice.publicKey) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(Hex.encode(try alice.sharedSecret(with: bob.publicKey).revealBytes()) == shared)
        #expect(Hex.encode(try bob.sharedSecret(with: alice.publicKey).revealBytes()) == shared)
    }

    /// Every point whose order divides the cofactor, its other encodings included: the secret would be zero for any key.
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func refusesPointsOfLowOrder(point: String) throws {
        let mine = try X25519PrivateKey()
        var bytes = try bytes(point)
        #expect(throws: SealingFailure(.invalidKey, "")) { try mine.sharedSecret(with: bytes) }
        bytes[31] |= 0x80
        #expect(throws: SealingFailure(.invalidKey, "")) { try mine.sharedSecret(with: bytes) }
    }

    @Test func freshKeysAgreeAndAreKept() throws {
        let (a, b) = (try X25519PrivateKey(), try X25519PrivateKey())
        #expect(a.publicKey != b.publicKey)
        #expect(try a.sharedSecret(with: b.publicKey).isEqual(to: b.sharedSecret(with: a.publicKey)))
        #expect(try X25519PrivateKey(a.privateBytes()).publicKey == a.publicKey)
    }

    @Test(arguments: [0, 31, 33, 64]) func refusesOtherLengths(count: Int) throws {
        let bytes = [UInt8](repeating: 9, count: count)
        #expect(throws: SealingFailure(.invalidKey, "")) { try X25519PrivateKey(SecretBytes(bytes)) }
        #expect(throws: SealingFailure(.invalidKey, "")) { try X25519PrivateKey().sharedSecret(with: bytes) }
    }
}

@Suite struct Ed25519Tests {
    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

    /// RFC 8032, section 7.1.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
            5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
            """
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
            085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            """
            6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
            18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
            """
        ),
        (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """,
            """
            dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589\
            09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
            """
        ),
    ])
    func signs(secret: String, publicKey: String, message: String, signature: String) throws {
        let key = try Ed25519PrivateKey(SecretBytes(bytes(secret)))
        #expect(Hex.encode(key.publicKey.bytes) == publicKey)
        #expect(Hex.encode(try key.sign(bytes(message))) == signature)
        #expect(key.publicKey.isValid(try bytes(signature), for: try bytes(message)))
    }

    @Test func everyFlippedBitIsRefused() throws {
        let key = try Ed25519PrivateKey()
        let message = Array("a head".utf8)
        let signature = try key.sign(message)
        #expect(key.publicKey.isValid(signature, for: message))
        for bit in 0..<signature.count * 8 {
            var other = signature
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.publicKey.isValid(other, for: message))
        }
        for bit in 0..<message.count * 8 {
            var other = message
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.publicKey.isValid(signature, for: other))
        }
        #expect(!key.publicKey.isValid(signature, for: message + [0]))
        #expect(!(try Ed25519PrivateKey().publicKey.isValid(signature, for: message)))
    }

    /// RFC 8032, section 5.1.7: S must be below the order of the group, or each signature would have several forms.
    @Test func aSecondFormOfASignatureIsRefused() throws {
        let key = try Ed25519PrivateKey(SecretBytes([UInt8](repeating: 3, count: 32)))
        let order = try bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var signature = try key.sign([1, 2, 3])
        var carry = 0
        for i in 0..<32 {
            let sum = Int(signature[32 + i]) + Int(order[i]) + carry
            signature[32 + i] = UInt8(sum & 0xff)
            carry = sum >> 8
        }
        #expect(carry == 0)
        #expect(!key.publicKey.isValid(signature, for: [1, 2, 3]))
    }

    @Test func malformedKeysAndSignaturesAreInvalidAndNoError() throws {
        let key = try Ed25519PrivateKey()
        let signature = try key.sign([])
        for count in [0, 63, 65, 128] {
            #expect(!key.publicKey.isValid([UInt8](repeating: 0, count: count), for: []))
        }
        for count in [0, 31, 33] {
            #expect(!Ed25519PublicKey(bytes: [UInt8](repeating: 1, count: count)).isValid(signature, for: []))
        }
        #expect(!Ed25519PublicKey(bytes: [UInt8](repeating: 0xff, count: 32)).isValid(signature, for: []))
        #expect(throws: SealingFailure(.invalidKey, "")) { try Ed25519PrivateKey(SecretBytes([1])) }
        #expect(try Ed25519PrivateKey(key.privateBytes()).publicKey == key.publicKey)
    }
}
