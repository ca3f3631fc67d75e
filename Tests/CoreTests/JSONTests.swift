import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct JSONParsingTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test(
        arguments: [
            ("null", .null), (" \t\r\ntrue ", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
            ("-0", .integer(0)), ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5", .number(1.5)), ("1e3", .number(1000)), ("1E+2", .number(100)), ("25e-1", .number(2.5)),
            ("\"\"", ""), ("[]", []), ("{}", [:]), ("[1,[2,{\"a\":null}]]", [1, [2, ["a": .null]]]),
            (#""\"\\\/\b\f\n\r\t\u00e9\u0000""#, .string("\"\\/\u{8}\u{c}\n\r\té\0")),
            (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00""#, "😀"), ("\"é😀\u{2028}\"", "é😀\u{2028}"),
            ("{ \"b\" : 1 , \"a\" : [ ] }", ["a": [], "b": 1]),
        ] as [(String, JSON)])
    func readsValues(text: String, value: JSON) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        ("", "expected a value"), (" ", "expected a value"), ("nul", "an unknown word"), ("True", "expected a value"),
        ("+1", "expected a value"), ("01", "expected a value"), ("-01", "expected a value"), ("00", "expected a value"),
        ("-", "expected a value"), ("1.", "expected a value"), (".5", "expected a value"), ("1.e5", "expected a value"),
        ("1e", "expected a value"), ("1e+", "expected a value"), ("0x10", "text behind the document"),
        ("1_000", "text behind the document"), ("1.5.5", "text behind the document"),
        ("1-2", "text behind the document"),
        ("NaN", "expected a value"), ("Infinity", "expected a value"), ("1e400", "a number out of range"),
        ("1 2", "text behind the document"), ("{} x", "text behind the document"),
        ("null\0", "text behind the document"),
        ("[1,]", "expected a value"), ("[,1]", "expected a value"), ("[1 2]", "expected `,` or `]`"),
        ("[", "expected a value"), ("{\"a\":1,}", "expected a key"), ("{a:1}", "expected a key"),
        ("{\"a\" 1}", "expected `:`"), ("{\"a\":1", "expected `,` or `}`"), ("{\"a\":}", "expected a value"),
        ("// c\n1", "expected a value"), ("\u{feff}1", "expected a value"), ("'a'", "expected a value"),
        ("\"a", "an unterminated string"), ("\"a\\", "an unterminated string"),
        ("\"\n\"", "a control character in a string"),
        ("\"\0\"", "a control character in a string"), (#""\x41""#, "an unknown escape"),
        (#""\u12"#, "a bad \\u escape"),
        (#""\u12g4""#, "a bad \\u escape"), (#""\u+123""#, "a bad \\u escape"),
    ])
    func refusesWhatIsNotJSON(text: String, problem: String) {
        #expect { try parse(text) } throws: { ($0 as? JSONFailure)?.problem == problem }
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ud83d\ud83d""#,
        #""\udc00\ud83d""#,
    ])
    func refusesLoneSurrogates(text: String) {
        #expect { try parse(text) } throws: { ($0 as? JSONFailure)?.problem == "a lone surrogate" }
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let quoted = [0x22] + bytes + [0x22]
        #expect { try JSON(parsing: quoted) } throws: { ($0 as? JSONFailure)?.problem == "invalid UTF-8" }
    }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"b":2,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"k":null,"k":null}}]"#,
        // Equal to a reader that normalises, though not byte for byte.
        "{\"\u{e9}\":1,\"e\u{301}\":2}",
    ])
    func refusesDuplicateKeys(text: String) {
        #expect { try parse(text) } throws: { ($0 as? JSONFailure)?.problem == "a duplicate key" }
    }

    @Test func limitsTheDepth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSON(parsing: nested(64))
        #expect { try JSON(parsing: nested(65)) } throws: { ($0 as? JSONFailure)?.problem == "too deeply nested" }
        #expect(throws: JSONFailure.self) { try JSON(parsing: nested(1_000_000)) }
        #expect(throws: JSONFailure.self) { try JSON(parsing: nested(4), maximumDepth: 3) }
    }

    @Test func failureNamesTheOffsetAndNothingOfTheText() {
        #expect { try parse(#"{"password":"hunter2"x}"#) } throws: { error in
            guard let failure = error as? JSONFailure else { return false }
            return failure.offset == 21 && !"\(failure)".contains("hunter2")
        }
    }

    @Test func damagedDocumentsNeverCrash() {
        var random = SeededGenerator(seed: 6)
        let sound = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":"\\\"é"}}"#.utf8)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = sound
            for _ in 0...Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = random.bytes(1)[0]
            }
            bytes.removeLast(Int.random(in: 0...3, using: &random))
            do {
                let value = try JSON(parsing: bytes)
                #expect(throws: Never.self) { try JSON(parsing: value.canonicalBytes) }
            } catch { refused += 1 }
        }
        #expect(refused > 10_000)
    }
}

