import Foundation
import ResealCore
import TestSupport
import Testing

/// What commands do with their standard streams and with a terminal.
@Suite struct StreamTests {
    let user: Installation

    init() throws { user = try Installation.applied() }

    /// Runs `reseal` by a line of the shell, as `"$@"`.
    private func shell(_ line: String, _ arguments: String...) throws -> Command.Result {
        try user.reseal(arguments, wrapper: ["bash", "-o", "pipefail", "-c", line, "bash"])
    }

    // MARK: Closed streams

    @Test func aReaderThatLeavesStopsNothing() throws {
        let value = String(repeating: "x", count: 1 << 20)
        try user.check("set", "made/long", stdin: value)
        for line in [["get", "made/long"], ["list"], ["audit", "list"], ["--help"], ["schema"]] {
            let result = try user.reseal(line, wrapper: ["bash", "-c", #""$@" | true; exit ${PIPESTATUS[0]}"#, "bash"])
            #expect(result.status == 0, "\(line)")
            #expect(result.errorText == "", "\(line)")
        }
        // What has an effect still has it.
        try user.writeSecret("made/new")
        try user.repository.commit()
        #expect(try shell(#"sleep 0.2 | "$@" | true"#, "apply", "--yes").status == 0)
        try user.expect("get", "made/new", prints: ["plain"])
    }

    @Test func aFullOutputIsAnError() throws {
        for line in [["get", "prod/note"], ["list", "--json"], ["audit", "verify"]] {
            let result = try user.reseal(line, wrapper: ["sh", "-c", #"exec "$@" > /dev/full"#, "sh"])
            #expect(result.status == 1, "\(line)")
            #expect(result.errorText.contains("cannot write to standard output: No space left"), "\(result.errorText)")
        }
    }

    @Test(arguments: ["0", "1", "2", "0 1 2"])
    func closedStreamsHitNoFile(streams: String) throws {
        let closing = streams.split(separator: " ").map { "\($0)>&-" }.joined(separator: " ")
        for line in [
            ["set", "made/new", "--insecure-value", "x"], ["get", "made/new"], ["list"], ["plan"], ["nonsense"],
        ] {
            _ = try user.reseal(line, stdin: [0x78], wrapper: ["sh", "-c", "exec \"$@\" \(closing)", "sh"])
        }
        try user.expect("get", "made/new", prints: ["x"])
        try user.expect("audit", "verify", prints: ["is whole"])
        let first = try user.folder.read("vault/vault.db").prefix(15)
        #expect(String(decoding: first, as: UTF8.self) == "SQLite format 3")
    }

    @Test func aClosedInputIsNoEmptyValue() throws {
        for line in [["set", "prod/note"], ["seal", "prod/note", "--repo", user.repository.path, "--print"]] {
            let result = try user.reseal(line, wrapper: ["sh", "-c", #"exec "$@" <&-"#, "sh"])
            #expect(result.status == 1, "\(line)")
            #expect(result.errorText.contains("cannot read stdin"), "\(result.errorText)")
        }
        try user.expect("get", "prod/note", prints: ["generic-value"])
    }

    @Test func withoutATerminalThereIsNobodyToAsk() throws {
        let result = try user.reseal(["age", "-p"], stdin: Array("x".utf8), wrapper: ["setsid", "--wait"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("no terminal to ask at"))
        #expect(result.errorText.contains("hint: "))
    }

    // MARK: Terminal

    @Test func coloursAreForTerminals() throws {
        try user.check("set", "prod/strict", stdin: "drifted")
        let lines = [["plan"], ["get", "nowhere"], ["validate", "--repo", "/nonexistent"]]
        for line in lines {
            let shown = try user.atTerminal(line)
            #expect(shown.screen.contains("\u{1b}["), "\(line): \(shown.screen)")
            for variables in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
                #expect(!(try user.atTerminal(line, variables: variables).screen.contains("\u{1b}[")), "\(line)")
            }
            #expect(try user.atTerminal(line, variables: ["NO_COLOR": ""]).screen.contains("\u{1b}["), "\(line)")
            let piped = try user.reseal(line)
            #expect(!(piped.text + piped.errorText).contains("\u{1b}"), "\(line)")
        }
        for form in ["--json", "--markdown"] {
            #expect(!(try user.atTerminal(["plan", form]).screen.contains("\u{1b}[")))
        }
    }

    @Test func aValueEndsItsLineOnATerminalOnly() throws {
        #expect(try user.atTerminal(["get", "prod/note"]).screen == "generic-value\n")
        #expect(try user.reseal(["get", "prod/note"]).stdout == Array("generic-value".utf8))
    }

    @Test func progressIsShownOnATerminalWhenWorkIsLong() throws {
        var stream =
            "commit refs/heads/main\ncommitter B <b@example.org> 1700000000 +0000\ndata 1\nxfrom refs/heads/main^0\n"
        for number in 0..<1500 {
            let text = "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: many/s\(number)}\nspec: {value: x}\n"
            stream += "M 100644 inline manifests/many/s\(number).yaml\ndata \(text.utf8.count)\n\(text)"
        }
        try user.repository.fastImport(stream + "\n")
        let shown = try user.atTerminal(["plan"])
        #expect(shown.status == 0)
        #expect(shown.screen.contains("reading manifests: "))
        // The line is wiped before the plan.
        #expect(shown.screen.contains("\r\u{1b}[K"))
        let piped = try user.expect("plan", notes: nil)
        #expect(!piped.text.contains("reading manifests"))
        // Of a small repository it says nothing.
        #expect(!(try Installation.applied().atTerminal(["plan"]).screen.contains("reading")))
    }

    @Test func anInterruptedQuestionLeavesTheTerminalAsItWas() throws {
        let result = try user.atTerminal(["set", "prod/note"], dialogue: [.init("Value of prod/note: ", "half\u{3}")])
        #expect(result.status == 128 + SIGINT, "\(result.screen)")
        #expect(result.echoes)
        try user.expect("get", "prod/note", prints: ["generic-value"])
    }
}
