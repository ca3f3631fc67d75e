import Foundation
import ResealCore
import ResealVault
import TestSupport
import Testing

@testable import ResealServer

/// When an issuer is asked for his keys, and which are used.
@Suite struct IssuerKeysTests {
    private let start = Timestamp(seconds: 1_767_225_600)
    private let folder: TemporaryFolder
    private let one: TestKey
    private let two: TestKey

    init() throws {
        folder = try TemporaryFolder()
        one = try TestKey(.p256, id: "one", in: folder)
        two = try TestKey(.p256, id: "two", in: folder)
    }

    private func at(_ seconds: Int64) -> Timestamp { start.adding(TimeSpan(seconds: seconds)) }

    private func token(_ key: TestKey, header: [String: JSON] = [:]) throws -> JSONWebToken {
        try JSONWebToken(try key.token("ES256", ["sub": "x"], header: header))
    }

    private func set(_ keys: JSON...) -> JSON { ["keys": .array(keys)] }

    private func word(_ step: IssuerKeys.Step) -> String {
        switch step {
        case .use(let keys): "use \(keys.compactMap(\.id).joined(separator: " "))"
        case .fetch: "fetch"
        case .refuse(let reason): reason.rawValue
        }
    }

    @Test func theIssuerIsAskedNowAndThen() throws {
        var keys = IssuerKeys()
        let (known, unknown) = (try token(one), try token(two))
        #expect(word(keys.step(for: known, at: start)) == "fetch")
        keys.noteQuestion(at: start)
        // No answer came.
        #expect(word(keys.step(for: known, at: start)) == "login.keys-unavailable")
        #expect(word(keys.step(for: known, at: at(5))) == "fetch")
        keys.noteQuestion(at: at(5))
        keys.noteAnswer(set(try one.jwk()), at: at(5))
        #expect(word(keys.step(for: known, at: at(6))) == "use one")
        #expect(word(keys.step(for: unknown, at: at(6))) == "login.unknown-key")
        #expect(word(keys.step(for: unknown, at: at(10))) == "fetch")
        keys.noteQuestion(at: at(10))
        #expect(word(keys.step(for: unknown, at: at(11))) == "login.unknown-key")
        // After a while he is asked again, and without an answer his keys go on for a day.
        #expect(word(keys.step(for: known, at: at(605))) == "fetch")
        #expect(word(keys.step(for: known, at: at(605), mayFetch: false)) == "use one")
        #expect(word(keys.step(for: known, at: at(86_404), mayFetch: false)) == "use one")
        #expect(word(keys.step(for: known, at: at(86_405), mayFetch: false)) == "login.keys-unavailable")
    }

    @Test func keysThatAreTakenBackAreGone() throws {
        var keys = IssuerKeys()
        keys.noteAnswer(set(try one.jwk(), try two.jwk()), at: start)
        keys.noteAnswer(set(try two.jwk()), at: at(1))
        let (gone, kept) = (try token(one), try token(two))
        #expect(word(keys.step(for: gone, at: at(1), mayFetch: false)) == "login.unknown-key")
        // What holds no key is no answer.
        keys.noteAnswer(set(), at: at(2))
        keys.noteAnswer(["keys": "x"], at: at(2))
        keys.noteAnswer(set(["kty": "oct", "k": "c2VjcmV0", "kid": "two"]), at: at(2))
        #expect(word(keys.step(for: kept, at: at(2), mayFetch: false)) == "use two")
    }

    @Test func aTokenWithoutANameForItsKeyNeedsTheOnlyOne() throws {
        var keys = IssuerKeys()
        let unnamed = try JSONWebToken(try one.token("ES256", ["sub": "x"], header: ["kid": ""]))
        keys.noteAnswer(set(try one.jwk()), at: start)
        // An empty name is a name.
        #expect(word(keys.step(for: unnamed, at: start, mayFetch: false)) == "login.unknown-key")
        let parts = try one.token("ES256", ["sub": "x"]).split(separator: ".")
        let head = TestKey.base64URL(Array(#"{"alg":"ES256"}"#.utf8))
        let nameless = try JSONWebToken("\(head).\(parts[1]).\(parts[2])")
        #expect(word(keys.step(for: nameless, at: start, mayFetch: false)) == "use one")
        keys.noteAnswer(set(try one.jwk(), try two.jwk()), at: start)
        #expect(word(keys.step(for: nameless, at: start, mayFetch: false)) == "login.unknown-key")
    }

    @Test func onlyKeysForSignaturesCount() throws {
        let good = try one.jwk()
        #expect(IssuerKey(good) != nil)
        for (name, value) in [
            ("use", "enc"), ("key_ops", ["encrypt"]), ("alg", "HS256"), ("crv", "P-521"), ("x", "AAAA"), ("kty", "RSA"),
            ("y", .string(TestKey.base64URL([UInt8](repeating: 1, count: 32)))),
        ] as [(String, JSON)] {
            var members = good.objectValue ?? [:]
            members[name] = value
            #expect(IssuerKey(.object(members)) == nil, "\(name)")
        }
        let small = try TestKey(.rsa, id: "small", in: folder, rsaBits: 1024)
        let published = try small.jwk()
        #expect(IssuerKey(published) == nil)
        var bound = good.objectValue ?? [:]
        bound["alg"] = "ES384"
        let signed = try token(one)
        #expect(IssuerKey(.object(bound))?.fits(signed) == false)
    }

    @Test(arguments: [
        ("orders", "service:cert/orders"), ("a b", "service:cert/a+20b"), ("a+20b", "service:cert/a+2B20b"),
        ("ä", "service:cert/+C3+A4"), ("spiffe://x/y", "service:cert/spiffe+3A//x/y"),
    ])
    func namesStayApart(_ name: String, _ principal: String) {
        #expect(LoginName.principal("cert", name)?.description == principal)
    }

    @Test func aLongNameBecomesItsDigest() {
        let names = [String(repeating: "a", count: 300), String(repeating: "a", count: 301)]
        let principals = names.map { LoginName.principal("cert", $0)?.description }
        #expect(principals[0] != principals[1])
        #expect(principals[0]?.wholeMatch(of: /service:cert\/\+\+[0-9a-f]{64}/) != nil)
    }
}
