import Foundation
import Glibc
import ResealClient
import ResealCore
import ResealSealing
import ResealVault
import TestSupport
import Testing

/// The Swift client against a server.
@Suite struct SecretClientTests {
    private let api: RunningAPI
    private let client: SecretClient

    init() throws {
        api = try RunningAPI(try Installation.applied(), plain: false, settings: RunningAPI.writerSettings)
        client = try Self.client(api, token: try api.token("service:app"))
    }

    private static func pin(_ api: RunningAPI) throws -> String {
        try #require(try RunningAPI.line("api listening", in: api.user)["pin"]?.stringValue)
    }

    /// The certificate of somebody else.
    private static func strangeAuthority() throws -> String {
        let now = WallClock.system.now()
        return try KeyPair(.ec(.p256)).certificate(
            CertificateSubject(
                commonName: "reseal", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], from: now,
                until: now.adding(TimeSpan(seconds: 3600))))
    }

    private static func client(_ api: RunningAPI, token: String) throws -> SecretClient {
        try SecretClient(
            address: api.base, token: SecretBytes(utf8: token), trust: .init(pin: try pin(api)), attempts: 2)
    }

    private func value(_ fields: [String: String]) throws -> SecretValue {
        try SecretValue(leaves: fields.map { .init(path: [$0.key], bytes: SecretBytes(utf8: $0.value)) })
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch { return (error as? ClientFailure)?.code ?? "\(error)" }
    }

    @Test(.ownThreads) func theShapeOfTheVault() async throws {
        #expect(try await client.principal() == "service:app")
        let first = try await client.set("app/x", to: try value(["user": "ada", "password": "one"]), expecting: 0)
        #expect(first.version == 1 && !first.isManaged)
        #expect(
            await code { try await client.set("app/x", to: try value(["a": "b"]), expecting: 0) }
                == "api.version-mismatch")
        let bytes = SecretValue(scalar: SecretBytes([0, 255, 10]), type: .binary)
        #expect(try await client.set("app/x", field: "key.raw", to: bytes, expecting: 1).version == 2)
        let reading = try await client.get("app/x")
        #expect(reading.version == 2 && reading.id.name == "app/x")
        #expect(reading.value.leaf(named: "key.raw")?.bytes.revealBytes() == [0, 255, 10])
        #expect(reading.value.leaf(named: "password")?.bytes.revealText() == "one")
        #expect(try await client.get("app/x", version: 1).value.leaves.count == 2)
        let number = SecretValue(scalar: SecretBytes(utf8: "1.50"), type: .number)
        try await client.set("app/number", to: number)
        #expect(try await client.get("app/number").value.leaves[0].bytes.revealText() == "1.50")

        #expect(try await client.rollback("app/x").version == 3)
        #expect(try await client.rollback("app/x", to: 2).version == 4)
        #expect(try await client.versions(of: "app/x").map(\.origin) == ["manual", "manual", "rollback", "rollback"])
        #expect(try await client.getMany(["app/number", "app/x"]).map(\.version) == [1, 4])
        #expect(await code { _ = try await client.getMany(["app/x", "prod/orders-db"]) } == "access.denied")
        let outcomes = try await client.outcomes(of: ["app/x", "prod/orders-db"])
        #expect((try? outcomes[0].get())?.version == 4 && (try? outcomes[1].get()) == nil)
        #expect(try await client.list(prefix: "app/").map(\.id.name) == ["app/number", "app/x"])
        #expect(try await client.delete("app/x").version == 4)
        #expect(await code { _ = try await client.get("app/x") } == "vault.secret-deleted")
        #expect(try await client.list(includingDeleted: true).map(\.isActive) == [true, false])
        #expect(await code { _ = try await client.get("app/never") } == "api.not-found")
        #expect(await code { _ = try await client.get("prod/never") } == "access.denied")
        #expect(await code { _ = try await client.get("no name") } == "name.invalid")
        try await client.revokeToken()
        #expect(await code { _ = try await client.get("app/number") } == "token.invalid")
        await client.shutdown()
    }

    @Test(.ownThreads) func typedValues() async throws {
        try await client.set(
            "app/db", to: try value(["username": "ada", "password": "s", "port": "5432", "host": "h"]))
        let login = try await client.get("app/db", as: DatabaseCredential.self)
        #expect(
            login.username == "ada" && login.password.revealText() == "s" && login.port == 5432 && login.host == "h")
        try await client.set("app/key", to: SecretValue(scalar: SecretBytes(utf8: "k1")))
        #expect(try await client.get("app/key", as: APIKey.self).key.revealText() == "k1")
        try await client.set(
            "app/oauth", to: try value(["access_token": "a", "expires_at": "2030-01-01T00:00:00Z"]))
        let token = try await client.get("app/oauth", as: OAuthToken.self)
        #expect(token.accessToken.revealText() == "a" && token.refreshToken == nil && token.expiresAt != nil)
        let pem = (cert: "-----BEGIN CERTIFICATE-----\nx", key: "-----BEGIN EC PRIVATE KEY-----\ny")
        try await client.set("app/tls", to: try value(["tls.crt": pem.cert, "tls.key": pem.key]))
        let certificate = try await client.get("app/tls", as: Certificate.self)
        #expect(certificate.certificate == pem.cert && certificate.privateKey.revealText() == pem.key)
        #expect(await code { _ = try await client.get("app/key", as: DatabaseCredential.self) } == "client.field")
        #expect(await code { _ = try await client.get("app/db", as: Certificate.self) } == "client.field")
    }

    @Test(.ownThreads) func whatIsKeptIsNotAskedForAgain() async throws {
        try await client.set("app/kept", to: SecretValue(scalar: SecretBytes(utf8: "one")))
        func read(_ age: Duration) async throws -> String? {
            try await client.get("app/kept", cache: age).value.leaves[0].bytes.revealText()
        }
        #expect(try await read(.seconds(300)) == "one")
        try api.user.check("set", "app/kept", stdin: "two")
        #expect(try await read(.seconds(300)) == "one")
        #expect(try await read(.zero) == "two")
        // Its own writes are never hidden by what it kept.
        try await client.set("app/kept", to: SecretValue(scalar: SecretBytes(utf8: "three")))
        #expect(try await read(.seconds(300)) == "three")
        #expect(try await read(.milliseconds(200)) == "three")
        try api.user.check("set", "app/kept", stdin: "four")
        try await Task.sleep(for: .milliseconds(400))
        #expect(try await read(.milliseconds(200)) == "four")
    }

    @Test(.ownThreads) func onlyTheServerThatIsMeant() async throws {
        let token = SecretBytes(utf8: try api.token("service:app"))
        let wrong = try SecretClient(
            address: api.base, token: token, trust: .init(pin: "sha256//\(String(repeating: "A", count: 43))="),
            attempts: 1)
        #expect(await code { _ = try await wrong.principal() } == "http.tls")
        let unknown = try SecretClient(address: api.base, token: token, attempts: 1)
        #expect(await code { _ = try await unknown.principal() } == "http.tls")
        let known = try SecretClient(
            address: api.base, token: token, trust: .init(authorityFile: api.certificate))
        #expect(try await known.principal() == "service:app")
        let both = try SecretClient(
            address: api.base, token: token,
            trust: .init(authorityFile: api.certificate, pin: try Self.pin(api)))
        #expect(try await both.principal() == "service:app")
        // Where both are named, one alone is not enough.
        let strange = try api.user.folder.write(try Self.strangeAuthority(), to: "strange.pem")
        for trust in [
            SecretClient.Trust(authorityFile: strange, pin: try Self.pin(api)),
            .init(authorityFile: api.certificate, pin: "sha256//\(String(repeating: "A", count: 43))="),
            .init(authorityFile: strange),
        ] {
            let client = try SecretClient(address: api.base, token: token, trust: trust, attempts: 1)
            #expect(await code { _ = try await client.principal() } == "http.tls")
        }
        #expect(throws: ClientFailure.self) { try SecretClient(address: "http://vault.example.org", token: token) }
        #expect(throws: ClientFailure.self) {
            try SecretClient(address: "http://127.0.0.1:1", token: token, trust: .init(pin: try Self.pin(api)))
        }
        #expect(throws: ClientFailure.self) {
            try SecretClient(address: api.base, token: token, trust: .init(pin: "sha256//short"))
        }
    }

    @Test(.ownThreads) func whatFailedForNowIsTriedAgain() async throws {
        let sink = try WebSink()
        func client(_ attempts: Int) throws -> SecretClient {
            try SecretClient(
                address: "http://127.0.0.1:\(sink.port)", token: SecretBytes(utf8: "t"), attempts: attempts)
        }
        // What answers in the end is no server of secrets, which is not tried again.
        try sink.next("503", "429", "drop")
        #expect(await code { _ = try await client(4).principal() } == "client.answer")
        #expect(sink.requests.count == 4)
        try sink.next("503")
        #expect(await code { _ = try await client(1).principal() } == "client.answer")
        #expect(sink.requests.count == 5)
        // Whether a write was done is not known when the connection is lost.
        try sink.next("drop")
        #expect(await code { _ = try await client(4).rollback("app/x") } == "http.connection-lost")
        #expect(sink.requests.count == 6)
    }

    @Test(.ownThreads) func changesAreHeardOf() async throws {
        let start = try await client.changes(since: nil).cursor
        try await client.set("app/seen", to: SecretValue(scalar: SecretBytes(utf8: "x")))
        let heard = try await client.changes(since: start, wait: .seconds(20))
        #expect(heard.names == ["app/seen"] && heard.cursor > start)
    }
}
