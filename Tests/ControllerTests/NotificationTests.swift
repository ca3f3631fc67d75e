import Foundation
import Glibc
import ResealCore
import ResealSealing
import TestSupport
import Testing

/// Messages of a controller that runs, on every channel.
@Suite struct NotificationTests {
    private static let key = "whsec_" + Base64.encode(Array("a key of thirty-two bytes for it".utf8), padded: true)
    private static let manifests = """
        apiVersion: reseal/v1
        kind: Notifier
        metadata: {name: hook}
        spec: {channel: webhook, endpoint: hook, events: ["reconcile.*", "secret.*", "rotation.*"], minimumInterval: 0s}
        ---
        apiVersion: reseal/v1
        kind: Notifier
        metadata: {name: chat}
        spec: {channel: slack, endpoint: chat, events: [reconcile.applied], template: "<{{name}}> {{event}}"}
        ---
        apiVersion: reseal/v1
        kind: Notifier
        metadata: {name: mail}
        spec:
          channel: smtp
          endpoint: mail
          to: [ada@example.org]
          events: [reconcile.applied]
          credentialsFrom: {secret: prod/mail}
        ---
        apiVersion: reseal/v1
        kind: Notifier
        metadata: {name: tool}
        spec: {channel: exec, command: tool, events: [rotation.done, drift.detected]}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/mail}
        spec:
          value:
            username: reseal
            password: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: prod/turns}
        spec:
          value:
            token: ""
          rotation: {every: 365d, generate: {kind: uuid}, notify: [tool]}

        """

    private let user: Installation
    private let sink: WebSink
    private let mail: MailSink

    init() throws {
        user = try Installation.sealed()
        (sink, mail) = (try WebSink(.tls), try MailSink(.starttls))
        try user.repository.write("manifests/notifiers.yaml", Self.manifests)
        try user.seal("prod/mail", "password", MailSink.password)
        try user.seal("prod/turns", "token", "first-token")
        try user.repository.commit("notifiers")
        let key = try secret("signing.key", Self.key)
        let place = try secret("chat.url", sink.address("chat"))
        let tls = "ca-file: \(sink.authorityFile)\nproxy: none\n"
        try configure("endpoints/hook.yaml", "url: \(sink.address("hook"))\nsigning-key-file: \(key)\n\(tls)")
        try configure("endpoints/chat.yaml", "url-file: \(place)\n\(tls)")
        try configure(
            "endpoints/mail.yaml",
            "host: localhost\nport: \(mail.port)\nca-file: \(mail.authorityFile)\nfrom: reseal@example.org\n")
        try configure("commands/tool.yaml", "program: \(try script())\n")
    }

