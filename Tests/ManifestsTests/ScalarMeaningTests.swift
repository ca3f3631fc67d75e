import ResealCore
import Testing

@testable import ResealManifests

/// Plain scalars mean what the core schema of YAML 1.2 says, with the exceptions that ``ScalarMeaning`` lists.
@Suite struct ScalarMeaningTests {
    @Test(arguments: [
        // Of YAML 1.1 nothing is left: no other truth values, no octal by a leading zero, no sexagesimal, no dates.
        ("no", "string no"), ("yes", "string yes"), ("on", "string on"), ("Off", "string Off"), ("y", "string y"),
        ("017", "string 017"), ("08", "string 08"), ("00", "string 00"), ("1:30", "string 1:30"),
        ("2031-01-31", "string 2031-01-31"), ("2031-01-31T08:00:00Z", "string 2031-01-31T08:00:00Z"),
        ("1_000", "string 1_000"), ("0b11", "string 0b11"), ("=", "string ="), ("<<", "string <<"),
        // Null.
        ("~", "null "), ("null", "null "), ("Null", "null "), ("NULL", "null "), ("nULL", "string nULL"),
        ("''", "string "),
        // Truth values.
        ("true", "bool true"), ("True", "bool true"), ("TRUE", "bool true"), ("tRUE", "string tRUE"),
        ("false", "bool false"), ("False", "bool false"), ("FALSE", "bool false"),
        // Integers.
        ("0", "integer 0"), ("-0", "integer 0"), ("+12", "integer 12"), ("-12", "integer -12"),
        ("0o17", "integer 15"), ("0o18", "string 0o18"), ("0x1F", "integer 31"), ("0x", "string 0x"),
        ("-0x1", "string -0x1"), ("0o-1", "string 0o-1"), ("0x+1", "string 0x+1"), ("+", "string +"),
        ("0X1F", "string 0X1F"),
        ("9223372036854775807", "integer 9223372036854775807"),
        ("9223372036854775808", "string 9223372036854775808"),
        ("-9223372036854775808", "integer -9223372036854775808"),
        ("-9223372036854775809", "string -9223372036854775809"),
        ("0xFFFFFFFFFFFFFFFF", "string 0xFFFFFFFFFFFFFFFF"), ("0x7FFFFFFFFFFFFFFF", "integer 9223372036854775807"),
        ("4111111111111111111111", "string 4111111111111111111111"),
        // Floating point, as JSON writes it.
        ("1.5", "float 1.5"), ("-1.50", "float -1.50"), (".5", "float 0.5"), ("1.", "float 1.0"),
        ("+.5e-3", "float 0.5e-3"),
        ("1e3", "float 1e3"), ("1E+03", "float 1e03"), ("1e400", "string 1e400"), ("1e", "string 1e"),
        (".", "string ."),
        ("01.5", "string 01.5"), ("1.5.2", "string 1.5.2"), ("1.2.3.4", "string 1.2.3.4"),
        (".inf", "string .inf"), ("-.INF", "string -.INF"), (".nan", "string .nan"), ("inf", "string inf"),
        ("nan", "string nan"),
        // Strings.
        ("a b", "string a b"), ("\"5\"", "string 5"), ("'true'", "string true"), ("\"~\"", "string ~"),
        ("\"\\x41\\u00e9\\U0001f511\"", "string Aé🔑"), ("\"\\ud800\"", "error"), ("\"a\\0b\"", "string a\u{0}b"),
        ("'it''s'", "string it's"), ("\"\\q\"", "error"),
        // Tags.
        ("!!str 5", "string 5"), ("!!str ~", "string ~"), ("!!str", "string "), ("! 5", "string 5"),
        ("!!int 5", "integer 5"),
        ("!!int \"5\"", "integer 5"), ("!!int x", "error"), ("!!int 1.5", "error"), ("!!float 1", "integer 1"),
        ("!!float 1.5", "float 1.5"), ("!!float x", "error"), ("!!bool true", "bool true"), ("!!bool yes", "error"),
        ("!!null ''", "null "), ("!!null x", "error"), ("!!binary aGkA", "binary hi\u{0}"),
        ("!!binary \"aGk=\"", "binary hi"),
        ("!!binary ''", "binary "), ("!!binary aGk", "error"), ("!!binary a b", "error"), ("!!binary aGl=", "error"),
        ("!secret x", "error"), ("!!python/object x", "error"), ("!!timestamp 2031-01-31", "error"),
        ("!!set {a}", "error"),
        ("!<tag:yaml.org,2002:str> 5", "string 5"), ("!<tag:example.org,2000:x> 5", "error"), ("!foo!bar x", "error"),
        ("!!map {a: b}", "mapping"), ("!!seq {a: b}", "error"), ("!!map 5", "error"), ("!!merge x", "error"),
    ])
    func plainScalars(_ text: String, _ meaning: String) {
        let reading = read(secret("value:\n  v: \(text)"))
        switch meaning {
        case "error":
            #expect(!reading.errors.isEmpty && reading.manifests.isEmpty)
            #expect(reading.errors.allSatisfy { $0.span?.line == 7 })
        case "mapping": #expect(leaves("\n  v: \(text)") == ["v.a: string b"])
        default: #expect(leaves("\n  v: \(text)") == ["v: \(meaning)"])
        }
    }

    @Test(arguments: [
        ("|\n  a\n   b\n\n  c\n", "a\n b\n\nc\n"), ("|-\n  a\n", "a"), ("|+\n  a\n\n\n", "a\n\n\n"),
        (">\n  a\n  b\n\n  c\n", "a b\nc\n"),
        (">-\n  a\n  b\n", "a b"), ("|2\n   a\n", " a\n"), ("|1-\n  a\n", " a"), ("|  # why\n  a\n", "a\n"),
        ("\"a\n  b\"", "a b"), ("\"a\\\n  b\"", "ab"), ("'a\n\n  b'", "a\nb"), ("a\n  b", "a b"),
        ("|\n\n  a\n", "\na\n"),
        ("|\n  # no comment\n", "# no comment\n"), ("a#b", "a#b"), ("a # b", "a"),
    ])
    func styles(_ text: String, _ value: String) {
        let file = String(secret("value: \(text)").dropLast())
        for (style, file) in [("LF", file), ("CRLF", file.replacing("\n", with: "\r\n"))] {
            #expect(read(file).manifests.first?.leaves.map(\.shown) == ["string \(value)"], "\(style)")
        }
    }

    @Test func numbersInManifestsAreWhatTheySay() {
        let text = Samples.all.first { $0.kind == .repository }?.text ?? ""
        for (number, count) in [("0x10", 16), ("0o17", 15), ("+7", 7)] {
            let manifest = read(text.replacing("count: 5", with: "count: \(number)")).manifests.first
            guard case .repository(let spec)? = manifest?.spec else {
                Issue.record("\(number) is refused")
                continue
            }
            #expect(spec.limits.massDeletionCount == count)
            let form = String(decoding: manifest?.publicForm ?? [], as: UTF8.self)
            #expect(form.contains("\"count\":\(count),"))
        }
    }

    /// Canonical numbers are JSON.
    @Test(arguments: ["1.5", "+.5", "1.", "1e3", "-0.0", "0x1F", "0o7", "1E+3", "1e-0"])
    func canonicalNumbersParse(_ text: String) throws {
        let leaf = try #require(read(secret("value: \(text)")).manifests.first?.leaves.first)
        let number = try #require(leaf.shown.split(separator: " ").last)
        let json = try JSON(parsing: number.utf8)
        #expect(json.integerValue != nil || json.canonical.contains("."))
    }
}
