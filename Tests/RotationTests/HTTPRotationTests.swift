import Foundation
import ResealCore
import ResealReconciler
import ResealSealing
import ResealVault
import TestSupport
import Testing

/// Rotations through signed requests to an endpoint of the controller's configuration.
@Suite struct HTTPRotationTests {
    private static let signingKey = "a-key-that-signs-requests-0123456789"
    private static let manifest = """
        apiVersion: reseal/v1
        kind: Connection
        metadata: {name: api}
        spec:
          engine: http
          endpoint: target
          credentialsFrom: {secret: login}
          signingKeyFrom: {secret: signer, field: key}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: signer}
        spec:
          value:
            key: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: login}
        spec:
          value:
            username: reseal
            password: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: token}
        spec:
          value:
            token: ""
          rotation:
            every: 1d
            splay: 0s
            keepPrevious: 2h
            generate: {kind: bytes, length: 24, encoding: hex, field: token}
            handler: {http: {connection: api, path: /rotate/token, timeout: 2s}}

        """

    private let desk: Desk
    private let sink: WebSink

    init() throws {
        desk = try Desk(
            Self.manifest,
            sealing: [
                ("signer", "key", Self.signingKey), ("login", "password", "login-password"),
                ("token", "token", "first-token"),
            ])
        sink = try WebSink(.tls)
        try connect()
    }

    private func connect(_ more: String = "") throws {
        try desk.configure(
            "endpoints/target.yaml",
            "url: \(sink.address("base/"))\nca-file: \(sink.authorityFile)\nproxy: none\n\(more)")
    }

    private func isSigned(_ request: WebSink.Request) throws -> Bool {
        let id = try #require(request.headers["webhook-id"])
        let time = try #require(request.headers["webhook-timestamp"])
        let code = try HMAC.code(Array("\(id).\(time).\(request.body)".utf8), key: SecretBytes(utf8: Self.signingKey))
        #expect(abs(Int64(time).map { $0 - WallClock.system.now().milliseconds / 1000 } ?? .max) < 120)
        return request.headers["webhook-signature"] == "v1,\(Base64.encode(code, padded: true))"
    }

    @Test func everyStepIsASignedRequest() async throws {
        let run = try desk.run("rotate", "token")
        #expect(run.status == 0, "\(run.errorText)")
        let value = try desk.get("token", "token")
        let requests = sink.requests
        #expect(requests.map { $0.json?["operation"]?.stringValue } == ["handOver", "verify"])
        for request in requests {
            #expect(request.method == "POST" && request.path == "/base/rotate/token")
            #expect(try isSigned(request))
            #expect(request.headers["authorization"] == "Basic cmVzZWFsOmxvZ2luLXBhc3N3b3Jk")
            #expect(request.headers["idempotency-key"] == request.headers["webhook-id"])
            #expect(request.json?["secret"] == "token" && request.json?["version"] == 2)
            #expect(request.json?["value"]?["token"]?.stringValue == value)
            #expect(request.json?["previous"]?["token"] == "first-token")
        }
        let soon = WallClock { WallClock.system.now().adding(.of("3h")) }
        let service = RotationService(desk.rotator(try desk.core(at: soon)))
        #expect(try await service.runDue(by: .test).failures == 0)
        #expect(sink.requests.last?.json?["operation"] == "retire")
        #expect(Set(sink.requests.compactMap { $0.headers["webhook-id"] }).count == 3)
    }

    @Test func noPathFollowsAQuery() throws {
        try desk.configure(
            "endpoints/target.yaml", "url: \(sink.address("base?x=1"))\nca-file: \(sink.authorityFile)\nproxy: none\n")
        #expect(try desk.run("rotate", "token").errorText.contains("[rotation.not-configured]"))
        #expect(sink.requests.isEmpty)
    }

    @Test func aFailureIsTriedAgainUnderTheSameId() throws {
        try sink.next("500")
        let failed = try desk.run("rotate", "token")
        #expect(failed.status == 1 && failed.errorText.contains("[rotation.request-failed]"), "\(failed.errorText)")
        #expect(try desk.get("token", "token") == "first-token")
        #expect(try desk.item("token")?["last_failure"] == "rotation.request-failed")
        try sink.next("drop")
        #expect(try desk.run("rotate", "token").errorText.contains("[http.connection-lost]"))
        #expect(try desk.run("rotate", "token").status == 0)
        let ids = sink.requests.filter { $0.json?["operation"] == "handOver" }.compactMap { $0.headers["webhook-id"] }
        let values = sink.requests.compactMap { $0.json?["value"]?["token"]?.stringValue }
        #expect(ids.count == 3 && Set(ids).count == 1 && Set(values).count == 1)
    }

    @Test func aValueThatDoesNotWorkIsTakenBack() throws {
        try sink.next("200", "422")
        #expect(try desk.run("rotate", "token").errorText.contains("[rotation.not-verified]"))
        #expect(sink.requests.map { $0.json?["operation"]?.stringValue } == ["handOver", "verify", "rollBack"])
        #expect(try desk.get("token", "token") == "first-token")
    }

    @Test func aWrongPathIsNoVerdict() throws {
        try sink.next("200", "404")
        #expect(try desk.run("rotate", "token").errorText.contains("[rotation.request-failed]"))
        #expect(sink.requests.count == 2, "nothing was taken back")
        #expect(try desk.item("token")?["state"] == "running")
    }

    @Test func theTimeIsLimited() throws {
        try connect()
        try desk.configure(
            "endpoints/target.yaml",
            "url: \(sink.address("slow/30"))\nca-file: \(sink.authorityFile)\nproxy: none\n")
        let start = ContinuousClock.now
        #expect(try desk.run("rotate", "token").errorText.contains("[http.timeout]"))
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test(arguments: [
        ("url: http://example.com/\n", "rotation.not-configured"), ("url: https://user:canary@host/\n", "http.invalid"),
        ("ca-file: /etc/hostname\n", "rotation.not-configured"),
        ("url: https://host/\nclient-key: /x\n", "rotation.not-configured"),
        ("url: https://host/\nhost: x\n", "config.unknown-key"),
    ]) func refusesABadEndpoint(_ text: String, _ code: String) throws {
        try desk.configure("endpoints/target.yaml", text)
        let result = try desk.run("rotate", "token")
        #expect(result.status == 1 && result.errorText.contains("[\(code)"), "\(result.errorText)")
        #expect(!result.errorText.contains("canary"))
        #expect(try desk.item("token")?["state"] == "scheduled", "nothing was begun")
    }

    @Test func noValueIsInAnyMessage() throws {
        var scanner = LeakScanner([
            Canary("signer", madeUp: Self.signingKey), Canary("login", madeUp: "login-password"),
        ])
        try sink.next("500", "418", "422")
        for _ in 0..<4 {
            let result = try desk.run("rotate", "token")
            let value = sink.requests.last?.json?["value"]?["token"]?.stringValue ?? ""
            #expect(!value.isEmpty && !result.errorText.contains(value))
            scanner.scan(result.stderr, at: "what a rotation says")
        }
        #expect(scanner.leaks.isEmpty && scanner.scanned > 0)
    }
}
