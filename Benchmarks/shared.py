"""What the measurements share."""
import http.client, json, os, shutil, socket, ssl, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRATCH = os.environ.get("RESEAL_BENCHMARK_BUILD", os.path.join(ROOT, ".build"))
VALUE = {"data": {"host": "db.internal", "port": 5432, "username": "orders", "password": "correct horse battery staple"}}


def require(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not on PATH")


def build(product):
    """The path of a program of this package, built as for a release."""
    subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product,
                    "--scratch-path", SCRATCH], cwd=ROOT, check=True, stdout=sys.stderr)
    return os.path.join(SCRATCH, "release", product)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Served:
    """A vault that answers at `port`, with the secrets in it."""

    def __init__(self, name, folder, command, port, env, tls):
        self.name, self.folder, self.port, self.tls = name, folder, port, tls
        self.log = open(os.path.join(folder, "server.log"), "w")
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=self.log)
        self.token = None
        for _ in range(300):
            try:
                self.ask("GET", "sys/health")
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{name} does not answer; see {self.log.name}")

    def connection(self):
        context = ssl.create_default_context(cafile=self.tls)
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)

    def ask(self, verb, path, body=None, connection=None):
        connection = connection or self.connection()
        headers = {"X-Vault-Token": self.token} if self.token else {}
        connection.request(verb, f"/v1/{path}", json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def fill(self, names):
        connection = self.connection()
        for name in names:
            status, answer = self.ask("POST", f"secret/data/{name}", VALUE, connection)
            if status != 200:
                sys.exit(f"{self.name} refuses a write: {status} {answer}")

    def memory(self):
        """Resident now, and at most, in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return tuple(int(lines[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))

    def load(self, names, seconds, clients, rate=None, body=None):
        """Requests a second, and the times of all requests in ms."""
        uris, log = os.path.join(self.folder, "uris"), os.path.join(self.folder, "times")
        with open(uris, "w") as file:
            file.writelines(f"https://127.0.0.1:{self.port}/v1/secret/data/{name}\n" for name in names)
        if os.path.exists(log):
            os.remove(log)
        command = ["h2load", "--h1", "-c", str(clients), "-t", "1", "-D", str(seconds), "-i", uris,
                   "-H", f"X-Vault-Token: {self.token}", "--log-file", log]
        if rate:
            command += ["--rps", str(rate / clients)]
        if body:
            command += ["-d", body]
        run(*command)
        with open(log) as file:
            rows = [line.split("\t") for line in file]
        bad = [row[1] for row in rows if row[1] != "200"]
        if bad or not rows:
            sys.exit(f"{self.name}: {len(bad)} of {len(rows)} requests failed, for example with {bad[:1]}")
        return len(rows) / seconds, sorted(int(row[2]) / 1000 for row in rows)

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def certificate(folder):
    path = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path[1], "-out", path[0])
    return path


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]


def print_table(rows, columns):
    """Rows of cells, the last of which says whether the row holds. Ends the program: with 1 when one does not."""
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for *cells, holds in rows:
        print("| " + " | ".join(cells) + f" | {'yes' if holds else 'not yet'} |")
    sys.exit(0 if all(row[-1] for row in rows) else 1)
