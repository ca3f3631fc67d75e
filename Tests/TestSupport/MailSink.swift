internal import Foundation
package import ResealCore

/// A mail server in Python, on a random port of the loopback, that keeps what it gets. Stopped with the object.
package final class MailSink: Sendable {
    package enum Security: String, Sendable { case none, starttls, implicit }

    /// What it does besides taking mail.
    package enum Manner: String, Sendable {
        case good
        /// Asks for LOGIN in place of PLAIN.
        case login
        /// Refuses each receiver, for now or for ever.
        case busy, refuses
        /// Says more before TLS than it may, as somebody between would.
        case injects
        case silent
    }

    package static let user = "reseal", password = "mail-password-of-tests"
    package let port: Int
    private let folder: TemporaryFolder
    private let process: RunningProcess

    package init(_ security: Security, _ manner: Manner = .good) throws {
        folder = try TemporaryFolder()
        try TestCertificates.create(in: folder.path)
        try folder.write(Self.script, to: "server.py")
        port = try LoopbackPort.unused()
        process = try RunningProcess(
            try Command.find("python3"),
            [folder.file("server.py"), "\(port)", folder.path, security.rawValue, manner.rawValue]
                + [Self.user, Self.password], environment: GitFixture.environment, streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    package var authorityFile: String { folder.file("ca.pem") }

    /// One JSON object for each mail: `from`, `to`, `login`, `tls`, `subject`, `body`.
    package var mails: [JSON] {
        let lines = (try? folder.read("mails")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return lines.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    private static let script = #"""
        import base64, email, email.header, json, socketserver, ssl, sys, time
        port, folder, security, manner, user, password = int(sys.argv[1]), *sys.argv[2:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/server.pem", folder + "/server.key")

        class Handler(socketserver.BaseRequestHandler):
            def say(self, line):
                self.request.sendall(line.encode() + b"\r\n")

            def line(self):
                data = b""
                while not data.endswith(b"\r\n"):
                    byte = self.request.recv(1)
                    if not byte:
                        raise ConnectionError
                    data += byte
                return data[:-2].decode()

            def handle(self):
                try:
                    self.converse()
                except (ConnectionError, OSError):
                    pass

            def converse(self):
                tls = security == "implicit"
                if tls:
                    self.request = context.wrap_socket(self.request, server_side=True)
                if manner == "silent":
                    time.sleep(60)
                self.say("220 sink")
                login = sender = None
                receivers = []
                while True:
                    line = self.line()
                    word = line.split(" ")[0].upper()
                    if word == "EHLO":
                        self.say("250-sink")
                        if security == "starttls" and not tls:
                            self.say("250-STARTTLS")
                        self.say("250-AUTH " + ("LOGIN" if manner == "login" else "PLAIN LOGIN"))
                        self.say("250 8BITMIME")
                    elif word == "STARTTLS":
                        if manner == "injects":
                            self.request.sendall(b"220 go\r\n250 injected\r\n")
                        else:
                            self.say("220 go")
                        self.request = context.wrap_socket(self.request, server_side=True)
                        tls = True
                    elif line.upper().startswith("AUTH PLAIN "):
                        _, name, secret = base64.b64decode(line[11:]).decode().split("\0")
                        login = name if (name, secret) == (user, password) else None
                        self.say("235 in" if login else "535 no")
                    elif line.upper() == "AUTH LOGIN":
                        self.say("334 VXNlcm5hbWU6")
                        name = base64.b64decode(self.line()).decode()
                        self.say("334 UGFzc3dvcmQ6")
                        secret = base64.b64decode(self.line()).decode()
                        login = name if (name, secret) == (user, password) else None
                        self.say("235 in" if login else "535 no")
                    elif word == "MAIL":
                        sender = line.split("<")[1].split(">")[0]
                        self.say("250 ok")
                    elif word == "RCPT":
                        receivers.append(line.split("<")[1].split(">")[0])
                        self.say({"busy": "450 later", "refuses": "550 canary-of-server"}.get(manner, "250 ok"))
                    elif word == "DATA":
                        self.say("354 go on")
                        text = []
                        while (part := self.line()) != ".":
                            text.append(part)
                        message = email.message_from_string("\r\n".join(text) + "\r\n")
                        subject = "".join(
                            part.decode(code or "ascii") if isinstance(part, bytes) else part
                            for part, code in email.header.decode_header(message["Subject"]))
                        record = {"from": sender, "to": receivers, "login": login or "", "tls": tls,
                                  "subject": subject, "body": message.get_payload(decode=True).decode(),
                                  "date": message["Date"], "id": message["Message-ID"]}
                        with open(folder + "/mails", "a") as file:
                            file.write(json.dumps(record) + "\n")
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("500 what")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        Server(("127.0.0.1", port), Handler).serve_forever()
        """#
}
