import Foundation
import ResealCore
import TestSupport
import Testing

/// A plaintext that stands where it should not is not repeated by the message about it.
@Suite struct MisplacedCanaryTests {
    private let user: Installation
    private let canary = Canary("misplaced")

    init() throws { user = try Installation.sealed() }

    /// Runs each command as text and as JSON; all must fail and stay silent about the canary.
    private func expectSilence(
        _ lines: [[String]], stdin: String = "", mayPass: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for line in lines {
            let result = try user.reseal(line, stdin: Array(stdin.utf8))
            #expect(mayPass || result.status != 0, "\(line)", sourceLocation: sourceLocation)
            #expect(!(result.text + result.errorText).isEmpty, sourceLocation: sourceLocation)
            var scanner = LeakScanner([canary])
            scanner.scan(result.stdout, at: "\(result.text)")
            scanner.scan(result.stderr, at: "\(result.errorText)")
            #expect(scanner.leaks == [], sourceLocation: sourceLocation)
        }
    }

    private var commands: [[String]] {
        [["validate", "--repo", user.repository.path, "--json"], ["plan", "--worktree"]]
    }

    @Test(arguments: [
        "spec:\n  valeu: MARK\n", "spec:\n  value: x\n  type: MARK\n", "spec:\n  value: x\n  keepPrevious: MARK\n",
        "spec:\n  value: x\n  password: MARK\n", "spec:\n  value: {password: MARK, password: MARK}\n",
        "spec:\n  value: x\n  value: MARK\n", "spec:\n  value: [MARK]\n", "spec:\n  value: x\n  expiresAt: MARK\n",
        "spec:\n  value: x\n  permissions: {read: [MARK]}\n", "spec:\n  value: x\n  deletionProtection: MARK\n",
        "spec:\n  value: x\n  rotation: {every: MARK}\n", "spec:\n  value: !!binary MARK_\n",
        "spec:\n  value: !MARK x\n",
        "spec:\n  value: \"MARK\n", "spec:\n  value: {password: MARK\n", "spec:\n  value: MARK: x: y\n",
        "spec:\n  value: @MARK\n", "spec:\n  value: |MARK\n", "spec: MARK\n", "spec:\n  value:\n   MARK\n  x\n",
        "spec:\n  value: {fromFile: ../MARK}\n", "spec:\n  value: {fromSOPS: MARK, fromFile: MARK}\n",
        "MARK\n", "spec:\n  value: \u{7}MARK\n", "spec:\n  value: *MARK\n", "spec:\n  value: {MARK, MARK}\n",
        "spec:\n  value: {MARK!: x, MARK!: y}\n",
        "spec:\n  MARKMARKMARK: x\n", "spec:\n  value: {fromFile: MARK}\n", "spec:\n  value: {fromFile: MARK/MARK}\n",
        "spec:\n  value: {fromSOPS: MARK}\n",
        "spec: {value: x}\n---\napiVersion: reseal/v1\nkind: Connection\nmetadata: {name: c}\nspec:\n"
            + "  engine: postgresql\n  endpoint: main\n  database: x\n  credentialsFrom: {secret: MARK}\n",
        "spec:\n  value: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    MARK\n    -----END AGE ENCRYPTED FILE-----\n",
        "spec:\n  value: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    MARK\n",
    ])
    func inAManifest(spec: String) throws {
        let text =
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: made/new}\n"
            + spec.replacing("MARK", with: canary.mark)
        try user.repository.write("manifests/new.yaml", text)
        try expectSilence(commands)
    }

    @Test(arguments: ["apiVersion: MARK\nkind: Secret\n", "apiVersion: reseal/v1\nkind: MARK\n", "MARK\n", "- MARK\n"])
    func inTheHeadOfAManifest(text: String) throws {
        try user.repository.write("manifests/new.yaml", text.replacing("MARK", with: canary.mark))
        try expectSilence(commands)
    }

    @Test func inTheFileOfAnotherSecret() throws {
        // The error is elsewhere in the file, and its line is not shown.
        try user.repository.write(
            "manifests/new.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: made/new}\nspec:\n  value: \(canary.mark)\n  typ: x\n"
        )
        try expectSilence(commands + [["seal", "made/new", "--repo", user.repository.path]], stdin: canary.mark)
    }

    @Test(arguments: [
        "MARK\n", "AGE-SECRET-KEY-1MARK\n", "# created\nage1MARK\n", "AGE-PLUGIN-MARK-1\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nMARK\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN AGE ENCRYPTED FILE-----\nMARK\n-----END AGE ENCRYPTED FILE-----\n", "age-encryption.org/v1\nMARK\n",
    ])
    func inAnIdentityFile(text: String) throws {
        let file = try user.folder.write(text.replacing("MARK", with: canary.mark), to: "identity")
        let sealed = try Command.check("age", ["-r", try user.recipient()], stdin: [1]).stdout
        let box = try user.folder.write(sealed, to: "x.age")
        try expectSilence([
            ["plan", "--identity", file], ["plan", "--identity", file, "--json"],
            ["apply", "--yes", "--identity", file],
            ["age", "-d", "-i", file, box], ["keygen", "-y", file], ["age", "-R", file, box],
            ["age", "-e", "-i", file, box],
        ])
    }

    @Test(arguments: [
        "-----BEGIN AGE ENCRYPTED FILE-----\nMARK\n-----END AGE ENCRYPTED FILE-----\n",
        "-----BEGIN AGE ENCRYPTED FILE-----\nMARK", "age-encryption.org/v1\n-> X25519 MARK\nMARK\n--- MARK\nMARK",
        "age-encryption.org/v1\n-> MARK MARK\n", "age-encryption.org/vMARK\n", "MARK",
    ])
    func inAFileToOpen(text: String) throws {
        try expectSilence(
            [["age", "-d", "-i", user.identity]], stdin: text.replacing("MARK", with: canary.mark))
        try user.repository.write("manifests/blob.age", text.replacing("MARK", with: canary.mark))
        try expectSilence(commands)
    }

    @Test func inSettingsAndPlans() throws {
        for text in [
            "\(canary.mark)\n", "repo: [\(canary.mark)]\n", "repo: \"\(canary.mark)\n",
            "repo: https://a:\(canary.mark)@h/x\n",
        ] {
            try user.folder.write("identity: '\(user.identity)'\n" + text, to: "vault/config.yaml")
            try expectSilence([["plan"], ["plan", "--json"], ["apply", "--yes", "--json"]])
        }
        for text in [
            canary.mark, "{\"format\":\"reseal-plan-1\",\"plan_id\":\"\(canary.mark)\"}", "{\"\(canary.mark)\":",
        ] {
            let file = try user.folder.write(text, to: "x.plan")
            try expectSilence([["apply", file], ["apply", file, "--json"]])
        }
    }

    @Test func inKeyFilesOfTheVault() throws {
        for text in [canary.mark, "RESEAL-ROOT-KEY-1:\(canary.mark)"] {
            try user.folder.write(text, to: "vault/root.key")
            try expectSilence([
                ["status"], ["get", "x"], ["plan"], ["apply", "--yes", "--json"], ["audit", "verify"],
            ])
        }
    }

    @Test func onStandardInputAsNames() throws {
        try expectSilence([["get-many", "-"], ["get-many", "-", "--json"]], stdin: "UPPER \(canary.value)\n")
    }

    /// A process that ends by a signal leaves no memory behind.
    @Test func aCrashLeavesNoCore() throws {
        let server = try RudeServer(.silent)
        let token = try user.folder.write(canary.mark, to: "token")
        let line = [
            "plan", "--repo", "https://127.0.0.1:\(server.port)/x.git", "--token-file", token, "--git-timeout", "20s",
        ]
        let process = try user.start(
            line, wrapper: ["bash", "-c", "ulimit -c unlimited; cd \(user.work); exec \"$@\"", "bash"])
        let limits = "/proc/\(process.id)/limits"
        let deadline = ContinuousClock.now + .seconds(10)
        var core = ""
        while !core.hasSuffix(" 0 0"), ContinuousClock.now < deadline {
            let text = (try? String(contentsOfFile: limits, encoding: .utf8)) ?? ""
            let row = text.split(separator: "\n").first { $0.hasPrefix("Max core file size") } ?? ""
            core = row.split(separator: " ").dropLast().suffix(2).reduce("") { "\($0) \($1)" }
            usleep(2000)
        }
        #expect(core == " 0 0")
        kill(process.id, SIGABRT)
        process.wait()
        #expect(try FileManager.default.contentsOfDirectory(atPath: user.work).filter { $0.hasPrefix("core") } == [])
        withExtendedLifetime(server) {}
    }
}
