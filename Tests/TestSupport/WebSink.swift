internal import Foundation
package import ResealCore

/// An HTTP or HTTPS server in Python, on a random port of the loopback, that remembers each request. It plays a receiver
/// of webhooks, a token endpoint of OAuth and a proxy. Stopped with the object.
///
/// `/status/CODE` answers with that status, `/slow/SECONDS` after that time, `/large/BYTES` with so many, `/moved` with a
/// redirect to `/`, `/drop` not at all, `/token` as a token endpoint, everything else with 200 and `{}`. The answers that
/// ``next(_:)`` names come first.
package final class WebSink: Sendable {
    package enum Security: Sendable { case none, tls, mutualTLS }

    package let port: Int
    /// `ca.pem`, and with mutual TLS `client.pem` and `client.key`.
    package let folder: TemporaryFolder
    private let process: RunningProcess
    private let scheme: String

    package init(_ security: Security = .none) throws {
        folder = try TemporaryFolder()
        if security != .none { try TestCertificates.create(in: folder.path) }
        if security == .mutualTLS { try TestCertificates.createClient(in: folder.path) }
        scheme = security == .none ? "http" : "https"
        try folder.write(Self.script, to: "server.py")
        port = try LoopbackPort.unused()
        process = try RunningProcess(
            try Command.find("python3"), [folder.file("server.py"), "\(port)", folder.path, "\(security)"],
            environment: GitFixture.environment, streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    package var authorityFile: String { folder.file("ca.pem") }

    /// With TLS, the certificate names `localhost`.
    package func address(_ path: String = "") -> String { "\(scheme)://localhost:\(port)/\(path)" }

    /// The statuses of the next answers; `drop` for none at all.
    package func next(_ answers: String...) throws {
        try folder.write(answers.map { $0 + "\n" }.joined(), to: "next")
    }

    package struct Request: Sendable {
        package let method: String
        package let path: String
        /// By their lower-case names.
        package let headers: [String: String]
        package let body: String

        package var json: JSON? { try? JSON(parsing: Array(body.utf8)) }
    }

    /// What came so far.
    package var requests: [Request] {
        let lines = (try? folder.read("requests")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return lines.split(separator: "\n").compactMap { line in
            guard let json = try? JSON(parsing: Array(line.utf8)) else { return nil }
            return Request(
                method: json["method"]?.stringValue ?? "", path: json["path"]?.stringValue ?? "",
                headers: json["headers"]?.objectValue?.compactMapValues(\.stringValue) ?? [:],
                body: json["body"]?.stringValue ?? "")
        }
    }

    private static let script = PythonServer.handler + program
    private static let program = #"""
        import http.server, json, os, select, socket, ssl, sys, threading, time, urllib.parse
        port, folder, security = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        lock = threading.Lock()

        class Handler(PersistentHandler):
            def remember(self, body):
                record = {"method": self.command, "path": self.path, "body": body.decode("utf-8", "replace"),
                          "headers": {name.lower(): value for name, value in self.headers.items()}}
                with lock, open(folder + "/requests", "a") as file:
                    file.write(json.dumps(record) + "\n")

            def ordered(self):
                with lock:
                    try:
                        lines = open(folder + "/next").read().split()
                    except FileNotFoundError:
                        return None
                    open(folder + "/next", "w").write("\n".join(lines[1:]))
                    return lines[0] if lines else None

            def answer(self, status, body=b"{}", headers=()):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def drop(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            # The refresh tokens in the file `tokens` are valid, each once; the file `client` holds who may ask.
            def token(self, body, order):
                form = dict(urllib.parse.parse_qsl(body.decode()))
                try:
                    client = open(folder + "/client").read()
                except FileNotFoundError:
                    client = ""
                if client and self.headers.get("Authorization") != client:
                    return self.answer(401, b'{"error": "invalid_client"}')
                with lock:
                    tokens = open(folder + "/tokens").read().split()
                    given = form.get("refresh_token")
                    if form.get("grant_type") != "refresh_token" or given not in tokens:
                        return self.answer(400, b'{"error": "invalid_grant", "error_description": "canary-of-server"}')
                    count = len(tokens)
                    fresh = "refresh-%s-%s" % (os.urandom(8).hex(), count)
                    keeps = os.path.exists(folder + "/keeps")
                    if not keeps:
                        tokens = [t for t in tokens if t != given] + [fresh]
                        open(folder + "/tokens", "w").write("\n".join(tokens))
                if order == "lose":
                    return self.drop()
                answer = {"access_token": "access-" + os.urandom(8).hex(), "token_type": "Bearer", "expires_in": 3600}
                if not keeps:
                    answer["refresh_token"] = fresh
                self.answer(200, json.dumps(answer).encode())

            def serve(self):
                body = self.body()
                self.remember(body)
                order = self.ordered()
                if order == "drop":
                    return self.drop()
                if order and order.isdigit():
                    return self.answer(int(order))
                parts = self.path.split("?")[0].split("/")
                if parts[1] == "token":
                    return self.token(body, order)
                if parts[1] == "status":
                    return self.answer(int(parts[2]))
                if parts[1] == "slow":
                    time.sleep(float(parts[2]))
                if parts[1] == "large":
                    return self.answer(200, b"x" * int(parts[2]))
                if parts[1] == "moved":
                    return self.answer(302, headers=[("Location", "/")])
                if parts[1] == "drop":
                    return self.drop()
                self.answer(200)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

            def do_CONNECT(self):
                self.remember(b"")
                host, _, target = self.path.rpartition(":")
                other = socket.create_connection((host, int(target)))
                self.send_response(200)
                self.end_headers()
                pair = [self.connection, other]
                while True:
                    for ready in select.select(pair, [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            self.close_connection = True
                            other.close()
                            return
                        pair[1 - pair.index(ready)].sendall(data)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if security != "none":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
            if security == "mutualTLS":
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(folder + "/ca.pem")
            # In the thread of each connection, so that a client that refuses the certificate stops nobody else.
            original = Handler.setup
            def setup(self):
                self.request = context.wrap_socket(self.request, server_side=True)
                original(self)
            Handler.setup = setup
        server.serve_forever()
        """#
}
