import ResealCore
import Testing

@testable import ResealSealing

@Suite struct KeyDerivationTests {
    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }
    private func secret(_ hex: String) throws -> SecretBytes { SecretBytes(try bytes(hex)) }

    /// RFC 4231, test cases 1 to 3 and 6: short keys, and one longer than a block.
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131),
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func hmacSHA256(key: String, data: String, code: String) throws {
        #expect(Hex.encode(try HMAC.code(bytes(data), key: secret(key))) == code)
    }

    /// RFC 5869, the first 32 bytes of appendix A.3: neither salt nor info.
    @Test func hkdf() throws {
        let key = try secret(String(repeating: "0b", count: 22))
        let plain = try KDF.hkdf(key, info: "")
        #expect(
            Hex.encode(plain.revealBytes()) == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
        #expect(try KDF.hkdf(key, info: "", count: 16).revealBytes() == Array(plain.revealBytes().prefix(16)))
    }

    /// A known answer computed with another implementation (Python's hmac): salt and info both given.
    @Test func hkdfWithSaltAndInfo() throws {
        let salt = try bytes("000102030405060708090a0b0c")
        let derived = try KDF.hkdf(secret(String(repeating: "0b", count: 22)), salt: salt, info: "payload")
        #expect(Hex.encode(derived.revealBytes()) == "ab06eaff28963bf3dc225220ba106273bfb3f3bc0a6096851b6734eed62431a3")
    }
}
