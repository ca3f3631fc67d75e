import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// A vault whose trail goes elsewhere.
struct AuditedPlace {
    let user: Installation

    init() throws {
        user = try Installation()
        try user.check("init")
        try user.check("set", "app/db", stdin: "value-of-app-db")
    }

    func file(_ name: String) -> String { user.folder.file(name) }

    func lines(_ name: String) -> [JSON] {
        let text = (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    func wait(_ what: String, until isDone: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try isDone() { return }
            usleep(50_000)
        }
        throw Command.Failure(description: "never came: \(what)")
    }

    /// The numbers of all records there are before this look.
    func trail() throws -> [Int64] {
        let text = try user.check("audit", "list", "--json").text
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8))["seq"]?.integerValue }
    }
}

/// Where the trail goes besides the vault, and what of it is told.
@Suite(.serialized) struct AuditSinkTests {
    private static let served = "api: {listen: '127.0.0.1:0', plain-http: true}\n"
    private let place: AuditedPlace
    private var user: Installation { place.user }

    init() throws { place = try AuditedPlace() }

    private func file(_ name: String) -> String { place.file(name) }
    private func lines(_ name: String) -> [JSON] { place.lines(name) }

    @Test func aFileHasEveryRecordOnceAcrossARestart() throws {
        let settings = "audit-sinks: [{name: local, type: file, path: \(file("audit.jsonl"))}]"
        let api = try RunningAPI(user, settings: settings)
        try place.wait("the first records") { lines("audit.jsonl").count >= 2 }
        try user.check("get", "app/db")
        let seen = try place.trail()
        try place.wait("what came meanwhile") { lines("audit.jsonl").count >= seen.count }
        #expect(lines("audit.jsonl").prefix(seen.count).compactMap { $0["seq"]?.integerValue } == seen)
        var info = stat()
        #expect(stat(file("audit.jsonl"), &info) == 0 && info.st_mode & 0o777 == 0o600)
        try api.stop()
        try user.check("get", "app/db")
        // A line that has no end, as after a death.
        let handle = try #require(FileHandle(forWritingAtPath: file("audit.jsonl")))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"seq":"#.utf8))
        try handle.close()
        let again = try RunningAPI(user)
        let all = try place.trail()
        try place.wait("the rest") { lines("audit.jsonl").count >= all.count }
        #expect(lines("audit.jsonl").compactMap { $0["seq"]?.integerValue }.prefix(all.count) == all[...])
        // Moved away, as log rotation does.
        try FileManager.default.moveItem(atPath: file("audit.jsonl"), toPath: file("old.jsonl"))
        try user.check("get", "app/db")
        try place.wait("a new file") { lines("audit.jsonl").contains { $0["action"] == "vault.secret.read" } }
        // With the signal, and with a file that is there already, readable for a group.
        try FileManager.default.moveItem(atPath: file("audit.jsonl"), toPath: file("older.jsonl"))
        try Data().write(to: URL(fileURLWithPath: file("audit.jsonl")))
        chmod(file("audit.jsonl"), 0o640)
        kill(again.process.id, SIGHUP)
        try RunningAPI.line("api listening", count: 2, in: user)
        try user.check("get", "app/db")
        try place.wait("the file of the signal") {
            lines("audit.jsonl").contains { $0["action"] == "vault.secret.read" }
        }
        let whole = ["old.jsonl", "older.jsonl", "audit.jsonl"].flatMap(lines).compactMap { $0["seq"]?.integerValue }
        #expect(whole == Array(1...Int64(whole.count)))
        try again.stop()
    }

