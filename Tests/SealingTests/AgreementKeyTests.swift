import ResealCore
import Testing

@testable import ResealSealing

@Suite struct AgreementKeyTests {
    @Test func bothHalvesOfAKeyAreConvertedAlike() throws {
        for _ in 0..<50 {
            let key = try Ed25519PrivateKey()
            #expect(try key.publicKey.agreementKey() == key.agreementKey().publicKey)
        }
    }

    /// The base points of the two forms, and the points whose conversion is an exception.
    @Test(arguments: [
        ("5866666666666666666666666666666666666666666666666666666666666666", "09" + String(repeating: "0", count: 62)),
        ("58666666666666666666666666666666666666666666666666666666666666e6", "09" + String(repeating: "0", count: 62)),
        ("01" + String(repeating: "0", count: 62), String(repeating: "0", count: 64)),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", String(repeating: "0", count: 64)),
    ])
    func convertsKnownPoints(edwards: String, montgomery: String) throws {
        let key = Ed25519PublicKey(bytes: try #require(Hex.decode(edwards)))
        #expect(Hex.encode(try key.agreementKey()) == montgomery)
    }

    @Test func refusesWhatIsNoPoint() throws {
        var refused = 0
        for y in UInt8(0)..<100 {
            do throws(SealingFailure) {
                _ = try Ed25519PublicKey(bytes: [y] + [UInt8](repeating: 0, count: 31)).agreementKey()
            } catch {
                #expect(error.kind == .invalidKey)
                refused += 1
            }
        }
        // Half of all numbers have no point.
        #expect((30...70).contains(refused))
        #expect(throws: SealingFailure(.invalidKey, "")) { try Ed25519PublicKey(bytes: [1, 2]).agreementKey() }
    }
}
