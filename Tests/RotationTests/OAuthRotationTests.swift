import Foundation
import ResealCore
import ResealReconciler
import ResealVault
import TestSupport
import Testing

/// Tokens that a server renews, and answers of it that get lost.
@Suite struct OAuthRotationTests {
    private static let manifest = """
        apiVersion: reseal/v1
        kind: Connection
        metadata: {name: provider}
        spec:
          engine: oauth
          endpoint: provider
          credentialsFrom: {secret: client, usernameField: id, passwordField: secret}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: client}
        spec:
          value:
            id: reseal
            secret: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: tokens}
        spec:
          type: oauth-token
          value:
            access_token: ""
            refresh_token: ""
          autoRenew: true
          rotation:
            handler: {oauth: {connection: provider, scopes: [read]}}

        """

    private let desk: Desk
    private let sink: WebSink

    init() throws {
        desk = try Desk(
            Self.manifest,
            sealing: [
                ("client", "secret", "client secret"), ("tokens", "access_token", "first-access"),
                ("tokens", "refresh_token", "first-refresh"),
            ])
        sink = try WebSink()
        try sink.folder.write("first-refresh", to: "tokens")
        try sink.folder.write("Basic cmVzZWFsOmNsaWVudCUyMHNlY3JldA==", to: "client")
        try connect()
    }

    private func connect(_ more: String = "") throws {
        try desk.configure("endpoints/provider.yaml", "url: \(sink.address("token"))\nproxy: none\n\(more)")
    }

    private func valid() throws -> String { String(decoding: try sink.folder.read("tokens"), as: UTF8.self) }

    @Test func renewsBothTokens() throws {
        let run = try desk.run("rotate", "tokens")
        #expect(run.status == 0, "\(run.errorText)")
        #expect(try desk.get("tokens", "access_token").hasPrefix("access-"))
        #expect(try desk.get("tokens", "refresh_token") == valid())
        let expiry = try #require(Timestamp(try desk.get("tokens", "expires_at")))
        let left = expiry.milliseconds - WallClock.system.now().milliseconds
        #expect(left > 3_400_000 && left <= 3_600_000)
        let form = try #require(sink.requests.first?.body)
        #expect(form == "grant_type=refresh_token&refresh_token=first-refresh&scope=read")
        // And again, with the new one.
        #expect(try desk.run("rotate", "tokens").status == 0)
        #expect(try desk.get("tokens", "refresh_token") == valid())
        #expect(try desk.json("versions", "tokens").arrayValue?.filter { $0["state"] == "pending" }.isEmpty == true)
    }

    @Test func keepsARefreshTokenThatStays() throws {
        try sink.folder.write("", to: "keeps")
        try connect("client-authentication: post\n")
        try FileManager.default.removeItem(atPath: sink.folder.file("client"))
        #expect(try desk.run("rotate", "tokens").status == 0)
        #expect(try desk.get("tokens", "refresh_token") == "first-refresh")
        #expect(sink.requests.first?.body.hasSuffix("&client_id=reseal&client_secret=client%20secret") == true)
    }

    @Test func isDueBeforeTheTokenExpires() async throws {
        #expect(try desk.run("rotate", "tokens").status == 0)
        let core = try desk.core(at: WallClock { WallClock.system.now().adding(.of("40m")) })
        #expect(try await RotationService(desk.rotator(core)).runDue(by: .test).endings.isEmpty)
        let later = try desk.core(at: WallClock { WallClock.system.now().adding(.of("50m")) })
        let run = try await RotationService(desk.rotator(later)).runDue(by: .test)
        #expect(run.endings.count == 1 && run.failures == 0)
    }

    @Test func anAnswerThatIsLostIsKnownAsLost() throws {
        try sink.next("lose")
        let lost = try desk.run("rotate", "tokens")
        #expect(lost.status == 1 && lost.errorText.contains("[rotation.answer-lost]"), "\(lost.errorText)")
        #expect(try desk.item("tokens")?["last_failure"] == "rotation.answer-lost")
        // Whatever comes between, it is not forgotten.
        try sink.next("429")
        #expect(try desk.run("rotate", "tokens").errorText.contains("[rotation.answer-lost]"))
        let refused = try desk.run("rotate", "tokens")
        #expect(refused.errorText.contains("[rotation.login-needed]"))
        #expect(refused.errorText.contains("an earlier request whose answer was lost"))
        #expect(!refused.errorText.contains("canary-of-server"))
        #expect(try desk.get("tokens", "access_token") == "first-access", "what is left stays")
        // A person logs in anew.
        try sink.folder.write("second-refresh", to: "tokens")
        try desk.user.check("set", "tokens", "--field", "refresh_token", stdin: "second-refresh")
        let done = try desk.run("rotate", "tokens")
        #expect(done.status == 0, "\(done.errorText)")
        #expect(try desk.get("tokens", "refresh_token") == valid())
    }

    @Test(arguments: ["rotation.asking", "rotation.issued", "rotation.handedOver"])
    func aDeathLosesNothingInSilence(_ point: String) throws {
        #expect(try desk.run("rotate", "tokens", variables: ["RESEAL_FAULT": point]).status != 0)
        let next = try desk.run("rotate", "tokens")
        switch point {
        case "rotation.issued":
            #expect(next.errorText.contains("an earlier request whose answer was lost"), "\(next.errorText)")
        default:
            #expect(next.status == 0, "\(next.errorText)")
            #expect(try desk.get("tokens", "refresh_token") == valid())
        }
    }

    @Test func renewedTokensAreNotTakenBack() throws {
        #expect(try desk.run("rotate", "tokens", variables: ["RESEAL_FAULT": "rotation.handedOver"]).status != 0)
        #expect(try desk.run("rotation", "cancel", "tokens").errorText.contains("[rotation.unsuitable]"))
        #expect(try desk.run("rotate", "tokens").status == 0)
        #expect(try desk.get("tokens", "refresh_token") == valid())
    }

    @Test func saysWhatIsWrong() throws {
        try sink.folder.write("Basic other", to: "client")
        #expect(try desk.run("rotate", "tokens").errorText.contains("(invalid_client)"))
        try sink.folder.write("Basic cmVzZWFsOmNsaWVudCUyMHNlY3JldA==", to: "client")
        try sink.folder.write("another", to: "tokens")
        let revoked = try desk.run("rotate", "tokens")
        #expect(revoked.errorText.contains("[rotation.login-needed]") && !revoked.errorText.contains("was lost"))
        let given = try desk.user.reseal(["rotate", "tokens", "--value-from-stdin"], stdin: Array("x".utf8))
        #expect(given.errorText.contains("[rotation."))
    }
}
