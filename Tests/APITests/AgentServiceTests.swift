import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// An agent as a service: its socket, its token, signals, and callers who mean harm.
@Suite struct AgentServiceTests {
    private let api: RunningAPI
    private let token: String

    init() throws {
        let user = try Installation()
        try user.check("init")
        try user.check("set", "app/a", stdin: "value of a")
        api = try RunningAPI(user, settings: AgentTests.settings)
        token = try api.token("service:app", "--ttl", "1h")
    }

    private func agent(_ options: String..., in folder: TemporaryFolder? = nil) throws -> RunningAgent {
        try RunningAgent(api, token: token, options: options, in: folder)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    // MARK: The socket

    @Test func onlyItsUserOrGroupMayOpenTheSocket() throws {
        let agent = try agent()
        #expect(try mode(agent.socket) == 0o600)
        try agent.stop()
        let shared = try self.agent("--socket-mode", "0660")
        #expect(try mode(shared.socket) == 0o660)
    }

    /// What an agent says that does not start.
    private func refusal(_ folder: TemporaryFolder, _ options: String...) throws -> Command.Result {
        try api.user.reseal(
            ["agent", "--socket", folder.file("agent.sock"), "--server", api.base] + options,
            variables: ["RESEAL_TOKEN": token], timeout: .seconds(30))
    }

    @Test func onePlaceHasOneAgent() throws {
        let first = try agent()
        let second = try refusal(first.folder)
        #expect(second.status == 1 && second.errorText.contains("agent.socket-taken"))
        #expect(try first.value("app/a") == "value of a")
        // One that died without a word leaves its socket.
        first.process.kill()
        #expect(FileManager.default.fileExists(atPath: first.socket))
        let next = try agent(in: first.folder)
        #expect(try next.value("app/a") == "value of a")
        // What stands in its place by now is not its own to remove.
        try FileManager.default.removeItem(atPath: next.socket)
        try next.folder.write("mine", to: "agent.sock")
        kill(next.process.id, SIGTERM)
        #expect(next.process.wait() == 0)
        #expect(try next.folder.read("agent.sock") == Array("mine".utf8))
        let file = try refusal(next.folder)
        #expect(file.status == 1 && file.errorText.contains("agent.socket-place"))
        #expect(try next.folder.read("agent.sock") == Array("mine".utf8))
    }

    @Test func placesWhereOthersMayWriteAreRefused() throws {
        let folder = try TemporaryFolder()
        for mode: mode_t in [0o770, 0o702, 0o1777] {
            chmod(folder.path, mode)
            let open = try refusal(folder)
            #expect(open.status == 1 && open.errorText.contains("agent.socket-place"), "\(open.errorText)")
        }
        chmod(folder.path, 0o700)
        for options in [
            ["--socket-mode", "0666"], ["--fresh", "soon"], ["--fresh", "2h", "--keep", "1h"], ["--max-entries", "0"],
            ["--server", "unix:///run/agent.sock"],
        ] {
            let result = try api.user.reseal(
                ["agent", "--socket", folder.file("agent.sock")]
                    + (options[0] == "--server" ? options : ["--server", api.base] + options),
                variables: ["RESEAL_TOKEN": token])
            #expect(result.status == 64, "\(options): \(result.errorText)")
        }
        let nobody = try api.user.reseal(["agent", "--socket", folder.file("agent.sock"), "--server", api.base])
        #expect(nobody.status == 64 && nobody.errorText.contains("only whom it knows"))
        let missing = try api.user.reseal(["agent", "--socket", folder.file("none/agent.sock"), "--server", api.base])
        #expect(missing.status != 0)
    }

    // MARK: The token

    @Test func aShortTokenIsMadeToLast() throws {
        let short = try api.token("service:app", "--ttl", "20s")
        let agent = try RunningAgent(api, token: short, options: ["--fresh", "0s"])
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            #expect(try agent.ask("GET", "reseal/secrets/app/a").status == 200)
            sleep(1)
        }
        try agent.line("renewed the token")
    }

    @Test func anotherTokenInItsPlaceIsTaken() throws {
        let agent = try agent("--fresh", "0s")
        #expect(try agent.value("app/a") == "value of a")
        let other = try api.token("service:app", "--ttl", "1h")
        #expect(try api.ask("DELETE", "reseal/token", token: token).status == 204)
        try agent.folder.write("\(other)\n", to: "token")
        // The refusal of the old one is what has the agent look for the new one.
        #expect(try agent.value("app/a") == "value of a")
        try agent.line("another token is used now")
        // One that may read nothing.
        let poor = try api.token("service:nobody", "--ttl", "1h")
        try agent.folder.write("\(poor)\n", to: "token")
        kill(agent.process.id, SIGHUP)
        try agent.line("forgot all answers")
        #expect(try agent.ask("GET", "reseal/secrets/app/a").status == 403)
        // A file that is being replaced leaves the token as it is.
        try FileManager.default.removeItem(atPath: agent.folder.file("token"))
        #expect(try agent.ask("GET", "reseal/whoami").document?["principal"] == "service:nobody")
    }

