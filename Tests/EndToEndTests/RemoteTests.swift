import Foundation
import ResealCore
import TestSupport
import Testing

/// Repositories behind ssh and https, through `--repo`.
@Suite struct RemoteTests {
    static let token = "canary-token-5b81c0"
    let user: Installation

    init() throws { user = try Installation.sealed() }

    private func https(token: String? = token) throws -> (server: HTTPSGitServer, options: [String]) {
        let server = try HTTPSGitServer(serving: user.folder.path, token: Self.token)
        let options = ["--repo", server.location("repository/.git"), "--ca-file", server.caFile]
        guard let token else { return (server, options) }
        return (server, options + ["--token-file", try user.folder.write(token + "\n", to: "token")])
    }

    private func ssh() throws -> (server: SSHServer, options: [String]) {
        let key = user.folder.file("ssh-key")
        let server = try SSHServer(authorizing: [try SSHKey.create(key)])
        let known = try user.folder.write(try server.knownHostsLine(), to: "known_hosts")
        return (
            server, ["--repo", server.location(of: user.repository.path), "--ssh-key", key, "--known-hosts", known]
        )
    }

    private func expectNoToken(sourceLocation: SourceLocation = #_sourceLocation) {
        for run in user.runs {
            for text in [run.result.text, run.result.errorText] {
                #expect(!text.contains("canary"), sourceLocation: sourceLocation)
            }
        }
    }

    @Test func overHTTPS() throws {
        let (server, options) = try https()
        let plan = try user.reseal(["plan"] + options)
        #expect(plan.status == 0, "\(plan.errorText)")
        #expect(plan.text.contains(server.location("repository/.git")) && plan.text.contains("prod/orders-db"))
        #expect(try user.reseal(["apply", "--yes"] + options).status == 0)
        // The mirror follows.
        try user.seal("prod/note", "", "newer")
        try user.repository.commit()
        #expect(try user.reseal(["apply", "--yes"] + options).text.contains("newVersion 1"))
        try user.expect("get", "prod/note", prints: ["newer"])
        #expect(try user.reseal(["validate", "--ref", "main"] + options).status == 0)
        expectNoToken()
    }

    @Test func overSSH() throws {
        let (server, options) = try ssh()
        let apply = try user.reseal(["apply", "--yes"] + options)
        #expect(apply.status == 0, "\(apply.errorText)")
        try user.expect("get", "prod/note", prints: ["generic-value"])
        // A host key that changed.
        try user.folder.write(
            "[127.0.0.1]:\(server.port) ssh-ed25519 \(String(repeating: "A", count: 68))\n", to: "known_hosts")
        let refused = try user.reseal(["plan"] + options)
        #expect(refused.status == 1)
        #expect(refused.errorText.contains("[git."), "\(refused.errorText)")
        withExtendedLifetime(server) {}
    }

    @Test func aSavedPlanOfARemoteRepository() throws {
        let (server, options) = try https()
        try FileManager.default.removeItem(atPath: "\(user.home)/config.yaml")
        let plan = try user.reseal(["plan", "--out", "x.plan", "--identity", user.identity] + options)
        #expect(plan.status == 0, "\(plan.errorText)")
        #expect(!String(decoding: try user.folder.read("work/x.plan"), as: UTF8.self).contains("canary"))
        let apply = try user.reseal(["apply", "x.plan", "--identity", user.identity] + options.dropFirst(2))
        #expect(apply.status == 0, "\(apply.errorText)")
        expectNoToken()
        withExtendedLifetime(server) {}
    }

    @Test func settingsReachTheRemoteToo() throws {
        let (server, options) = try https()
        let lines = stride(from: 0, to: options.count, by: 2).map {
            "\(options[$0].dropFirst(2)): '\(options[$0 + 1])'\n"
        }
        try user.folder.write(lines.joined() + "identity: '\(user.identity)'\n", to: "vault/config.yaml")
        try user.expect("apply", "--yes", prints: ["Applied commit"])
        // Flags win.
        try user.expectFailure("plan", "--token-file", "nowhere", code: "file.unreadable")
        withExtendedLifetime(server) {}
    }

    @Test func aClientCertificateAndAProxy() throws {
        let server = try HTTPSGitServer(
            serving: user.folder.path, token: Self.token, demands: [.clientCertificate, .latestTLS])
        let proxy = try ConnectProxy()
        let options = [
            "--repo", server.location("repository/.git"), "--ca-file", server.caFile, "--token-file",
            try user.folder.write(Self.token, to: "token"), "--proxy", "http://127.0.0.1:\(proxy.port)",
            "--client-certificate", server.clientCertificate,
        ]
        let plan = try user.reseal(["plan"] + options + ["--client-key", server.clientKey])
        #expect(plan.status == 0, "\(plan.errorText)")
        #expect(proxy.log.contains("CONNECT localhost:\(server.port)"))
        let half = try user.reseal(["plan"] + options)
        #expect(half.status == 64 && half.errorText.contains("go together"), "\(half.errorText)")
        expectNoToken()
    }