    @Test func aServerThatWasAwayCatchesUp() throws {
        let sink = try WebSink()
        try sink.next("500", "drop")
        let settings = """
            audit-sinks:
              - {name: siem, type: webhook, url: '\(sink.address("ingest"))', format: ecs, token-file: TOKEN, signing-key-file: KEY}
            """
        try Data("token-of-siem-0123456789\n".utf8).write(to: URL(fileURLWithPath: file("token")))
        try Data("key-of-siem-0123456789\n".utf8).write(to: URL(fileURLWithPath: file("key")))
        for name in ["token", "key"] { chmod(file(name), 0o600) }
        let api = try RunningAPI(
            user, settings: settings.replacing("TOKEN", with: file("token")).replacing("KEY", with: file("key")))
        try user.check("get", "app/db")
        let seen = try place.trail()
        func delivered() -> [JSON] { sink.requests.dropFirst(2).flatMap { $0.json?.arrayValue ?? [] } }
        try place.wait("all records") { delivered().count >= seen.count }
        #expect(delivered().compactMap { $0[path: "event", "sequence"]?.integerValue }.prefix(seen.count) == seen[...])
        let request = try #require(sink.requests.last)
        #expect(request.headers["authorization"] == "Bearer token-of-siem-0123456789")
        #expect(request.headers["webhook-signature"]?.hasPrefix("v1,") == true)
        // The same records have the same id each time, and more records have another one.
        let (first, second) = (sink.requests[0], sink.requests[1])
        #expect((first.headers["webhook-id"] == second.headers["webhook-id"]) == (first.body == second.body))
        let read = try #require(delivered().first { $0[path: "event", "action"] == "vault.secret.read" })
        #expect(read[path: "event", "outcome"] == "success" && read[path: "ecs", "version"] == "8.17.0")
        #expect(read["@timestamp"]?.stringValue?.hasSuffix("Z") == true)
        #expect(read[path: "reseal", "subject"] == "Secret.default/app/db")
        let warning = try RunningAPI.line("audit sink goes on", in: user)
        #expect(warning["sink"] == "sink/siem")
        #expect(
            RunningAPI.lines(of: user).contains { $0["message"]?.stringValue?.hasPrefix("audit sink lags") == true })
        #expect(!sink.requests.contains { $0.body.contains("value-of-") })
        try api.stop()
    }

    @Test func aFileThatOthersMayReadIsRefused() throws {
        try Data().write(to: URL(fileURLWithPath: file("open.jsonl")))
        chmod(file("open.jsonl"), 0o644)
        let api = try RunningAPI(
            user, settings: "audit-sinks: [{name: local, type: file, path: \(file("open.jsonl"))}]")
        try place.wait("the complaint") {
            RunningAPI.lines(of: user).contains { $0["code"] == "audit.sink-unreachable" }
        }
        #expect(lines("open.jsonl").isEmpty)
        chmod(file("open.jsonl"), 0o600)
        try place.wait("the records") { lines("open.jsonl").count >= 2 }
        try api.stop()
    }

    /// Killed again and again while records are made, with a server that is away half of the time.
    @Test func deathsLoseNothing() throws {
        let sink = try WebSink()
        try sink.next("drop", "500", "503", "drop", "500")
        let settings = """
            audit-sinks:
              - {name: local, type: file, path: \(file("audit.jsonl"))}
              - {name: siem, type: webhook, url: '\(sink.address("x"))'}
            """
        // Of `init` and `set`.
        var made: Int64 = 2
        for round in 0..<4 {
            let api = try RunningAPI(user, settings: round == 0 ? settings : "")
            for _ in 0...round { try user.check("get", "app/db") }
            made += Int64(round + 1)
            // Sooner in some rounds than in others.
            let reached = made - Int64(round % 2)
            try place.wait("a few") { lines("audit.jsonl").contains { ($0["seq"]?.integerValue ?? 0) >= reached } }
            kill(api.process.id, SIGKILL)
            api.process.wait()
        }
        let api = try RunningAPI(user)
        let all = try place.trail()
        func delivered() -> Set<Int64> {
            // Without those that were told that they failed.
            Set(
                sink.requests.dropFirst(5).flatMap { $0.json?.arrayValue ?? [] }
                    .compactMap { $0["seq"]?.integerValue })
        }
        func written() -> Set<Int64> { Set(lines("audit.jsonl").compactMap { $0["seq"]?.integerValue }) }
        try place.wait("all, in the file") { written().isSuperset(of: all) }
        try place.wait("all, at the server") { delivered().isSuperset(of: all) }
        try api.stop()
    }

    @Test func syslogTakesThem() throws {
        let script = """
            import socket, sys
            server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            server.bind(sys.argv[1])
            tcp = socket.create_server(("127.0.0.1", int(sys.argv[3])))
            open(sys.argv[2] + ".ready", "w").close()
            out = open(sys.argv[2], "a")
            for _ in range(2):
                out.write(server.recv(65536).decode() + "\\n")
                out.flush()
            connection, _ = tcp.accept()
            stream = connection.makefile("rb")
            for _ in range(2):
                size = b""
                while (byte := stream.read(1)) != b" ":
                    size += byte
                out.write("TCP " + stream.read(int(size)).decode() + "\\n")
                out.flush()
            """
        let port = try LoopbackPort.unused()
        let server = try RunningProcess(
            try Command.find("python3"), ["-c", script, file("log"), file("lines"), "\(port)"],
            environment: user.environment, streams: user.work)
        try place.wait("the daemon") { FileManager.default.fileExists(atPath: file("lines.ready")) }
        let api = try RunningAPI(
            user,
            settings: """
                audit-sinks:
                  - {name: daemon, type: syslog, address: 'unix:\(file("log"))', format: ocsf}
                  - {name: relay, type: syslog, address: 'tcp:127.0.0.1:\(port)'}
                """)
        func text() -> [Substring] {
            ((try? String(contentsOfFile: file("lines"), encoding: .utf8)) ?? "").split(separator: "\n")
        }
        try place.wait("four messages") { text().count == 4 }
        #expect(text()[0].hasPrefix("<110>1 20"))
        #expect(text()[0].contains(" reseal ") && text()[0].contains(" vault.init - {"))
        let record = try JSON(parsing: Array(text()[1].drop { $0 != "{" }.utf8))
        #expect(record["class_uid"] == 6003 && record["type_uid"] == 600_301 && record["status_id"] == 1)
        #expect(record[path: "actor", "user", "name"]?.stringValue?.hasPrefix("user:") == true)
        #expect(record[path: "metadata", "sequence"] == 2)
        #expect(text()[2].hasPrefix("TCP <110>1 20") && text()[2].hasSuffix("}"))
        server.kill()
        try api.stop()
    }

    @Test func theExamplesOfTheDocumentAreRight() throws {
        let path = #filePath.replacing("Tests/APITests/AuditSinkTests.swift", with: "docs/audit.md")
        let document = try String(contentsOfFile: path, encoding: .utf8)
        var sections = document.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(sections.count == 3)
        for name in ["siem.token", "siem.key", "siem-ca.pem"] {
            try Data("0123456789abcdef0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: file(name)))
            sections = sections.map { $0.replacing("/etc/reseal/\(name)", with: file(name)) }
        }
        try Data((Self.served + sections.joined()).utf8).write(to: URL(fileURLWithPath: "\(user.home)/config.yaml"))
        let result = try user.reseal(["config", "check"])
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test func mistakesOfTheSectionsAreReported() throws {
        let path = "\(user.home)/config.yaml"
        for (settings, words) in [
            ("audit-sinks: [{name: a, type: file, path: here}]", "`path` is wrong"),
            ("audit-sinks: [{name: a, type: file}]", "needs `path`"),
            ("audit-sinks: [{name: a, type: pigeon}]", "`type` is wrong"),
            ("audit-sinks: [{type: file, path: /x}]", "a name of its own"),
            ("audit-sinks: [{name: a, type: file, path: /x}, {name: a, type: file, path: /y}]", "a name of its own"),
            (
                "audit-sinks: [{name: a, type: file, path: /x, url: 'https://x'}]",
                "`url` is not for a sink of type file"
            ),
            ("audit-sinks: [{name: a, type: syslog, address: 'tcp:10.0.0.1:514'}]", "`address` is wrong"),
            ("audit-sinks: [{name: a, type: webhook, url: 'http://example.org/'}]", "`url` is wrong"),
            ("audit-sinks: [{name: a, type: file, path: /x, format: xml}]", "`format` is wrong"),
            ("alerts: [{name: a}]", "would be told of every record"),
            ("alerts: [{name: a, type: nothing}]", "`type` is wrong"),
            ("alerts: [{name: a, result: ok, outside: 'mo-fr 7-19'}]", "`outside` is wrong"),
            ("audit-readers: [{principals: [role:sre]}]", "an item of `principals` is wrong"),
            ("audit-readers: [{}]", "needs `principals`"),
            ("audit-sinks: [{name: a, type: file, path: /x}, {name: b, type: file, path: /x}]", "two sinks write"),
            (
                "audit-sinks: [{name: a, type: webhook, url: 'https://x', token-file: \(file("none"))}]", "none"
            ),
        ] {
            try Data("\(Self.served)\(settings)\n".utf8).write(to: URL(fileURLWithPath: path))
            let result = try user.reseal(["config", "check"])
            #expect(result.status == 1, "\(settings)")
            #expect(result.errorText.contains(words), "\(settings): \(result.errorText)")
        }
    }
}
