import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct NameTests {
    static let good = [
        "a", "prod/orders-db", "a.b_c-d/0", ".hidden", "...", "a/.../b", "..a", String(repeating: "x", count: 255),
    ]
    static let bad = [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/../b", "../a", "a/..", "A", "Prod/db", "a b", "a\n", "a\0",
        "ä", "a:b",
        "a\\b", "a*", "a%2f", String(repeating: "x", count: 256),
    ]

    @Test(arguments: good) func acceptsNames(name: String) throws {
        #expect(ResourceName.problem(name) == nil)
        #expect(try SecretID(validating: name).name == name)
    }

    @Test(arguments: bad) func refusesNames(name: String) {
        #expect(ResourceName.problem(name) != nil)
        #expect { try SecretID(validating: name) } throws: { ($0 as? NameFailure)?.code == "name.invalid" }
        #expect(throws: NameFailure.self) { try SecretID(validating: "a", organization: name) }
    }

    @Test(arguments: good + bad) func patternForJSONSchemaSaysTheSame(name: String) throws {
        func matches(_ pattern: String) throws -> Bool {
            let range = NSRange(name.startIndex..., in: name)
            let match = try NSRegularExpression(pattern: pattern).firstMatch(in: name, range: range)
            return match.map { $0.range == range } ?? false
        }
        // Its length is a rule of its own in the schema.
        guard name.utf8.count <= ResourceName.maximumBytes else { return }
        #expect(try matches(ResourceName.pattern) == (ResourceName.problem(name) == nil))
        #expect(try matches(ResourceName.organizationPattern) == (ResourceName.organizationProblem(name) == nil))
    }

    /// Otherwise two secrets of two organizations would have one address, in audit records and references.
    @Test func anOrganizationHasOneSegment() throws {
        #expect { try SecretID(validating: "c", organization: "a/b") } throws: {
            ($0 as? NameFailure)?.message == "the organization `a/b` may not hold `/`"
        }
        let addresses = try [("b/c", "a"), ("c", "ab"), ("abc", "default")].map {
            ResourceKey(try SecretID(validating: $0.0, organization: $0.1)).description
        }
        #expect(addresses == ["Secret.a/b/c", "Secret.ab/c", "Secret.default/abc"])
    }

    @Test func aFailureQuotesNoMoreThanTheBeginning() {
        #expect { try SecretID(validating: String(repeating: "X", count: 5000)) } throws: {
            (($0 as? NameFailure)?.message.count ?? .max) < 200
        }
    }

    @Test func idsShowTheOrganizationUnlessItIsTheDefault() {
        #expect(SecretID("a/b").description == "a/b")
        #expect(SecretID("a/b", organization: "acme").description == "acme:a/b")
        #expect(SecretID("z", organization: "a") < SecretID("a", organization: "b"))
        #expect(SecretID("a") < SecretID("b"))
        #expect(ResourceKey(SecretID("a/b", organization: "acme")).secretID == SecretID("a/b", organization: "acme"))
        #expect(ResourceKey(.role, "x") < ResourceKey(.secret, "a"))
    }
}

@Suite struct LoopbackTests {
    @Test(arguments: ["localhost", "::1", "127.0.0.1", "127.1.2.255"]) func isThisMachine(host: String) {
        #expect(Loopback.isHost(host))
    }

    @Test(arguments: [
        "", "127.evil.example", "127.0.0.1.example", "127.0.0", "127.0.0.256", "127.0.0.+1", "127.0.0.1.", "127..0.1",
        "1270.0.0.1", "128.0.0.1", "localhost.example", "127.0.0.\u{661}",
    ]) func isAnother(host: String) {
        #expect(!Loopback.isHost(host))
    }
}

@Suite struct PrincipalTests {
    @Test(arguments: [
        ("user:alice", Principal.Kind.user, "alice"), ("service:orders", .service, "orders"),
        ("role:sre", .role, "sre"),
        ("user:Ada.L@example.org/x+y_z-1", .user, "Ada.L@example.org/x+y_z-1"),
    ])
    func readsKindAndName(text: String, kind: Principal.Kind, name: String) throws {
        let principal = try #require(Principal(text))
        #expect(principal.kind == kind && principal.name == name && principal.description == text)
        #expect(try JSONDecoder().decode(Principal.self, from: JSONEncoder().encode(principal)) == principal)
    }

    @Test func everyoneHasNoKind() throws {
        let everyone = try #require(Principal("*"))
        #expect(everyone.kind == nil && everyone.name == "*")
    }

    @Test(arguments: [
        "", "alice", ":alice", "user:", "user", "group:x", "User:alice", "user:a b", "user:a\n", "user:a:b", "user:ä",
        "user:*",
        "**", "user:" + String(repeating: "a", count: 256), "user:a\0", "user:a\u{301}",
    ])
    func refusesOtherForms(text: String) {
        #expect(Principal(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Principal.self, from: JSONEncoder().encode(text))
        }
    }
}

@Suite struct ObjectIDTests {
    @Test func roundTripsBytesAndText() throws {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<500 {
            let bytes = random.bytes(20)
            let id = try #require(ObjectID(bytes: bytes))
            #expect(id.bytes == bytes && id.description == Hex.encode(bytes))
            #expect(ObjectID(hex: id.description.uppercased()) == id)
            #expect(try JSONDecoder().decode(ObjectID.self, from: JSONEncoder().encode(id)) == id)
        }
    }

    @Test func ordersAsItsTextDoes() throws {
        var random = SeededGenerator(seed: 10)
        let ids = try (0..<200).map { _ in try #require(ObjectID(bytes: random.bytes(20))) }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }

    @Test func refusesOtherLengths() {
        #expect(ObjectID(bytes: [UInt8](repeating: 0, count: 19)) == nil)
        #expect(ObjectID(bytes: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(ObjectID(hex: String(repeating: "0", count: 39)) == nil)
        #expect(ObjectID(hex: String(repeating: "0", count: 64)) == nil)
        #expect(ObjectID(hex: String(repeating: "g", count: 40)) == nil)
        #expect(ObjectID(zero: ()).description == String(repeating: "0", count: 40))
        #expect(ObjectID(zero: ()).short == "0000000000")
    }
}