@Suite struct JSONWritingTests {
    @Test func sortsKeysAndLeavesNoSpace() {
        let value: JSON = ["b": [1, 2], "a": ["z": .null, "y": true], "A": "x"]
        #expect(value.canonical == #"{"A":"x","a":{"y":true,"z":null},"b":[1,2]}"#)
    }

    @Test func escapesWhatMustBeAndControls() {
        #expect(
            JSON.string("\u{0}\u{1f}\u{7f}\"\\/\n\r\té\u{2028}").canonical == #""\u0000\u001f\u007f\"\\/\n\r\té"#
                + "\u{2028}\"")
    }

    @Test func writesNumbersThatReadBack() throws {
        let numbers: [Double] = [
            0.1, -0.0, 1e300, .leastNonzeroMagnitude, 1.7976931348623157e308, 123456.75, 1e20, 1e-7,
        ]
        for number in numbers {
            #expect(try JSON(parsing: JSON.number(number).canonicalBytes) == .number(number))
        }
        #expect(JSON.number(.nan).canonical == "null")
        #expect(JSON.number(-.infinity).canonical == "null")
    }

    @Test func prettyFormIsTheSameDocument() throws {
        let value: JSON = ["list": [1, [:], []], "map": ["a": "b"], "empty": []]
        #expect(try JSON(parsing: Array(value.pretty().utf8)) == value)
        #expect(
            value.pretty() == """
                {
                  "empty": [],
                  "list": [
                    1,
                    {},
                    []
                  ],
                  "map": {
                    "a": "b"
                  }
                }
                """)
    }

    @Test func parsingUndoesWriting() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            let value = JSON.random(depth: 4, using: &random)
            #expect(try JSON(parsing: value.canonicalBytes) == value)
            #expect(try JSON(parsing: Array(value.pretty().utf8)).canonicalBytes == value.canonicalBytes)
        }
    }

    @Test func foundationReadsTheSame() throws {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<500 {
            let value = JSON.random(depth: 3, using: &random)
            #expect(try JSONDecoder().decode(JSON.self, from: Data(value.canonicalBytes)) == value)
            #expect(try JSON(parsing: Array(JSONEncoder().encode(value))) == value)
        }
    }

    @Test func accessorsAnswerForTheirTypeOnly() {
        let value: JSON = ["s": "x", "i": 5, "b": true, "a": [1], "o": [:]]
        #expect(value["s"]?.stringValue == "x" && value["i"]?.stringValue == nil)
        #expect(value["i"]?.integerValue == 5 && value["b"]?.integerValue == nil)
        #expect(value["b"]?.boolValue == true && value["s"]?.boolValue == nil)
        #expect(value["a"]?.arrayValue == [1] && value["o"]?.arrayValue == nil)
        #expect(value["o"]?.objectValue == [:] && value["a"]?.objectValue == nil)
        #expect(value["none"] == nil && JSON.null["s"] == nil)
    }
}

extension JSON {
    static func random(depth: Int, using random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
        // Never whole: a whole number of Double.description is read back as an integer by Foundation.
        case 3: .number((Double.random(in: -1e6...1e6, using: &random)).rounded(.down) + 0.5)
        case 4: .string(randomText(using: &random))
        case 5:
            .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in JSON.random(depth: depth - 1, using: &random) })
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        (randomText(using: &random), JSON.random(depth: depth - 1, using: &random))
                    }, uniquingKeysWith: { $1 }))
        }
    }

    private static func randomText(using random: inout SeededGenerator) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x7f, 0x20...0x7e, 0x80...0x7ff, 0x800...0xd7ff, 0xe000...0xffff, 0x10000...0x10ffff,
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}