    @Test func aTokenIsReadAnewEachTime() throws {
        let (server, options) = try https(token: "canary-expired")
        #expect(try user.reseal(["plan"] + options).errorText.contains("[git.authentication]"))
        try user.folder.write(Self.token, to: "token")
        #expect(try user.reseal(["plan"] + options).status == 0)
        expectNoToken()
        withExtendedLifetime(server) {}
    }

    @Test func aBadTokenIsNotRepeated() throws {
        let (server, options) = try https(token: "canary-wrong-token")
        for line in [["plan"], ["plan", "--json"], ["apply", "--yes"], ["apply", "--yes", "--json"]] {
            let result = try user.reseal(line + options)
            #expect(result.status == 1)
            #expect((result.text + result.errorText).contains("git.authentication"))
        }
        let (other, none) = try https(token: nil)
        #expect(try user.reseal(["plan"] + none).errorText.contains("hint: "))
        expectNoToken()
        withExtendedLifetime((server, other)) {}
    }

    @Test func aPasswordInTheLocationIsRefusedAndNotRepeated() throws {
        try user.expectFailure("plan", "--repo", "https://ada:canary@localhost/x.git", code: "git.invalid-location")
        try user.expectFailure("validate", "--repo", "ssh://ada:canary@localhost/x.git", code: "git.invalid-location")
        expectNoToken()
    }

    @Test(arguments: [RudeServer.Manner.silent, .trickling])
    func aRudePeerEndsAtTheTimeout(manner: RudeServer.Manner) throws {
        let server = try RudeServer(manner)
        let start = ContinuousClock.now
        let result = try user.reseal(
            ["plan", "--repo", "https://127.0.0.1:\(server.port)/x.git", "--git-timeout", "1s"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("did not answer in full within 1s [git.timeout]"), "\(result.errorText)")
        #expect(ContinuousClock.now - start < .seconds(10))
        try user.expectFailure(
            "plan", "--repo", "ssh://x@127.0.0.1/y", "--git-timeout", "soon", exits: 64, code: "usage")
        withExtendedLifetime(server) {}
    }

    @Test func whatIsNotThere() throws {
        let (server, options) = try https()
        let missing = options.map { $0.replacing("repository/.git", with: "nothing/.git") }
        let result = try user.reseal(["plan"] + missing)
        #expect(result.status == 1)
        #expect(result.errorText.contains("[git.remote-not-found]"), "\(result.errorText)")
        #expect(try user.reseal(["plan", "--ref", "mian"] + options).errorText.contains("[git.ref-not-found]"))
        try user.expectFailure("plan", "--repo", "file:///nonexistent/x.git", code: "git.remote-not-found")
        // Without its authority, the certificate proves nothing.
        let unknown = try user.reseal(["plan", "--repo", server.location("repository/.git")])
        #expect(unknown.status == 1 && unknown.errorText.contains("[git.tls]"), "\(unknown.errorText)")
    }

    /// Each thread has its own.
    private static func children(of process: pid_t) -> [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            let path = "/proc/\(process)/task/\(thread)/children"
            let ids = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return ids.split(separator: " ").compactMap { pid_t($0) }
        }
    }

    /// Neither the parent nor the child that talks to the server shows the token to others.
    @Test func theTokenIsInNoProcessTable() throws {
        let server = try RudeServer(.silent)
        let token = try user.folder.write(Self.token, to: "token")
        let process = try user.start(
            ["plan", "--repo", "https://127.0.0.1:\(server.port)/x.git", "--token-file", token, "--git-timeout", "5s"])
        var child: pid_t?
        let deadline = ContinuousClock.now + .seconds(10)
        while child == nil, ContinuousClock.now < deadline {
            child = Self.children(of: process.id).first { id in
                FileManager.default.contents(atPath: "/proc/\(id)/cmdline")?.isEmpty == false
            }
            usleep(5000)
        }
        let fetching = try #require(child)
        for id in [process.id, fetching] {
            for name in ["cmdline", "environ"] {
                // A process that cannot be dumped keeps its environment from other processes of its user.
                guard let bytes = FileManager.default.contents(atPath: "/proc/\(id)/\(name)") else { continue }
                #expect(bytes.range(of: Data(Self.token.utf8)) == nil, "\(name)")
            }
        }
        process.kill()
        withExtendedLifetime(server) {}
    }
}
