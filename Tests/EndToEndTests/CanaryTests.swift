import Foundation
import ResealCore
import TestSupport
import Testing

/// A plaintext for each way in goes through every command, flag, error path and output format; afterwards it stands
/// nowhere but in the answers to `get` and `get-many`.
@Suite struct CanaryTests {
    private let user: Installation
    private let sealed: [String: Canary]
    private let byHand = ["stdin", "file", "field", "prompt", "command line"].map { Canary($0) }
    private let secondSealing = Canary("second sealing")
    private let plain = Canary("plain field")
    private let token = Canary("token")
    private let passphrase = Canary("passphrase")

    init() throws {
        user = try Installation()
        sealed = Dictionary(
            uniqueKeysWithValues: SampleRepository.fields.map {
                ("\($0.secret) \($0.field)", Canary("sealed \($0.secret)"))
            })
    }

    @Test func nothingLeaks() throws {
        try fill()
        var screens = try readAndPlan()
        screens += try writeByHand()
        try goWrong()
        let server = try fetchFromAServer()

        var scanner = LeakScanner(try canaries())
        for run in user.runs {
            let line = "reseal \(run.arguments.joined(separator: " "))"
            let isAnswer = ["get", "get-many"].contains(run.arguments.first) || run.arguments == ["keygen"]
            if !isAnswer { scanner.scan(run.result.stdout, at: "stdout of \(line)") }
            scanner.scan(run.result.stderr, at: "stderr of \(line)")
        }
        for screen in screens { scanner.scan(Array(screen.utf8), at: "a terminal") }
        // What the test itself wrote, and the keys where they belong.
        let inputs: [String: Set<String>?] = [
            "value": nil, "token": nil, "passphrase": nil, "key.txt": nil, "vault/root.key": ["root key"],
            "second-vault/root.key": nil,
        ]
        try scanner.scan(folder: user.folder.path) { file in
            if let channels = inputs[file] { return channels }
            return file.hasPrefix("repository/") ? [plain.channel] : []
        }
        try scanner.scan(repository: user.repository.path, allowing: [plain.channel])
        let mirrors = try FileManager.default.contentsOfDirectory(atPath: "\(user.home)/mirrors")
        for mirror in mirrors where mirror.hasSuffix(".git") {
            try scanner.scan(repository: "\(user.home)/mirrors/\(mirror)", allowing: [plain.channel])
        }
        #expect(scanner.leaks == [])
        #expect(scanner.scanned > 300_000)
        #expect(try FileManager.default.contentsOfDirectory(atPath: user.folder.file("tmp")) == [])
        #expect(mirrors.contains { $0.hasSuffix(".git") })
        // The scanner would have found them: they are in the answers.
        var answers = LeakScanner(try canaries())
        for run in user.runs where ["get", "get-many"].contains(run.arguments.first) {
            answers.scan(run.result.stdout, at: "an answer")
        }
        let seen = Set(answers.leaks.map { String($0.prefix { $0 != "(" }.dropLast()) })
        let expected = Set((Array(sealed.values) + byHand + [secondSealing, plain]).map(\.channel))
        #expect(expected.isSubset(of: seen), "\(expected.subtracting(seen))")
        withExtendedLifetime(server) {}
    }

