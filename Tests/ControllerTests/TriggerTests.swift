import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

/// Push webhooks at a running controller.
@Suite struct TriggerTests {
    private static let secret = "canary-webhook-secret-5b81c0"
    private let user: Installation

    init() throws {
        user = try Installation.sealed()
        let file = try user.folder.write(Self.secret + "\n", to: "webhook.secret")
        try user.folder.write(
            """
            repo: '\(user.repository.path)'
            identity: '\(user.identity)'
            interval: 1h
            webhook-secret-file: '\(file)'
            """, to: "vault/config.yaml")
    }

    private func headers(_ body: String, secret: String = secret) throws -> [String: String] {
        let code = try HMAC.code(Array(body.utf8), key: SecretBytes(utf8: secret))
        return ["X-Hub-Signature-256": "sha256=\(Hex.encode(code))", "X-GitHub-Event": "push"]
    }

    @Test func aPushIsAppliedAtOnce() throws {
        let controller = try RunningController(user, "--listen", "127.0.0.1:0")
        let hook = "http://127.0.0.1:\(try controller.port())/hooks/default"
        try controller.line("applied")
        try user.seal("prod/note", "", "pushed")
        try user.repository.commit()
        let body = #"{"ref":"refs/heads/main"}"#
        #expect(try request(hook, post: body, headers: try headers(body)).status == 202)
        try controller.line("applied", count: 2)
        #expect(try user.check("get", "prod/note").text == "pushed")
        // What was overheard cannot be sent again.
        #expect(try request(hook, post: body, headers: try headers(body)).status == 409)
        // Neither who does not know the secret, nor who guesses names, learns anything.
        let forged = try request(hook, post: body, headers: try headers(body, secret: "another"))
        let unknown = try request("\(hook)x", post: body, headers: try headers(body))
        #expect(forged.status == 403 && unknown.status == 403 && forged.text == unknown.text)
        #expect(try request(hook).status == 404)
        #expect(!controller.text.contains("canary"))
        try controller.stop()
    }

    @Test func anOversizedBodyIsRefused() throws {
        let controller = try RunningController(user, "--listen", "127.0.0.1:0")
        let hook = "http://127.0.0.1:\(try controller.port())/hooks/default"
        let file = try user.folder.write(String(repeating: "x", count: 26 << 20), to: "large")
        #expect(try request(hook, post: "@\(file)", headers: ["X-Hub-Signature-256": "sha256=00"]).status == 413)
        // Without a signature it is not even read.
        #expect(try request(hook, post: "@\(file)").status == 403)
        #expect(try request(hook.replacing("/hooks/default", with: "/healthz")).status == 200)
        try controller.stop()
    }

    @Test func overTLS() throws {
        let (certificate, key) = (user.folder.file("tls.pem"), user.folder.file("tls.key"))
        try Command.check(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ])
        let config = String(decoding: try user.folder.read("vault/config.yaml"), as: UTF8.self)
        try user.folder.write(
            "\(config)\nlisten: 127.0.0.1:0\ntls-certificate: '\(certificate)'\ntls-key: '\(key)'\n",
            to: "vault/config.yaml")
        let controller = try RunningController(user)
        let url = "https://127.0.0.1:\(try controller.port())/healthz"
        #expect(try request(url, caFile: certificate).status == 200)
        // Nothing older than TLS 1.3.
        let old = try Command.run("curl", ["--silent", "--cacert", certificate, "--tls-max", "1.2", url])
        #expect(old.status != 0)
        try controller.stop()
        try user.folder.write("no certificate", to: "tls.pem")
        let broken = try user.reseal(["run"])
        #expect(broken.status == 1 && broken.errorText.contains("[server.listen]"), "\(broken.errorText)")
    }
}
