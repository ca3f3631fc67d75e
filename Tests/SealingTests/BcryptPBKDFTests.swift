import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

@Suite struct BcryptPBKDFTests {
    /// OpenBSD's own vectors (regress/lib/libutil/bcrypt_pbkdf), where a zero byte ends nothing.
    @Test(arguments: [
        ("password", "salt", 4, "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9"),
        ("password", "\0", 4, "c12b566235eee04c212598970a579a67"),
        ("\0", "salt", 4, "6051be18c2f4f82cbf0efee5471b4bb9"),
        ("password\0", "salt\0", 4, "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050"),
        ("pass\0wor", "sa\0l", 4, "c2bffd9db38f6569efef4372f4de83c0"),
        ("pass\0word", "sa\0lt", 4, "4ba4ac3925c0e8d7f0cdb6bb1684a56f"),
        (
            "password", "salt", 8,
            "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec7"
                + "6227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d"
        ),
        ("password", "salt", 42, "833cf0dcf56db65608e8f0dc0ce882bd"),
    ])
    func meetsTheVectors(passphrase: String, salt: String, rounds: Int, key: String) throws {
        let derived = try KDF.bcryptPBKDF(
            SecretBytes(utf8: passphrase), salt: Array(salt.utf8), rounds: rounds, count: key.utf8.count / 2)
        #expect(Hex.encode(derived.revealBytes()) == key)
    }

    /// Another implementation, over all lengths of keys that OpenSSH asks for and some more.
    @Test func agreesWithAnotherImplementation() throws {
        let program = """
            import bcrypt, sys
            for line in sys.stdin:
                p, s, rounds, count = line.split()
                print(bcrypt.kdf(bytes.fromhex(p), bytes.fromhex(s), int(count), int(rounds), True).hex())
            """
        var lines: [String] = []
        var expected: [String] = []
        for count in [1, 16, 31, 32, 33, 40, 44, 48, 64, 65, 96] {
            let passphrase = try SystemRandom.bytes(1 + count)
            let salt = try SystemRandom.bytes(16)
            lines.append("\(Hex.encode(passphrase)) \(Hex.encode(salt)) 2 \(count)")
            let key = try KDF.bcryptPBKDF(SecretBytes(passphrase), salt: salt, rounds: 2, count: count)
            expected.append(Hex.encode(key.revealBytes()))
        }
        let answer = try Command.check(
            "python3", ["-c", program], stdin: Array((lines.joined(separator: "\n") + "\n").utf8))
        #expect(answer.text.split(separator: "\n").map(String.init) == expected)
    }

    @Test func refusesWhatHasNoMeaning() {
        let passphrase = SecretBytes(utf8: "x")
        for (passphrase, salt, rounds, count) in [
            (SecretBytes([]), [1], 1, 1), (passphrase, [], 1, 1), (passphrase, [1], 0, 1), (passphrase, [1], 1, 0),
        ] as [(SecretBytes, [UInt8], Int, Int)] {
            #expect(throws: SealingFailure(.invalidInput, "")) {
                try KDF.bcryptPBKDF(passphrase, salt: salt, rounds: rounds, count: count)
            }
        }
    }
}