    private func secret(_ name: String, _ text: String) throws -> String {
        let path = try user.folder.write(text + "\n", to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    private func configure(_ path: String, _ text: String) throws {
        let folder = (user.folder.file("vault/\(path)") as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try user.folder.write(text, to: "vault/\(path)")
    }

    private func script() throws -> String {
        let path = try user.folder.write("#!/bin/sh\ncat >> '\(user.folder.file("told"))'\n", to: "tool.sh")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return path
    }

    private func hooks(_ event: String) -> [WebSink.Request] {
        sink.requests.filter { $0.path == "/hook" && $0.json?["event"]?.stringValue == event }
    }

    private func once() throws -> Command.Result { try user.reseal(["run", "--once", "--log-format", "json"]) }

    private var told: [JSON] {
        let text = (try? user.folder.read("told")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    @Test func anAppliedCommitReachesEveryChannel() throws {
        let run = try once()
        #expect(run.status == 0, "\(run.errorText)")
        let hook = try #require(hooks("reconcile.applied").first, "\(run.errorText)")
        let commit = try user.repository.id("HEAD").description
        #expect(hook.json?["commit"]?.stringValue == commit && hook.json?["source"] == "default")
        let id = try #require(hook.headers["webhook-id"]), time = try #require(hook.headers["webhook-timestamp"])
        let code = try HMAC.code(
            Array("\(id).\(time).\(hook.body)".utf8), key: SecretBytes(utf8: "a key of thirty-two bytes for it"))
        #expect(hook.headers["webhook-signature"] == "v1,\(Base64.encode(code, padded: true))")
        let chat = sink.requests.filter { $0.path == "/chat" }
        #expect(chat.map(\.body) == [#"{"text":"&lt;default&gt; reconcile.applied"}"#])
        #expect(mail.mails.count == 1 && mail.mails.first?["login"] == "reseal")
        #expect(mail.mails.first?["subject"] == "[reseal] reconcile.applied: default")
        #expect(told.isEmpty)
        // The same commit is told once, whatever the window.
        #expect(try once().status == 0)
        #expect(hooks("reconcile.applied").count == 1 && mail.mails.count == 1)
    }

    @Test func aRotationIsToldToThoseThatItsSecretNames() throws {
        #expect(try once().status == 0)
        let controller = try RunningController(user, "--interval", "1s", "--listen", "127.0.0.1:0")
        let port = try controller.port()
        try user.repository.write(
            "manifests/notifiers.yaml",
            String(
                decoding: Array(try user.repository.git("show", "HEAD:manifests/notifiers.yaml").utf8), as: UTF8.self
            )
            .replacing("every: 365d", with: "every: 1s, splay: 0s"))
        try user.repository.commit("often")
        try eventually("a message of the rotation") { told.contains { $0["event"] == "rotation.done" } ? true : nil }
        #expect(told.first?["secret"] == "prod/turns")
        #expect(hooks("rotation.done").isEmpty, "the secret names another notifier")
        let metrics = try request("http://127.0.0.1:\(port)/metrics").text
        #expect(
            metrics.contains(#"reseal_notification_total{result="delivered",target="tool"}"#)
                || metrics.contains(#"reseal_notification_total{target="tool",result="delivered"}"#), "\(metrics)")
        try controller.stop()
    }

    @Test func aRotationByACommandIsToldWhereThatIsAskedFor() throws {
        #expect(try once().status == 0)
        #expect(try user.reseal(["rotate", "prod/turns"]).status == 0)
        #expect(told.isEmpty)
        let rotated = try user.reseal(["rotate", "prod/turns", "--notify"])
        #expect(rotated.status == 0 && rotated.errorText.contains("told tool"), "\(rotated.errorText)")
        #expect(told.count == 1 && told.first?["event"] == "rotation.done" && told.first?["secret"] == "prod/turns")
        #expect(hooks("rotation.done").isEmpty, "the secret names another notifier")
        try configure("commands/tool.yaml", "program: /nowhere/at/all\n")
        let untold = try user.reseal(["rotate", "prod/turns", "--notify"])
        #expect(untold.status == 8 && untold.errorText.contains("not told: tool"), "\(untold.errorText)")
        #expect(untold.errorText.contains("rotated prod/turns: version 4 is current"), "\(untold.errorText)")
    }

    @Test func failuresAndRecoveriesAreNews() throws {
        #expect(try once().status == 0)
        try user.repository.write("manifests/bad.yaml", "kind: Secret\n")
        try user.repository.commit("bad")
        let controller = try RunningController(user, "--interval", "1s")
        try eventually("the failure") { hooks("reconcile.failed").isEmpty ? nil : true }
        usleep(2_500_000)
        #expect(hooks("reconcile.failed").count == 1)
        try user.repository.remove("manifests/bad.yaml")
        try user.repository.commit("good")
        // The branch is looked at again after the wait for failures.
        try eventually("the recovery") { hooks("reconcile.recovered").isEmpty ? nil : true }
        try controller.stop()
    }

    @Test func anExpiryIsToldOnce() throws {
        let soon = Timestamp(seconds: Int64(Date().timeIntervalSince1970) + 3 * 86_400)
        try user.repository.write(
            "manifests/expiring.yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: prod/expiring}
            spec: {expiresAt: "\(soon)", value: {host: x}}

            """)
        try user.repository.commit("expiring")
        for _ in 0..<2 { #expect(try once().status == 0) }
        let messages = hooks("secret.expiring")
        #expect(messages.count == 1 && messages.first?.json?["secret"] == "prod/expiring")
        #expect(messages.first?.json?["expires_at"]?.stringValue == "\(soon)")
    }

    @Test func aReceiverThatFailsHoldsNothingUp() throws {
        try sink.next("500", "500", "500", "500", "500", "500")
        let controller = try RunningController(user, "--interval", "1s")
        try controller.line("applied")
        let line = try controller.line("a message is tried again")
        #expect(line["code"] == "notify.refused")
        try eventually("the mail") { mail.mails.isEmpty ? nil : true }
        try controller.stop()
    }

    @Test func aTestSaysWhetherItArrives() throws {
        #expect(try once().status == 0)
        let good = try user.reseal(["notify", "test", "hook"])
        #expect(good.status == 0 && hooks("notify.test").count == 1, "\(good.errorText)")
        try sink.next("403")
        #expect(try user.reseal(["notify", "test", "hook"]).errorText.contains("[notify.refused]"))
        let unknown = try user.reseal(["notify", "test", "hok"])
        #expect(unknown.status == 1 && unknown.errorText.contains("did you mean `hook`?"))
        try configure("endpoints/hook.yaml", "url: \(sink.address("hook"))\n")
        #expect(try user.reseal(["notify", "test", "hook"]).errorText.contains("[notify.not-configured]"))
    }

    @Test func noMessageAndNoLogHoldsAValue() throws {
        let canary = Canary("value")
        try user.repository.write(
            "manifests/canary.yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: prod/canary}
            spec:
              value:
                token: ""
              rotation: {every: 1s, splay: 0s, generate: {kind: uuid}, handler: {exec: {command: missing}}}

            """)
        try user.seal("prod/canary", "token", canary.mark)
        try user.repository.commit("canary")
        try sink.next("500", "404")
        let first = try once()
        // Until the rotation is due.
        usleep(1_500_000)
        let run = try once()
        #expect(!hooks("rotation.failed").isEmpty, "\(run.errorText)")
        var scanner = LeakScanner([
            canary, Canary("mail", madeUp: MailSink.password), Canary("key", madeUp: Self.key),
            Canary("chat", madeUp: sink.address("chat")),
        ])
        scanner.scan(first.stderr + run.stderr, at: "the log")
        scanner.scan(try sink.folder.read("requests"), at: "requests")
        scanner.scan(try user.folder.read("vault/notifications.json"), at: "the log of messages")
        for mail in mail.mails { scanner.scan(mail.canonicalBytes, at: "mail") }
        #expect(scanner.leaks.isEmpty && scanner.scanned > 0)
    }

    // MARK: The Git host

    @Test(arguments: ["github", "gitlab", "gitea"]) func theGitHostSeesHowACommitStands(_ kind: String) throws {
        let token = try secret("token", "token-of-the-host")
        let config = String(decoding: try user.folder.read("vault/config.yaml"), as: UTF8.self)
        try user.folder.write(
            config + """

                commit-status:
                  kind: \(kind)
                  api: \(sink.address("api"))
                  repository: org/team/secrets
                  token-file: \(token)
                  ca-file: \(sink.authorityFile)
                  proxy: none

                """, to: "vault/config.yaml")
        #expect(try once().status == 0)
        let good = try user.repository.id("HEAD")
        try user.repository.write("manifests/bad.yaml", "kind: Secret\n")
        try user.repository.commit("bad")
        #expect(try once().status == 1)
        let bad = try user.repository.id("HEAD")
        let posts = sink.requests.filter { $0.path.hasPrefix("/api/") }
        let place = kind == "gitlab" ? "/api/projects/org%2Fteam%2Fsecrets" : "/api/repos/org/team/secrets"
        #expect(posts.map(\.path) == [good, bad].map { "\(place)/statuses/\($0)" })
        #expect(posts.map { $0.json?["state"] } == ["success", kind == "gitlab" ? "failed" : "failure"])
        #expect(posts.last?.json?["description"]?.stringValue?.hasPrefix("not applied [") == true)
        let header = kind == "gitlab" ? "private-token" : "authorization"
        #expect(posts.allSatisfy { $0.headers[header]?.hasSuffix("token-of-the-host") == true })
    }
}
