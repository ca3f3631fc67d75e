/// What servers written in Python share.
enum PythonServer {
    /// A handler that keeps connections open, and reads bodies with a length or in chunks.
    static let handler = #"""
        import http.server

        class PersistentHandler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body


        """#
}
