internal import Foundation

/// A small HTTP proxy in Python on a random port of the loopback, which knows CONNECT only. To it, `git.test` is this
/// machine. Stopped with the object.
package final class ConnectProxy: Sendable {
    package let port: Int
    private let folder: TemporaryFolder
    private let process: RunningProcess

    /// - Parameter login: `user:password` that it asks for.
    package init(login: String? = nil) throws {
        folder = try TemporaryFolder()
        try folder.write(Self.script, to: "proxy.py")
        port = try LoopbackPort.unused()
        process = try RunningProcess(
            try Command.find("python3"), [folder.file("proxy.py"), "\(port)", login ?? ""], streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    /// The first line of each request that it let through.
    package var log: String { (try? String(contentsOfFile: folder.file("2"), encoding: .utf8)) ?? "" }

    private static let script = #"""
        import base64, socket, socketserver, sys, threading
        port, login = int(sys.argv[1]), sys.argv[2]
        expected = b"basic " + base64.b64encode(login.encode())

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                head = b""
                while b"\r\n\r\n" not in head:
                    more = self.request.recv(65536)
                    if not more:
                        return
                    head += more
                lines = head.split(b"\r\n")
                method, target, _ = lines[0].split(b" ")
                given = [line[20:].strip() for line in lines if line[:20].lower() == b"proxy-authorization:"]
                if login and (not given or given[0][:6].lower() + given[0][6:] != expected):
                    self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                if method != b"CONNECT":
                    self.request.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                    return
                print(lines[0].decode(), file=sys.stderr, flush=True)
                host, _, number = target.decode().rpartition(":")
                with socket.create_connection((host.replace("git.test", "localhost"), int(number))) as server:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=pump, args=(server, self.request))
                    back.start()
                    pump(self.request, server)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        Server(("127.0.0.1", port), Handler).serve_forever()
        """#
}
