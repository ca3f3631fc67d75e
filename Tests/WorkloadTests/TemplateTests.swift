import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct TemplateTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func render(_ template: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let input = try place.write("in.tmpl", template)
        let result = try place.user.reseal(["template", "--in", input, "--out", place.file("out")])
        #expect(result.status == 0, "\(result.errorText)", sourceLocation: sourceLocation)
        return place.text("out")
    }

    private func info(_ name: String) throws -> stat {
        var info = stat()
        try #require(lstat(place.file(name), &info) == 0)
        return info
    }

    @Test func valuesStandWhereTheTemplateWantsThem() throws {
        try place.user.check("set", "app/odd", stdin: "it's \"50%\" / ä\nline two\n")
        #expect(try render("plain { } text, no value\n") == "plain { } text, no value\n")
        #expect(try render("") == "")
        #expect(try render(#"a={{secret "app/token"}}b"#) == "a=first-tokenb")
        #expect(try render(#"{{ secret "app/db" "tls.private-key" | json }}"#) == #""key of \"orders\" & co""#)
        #expect(
            try render(#"{{ secret "app/db" | json }}"#)
                == #"{"tls":{"private-key":"key of \"orders\" & co"},"user":"orders"}"#)
        #expect(try render(#"{{ secret "app/odd" | trim | shell }}"#) == "'it'\\''s \"50%\" / ä\nline two'")
        #expect(
            try render(#"{{ secret "app/odd" | trim | url }}"#) == "it%27s%20%2250%25%22%20%2F%20%C3%A4%0Aline%20two")
        #expect(try render(#"{{ secret "app/token" | base64 }}"#) == "Zmlyc3QtdG9rZW4=")
        #expect(
            try render("x:\n  {{ secret \"app/odd\" | trim | indent 2 }}\n") == "x:\n  it's \"50%\" / ä\n  line two\n")
        #expect(try render(#"{{# a comment with "secret" }}{{ "{{ \"x\" }}" }}"#) == #"{{ "x" }}"#)
        #expect(try render(#"{{ "a b" | url | json }}"#) == #""a%20b""#)
    }

    @Test func aShellReadsBackWhatWasQuoted() throws {
        try place.user.check("set", "app/evil", stdin: "$(touch hacked) `id` ' \" \\ ; #")
        let script = try render(#"VALUE={{ secret "app/evil" | shell }}; printf %s "$VALUE""#)
        let result = try Command.run("sh", ["-c", script], directory: place.user.work)
        #expect(result.text == "$(touch hacked) `id` ' \" \\ ; #")
        #expect(!place.exists("hacked"))
    }

    @Test func mistakesAreReportedTogetherWithTheirPlaces() throws {
        let input = try place.write(
            "in.tmpl",
            """
            one {{ secrt "app/token" }}
            zwei ä {{ secret "App/Token" }} {{ secret "app/token" | jsn }}
            {{ secret app/token }}
            {{ secret "app/token" | indent }} {{ secret "app/token" | json 3 }} {{ secret "app/token" | indent 99 }}
            {{ secret "app/token" "a" "b" }} {{ "no end }}
            {{ "\\x" }} {{ }}
            {{ secret "app/token"
            """)
        let result = try place.user.reseal(["template", "--in", input, "--out", place.file("out")])
        #expect(result.status == 1)
        for words in [
            "in.tmpl:1:8: error: there is no `secrt`", "did you mean `secret`?",
            "in.tmpl:2:18: error: the name `App/Token`",
            "in.tmpl:2:57: error: there is no filter `jsn`", "did you mean `json`?",
            "in.tmpl:3:11: error: `secret` needs a name in quotes", "in.tmpl:4:25: error: `indent` needs a number",
            "`json` takes no number", "`indent` takes 64 at most", "in.tmpl:5:27: error: `}}` or a filter is missing",
            "the text in quotes has no end", "unknown escape", "no value is named here",
            "in.tmpl:7:1: error: `{{` is not closed", "template.syntax",
        ] { #expect(result.errorText.contains(words), "\(words) in \(result.errorText)") }
        #expect(!place.exists("out"))
    }

    @Test func valuesThatDoNotFitAreReportedTogether() throws {
        try place.user.check("set", "app/nul", stdin: "a\0b")
        try place.write("out", "old")
        let input = try place.write(
            "in.tmpl",
            """
            {{ secret "app/db" }}
            {{ secret "app/db" "usr" }}
            {{ secret "app/nul" | shell }}
            """)
        let result = try place.user.reseal(["template", "--in", input, "--out", place.file("out")])
        #expect(result.status == 1)
        for words in [
            "in.tmpl:1:1: error: app/db holds several fields", "in.tmpl:2:1:", "did you mean `user`?",
            "in.tmpl:3:1: error: the value has a NUL byte", "template.value",
        ] { #expect(result.errorText.contains(words), "\(words) in \(result.errorText)") }
        #expect(place.text("out") == "old")
        try place.write("in.tmpl", #"{{ secret "app/none" }}"#)
        try place.refused(["template", "--in", input, "--out", place.file("out")], 1, "vault.secret-not-found")
        try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: input))
        try place.refused(["template", "--in", input, "--out", place.file("out")], 1, "no UTF-8")
    }

    @Test func modeAndOwnerAreThoseAskedFor() throws {
        let input = try place.write("in.tmpl", #"{{ secret "app/token" }}"#)
        let line = ["template", "--in", input, "--out", place.file("out")]
        try place.user.check("template", "--in", input, "--out", place.file("out"))
        #expect(try info("out").st_mode & 0o7777 == 0o600)
        let group = "\(getgid())"
        #expect(try place.user.reseal(line + ["--mode", "0640", "--owner", "\(getuid()):\(group)"]).status == 0)
        #expect(try info("out").st_mode & 0o7777 == 0o640)
        if getuid() == 0 {
            #expect(try place.user.reseal(line + ["--mode", "440", "--owner", "12345:54321"]).status == 0)
            let changed = try info("out")
            #expect(changed.st_uid == 12345 && changed.st_gid == 54321 && changed.st_mode & 0o7777 == 0o440)
        }
        for (options, words) in [
            (["--mode", "0666"], "not writable by everyone"), (["--mode", "4755"], "--mode"),
            (["--mode", "x"], "--mode"),
            (["--owner", "no-such-user"], "--owner"), (["--owner", ":"], "--owner"),
        ] { try place.refused(line + options, 64, words) }
        // A link is replaced, and what it leads to stays.
        try place.write("target", "kept")
        unlink(place.file("out"))
        symlink(place.file("target"), place.file("out"))
        #expect(try place.user.reseal(line).status == 0)
        #expect(try info("out").st_mode & S_IFMT == S_IFREG)
        #expect(place.text("target") == "kept" && place.text("out") == "first-token")
    }

    @Test func whatIsCurrentIsNotTouched() throws {
        let input = try place.write("in.tmpl", #"{{ secret "app/token" }}"#)
        let line = [
            "template", "--in", input, "--out", place.file("out"), "--", "sh", "-c", "echo $RESEAL_HOME,$1 >> hooks",
            "sh",
            "a b",
        ]
        #expect(try place.user.reseal(line).status == 0)
        let first = try info("out")
        #expect(try place.user.reseal(line).status == 0)
        let second = try info("out")
        #expect(first.st_ino == second.st_ino && place.text("hooks") == ",a b\n")
        try place.user.check("set", "app/token", stdin: "second-token")
        #expect(try place.user.reseal(line).status == 0)
        #expect(try info("out").st_ino != first.st_ino)
        #expect(place.text("out") == "second-token" && place.text("hooks") == ",a b\n,a b\n")
        chmod(place.file("out"), 0o644)
        #expect(try place.user.reseal(line).status == 0)
        #expect(try info("out").st_mode & 0o7777 == 0o600)
    }

    @Test func aHookThatFailsIsAnError() throws {
        let input = try place.write("in.tmpl", #"{{ secret "app/token" }}"#)
        let line = ["template", "--in", input, "--out", place.file("out"), "--"]
        let hook = ["sh", "-c", "echo ran >> hooks; test -e ready"]
        try place.refused(line + hook, 1, "ended with status 1", "template.hook")
        #expect(place.text("out") == "first-token")
        // It is due until it ends well, though the file is current.
        try place.refused(line + hook, 1, "template.hook")
        try place.write("ready", "")
        for _ in 0..<2 { #expect(try place.user.reseal(line + hook).status == 0) }
        #expect(place.text("hooks") == "ran\nran\nran\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.user.work).allSatisfy { !$0.hasPrefix(".") })
        try place.refused(line + ["no-such-program"], 1, "exec.command")
    }

    @Test func aDeathLeavesTheOldFileOrTheNewOneAndTheHookStillRuns() throws {
        let input = try place.write("in.tmpl", #"{{ secret "app/token" }}"#)
        let line = ["template", "--in", input, "--out", place.file("out"), "--", "sh", "-c", "echo ran >> hooks"]
        try place.write("out", "old")
        // The first one is the mark of the hook.
        for (point, content) in [("file.beforeRename:2", "old"), ("template.beforeHook", "first-token")] {
            let died = try place.user.reseal(line, variables: ["RESEAL_FAULT": point])
            #expect(died.status == 137, "\(point)")
            #expect(place.text("out") == content)
            #expect(!place.exists("hooks"))
        }
        for _ in 0..<2 { #expect(try place.user.reseal(line).status == 0) }
        #expect(place.text("out") == "first-token" && place.text("hooks") == "ran\n")
    }

    @Test func itKeepsFilesCurrent() throws {
        let input = try place.write("in.tmpl", #"{{ secret "app/token" }}"#)
        let running = try place.start(
            "template", "--in", input, "--out", place.file("out"), "--watch", "--interval", "1s", "--", "sh", "-c",
            "echo ran >> hooks; test -e ready")
        try place.wait("out") { $0 == "first-token" }
        // It fails at first, and runs until it is well.
        try place.wait("hooks") { $0.hasPrefix("ran\nran\n") }
        try place.write("ready", "")
        try place.user.check("set", "app/token", stdin: "second-token")
        try place.wait("out") { $0 == "second-token" }
        try place.user.check("delete", "app/token")
        try place.wait("../2") { $0.contains("vault.secret-deleted") }
        #expect(place.text("out") == "second-token")
        kill(running.id, SIGTERM)
        #expect(running.wait() == 143)
    }

    @Test func severalStandInOneFile() throws {
        try place.write("a.tmpl", #"{{ secret "app/token" }}"#)
        try place.write("b.tmpl", #"{{ secret "app/db" "user" }}"#)
        let config = try place.write(
            "templates.yaml",
            """
            interval: 5s
            templates:
              - {in: a.tmpl, out: a.out, mode: 0640, hook: [sh, -c, "cat a.out b.out >> hooks"]}
              - in: b.tmpl
                out: \(place.file("b.out"))
                hook: [sh, -c, "cat a.out b.out >> hooks"]
            """)
        try place.user.check("template", "--config", config)
        #expect(place.text("a.out") == "first-token" && place.text("b.out") == "orders")
        #expect(try info("a.out").st_mode & 0o7777 == 0o640)
        #expect(place.text("hooks") == "first-tokenorders")
        try place.write("a.tmpl", "{{ x }}")
        try place.write("b.tmpl", "{{ y }}")
        try place.refused(["template", "--config", config], 1, "a.tmpl:1:4", "b.tmpl:1:4")
        try place.write("templates.yaml", "templates:\n  - {in: a.tmpl, mode: 0666, hok: x}\n")
        try place.refused(["template", "--config", config], 1, "`out`", "`mode` is wrong", "did you mean `hook`?")
        try place.refused(["template", "--config", config, "--in", "x", "--out", "y"], 64, "--config")
        try place.refused(["template", "--in", "x"], 64, "--in and --out")
        try place.refused(["template", "--in", config, "--out", config], 64, "would be written over")
        try place.refused(["template", "--in", "x", "--out", "y", "--interval", "5s"], 64, "--watch")
    }
}