    @Test func hangupForgetsAllAnswers() throws {
        let agent = try agent("--fresh", "0s")
        #expect(try agent.value("app/a") == "value of a")
        api.process.kill()
        #expect(try agent.ask("GET", "reseal/secrets/app/a").isStale)
        kill(agent.process.id, SIGHUP)
        try agent.line("forgot all answers")
        #expect(try agent.ask("GET", "reseal/secrets/app/a").status == 503)
    }

    @Test func itStartsBeforeItsServer() throws {
        api.process.kill()
        let agent = try agent()
        #expect(try agent.ask("GET", "reseal/secrets/app/a").status == 503)
        let again = try RunningAPI(api.user, port: Int(api.base.split(separator: ":").last ?? "") ?? 0)
        try agent.eventually("a value") { try agent.value("app/a") == "value of a" }
        try again.stop()
    }

    @Test func theServiceManagerHearsOfIt() throws {
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1])
            with open(sys.argv[2], "w", buffering=1) as out:
                out.write("bound\\n")
                while True:
                    out.write(s.recv(4096).decode() + "\\n")
            """
        let folder = try TemporaryFolder()
        let streams = try TemporaryFolder()
        let (socket, log) = (streams.file("notify.sock"), streams.file("notify.log"))
        let listener = try RunningProcess(
            try Command.find("python3"), ["-c", script, socket, log], streams: streams.path)
        func wait(_ text: String) throws {
            let end = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < end {
                if (try? String(contentsOfFile: log, encoding: .utf8))?.contains(text) == true { return }
                usleep(50_000)
            }
            throw Command.Failure(description: "there never was \(text)")
        }
        try wait("bound")
        try folder.write(token, to: "token")
        let process = try api.user.start(
            [
                "agent", "--socket", folder.file("agent.sock"), "--server", api.base, "--token-file",
                folder.file("token"),
            ], variables: ["NOTIFY_SOCKET": socket], streams: folder.path)
        try wait("READY=1")
        kill(process.id, SIGHUP)
        try wait("RELOADING=1\nMONOTONIC_USEC=")
        kill(process.id, SIGTERM)
        try wait("STOPPING=1")
        #expect(process.wait() == 0)
        listener.kill()
    }

    @Test func whoIsBeingAnsweredIsAnsweredToTheEnd() throws {
        let agent = try agent()
        api.process.pause(true)
        let together = try agent.askTogether(1, "reseal/secrets/app/a")
        sleep(1)
        kill(agent.process.id, SIGTERM)
        usleep(300_000)
        api.process.pause(false)
        #expect(together.wait() == 0)
        let text = String(decoding: try agent.folder.read("together-1"), as: UTF8.self)
        #expect(text.contains("value of a"))
        #expect(agent.process.wait() == 0)
    }

    // MARK: Callers

    @Test func everythingButReadsIsRefused() throws {
        let agent = try agent()
        for (verb, path) in [
            ("PUT", "reseal/secrets/app/a"), ("DELETE", "reseal/secrets/app/a"), ("POST", "reseal/rollback/app/a"),
            ("DELETE", "reseal/token"), ("GET", "reseal/changes"), ("POST", "reseal/secrets/app/a"),
        ] {
            let answer = try agent.ask(verb, path, #"{"value":"x"}"#)
            #expect(answer.status == 405 && answer.code == "agent.read-only", "\(verb) \(path): \(answer.text)")
        }
        for (verb, path) in [
            ("POST", "secret/data/app/a"), ("PATCH", "secret/data/app/a"), ("DELETE", "secret/metadata/app/a"),
            ("GET", "auth/token/lookup-self"), ("POST", "auth/token/create"), ("POST", "sys/wrapping/wrap"),
            ("POST", "auth/token/renew-self"), ("GET", "sys/mounts"),
        ] {
            let answer = try agent.ask(verb, path, "{}")
            #expect(answer.status == 405 && answer.text.contains("ask the server"), "\(verb) \(path): \(answer.text)")
            #expect(!answer.text.contains(token))
        }
        #expect(try agent.value("app/a") == "value of a")
        let wrapped = try agent.ask("GET", "secret/data/app/a", headers: ["X-Vault-Wrap-TTL: 60s"])
        #expect(wrapped.status == 400 && !wrapped.text.contains("value of a"))
        #expect(try agent.ask("GET", "secret/data/app/a", headers: ["X-Vault-Namespace: other"]).status == 403)
        #expect(try agent.ask("GET", "secret/data/app/a", headers: ["X-Vault-Namespace: default"]).status == 200)
    }

    /// Bytes as they are, and what comes back until the agent ends the connection or says nothing more.
    private func raw(_ agent: RunningAgent, _ bytes: String) throws -> String {
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.settimeout(5)
            s.connect(sys.argv[1])
            answer = b""
            try:
                s.sendall(sys.stdin.buffer.read())
                while True:
                    part = s.recv(65536)
                    if not part:
                        break
                    answer += part
            except (TimeoutError, ConnectionError):
                pass
            sys.stdout.buffer.write(answer)
            """
        return try Command.check(
            "python3", ["-c", script, agent.socket], stdin: Array(bytes.utf8), timeout: .seconds(60)
        ).text
    }

    @Test func hostileRequestsHurtNobodyElse() throws {
        let agent = try agent()
        let names = (1...1001).map { "{\"name\":\"app/\($0)\"}" }.joined(separator: ",")
        for (path, body, status) in [
            ("reseal/read", "", 400), ("reseal/read", "[]", 400), ("reseal/read", "{\"secrets\":[]}", 400),
            ("reseal/read", "{\"secrets\":[\(names)]}", 400), ("reseal/read", #"{"secrets":[{"name":"../x"}]}"#, 400),
            ("reseal/read", #"{"secrets":[{"name":"app/a","path":1}]}"#, 400),
            ("reseal/read", String(repeating: "x", count: 2 << 20), 413),
        ] {
            let answer = try agent.ask("POST", path, body)
            #expect(answer.status == status, "\(body.prefix(60)): \(answer.status) \(answer.text)")
        }
        for path in [
            "reseal/secrets/..%2F..%2Fauth", "reseal/secrets/A", "reseal/secrets/app%2F%2Fa", "reseal/secrets/%00",
            "secret/data/..", "secret/metadata/..%2F..%2Fauth%2Ftoken%2Flookup-self", "reseal/secrets/app/a?list=x",
            "reseal/versions/%2e%2e/whoami", "secret/data/\(String(repeating: "a", count: 300))",
        ] {
            let answer = try agent.ask("GET", path, headers: ["Connection: close"])
            #expect(answer.status == 400, "\(path): \(answer.status) \(answer.text)")
        }
        #expect(try agent.ask("GET", "reseal/secrets/%ff").status == 404)
        for bytes in [
            "\u{0}\u{1}\u{2}\r\n\r\n", "GET /v1/reseal/whoami HTTP/9.9\r\n\r\n",
            "GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n",
            "GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 300))\r\n",
            "POST /v1/reseal/read HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            "GET \(String(repeating: "/x", count: 30_000)) HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /v1/reseal/read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
        ] {
            let answer = try raw(agent, bytes)
            #expect(!answer.hasPrefix("HTTP/1.1 200"), "\(bytes.prefix(60)): \(answer.prefix(200))")
        }
        // A body behind a refusal is no request of its own.
        let hidden = "GET /v1/reseal/whoami HTTP/1.1\r\nHost: a\r\n\r\n"
        let smuggled = try raw(
            agent,
            "PUT /v1/reseal/secrets/app/a HTTP/1.1\r\nHost: a\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)")
        #expect(smuggled.contains(" 405 ") && !smuggled.contains("service:app"))
        #expect(try agent.value("app/a") == "value of a")
    }

    @Test func thoseWhoOnlyHoldConnectionsAreLimited() throws {
        let agent = try agent()
        let script = """
            import socket, sys, time
            held = []
            for _ in range(400):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                s.connect(sys.argv[1])
                held.append(s)
            ended, end = set(), time.monotonic() + 40
            while len(ended) < 400 - 256 and time.monotonic() < end:
                time.sleep(0.2)
                for s in set(held) - ended:
                    s.setblocking(False)
                    try:
                        if s.recv(1) == b"":
                            ended.add(s)
                    except BlockingIOError:
                        pass
            print(len(ended))
            """
        let ended = try Command.check("python3", ["-c", script, agent.socket], timeout: .seconds(60)).text
        #expect(Int(ended.trimmingCharacters(in: .whitespacesAndNewlines)) == 400 - 256)
        try agent.eventually("an answer") { try agent.ask("GET", "sys/health").status == 200 }
    }

    @Test func noSecretStandsAnywhereElse() throws {
        let canary = Canary("value")
        try api.user.check("set", "app/canary", stdin: canary.mark)
        let agent = try agent("--fresh", "0s")
        #expect(try agent.value("app/canary") == canary.mark)
        #expect(try agent.ask("GET", "secret/data/app/canary").status == 200)
        _ = try agent.ask("PUT", "reseal/secrets/app/canary", #"{"value":"\#(canary.mark)"}"#)
        api.process.kill()
        #expect(try agent.ask("GET", "reseal/secrets/app/canary").isStale)
        kill(agent.process.id, SIGHUP)
        try agent.line("forgot all answers")
        var scanner = LeakScanner([canary, Canary("token", madeUp: token)])
        for file in ["environ", "cmdline", "status", "maps"] {
            let bytes = try Command.check("cat", ["/proc/\(agent.process.id)/\(file)"]).stdout
            scanner.scan(bytes, at: file)
        }
        try agent.stop()
        try scanner.scan(folder: agent.folder.path) { $0 == "token" ? nil : [] }
        try scanner.scan(folder: api.user.folder.path) { _ in [] }
        #expect(scanner.leaks.isEmpty, "\(scanner.leaks)")
        #expect(agent.log.contains("agent listening"))
    }
}
