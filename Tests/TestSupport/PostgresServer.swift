internal import Foundation
internal import Glibc

/// A real PostgreSQL server of its own, on a random port of the loopback, with TLS and SCRAM, that logs every statement.
/// It touches no cluster of the system. Stopped with the object.
package final class PostgresServer: Sendable {
    package static let administrator = "keeper"
    package static let administratorPassword = "first-password-of-the-keeper"

    package let port: Int
    private let folder: TemporaryFolder
    private let process: RunningProcess

    package init() throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        port = try LoopbackPort.unused()
        let data = folder.file("data")
        // The server refuses to run as root.
        let wrapper = getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
        try folder.write(Self.administratorPassword, to: "password")
        try Command.check(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.file("server.key"), "-out",
                folder.file("server.crt"),
            ])
        if !wrapper.isEmpty {
            chmod(folder.path, 0o711)
            let owned = ["data", "password", "server.key"].map(folder.file)
            try Command.check("chown", ["postgres:postgres"] + owned)
        }
        let initialize =
            wrapper + [
                try Self.program("initdb"), "-D", data, "-U", Self.administrator, "--pwfile", folder.file("password"),
                "-A",
                "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C",
            ]
        try Command.check(initialize[0], Array(initialize.dropFirst()), directory: "/")
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "ssl=on",
            "ssl_cert_file=\(folder.file("server.crt"))", "ssl_key_file=\(folder.file("server.key"))",
            "log_statement=all", "log_min_messages=debug1", "log_connections=on", "dynamic_shared_memory_type=mmap",
        ]
        let line = wrapper + [try Self.program("postgres"), "-D", data] + settings.flatMap { ["-c", $0] }
        process = try RunningProcess(try Command.find(line[0]), Array(line.dropFirst()), streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
        try waitUntilReady()
    }

    deinit {
        // Fast shutdown: a server that is killed leaves shared memory behind.
        Glibc.kill(process.id, SIGINT)
        process.wait()
    }

    /// Leaves new connections without an answer, or goes on.
    package func pause(_ isPaused: Bool) { process.pause(isPaused) }

    private static func program(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for version in versions.sorted(by: >) where access("\(root)/\(version)/bin/\(name)", X_OK) == 0 {
            return "\(root)/\(version)/bin/\(name)"
        }
        return try Command.find(name)
    }

    private func waitUntilReady() throws {
        for _ in 0..<500 {
            if (try? sql("SELECT 1")) != nil { return }
            usleep(20_000)
        }
        throw Command.Failure(description: "the database server does not answer: \(log.suffix(500))")
    }

    /// The certificate that clients check the server by.
    package var authorityFile: String { folder.file("server.crt") }

    /// What the server has logged so far.
    package var log: String { (try? String(contentsOfFile: folder.file("2"), encoding: .utf8)) ?? "" }

    /// Runs statements as the administrator, or as another role, and answers what they print.
    @discardableResult
    package func sql(
        _ statements: String, as user: String = administrator, password: String = administratorPassword
    ) throws -> String {
        try Command.check(
            "psql",
            [
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", "\(port)", "-U", user, "-d",
                "postgres", "-c", statements,
            ],
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "PGPASSWORD": password,
                "PGSSLMODE": "require", "PGCONNECT_TIMEOUT": "20", "HOME": "/nonexistent",
            ]
        ).text
    }

    /// True when this login works.
    package func accepts(_ user: String, _ password: String) -> Bool {
        (try? sql("SELECT 1", as: user, password: password)) != nil
    }

    /// Makes a role that may log in.
    package func addRole(_ name: String, password: String) throws {
        try sql("CREATE ROLE \(name) LOGIN PASSWORD '\(password)'")
    }
}
