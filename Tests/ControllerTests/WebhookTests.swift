import ResealCore
import ResealSealing
import ResealServer
import Testing

/// Which deliveries are believed.
@Suite struct WebhookTests {
    private let secret = "a secret that both sides know"
    private let body = Array(#"{"ref":"refs/heads/main"}"#.utf8)

    private func judge(_ headers: [String: String], body: [UInt8]? = nil) -> Webhook.Verdict {
        Webhook(secret: SecretBytes(utf8: secret)).judge(body: body ?? self.body) { headers[$0] }
    }

    private func signature(_ body: [UInt8]) throws -> String {
        Hex.encode(try HMAC.code(body, key: SecretBytes(utf8: secret)))
    }

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    @Test func theExampleOfGitHub() {
        let webhook = Webhook(secret: SecretBytes(utf8: "It's a Secret to Everybody"))
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        let verdict = webhook.judge(body: Array("Hello, World!".utf8)) { $0 == "x-hub-signature-256" ? signature : nil }
        #expect(verdict == .accepted)
    }

    @Test func everyHostIsUnderstood() throws {
        let signature = try signature(body)
        #expect(judge(["x-hub-signature-256": "sha256=\(signature)", "x-github-event": "push"]) == .accepted)
        #expect(judge(["x-gitea-signature": signature, "x-gitea-event": "push"]) == .accepted)
        #expect(judge(["x-gitlab-token": secret, "x-gitlab-event": "Push Hook"]) == .accepted)
        #expect(judge(["x-gitlab-token": secret, "x-gitlab-event": "Tag Push Hook"]) == .accepted)
    }

    @Test func whatIsNoPushIsIgnored() throws {
        #expect(judge(["x-hub-signature-256": "sha256=\(try signature(body))", "x-github-event": "ping"]) == .ignored)
        #expect(judge(["x-gitlab-token": secret, "x-gitlab-event": "Issue Hook"]) == .ignored)
    }

    @Test func whatIsNotGenuineIsRefused() throws {
        let good = try signature(body)
        let headers: [[String: String]] = [
            [:], ["x-hub-signature-256": good], ["x-hub-signature-256": "sha256="],
            ["x-hub-signature-256": "sha1=\(good)"],
            ["x-hub-signature-256": "sha256=\(good.dropLast(2))"], ["x-hub-signature-256": "sha256=\(good)00"],
            ["x-hub-signature-256": "sha256=zz\(good.dropFirst(2))"], ["x-gitlab-token": ""],
            ["x-gitlab-token": secret + " "], ["x-gitea-signature": "sha256=\(good)"],
            // A wrong signature is not made good by a token beside it.
            ["x-hub-signature-256": "sha256=00", "x-gitlab-token": secret],
        ]
        for headers in headers { #expect(judge(headers) == .refused, "\(headers)") }
        #expect(judge(["x-hub-signature-256": "sha256=\(good)"], body: body + [0x20]) == .refused)
    }

    @Test func deliveriesAreRememberedUpToALimit() {
        let seen = SeenDeliveries(capacity: 3)
        let deliveries = (0..<4).map { Digest256(hashing: [UInt8($0)]) }
        for delivery in deliveries.prefix(3) { #expect(seen.isNew(delivery)) }
        for delivery in deliveries.prefix(3) { #expect(!seen.isNew(delivery)) }
        #expect(seen.isNew(deliveries[3]) && seen.isNew(deliveries[0]) && !seen.isNew(deliveries[2]))
    }
}
