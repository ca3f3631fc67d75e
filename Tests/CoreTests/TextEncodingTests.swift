import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct HexTests {
    @Test func writesLowerCaseAndReadsEither() {
        #expect(Hex.encode([0x00, 0x9f, 0xff]) == "009fff")
        #expect(Hex.decode("009FfF") == [0x00, 0x9f, 0xff])
        #expect(Hex.decode("") == [])
    }

    @Test(arguments: ["0", "0g", "g0", " 00", "00 ", "0x00", "００", "0\0", "é0"])
    func refusesWhatIsNoHexadecimal(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    @Test func roundTrips() {
        var random = SeededGenerator(seed: 4)
        for count in 0..<300 {
            let bytes = random.bytes(count)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }
}

@Suite struct Base64Tests {
    @Test func agreesWithFoundation() {
        var random = SeededGenerator(seed: 5)
        for count in 0..<400 {
            let bytes = random.bytes(count)
            let padded = Data(bytes).base64EncodedString()
            let bare = padded.replacingOccurrences(of: "=", with: "")
            #expect(Base64.encode(bytes, padded: true) == padded)
            #expect(Base64.encode(bytes, padded: false) == bare)
            #expect(Base64.decode(Array(padded.utf8), padded: true) == bytes)
            #expect(Base64.decode(Array(bare.utf8), padded: false) == bytes)
            // A collection without contiguous storage takes the other way in.
            #expect(Base64.decode(AnyCollection(Array(padded.utf8)), padded: true) == bytes)
        }
    }

    /// A value has one text only; otherwise two different files could hold the same key.
    @Test func acceptsNoSecondSpellingOfAValue() {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=".utf8)
        for first in letters {
            for second in letters {
                let padded = [first, second] + Array("==".utf8)
                if let bytes = Base64.decode(padded, padded: true) {
                    #expect(Array(Base64.encode(bytes, padded: true).utf8) == padded)
                }
                if let bytes = Base64.decode([first, second], padded: false) {
                    #expect(Array(Base64.encode(bytes, padded: false).utf8) == [first, second])
                }
            }
        }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "AA=", "A===", "====", "=AAA", "A=AA", "AA=A", "AAAA=", "AAAA====", "AB==", "AAB=",
        "AA==AAAA",
        "AAA ", "AA\nAA", "AA-_", "AA==\n", "ÄÄ", "AAA\0",
    ])
    func refusesPaddedForms(text: String) {
        #expect(Base64.decode(Array(text.utf8), padded: true) == nil)
    }

    @Test(arguments: ["A", "AAAAA", "AA==", "AAA=", "AB", "AAB", "AA-", "A A", "AA\n"])
    func refusesUnpaddedForms(text: String) {
        #expect(Base64.decode(Array(text.utf8), padded: false) == nil)
    }
}
