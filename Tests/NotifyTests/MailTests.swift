import Foundation
import ResealCore
import ResealHTTP
import ResealNotify
import ResealSealing
import TestSupport
import Testing

/// Mail to a server of its own.
@Suite(.ownThreads) struct MailTests {
    private static let subject = "[reseal] d\u{fc}rfen wir? \u{1f510} " + String(repeating: "lang ", count: 20)

    private func send(
        _ sink: MailSink, _ security: MailServer.Security, password: String? = MailSink.password,
        host: String = "localhost", trusted: Bool = true, timeout: Int64 = 30
    ) async throws {
        var server = MailServer(
            host: host, port: sink.port, security: security, authorityFile: trusted ? sink.authorityFile : nil,
            login: password.map { WebLogin(user: MailSink.user, password: SecretBytes(utf8: $0)) })
        server.timeout = TimeSpan(seconds: timeout)
        try await MailClient(server).send(
            Mail(
                from: "reseal@example.org", to: ["ada@example.org", "ben@example.org"], subject: Self.subject,
                body: ".\r\n..two\nthree \u{e4}\n", id: "one", date: .init(seconds: 1_700_000_000)))
    }

    private func failure(
        _ sink: MailSink, _ security: MailServer.Security, password: String? = MailSink.password,
        host: String = "localhost", trusted: Bool = true, timeout: Int64 = 30
    ) async throws -> NotifyFailure {
        let failure = await #expect(throws: NotifyFailure.self) {
            try await send(
                sink, security, password: password, host: host, trusted: trusted, timeout: timeout)
        }
        let shown = try #require(failure)
        #expect(!"\(shown)".contains(MailSink.password) && !"\(shown)".contains("canary"))
        #expect(sink.mails.isEmpty)
        return shown
    }

    @Test(arguments: [
        (MailSink.Security.implicit, MailServer.Security.implicit, MailSink.Manner.good), (.starttls, .starttls, .good),
        (.starttls, .starttls, .login), (.none, .none, .good),
    ]) func arrivesWhole(
        _ security: MailSink.Security, _ wanted: MailServer.Security, _ manner: MailSink.Manner
    ) async throws {
        let sink = try MailSink(security, manner)
        try await send(sink, wanted)
        let mail = try #require(sink.mails.first)
        #expect(mail["from"] == "reseal@example.org" && mail["login"] == .string(MailSink.user))
        #expect(mail["to"] == ["ada@example.org", "ben@example.org"])
        #expect(mail["subject"] == .string(Self.subject) && mail["body"] == ".\r\n..two\nthree \u{e4}\n")
        #expect(mail["date"] == "Tue, 14 Nov 2023 22:13:20 +0000" && mail["id"] == "<one@example.org>")
        #expect(mail["tls"] == .bool(security != .none))
    }

    @Test func noLoginWhereNoneIsNeeded() async throws {
        let sink = try MailSink(.starttls)
        try await send(sink, .starttls, password: nil)
        #expect(sink.mails.first?["login"] == "")
    }

    @Test func saysWhetherTryingAgainHelps() async throws {
        let busy = try await failure(try MailSink(.starttls, .busy), .starttls)
        #expect(busy.kind == .refused && busy.retry == .later && busy.message.contains("(450)"))
        let refused = try await failure(try MailSink(.starttls, .refuses), .starttls)
        #expect(refused.kind == .refused && refused.retry == .afterFix && refused.message.contains("(550)"))
        let wrong = try await failure(try MailSink(.starttls), .starttls, password: "wrong")
        #expect(wrong.message.contains("(535)") && wrong.retry == .afterFix)
    }

    @Test func insistsOnTLS() async throws {
        #expect(try await failure(try MailSink(.none), .starttls).kind == .mailTLS)
        #expect(try await failure(try MailSink(.starttls), .starttls, trusted: false).kind == .mailTLS)
        #expect(try await failure(try MailSink(.implicit), .implicit, host: "127.0.0.1").kind == .mailTLS)
        #expect(try await failure(try MailSink(.starttls, .injects), .starttls).kind == .mailTLS)
    }

    @Test func theTimeIsLimited() async throws {
        let start = ContinuousClock.now
        let failure = try await failure(try MailSink(.starttls, .silent), .starttls, timeout: 1)
        #expect(failure.kind == .mailUnreachable && failure.retry == .later)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
