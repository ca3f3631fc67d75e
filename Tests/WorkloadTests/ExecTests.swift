import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct ExecTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    // MARK: In the place of reseal

    @Test func theCommandGetsItsVariablesAndNothingOfReseal() throws {
        try place.write("list.env", "# for orders\n\nUSER_NAME=app/db#user\n  TOKEN=app/token\n")
        let result = try place.user.reseal(
            [
                "exec", "--env-file", place.file("list.env"), "--env", "KEY=app/db#tls.private-key", "--all-fields",
                "app/db", "--prefix", "DB_", "--", "sh", "-c", "cat; env; exit 7",
            ], stdin: Array("from-stdin\n".utf8), variables: ["RESEAL_TOKEN": "rsl_x", "OTHER": "stays"])
        #expect(result.status == 7)
        let lines = Set(result.text.split(separator: "\n").map(String.init))
        for line in [
            "from-stdin", "USER_NAME=orders", "TOKEN=first-token", "KEY=key of \"orders\" & co", "DB_USER=orders",
            "DB_TLS_PRIVATE_KEY=key of \"orders\" & co", "OTHER=stays",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(!lines.contains { $0.hasPrefix("RESEAL_") })
        #expect(result.errorText.isEmpty)
    }

    @Test func aVariableOfTheCallerIsReplaced() throws {
        let result = try place.user.reseal(
            ["exec", "--env", "TOKEN=app/token", "--", "sh", "-c", "env | grep -c ^TOKEN=; echo $TOKEN"],
            variables: ["TOKEN": "old"])
        #expect(result.text == "1\nfirst-token")
    }

    @Test(arguments: [[], ["--on-change", "restart"]])
    func itsEndIsTheEnd(_ mode: [String]) throws {
        for (script, status) in [("exit 0", 0), ("exit 41", 41), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
            let line = ["exec", "--env", "T=app/token"] + mode + ["--", "sh", "-c", script]
            let result = try place.user.reseal(line)
            #expect(result.status == Int32(status), "\(script): \(result.status) \(result.errorText)")
        }
    }

    /// The last digits are the signals up to 28: beyond stand those that the C library uses for itself.
    @Test(arguments: [[], ["--on-change", "restart"]])
    func signalsAndMaskAreTheCallers(_ mode: [String]) throws {
        let script = "umask; grep -E '^Sig(Blk|Ign):' /proc/self/status | grep -o '.......$'"
        let direct = try Command.run("sh", ["-c", "umask 027; exec env \"$@\"", "sh", "sh", "-c", script])
        let line = ["exec", "--env", "T=app/token"] + mode + ["--", "sh", "-c", script]
        let through = try place.user.reseal(line, wrapper: ["sh", "-c", "umask 027; exec \"$@\"", "sh"])
        #expect(direct.text.hasPrefix("0027"))
        #expect(through.text == direct.text)
    }

    @Test func theLookIsRecorded() throws {
        try place.user.check("exec", "--env", "T=app/token", "--env", "U=app/db#user", "--", "true")
        for secret in ["app/token", "app/db"] {
            let records = try place.user.check(
                "audit", "list", "--type", "vault.secret.read", "--secret", secret, "--json")
            #expect(records.text.split(separator: "\n").count == 1)
        }
        try place.refused(["exec", "--env", "T=app/none", "--", "true"], 1, "vault.secret-not-found")
        let failed = try place.user.check("audit", "list", "--result", "failed", "--secret", "app/none", "--json").text
        #expect(failed.contains("vault.secret.read"))
    }

    @Test func nothingStartsWhereSomethingIsWrong() throws {
        try place.user.check("set", "app/nul", stdin: "a\0b")
        try place.user.check("set", "app/loader", "--field", "ld_preload", stdin: "/tmp/evil.so")
        try place.write("bad.env", "TOKEN=app/token\nhunter2-by-mistake\n")
        let touch = ["--", "touch", place.file("started")]
        for (options, status, words) in [
            (["--env", "T=app/nul"], 1, ["NUL byte", "exec.environment", "reseal template"]),
            (["--env", "T=app/db"], 1, ["several fields", "tls.private-key"]),
            (["--env", "T=app/db#usr"], 1, ["did you mean `user`?"]),
            (["--all-fields", "app/token"], 1, ["has no fields"]),
            (["--all-fields", "app/loader"], 1, ["LD_PRELOAD", "changes how programs run"]),
            (["--env", "T=app/token", "--env", "T=app/db#user"], 1, ["would get two values"]),
            (["--all-fields", "app/db", "--env", "USER=app/token"], 1, ["would get two values"]),
            (["--env", "T=app/token", "--env", "T2=app/none"], 1, ["vault.secret-not-found"]),
            (["--env", "1T=app/token"], 64, ["no name of a variable"]),
            (["--env", "T=App/Token"], 64, ["no name of a secret"]),
            (["--env", "RESEAL_HOME=app/token"], 64, ["Reseal's own"]),
            (["--env-file", place.file("bad.env")], 64, ["bad.env:2:1"]),
            (["--env-file", place.file("none.env")], 1, ["file.unreadable"]),
            (["--prefix", "DB_"], 64, ["--all-fields"]),
            (["--all-fields", "app/db", "--prefix", "a b"], 64, ["--prefix"]),
            (["--env", "T=app/token", "--on-change", "signal:NOPE"], 64, ["--on-change", "USR1"]),
            (["--env", "T=app/token", "--interval", "0s"], 64, ["--interval"]),
            (["--env", "T=app/token", "--grace", "soon"], 64, ["--grace"]),
        ] {
            let result = try place.user.reseal(["exec"] + options + touch)
            #expect(result.status == Int32(status), "\(options): \(result.errorText)")
            for word in words { #expect(result.errorText.contains(word), "\(options): \(result.errorText)") }
            #expect(!result.errorText.contains("hunter2"))
        }
        #expect(!place.exists("started"))
        for command in ["no-such-program", "/etc/passwd", "./none"] {
            try place.refused(["exec", "--env", "T=app/token", "--", command], 1, "cannot start", "exec.command")
        }
        try place.refused(["exec", "--env", "T=app/token"], 64, "no command is given")
    }

    @Test func aFileThatIsNoProgramIsRefusedByTheSystem() throws {
        let path = try place.write("noprogram", "\u{0}\u{1}\u{2}nothing")
        chmod(path, 0o755)
        for mode in [[], ["--on-change", "restart"]] {
            try place.refused(
                ["exec", "--env", "T=app/token"] + mode + ["--", path], 1, "cannot start", "exec.command")
        }
    }

    // MARK: As a child

    /// Says what it got, and goes on until it is told to end.
    private static let service =
        #"echo "start $T" >> log; trap 'echo "term" >> log; exit 3' TERM; trap 'echo "usr1" >> log' USR1; "#
        + "while :; do sleep 0.05; done"

    @Test func aNewVersionRestartsIt() throws {
        let running = try place.start(
            "exec", "--env", "T=app/token", "--on-change", "restart", "--interval", "1s", "--", "sh", "-c", Self.service
        )
        try place.wait("log") { $0 == "start first-token\n" }
        try place.user.check("set", "app/token", stdin: "second-token")
        try place.wait("log") { $0 == "start first-token\nterm\nstart second-token\n" }
        // One child, and no zombie.
        #expect(try Command.run("pgrep", ["-P", "\(running.id)"]).text.split(separator: "\n").count == 1)
        kill(running.id, SIGTERM)
        #expect(running.wait() == 3)
        #expect(place.text("log").hasSuffix("start second-token\nterm\n"))
    }

    @Test func whatDoesNotEndIsKilled() throws {
        let script = #"echo "start $T $$" >> log; trap "" TERM; while :; do sleep 0.05; done"#
        let running = try place.start(
            "exec", "--env", "T=app/token", "--on-change", "restart", "--interval", "1s", "--grace", "1s", "--", "sh",
            "-c", script)
        try place.wait("log") { $0.hasPrefix("start first-token") }
        try place.user.check("set", "app/token", stdin: "second-token")
        try place.wait("log") { $0.contains("start second-token") }
        kill(running.id, SIGTERM)
        usleep(300_000)
        // It ignores that, so it goes on.
        #expect(!running.wait(for: .milliseconds(200)))
        running.kill()
    }

    @Test func aNewVersionIsToldByASignal() throws {
        let running = try place.start(
            "exec", "--env", "T=app/token", "--on-change", "signal:usr1", "--interval", "1s", "--", "sh", "-c",
            Self.service)
        try place.wait("log") { $0 == "start first-token\n" }
        try place.user.check("set", "app/token", stdin: "second-token")
        try place.wait("log") { $0 == "start first-token\nusr1\n" }
        kill(running.id, SIGTERM)
        #expect(running.wait() == 3)
    }

    @Test func itGoesOnWhileTheVaultHasNothing() throws {
        let running = try place.start(
            "exec", "--env", "T=app/token", "--on-change", "restart", "--interval", "1s", "--", "sh", "-c", Self.service
        )
        try place.wait("log") { $0 == "start first-token\n" }
        try place.user.check("delete", "app/token")
        let end = ContinuousClock.now + .seconds(30)
        func complaints() -> Int {
            let text = (try? place.user.folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: "\n").count { $0.contains("no new values: ") }
        }
        while complaints() == 0, ContinuousClock.now < end { usleep(50_000) }
        sleep(2)
        // Said once, however often it is looked at.
        #expect(complaints() == 1)
        #expect(place.text("log") == "start first-token\n")
        try place.user.check("set", "app/token", stdin: "third-token")
        try place.wait("log") { $0.hasSuffix("start third-token\n") }
        running.kill()
    }

    @Test func itEndsWithItsSupervisor() throws {
        let running = try place.start(
            "exec", "--env", "T=app/token", "--on-change", "restart", "--", "sh", "-c", Self.service)
        try place.wait("log") { $0 == "start first-token\n" }
        kill(running.id, SIGKILL)
        try place.wait("log") { $0 == "start first-token\nterm\n" }
    }

    @Test(arguments: [[], ["--on-change", "restart"]])
    func theTerminalIsTheCommands(_ mode: [String]) throws {
        let script =
            #"test -t 0 && test -t 1 && echo "is a terminal"; n=0; trap 'n=$((n+1))' INT; echo ready; "#
            + #"i=0; while [ $i -lt 20 ]; do i=$((i+1)); sleep 0.05; done; echo "interrupted $n"; read word; echo "read $word""#
        let result = try place.user.atTerminal(
            ["exec", "--env", "T=app/token"] + mode + ["--", "sh", "-c", script],
            dialogue: [.init("ready", "\u{3}"), .init("interrupted 1", "hello\n")])
        #expect(result.status == 0)
        #expect(result.screen.contains("is a terminal"))
        #expect(result.screen.contains("read hello"))
    }
}
