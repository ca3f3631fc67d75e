"""An identity provider over HTTPS: answers with the files `configuration` and `keys` of a folder, and writes down what
was asked for. While there is a file `down`, it answers with an error."""
import http.server
import os
import ssl
import sys

port, folder = int(sys.argv[1]), sys.argv[2]
files = {"/.well-known/openid-configuration": "configuration", "/keys": "keys"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(f"{folder}/requests", "a") as log:
            log.write(self.path + "\n")
        name = files.get(self.path)
        status, body = 404, b"{}"
        if os.path.exists(f"{folder}/down"):
            status = 500
        elif name is not None:
            status, body = 200, open(f"{folder}/{name}", "rb").read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
