import Foundation
import ResealCore
import TestSupport

/// The few calls of GitHub's and GitLab's interfaces that comments need, on a random port of the loopback. Stopped with
/// the object.
final class ForgeServer: Sendable {
    let port: Int
    private let folder: TemporaryFolder
    private let process: RunningProcess

    /// - Parameter earlier: how many comments of other people there are already.
    init(earlier: Int = 0) throws {
        folder = try TemporaryFolder()
        port = try LoopbackPort.unused()
        try folder.write(Self.script, to: "server.py")
        process = try RunningProcess(
            try Command.find("python3"), [folder.file("server.py"), "\(port)", "\(earlier)", folder.path],
            environment: GitFixture.environment, streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    var address: String { "http://127.0.0.1:\(port)" }

    /// The bodies of all comments of reseal.
    func comments() throws -> [String] {
        guard let bytes = try? folder.read("comments.json") else { return [] }
        return (try JSON(parsing: bytes).arrayValue ?? []).compactMap { comment in
            comment["user"]?["type"]?.stringValue == "Bot" ? comment["body"]?.stringValue : nil
        }
    }

    /// Each request: its method, path and credentials.
    var log: [String] {
        (try? folder.read("2")).map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
            ?? []
    }

    private static let script = #"""
        import http.server, json, re, sys, urllib.parse
        port, earlier, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        comments = [
            {"id": i, "body": "<!-- reseal-plan -->\nforged", "user": {"type": "User"}, "author": {"id": 1}}
            for i in range(earlier)
        ]
        routes = [
            (r"/repos/shop/secrets/issues/7/comments", r"/repos/shop/secrets/issues/comments/(\d+)"),
            (r"/projects/42/merge_requests/7/notes", r"/projects/42/merge_requests/7/notes/(\d+)"),
        ]

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def serve(self):
                login = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
                print(self.command, self.path, login, file=sys.stderr, flush=True)
                if login not in ("Bearer forge-token", "forge-token"):
                    return self.answer(401, {})
                url = urllib.parse.urlparse(self.path)
                query = urllib.parse.parse_qs(url.query)
                if url.path == "/user":
                    return self.answer(200, {"id": 99})
                for many, one in routes:
                    if re.fullmatch(many, url.path) and self.command == "GET":
                        size, page = int(query["per_page"][0]), int(query["page"][0])
                        return self.answer(200, comments[(page - 1) * size:page * size])
                    if re.fullmatch(many, url.path) and self.command == "POST":
                        user = {"type": "Bot"}
                        comments.append({"id": len(comments), "body": self.text(), "user": user, "author": {"id": 99}})
                        return self.done(201)
                    match = re.fullmatch(one, url.path)
                    if match and self.command in ("PATCH", "PUT"):
                        comments[int(match.group(1))]["body"] = self.text()
                        return self.done(200)
                self.answer(404, {})

            def text(self):
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

            def done(self, status):
                with open(folder + "/comments.json", "w") as file:
                    json.dump(comments, file)
                self.answer(status, {})

            do_GET = do_POST = do_PATCH = do_PUT = serve

            def log_message(self, *arguments):
                pass

        http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
        """#
}
