internal import NIOCore
internal import NIOSSL
package import ResealCore
package import ResealHTTP
internal import ResealSealing

/// A mail server of the controller's configuration (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte
/// (RFC 8314), and AUTH PLAIN or LOGIN.
package struct MailServer: Sendable {
    package enum Security: String, Sendable, CaseIterable {
        case implicit, starttls
        /// Only for a server on this machine.
        case none
    }

    package var host: String
    package var port: Int
    package var security: Security
    package var authorityFile: String?
    package var login: WebLogin?
    /// For one whole message.
    package var timeout = TimeSpan(seconds: 60)

    package init(host: String, port: Int, security: Security, authorityFile: String?, login: WebLogin?) {
        self.host = host
        self.port = port
        self.security = security
        self.authorityFile = authorityFile
        self.login = login
    }

    var place: String { "\(host):\(port)" }
}

package struct MailClient: Sendable {
    private let server: MailServer
    private static let largestFile = 1 << 20

    package init(_ server: MailServer) { self.server = server }

    /// Returns when the server has taken the message for all receivers.
    package func send(_ mail: Mail) async throws {
        let context = try tlsContext()
        let limit = Duration.seconds(max(1, server.timeout.seconds))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await converse(mail, context) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw NotifyFailure(
                    .mailUnreachable, "the mail server at \(server.place) did not answer within the time limit",
                    hint: "check host, port and `tls` of the endpoint", retry: .later)
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func tlsContext() throws -> NIOSSLContext? {
        guard server.security != .none else { return nil }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let path = server.authorityFile {
            let bytes = try AtomicFile.read(path, limit: Self.largestFile)
            guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
                throw NotifyFailure(
                    .notConfigured, "\(path) holds no certificate that can be read",
                    hint: "it is a PEM file of certificates")
            }
            tls.trustRoots = .certificates(certificates)
        }
        return try NIOSSLContext(configuration: tls)
    }

    // MARK: Conversation

    private func converse(_ mail: Mail, _ tls: NIOSSLContext?) async throws {
        do {
            let connection = try await MailConnection.open(
                host: server.host, port: server.port, tls: server.security == .implicit ? tls : nil,
                connectTimeout: TimeSpan(seconds: 10))
            do { try await deliver(mail, connection, tls) } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        } catch let failure as any UserFacingFailure {
            throw failure
        } catch { throw judging(error) }
    }

    private func deliver(_ mail: Mail, _ connection: MailConnection, _ tls: NIOSSLContext?) async throws {
        try expect(await connection.reply(), "its greeting")
        var extensions = try await hello(connection)
        if server.security == .starttls, let tls {
            guard extensions.contains("STARTTLS") else {
                throw NotifyFailure(
                    .mailTLS, "the mail server at \(server.place) offers no STARTTLS",
                    hint: "use the port for TLS with `tls: implicit`, or another server")
            }
            try await command("STARTTLS", connection)
            // The greeting, and those to EHLO and STARTTLS.
            try await connection.startTLS(tls, host: server.host, after: 3)
            extensions = try await hello(connection)
        }
        if let login = server.login { try await logIn(login, extensions, connection) }
        try await command("MAIL FROM:<\(mail.from)>", connection)
        for receiver in mail.to { try await command("RCPT TO:<\(receiver)>", connection, shown: "RCPT") }
        try await command("DATA", connection)
        connection.send(mail.text + Array(".\r\n".utf8))
        try expect(await connection.reply(), "the message")
        // It has the message; how it takes leave does not matter.
        connection.send(Array("QUIT\r\n".utf8))
    }

    /// The extensions that the server has, in capitals.
    private func hello(_ connection: MailConnection) async throws -> Set<String> {
        let reply = try await command("EHLO localhost", connection)
        return Set(reply.lines.dropFirst().map { $0.uppercased() })
    }

    private func logIn(_ login: WebLogin, _ extensions: Set<String>, _ connection: MailConnection) async throws {
        guard server.security != .none || server.isLocal else {
            throw NotifyFailure(
                .mailTLS, "no password goes to \(server.place) in plain text", hint: "set `tls: starttls`")
        }
        let words = extensions.first { $0.hasPrefix("AUTH") }?.split(whereSeparator: { $0 == " " || $0 == "=" }) ?? []
        if words.contains("PLAIN") || !words.contains("LOGIN") {
            let zero = [UInt8(0)]
            try await secretCommand("AUTH PLAIN ", zero + Array(login.user.utf8) + zero, login.password, connection)
        } else {
            try await command("AUTH LOGIN", connection)
            try await secretCommand("", Array(login.user.utf8), SecretBytes([]), connection)
            try await secretCommand("", [], login.password, connection)
        }
    }

    @discardableResult
    private func command(
        _ line: String, _ connection: MailConnection, shown: String? = nil
    ) async throws -> MailReply {
        connection.send(Array("\(line)\r\n".utf8))
        let reply = try await connection.reply()
        try expect(reply, shown ?? String(line.prefix { $0 != " " }))
        return reply
    }

    /// `word` with base64 of `head` and `tail` behind it.
    private func secretCommand(
        _ word: String, _ head: [UInt8], _ tail: SecretBytes, _ connection: MailConnection
    ) async throws {
        var plain = head
        plain.reserveCapacity(head.count + tail.count)
        tail.withUnsafeBytes { plain += $0 }
        let joined = SecretBytes(consuming: &plain)
        let text = joined.withUnsafeBytes { Base64.encode($0, padded: true) }
        connection.send(Array(word.utf8) + text + Array("\r\n".utf8))
        try expect(await connection.reply(), "the login")
    }

    // MARK: Failures

    private func expect(_ reply: MailReply, _ what: String) throws {
        guard !reply.isGood else { return }
        throw NotifyFailure(
            .refused, "the mail server at \(server.place) does not accept \(what) (\(reply.code))",
            hint: reply.code == 535 ? "check the credentials of the Notifier" : nil,
            retry: reply.code < 500 ? .later : .afterFix)
    }

    private func judging(_ error: any Error) -> NotifyFailure {
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            NotifyFailure(
                .mailTLS, "no TLS connection to the mail server at \(server.place)",
                hint: "check `tls` of the endpoint; for a server with a CA of its own, name that CA in `ca-file`")
        default:
            NotifyFailure(
                .mailUnreachable, "the mail server at \(server.place) cannot be reached, or ended the connection",
                hint: "check host, port and `tls` of the endpoint", retry: .later)
        }
    }
}

extension MailServer {
    package var isLocal: Bool { Loopback.isHost(host) }
}

/// An e-mail for each message.
package struct MailChannel: NotificationChannel {
    private let client: MailClient
    private let from: String
    private let to: [String]
    private let subject: String
    private let template: String

    private static let defaultSubject = "[reseal] {{event}}: {{name}}"
    private static let defaultTemplate = """
        {{message}}

        event: {{event}}
        severity: {{severity}}
        name: {{name}}
        code: {{code}}
        commit: {{commit}}
        time: {{time}}

        """

    package init(_ server: MailServer, from: String, to: [String], subject: String?, template: String?) {
        client = MailClient(server)
        self.from = from
        self.to = to
        self.subject = subject ?? Self.defaultSubject
        self.template = template ?? Self.defaultTemplate
    }

    package func send(_ message: NotificationMessage) async throws {
        try await client.send(
            Mail(
                from: from, to: to, subject: message.filling(subject), body: message.filling(template), id: message.id,
                date: message.event.at))
    }
}
