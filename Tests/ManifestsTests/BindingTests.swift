import ResealCore
import ResealSealing
import Testing

@testable import ResealAge
@testable import ResealManifests

/// The note that binds a sealed value to its place.
@Suite struct BindingTests {
    private let binding: Binding
    private let identity: X25519Identity

    init() throws {
        identity = try X25519Identity()
        binding = Binding(
            repository: "0123456789abcdef", organization: "default", secret: "orders-db",
            field: FieldPath(["db", "pass.word"]),
            counter: 7, sealedAt: Timestamp(seconds: 1_800_000_000), recipients: [identity.recipient])
    }

    private func find(_ body: String, arguments: [String] = []) throws -> Binding? {
        try Binding.find(in: [Stanza(type: Binding.stanzaType, arguments: arguments, body: Array(body.utf8))])
    }

    private var body: String { String(decoding: binding.stanza.body, as: UTF8.self) }

    @Test func theBodyIsCanonicalJSON() throws {
        #expect(
            body == """
                {"at":"2027-01-15T08:00:00.000Z","field":"db.pass\\\\.word","n":7,"org":"default",\
                "repo":"0123456789abcdef","secret":"orders-db","to":["\(identity.recipient.fingerprint)"],"v":1}
                """)
        #expect(binding.stanza.type == "reseal.dev/bind" && binding.stanza.arguments.isEmpty)
        #expect(try find(body) == binding)
    }

    @Test func plainAgeFilesHaveNone() throws {
        #expect(try Binding.find(in: []) == nil)
        #expect(try Binding.find(in: [Stanza(type: "X25519", arguments: ["x"], body: [])]) == nil)
    }

    @Test func onlyOneTextStandsForABinding() {
        let bodies = [
            "", "{}", "[]", "null", body + " ", " " + body, body.replacing(":7,", with: ": 7,"),
            body.replacing("\"n\":7,", with: ""),
            body.replacing(":7,", with: ":7.0,"), body.replacing(":7,", with: ":07,"),
            body.replacing(":7,", with: ":0,"),
            body.replacing(":7,", with: ":-7,"), body.replacing(":7,", with: ":\"7\","),
            body.replacing(":7,", with: ":9007199254740993,"),
            body.replacing(":7,", with: ":99999999999999999999,"), body.replacing("{\"at\"", with: "{\"a\":1,\"at\""),
            body.replacing("}", with: ",\"z\":1}"), body.replacing("\"v\":1}", with: "\"v\":0}"),
            body.replacing("\"v\":1}", with: "\"v\":1,\"v\":1}"), body.replacing("default", with: "d\\u0065fault"),
            body.replacing(".000Z", with: "Z"), body.replacing("2027-01-15", with: "2027-02-30"),
            body.replacing("db.pass", with: "db..pass"), body.replacing("\"to\":[", with: "\"to\":[1,"),
            body.replacing("\"to\":[", with: "\"to\":[\"zz\","),
            body.replacing("\"to\":[", with: "\"to\":[\"ffffffffffffffff\",\"00\","),
            body.replacing(identity.recipient.fingerprint, with: "0123456789abcde"),
            body.replacing("\"\(identity.recipient.fingerprint)\"", with: ""),
            body.replacing("\"to\":[", with: "\"to\":[\"\(identity.recipient.fingerprint)\","),
            body.replacing("\"v\":1", with: "\"same\":7,\"v\":1"),
            body.replacing("\"v\":1", with: "\"same\":8,\"v\":1"),
            body.replacing("\"v\":1", with: "\"same\":-1,\"v\":1"),
            body.replacing("\"v\":1", with: "\"same\":\"6\",\"v\":1"),
            body.replacing("\"default\"", with: "[[[[\"default\"]]]]"), body.replacing("\"default\"", with: "null"),
            String(body.dropLast()), "\u{feff}" + body,
        ]
        for body in bodies {
            #expect(throws: ManifestFailure(.binding, ""), "\(body)") { try find(body) }
        }
        #expect(throws: ManifestFailure(.binding, "")) { try find(body, arguments: ["v1"]) }
        #expect(throws: ManifestFailure(.binding, "")) {
            try Binding.find(in: [Stanza(type: Binding.stanzaType, body: Array(body.utf8) + [0xff])])
        }
    }

    @Test func twoBindingsAreRefused() {
        #expect(throws: ManifestFailure(.binding, "")) {
            try Binding.find(in: [binding.stanza, Stanza(type: "X25519"), binding.stanza])
        }
    }

    @Test func aLaterVersionIsToldApart() {
        #expect(throws: ManifestFailure(.bindingVersion, "")) { try find(#"{"v":2,"what":"ever"}"#) }
    }

    @Test func bodiesHaveALargestSize() throws {
        let many = Binding(
            repository: "0123456789abcdef", organization: "default", secret: "orders-db", field: .whole, counter: 1,
            sealedAt: Timestamp(seconds: 0), recipients: try (0..<1024).map { _ in try X25519Identity().recipient })
        #expect(try Binding.find(in: [many.stanza]) == many)
        let padding = String(repeating: " ", count: Binding.maximumBodyBytes)
        costing(atMost: 1) { #expect(throws: ManifestFailure(.binding, "")) { try find(body + padding) } }
        let deep = String(repeating: "[", count: 30_000)
        costing(atMost: 1) { #expect(throws: ManifestFailure(.binding, "")) { try find(deep) } }
    }

    @Test func aBindingNamesItsPlace() {
        let field = FieldPath(["db", "pass.word"])
        func mismatch(_ repository: String, _ organization: String, _ secret: String, _ field: FieldPath) -> String? {
            binding.mismatch(repository: repository, organization: organization, secret: secret, field: field)
        }
        #expect(mismatch("0123456789abcdef", "default", "orders-db", field) == nil)
        #expect(mismatch("fedcba9876543210", "default", "orders-db", field)?.contains("another repository") == true)
        #expect(
            mismatch("0123456789abcdef", "acme", "orders-db", field)?.contains("organization `default`, not `acme`")
                == true)
        #expect(
            mismatch("0123456789abcdef", "default", "orders", field)?.contains("secret `orders-db`, not `orders`")
                == true)
        #expect(
            mismatch("0123456789abcdef", "default", "orders-db", .whole)?.contains("not for the whole value") == true)
        // Segments are compared, not their text with dots.
        let dotted = FieldPath(["db", "pass", "word"])
        #expect(mismatch("0123456789abcdef", "default", "orders-db", dotted)?.contains("db.pass\\.word") == true)
    }

    @Test func theMACCoversTheBinding() throws {
        let file = try FieldSealer.seal(
            SecretBytes(utf8: "hunter2"), binding: binding, to: [identity.recipient], isArmored: false)
        #expect(try Binding.find(in: SealedFile(parsing: file).header.stanzas) == binding)
        #expect(try SealedFile(parsing: file).open(with: [identity]).isEqual(to: SecretBytes(utf8: "hunter2")))
        // Somebody without the file key moves the value to another secret.
        let forged = Binding(
            repository: binding.repository, organization: binding.organization, secret: "readable-by-me",
            field: binding.field,
            counter: 8, sealedAt: binding.sealedAt, recipients: [identity.recipient])
        let header = try Header(parsing: file)
        let stanzas = header.stanzas.map { $0.type == Binding.stanzaType ? forged.stanza : $0 }
        let moved = Header(stanzas: stanzas, mac: header.mac).encoded() + file[header.encoded().count...]
        #expect(try Binding.find(in: SealedFile(parsing: moved).header.stanzas) == forged)
        #expect(throws: AgeFailure(.hmac, "")) { try SealedFile(parsing: moved).open(with: [identity]) }
        // Or adds one to a file that has none, or takes it away.
        for stanzas in [header.stanzas + [forged.stanza], header.stanzas.filter { $0.type != Binding.stanzaType }] {
            let changed = Header(stanzas: stanzas, mac: header.mac).encoded() + file[header.encoded().count...]
            #expect(throws: AgeFailure(.hmac, "")) { try SealedFile(parsing: changed).open(with: [identity]) }
        }
    }

    @Test func sealingDemandsThatTheBindingFits() throws {
        let other = try X25519Identity().recipient
        let text = SecretBytes(utf8: "x")
        for recipients in [[other], [identity.recipient, other], [identity.recipient, identity.recipient], []] {
            #expect(throws: ManifestFailure(.sealing, "")) {
                try FieldSealer.seal(text, binding: binding, to: recipients)
            }
        }
        let high = Binding(
            repository: "r", organization: "o", secret: "s", field: .whole, counter: Binding.maximumCounter + 1,
            sealedAt: Timestamp(seconds: 0), recipients: [other])
        #expect(throws: ManifestFailure(.sealing, "")) { try FieldSealer.seal(text, binding: high, to: [other]) }
    }

    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a.b", ["a", "b"]), (#"a\.b"#, ["a.b"]), (#"a\\.b"#, [#"a\"#, "b"]),
        ("ключ.é", ["ключ", "é"]),
        ("a b.c/d", ["a b", "c/d"]), (#"\\\."#, [#"\."#]),
    ])
    func fieldPathsHaveOneText(_ text: String, _ segments: [String]) throws {
        #expect(FieldPath(text) == FieldPath(segments) && FieldPath(segments).description == text)
    }

    @Test(arguments: [".", "a.", ".a", "a..b", #"\"#, #"a\b"#, #"a\"#]) func badFieldPaths(_ text: String) {
        #expect(FieldPath(text) == nil)
    }
}
