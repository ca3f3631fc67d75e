import Foundation
import Glibc
import TestSupport
import Testing

/// A server that reads its settings again, or ends, while others knock.
@Suite struct ReloadTests {
    /// Opens and drops connections to the ports for as long as it runs.
    private func knock(_ ports: [String], _ folder: TemporaryFolder) throws -> RunningProcess {
        let script = """
            import socket, sys, time
            held = []
            while True:
                for port in sys.argv[1:]:
                    try:
                        held.append(socket.create_connection(("127.0.0.1", int(port)), timeout=1))
                    except OSError:
                        pass
                if len(held) > 40:
                    for s in held: s.close()
                    held = []
                time.sleep(0.001)
            """
        return try RunningProcess("python3", ["-c", script] + ports, streams: folder.path)
    }

    /// Two that nobody listens at.
    private func freePorts() throws -> [String] {
        let script = """
            import socket
            both = [socket.socket() for _ in range(2)]
            for s in both: s.bind(("127.0.0.1", 0))
            print(*[s.getsockname()[1] for s in both])
            """
        return try Command.check("python3", ["-c", script]).text.split(separator: " ").map {
            $0.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    @Test func connectionsThatComeAtTheWrongMomentEndNothing() throws {
        let ports = try freePorts()
        let api = try RunningAPI(
            try Installation.applied(), settings: RunningAPI.writerSettings, port: try #require(Int(ports[0])),
            options: ["--metrics", "127.0.0.1:\(ports[1])"])
        let token = try api.token("service:app")
        let folder = try TemporaryFolder()
        let knocking = try knock(ports, folder)
        defer { knocking.kill() }
        for count in 2...7 {
            kill(api.process.id, SIGHUP)
            try RunningAPI.line("api listening", count: count, in: api.user)
        }
        #expect(try api.ask("GET", "secret/data/app/none", token: token).status == 404)
        kill(api.process.id, SIGTERM)
        try RunningAPI.line("stopped", in: api.user)
        #expect(api.process.wait() == 0)
    }
}
