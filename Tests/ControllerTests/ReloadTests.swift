import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// Configuration: what it may say, and how a running controller takes a new one.
@Suite struct ReloadTests {
    private let user: Installation

    init() throws { user = try Installation.sealed() }

    private func configure(_ text: String) throws { try user.folder.write(text, to: "vault/config.yaml") }

    private var source: String {
        "repo: '\(user.repository.path)', identity: '\(user.identity)', interval: 1h"
    }

    @Test func aNewConfigurationIsTakenOnSIGHUP() throws {
        try configure("sources:\n  - {name: one, \(source)}\n")
        let controller = try RunningController(user)
        try controller.line("applied") { $0["source"] == "one" }
        try configure("sources:\n  - {name: two, \(source)}\n")
        kill(controller.process.id, SIGHUP)
        try controller.line("reloaded")
        _ = try eventually("the new source in the state") { () -> Bool? in
            let report = try? JSON(parsing: user.folder.read("vault/controller.json"))
            let names = report?["sources"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            return names == ["two"] ? true : nil
        }
        // One with mistakes changes nothing.
        try configure("sources:\n  - {name: Three, repos: x}\n")
        kill(controller.process.id, SIGHUP)
        try controller.line("the configuration is left as it was: 3 errors in the input")
        #expect(try #require(controller.lines.last)["level"] == "error")
        try configure("sources:\n  - {name: two, \(source)}\n")
        try user.repository.write("manifests/x.txt", "no manifest")
        try user.repository.commit()
        kill(controller.process.id, SIGHUP)
        try controller.line("reloaded", count: 2)
        try controller.stop()
    }

    @Test func systemdHearsOfEachStep() throws {
        // A datagram socket that writes what it gets to a file, line by line.
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1])
            with open(sys.argv[2], "w", buffering=1) as out:
                out.write("bound\\n")
                while True:
                    out.write(s.recv(4096).decode() + "\\n")
            """
        let socket = user.folder.file("notify.sock")
        let log = user.folder.file("notify.log")
        let streams = try TemporaryFolder()
        let listener = try RunningProcess(
            try Command.find("python3"), ["-c", script, socket, log], streams: streams.path)
        func wait(_ text: String) throws {
            _ = try eventually("`\(text)` from the controller") { () -> Bool? in
                (try? String(contentsOfFile: log, encoding: .utf8))?.contains(text) == true ? true : nil
            }
        }
        try wait("bound")
        let controller = try RunningController(
            user, wrapper: ["/usr/bin/env", "NOTIFY_SOCKET=\(socket)", "WATCHDOG_USEC=200000"])
        try wait("READY=1")
        try wait("WATCHDOG=1")
        kill(controller.process.id, SIGHUP)
        try wait("RELOADING=1\nMONOTONIC_USEC=")
        try controller.stop()
        try wait("STOPPING=1")
        listener.kill()
    }

    @Test func severalSourcesShareAVault() throws {
        let other = try Installation()
        let manifests = "\(other.repository.path)/platform"
        try other.check("init", "--manifests", manifests, "--recipient", try user.recipient())
        // Names are the vault's, so each is described by one source.
        for file in try FileManager.default.contentsOfDirectory(atPath: manifests) {
            let text = try String(contentsOfFile: "\(manifests)/\(file)", encoding: .utf8)
            try other.repository.write(
                "platform/\(file)", text.replacing("\nmetadata:\n  name: ", with: "\nmetadata:\n  name: platform-"))
        }
        try other.repository.write(
            "platform/thing.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: other/thing}\nspec: {value: from the other one}\n")
        try other.repository.commit()
        try configure(
            """
            identity: '\(user.identity)'
            sources:
              - {name: one, repo: '\(user.repository.path)'}
              - {name: two, repo: '\(other.repository.path)', path: platform}
            """)
        let run = try user.reseal(["run", "--once", "--log-format", "text"])
        #expect(run.status == 0, "\(run.errorText)")
        // Neither undoes what the other brought.
        let again = try user.reseal(["run", "--once", "--log-format", "text"])
        #expect(again.status == 0 && again.errorText.isEmpty, "\(again.errorText)")
        #expect(try user.check("get", "other/thing").text == "from the other one")
        #expect(try user.check("get", "prod/note").text == "generic-value")
    }

    @Test(arguments: [
        ("sources: []\n", "git.no-repository-given"), ("interval: 5m\n", "git.no-repository-given"),
        ("sources:\n  - {name: a, repo: x}\n  - {name: a, repo: y}\n", "config.bad-value"),
        ("sources:\n  - {name: a, repo: x}\n  - {name: b, repo: y}\n", "config.bad-value"),
        ("sources:\n  - {repo: x}\n", "config.bad-value"), ("sources:\n  - {name: a}\n", "config.bad-value"),
        ("repo: x\nsources:\n  - {name: a, repo: y}\n", "config.bad-value"),
        ("repo: x\ninterval: 0s\n", "config.bad-value"), ("repo: x\ninterval: soon\n", "config.bad-value"),
        ("repo: x\nlisten: 0.0.0.0:80\n", "config.bad-value"), ("repo: x\nlisten: here\n", "config.bad-value"),
        ("repo: x\nlisten: 127.0.0.1:1\ntls-key: k\n", "config.bad-value"),
        ("repo: x\nlog-format: xml\n", "config.bad-value"), ("repo: x\njitter-percent: 51\n", "config.bad-value"),
        ("repo: x\nretry: 1h\nlongest-retry: 1m\n", "config.bad-value"),
        ("repo: x\nlissten: 127.0.0.1:1\n", "config.unknown-key"),
        ("repo: x\nwebhook-secret-file: /nonexistent/secret\n", "file.unreadable"),
        ("repo: x\nidentity: /nonexistent/key\n", "file.unreadable"),
    ])
    func mistakesAreFoundBeforeTheStart(_ text: String, _ code: String) throws {
        try configure(text)
        let check = try user.reseal(["config", "check"])
        #expect(check.status == 1 && check.errorText.contains("[\(code)]"), "\(check.errorText)")
        if code.hasPrefix("config.") { #expect(check.errorText.contains("config.yaml:")) }
        guard !code.hasPrefix("file.") else { return }
        #expect(try user.reseal(["run", "--once"]).status == 1)
    }

    @Test func aGoodConfigurationIsToldInShort() throws {
        try configure("sources:\n  - {name: one, \(source), ref: main}\nlisten: '[::1]:9464'\n")
        let check = try user.reseal(["config", "check"])
        #expect(check.status == 0, "\(check.errorText)")
        #expect(check.text.contains("one: ") && check.text.contains("every 1h"))
        #expect(check.text.contains("listening at ::1:9464"))
        let json = try JSON(parsing: user.check("config", "check", "--json").stdout)
        #expect(json["sources"]?.arrayValue?.first?["ref"] == "main" && json["listen"]?["port"] == 9464)
    }

    /// The example of the documentation, with its files at another place.
    @Test func theExampleIsValid() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let example = try String(
            contentsOf: root.appendingPathComponent("examples/controller/config.yaml"), encoding: .utf8)
        let folder = user.folder.file("etc")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: user.identity, toPath: "\(folder)/identity.txt")
        for name in ["deploy.key", "known_hosts", "webhook.secret", "status.token"] {
            try user.folder.write("0123456789abcdef0123456789abcdef\n", to: "etc/\(name)")
        }
        try configure(example.replacing("/etc/reseal", with: folder))
        let check = try user.reseal(["config", "check"])
        #expect(check.status == 0 && check.text.contains("prod: ssh://"), "\(check.errorText)")
        #expect(check.text.contains("every 30s") && check.text.contains("listening at 127.0.0.1:9464"))
    }
}