    private func canaries() throws -> [Canary] {
        let key = String(decoding: try user.folder.read("key.txt"), as: UTF8.self)
        let identity = try #require(key.firstMatch(of: /AGE-SECRET-KEY-1[A-Z0-9]+/)?.output)
        let root = try #require(
            String(decoding: try user.folder.read("vault/root.key"), as: UTF8.self).split(separator: ":").last)
        return Array(sealed.values) + byHand + [
            secondSealing, plain, token, passphrase, Canary("identity", madeUp: String(identity)),
            Canary("root key", madeUp: root.trimmingCharacters(in: .newlines)),
        ]
    }

    // MARK: Steps

    private func fill() throws {
        try user.fillRepository { sealed["\($0.secret) \($0.field)"]?.value ?? "" }
        let text = try String(contentsOfFile: "\(user.repository.path)/manifests/all.yaml", encoding: .utf8)
        try user.repository.write("manifests/all.yaml", text.replacing("db.internal", with: plain.mark))
        try user.repository.commit()
        try user.check("init", "--repo", user.repository.path, "--identity", user.identity)
    }

    /// Every command that reads, in every form. Gives back what appeared on terminals.
    private func readAndPlan() throws -> [String] {
        let lines = [
            "validate --repo REPO", "validate --repo REPO --strict --json", "validate --repo REPO --ref main", "plan",
            "plan --json", "plan --markdown", "plan --full", "plan --worktree", "plan --base main",
            "plan --base main --json",
            "plan --detailed-exitcode", "plan --out saved.plan", "apply", "apply saved.plan", "apply --yes --json",
            "list",
            "list --json", "versions prod/note", "versions prod/note --json", "get prod/orders-db",
            "get prod/orders-db --json", "get prod/orders-db --field password",
            "get prod/orders-db --field host --json",
            "get prod/note --version 1", "get prod/nothing", "get prod/note --field nothing",
            "get-many prod/tls prod/signing prod/oauth prod/settings prod/blob prod/strict prod/kept prod/maps-api",
            "key rotate", "key rotate --json", "status", "status --json", "audit list", "audit list --json",
            "audit verify", "audit verify --json", "schema",
        ]
        for line in lines {
            let words = line.split(separator: " ").map { $0 == "REPO" ? user.repository.path : String($0) }
            let result = try user.reseal(words)
            #expect(result.status != 64 || line == "apply", "\(line): \(result.errorText)")
        }
        return try ["plan", "list", "status", "audit list", "versions prod/note"].map { line in
            try user.atTerminal(line.split(separator: " ").map(String.init)).screen
        }
    }

    private func writeByHand() throws -> [String] {
        let file = try user.folder.write(byHand[1].value, to: "value")
        try user.check("set", "made/stdin", stdin: byHand[0].value)
        try user.check("set", "made/file", "--from-file", file, "--json")
        try user.check("set", "prod/orders-db", "--field", "password", stdin: byHand[2].value)
        let prompt = try user.atTerminal(
            ["set", "made/prompt"], dialogue: [.init("Value of made/prompt: ", "\(byHand[3].mark)\n")])
        // The one way that puts it into the process table.
        try user.check("set", "made/argv", "--insecure-value", byHand[4].value)
        try user.check("get-many", "made/stdin", "made/file", "made/prompt", "made/argv", "prod/orders-db")
        for line in [["plan"], ["plan", "--json"], ["plan", "--markdown"], ["apply", "--yes"]] { try user.reseal(line) }
        try user.check("rollback", "prod/orders-db", "--to", "1", "--json")
        try user.check("delete", "made/stdin")
        try user.check("rollback", "made/stdin")
        try user.check("delete", "made/file", "--destroy", "--json")
        for field in ["", "--json"] {
            try user.reseal(
                ["seal", "prod/note", "--repo", user.repository.path] + (field.isEmpty ? [] : [field]),
                stdin: Array(secondSealing.value.utf8))
        }
        try user.repository.commit()
        let asked = try user.atTerminal(
            ["apply"], dialogue: [.init("Apply this plan? Only `yes` is taken as a yes: ", "yes\n")])
        #expect(asked.status == 0, "\(asked.screen)")
        try user.check("get", "prod/note")
        return [prompt.screen, asked.screen]
    }

    /// Errors with the plaintext at hand.
    private func goWrong() throws {
        let repository = user.repository.path
        let value = Array(byHand[0].value.utf8)
        try user.reseal(["set", "Bad Name"], stdin: value)
        try user.reseal(["set", "made/stdin", "--field", "x"], stdin: value)
        try user.reseal(["set", "made/stdin", byHand[0].mark])
        try user.reseal(["seal", "prod/missing", "--repo", repository], stdin: value)
        try user.reseal(["seal", "prod/blob", "--field", "x", "--repo", repository], stdin: value)
        try user.reseal(["set", "made/x"], stdin: value, wrapper: ["prlimit", "--fsize=4096"])
        try user.reseal(["seal", "prod/note", "--repo", repository], stdin: value, wrapper: ["prlimit", "--fsize=10"])
        try user.reseal(["apply", "--yes", "--allow-rewritten-history"], wrapper: ["prlimit", "--fsize=4096"])
        try user.reseal(["age", "-e", "-r", "age1wrong"], stdin: value)
        try user.reseal(["age", "-d", "-i", user.identity], stdin: value)
        // A secret key where a public one belongs.
        let key = String(decoding: try user.folder.read("key.txt"), as: UTF8.self)
        let identity = key.split(separator: "\n").last.map(String.init) ?? ""
        try user.folder.write("\(identity)\n", to: "value")
        try user.reseal(["age", "-R", user.folder.file("value")], stdin: [1])
        let text = try String(contentsOfFile: "\(repository)/manifests/recipients.yaml", encoding: .utf8)
        let wrong = text.replacing(try user.recipient(), with: identity)
        try user.repository.write("manifests/recipients.yaml", wrong)
        #expect(try user.reseal(["validate", "--repo", repository]).status == 1)
        try user.repository.write("manifests/recipients.yaml", text)
        let words = try user.folder.write(passphrase.mark + "\n", to: "passphrase")
        let other = ["--home", user.folder.file("second-vault")]
        try user.check("init", "--home", user.folder.file("second-vault"), "--passphrase", "--passphrase-file", words)
        try user.folder.write(passphrase.mark + "x\n", to: "passphrase")
        try user.reseal(["get", "x", "--passphrase-file", words] + other)
        try user.reseal(["get", "x", "--passphrase-file", words, "--json"] + other)
    }

    private func fetchFromAServer() throws -> HTTPSGitServer {
        let server = try HTTPSGitServer(serving: user.folder.path, token: token.mark)
        let file = try user.folder.write(token.mark + "\n", to: "token")
        let options = ["--repo", server.location("repository/.git"), "--ca-file", server.caFile, "--token-file", file]
        for line in [
            ["plan"], ["plan", "--json", "--out", "remote.plan"], ["apply", "--yes"], ["validate", "--ref", "main"],
        ] {
            let result = try user.reseal(line + options)
            #expect(result.status == 0, "\(result.text) \(result.errorText)")
        }
        try user.folder.write("wrong\(token.mark)\n", to: "token")
        #expect(try user.reseal(["plan"] + options).status == 1)
        return server
    }
}
