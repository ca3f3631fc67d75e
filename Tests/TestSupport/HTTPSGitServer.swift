internal import Foundation

/// `git http-backend` behind a small HTTPS server in Python, on a random port of the loopback. Asks for a user and a
/// token. Stopped with the object.
package final class HTTPSGitServer: Sendable {
    package let port: Int
    /// The certificate of the authority that signed the server's.
    package let caFile: String
    private let folder: TemporaryFolder
    private let process: RunningProcess

    /// Serves the repositories below `root`. `nil` for the token lets everyone in.
    ///
    /// `/redirect/PORT/…` redirects to the rest of the path on `127.0.0.1:PORT`, `/moved/…` to the rest on the same
    /// host, and `/status/CODE/…` answers with that status. `/page/…` is a page for people, `/nonsense/…` no pkt-line,
    /// `/cut/…` ends in the middle of one, `/hang/…` never ends, `/trickle/…` comes byte by byte.
    ///
    /// - Parameter demands: what it asks for besides.
    package init(
        serving root: String, user: String = "x-access-token", token: String?, demands: Set<Demand> = []
    ) throws {
        folder = try TemporaryFolder()
        caFile = "\(folder.path)/ca.pem"
        try TestCertificates.create(in: folder.path)
        if demands.contains(.clientCertificate) { try TestCertificates.createClient(in: folder.path) }
        try Data(Self.script.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/server.py"))
        port = try LoopbackPort.unused()
        process = try RunningProcess(
            try Command.find("python3"),
            ["\(folder.path)/server.py", root, "\(port)", folder.path, token.map { "\(user):\($0)" } ?? ""]
                + demands.map(\.rawValue),
            environment: GitFixture.environment, streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    package enum Demand: String, Sendable {
        /// The token as a bearer token.
        case bearer
        /// TLS 1.3 and nothing older.
        case latestTLS = "tls13"
        /// A certificate of its own authority, such as that of ``clientCertificate`` and ``clientKey``.
        case clientCertificate = "client"
    }

    package var clientCertificate: String { "\(folder.path)/client.pem" }
    package var clientKey: String { "\(folder.path)/client.key" }

    /// The certificate names `localhost`.
    package func location(_ path: String) -> String { "https://localhost:\(port)/\(path)" }

    /// What the server has said so far: each request with its authorization.
    package var log: String { (try? String(contentsOfFile: "\(folder.path)/2", encoding: .utf8)) ?? "" }

    private static let script = PythonServer.handler + program
    private static let program = #"""
        import base64, http.server, os, ssl, subprocess, sys, time
        root, port, folder, login = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
        demands = sys.argv[5:]
        expected = "Basic " + base64.b64encode(login.encode()).decode()
        if "bearer" in demands:
            expected = "Bearer " + login.partition(":")[2]

        class Handler(PersistentHandler):
            def answer(self, status, headers, body=b""):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def misbehave(self, manner):
                body = b"001e# service=git-upload-pack\n0000"
                if manner == "nonsense":
                    body = b"zzzz" * 5000
                elif manner == "cut":
                    body = body + b"00ff" + b"0" * 40
                self.send_response(200)
                self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
                self.send_header("Content-Length", str(len(body) + (1 if manner in ("hang", "trickle") else 0)))
                self.end_headers()
                for n in range(len(body)):
                    if manner == "trickle" and n > 0:
                        time.sleep(1)
                    self.wfile.write(body[n:n + 1] if manner == "trickle" else body)
                    if manner != "trickle":
                        break
                if manner == "hang":
                    time.sleep(60)

            def serve(self):
                print(self.command, self.path, self.headers.get("Authorization", "-"), file=sys.stderr, flush=True)
                parts = self.path.split("/")
                if parts[1] == "redirect":
                    target = "https://127.0.0.1:" + parts[2] + "/" + "/".join(parts[3:])
                    return self.answer(302, [("Location", target)])
                if parts[1] == "moved":
                    return self.answer(301, [("Location", "https://localhost:%d/%s" % (port, "/".join(parts[2:])))])
                if parts[1] == "status":
                    return self.answer(int(parts[2]), [])
                if parts[1] == "page":
                    return self.answer(200, [("Content-Type", "text/html; charset=utf-8")], b"<h1>Log in</h1>")
                if parts[1] in ("nonsense", "cut", "hang", "trickle"):
                    return self.misbehave(parts[1])
                if login and self.headers.get("Authorization") != expected:
                    self.body()
                    return self.answer(401, [("WWW-Authenticate", expected.split(" ")[0] + ' realm="git"')])
                path, _, query = self.path.partition("?")
                body = self.body()
                environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
                                   QUERY_STRING=query, REQUEST_METHOD=self.command, REMOTE_ADDR="127.0.0.1",
                                   CONTENT_TYPE=self.headers.get("Content-Type", ""), REMOTE_USER="test",
                                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
                result = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE)
                head, _, content = result.stdout.partition(b"\r\n\r\n")
                headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
                status = [value for name, value in headers if name == "Status"]
                self.answer(int(status[0].split()[0]) if status else 200,
                            [pair for pair in headers if pair[0] != "Status"], content)

            do_GET = do_POST = serve

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
        if "tls13" in demands:
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        if "client" in demands:
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

/// An authority and a server certificate for `localhost` and `git.test`, made with the openssl program.
package enum TestCertificates {
    /// Writes `ca.pem`, `ca.key`, `server.pem` and `server.key`.
    package static func create(in folder: String) throws {
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
        try Command.check(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", "\(folder)/ca.key"]
                + ["-out", "\(folder)/ca.pem"] + curve)
        try Command.check(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=localhost", "-keyout", "\(folder)/server.key"]
                + ["-addext", "subjectAltName=DNS:localhost,DNS:git.test"]
                + ["-addext", "basicConstraints=critical,CA:FALSE"]
                + ["-CA", "\(folder)/ca.pem", "-CAkey", "\(folder)/ca.key", "-out", "\(folder)/server.pem"] + curve)
    }

    /// Writes `client.pem` and `client.key`, signed by the authority of ``create(in:)``.
    package static func createClient(in folder: String) throws {
        try Command.check(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=client", "-keyout", "\(folder)/client.key"]
                + ["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "\(folder)/ca.pem"]
                + ["-CAkey", "\(folder)/ca.key", "-out", "\(folder)/client.pem"]
                + ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"])
    }
}
