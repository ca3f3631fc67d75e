import Foundation
import ResealCore
import ResealGit
import ResealHTTP
import ResealSealing
import TestSupport
import Testing

/// Servers and ways to them that ask for more, or behave worse, than usual.
@Suite struct HTTPSPeersTests {
    static let token = "canary-token-71f3"
    let origin: GitFixture
    let folder: TemporaryFolder

    init() throws {
        origin = try GitFixture(named: "config")
        try origin.write("a", "1")
        try origin.commit()
        folder = try TemporaryFolder()
    }

    private func server(_ demands: Set<HTTPSGitServer.Demand>, token: String? = token) throws -> HTTPSGitServer {
        try HTTPSGitServer(serving: origin.folder.path, token: token, demands: demands)
    }

    private func mirror(_ server: HTTPSGitServer, _ path: String = "config/.git") throws -> GitMirror {
        GitMirror(of: try GitSource(server.location(path)), under: folder.path)
    }

    private func credentials(_ server: HTTPSGitServer) -> GitCredentials {
        GitCredentials(token: SecretBytes(utf8: Self.token), caFile: server.caFile)
    }

    /// Fetches, pushes a commit to a bare repository, and fetches that.
    private func expectBothWays(_ server: HTTPSGitServer, _ credentials: GitCredentials) throws {
        try Command.check("git", ["clone", "-q", "--bare", origin.path, origin.folder.file("bare-\(server.port).git")])
        let mirror = try mirror(server, "bare-\(server.port).git")
        let repository = try mirror.fetch(credentials)
        let base = try repository.resolve("main")
        let person = CommitPerson(name: "Bot", email: "bot@example.org", time: Timestamp(seconds: 1_700_000_000))
        let draft = CommitDraft(
            base: base, changes: ["a": .write(Array("2".utf8))], author: person,
            message: CommitMessage(subject: "write"))
        let commit = try #require(try repository.commit(draft))
        for (n, options) in [[], ["ci.skip"]].enumerated() {
            let bare = GitFixture(at: origin.folder.file("bare-\(server.port).git"), in: origin.folder)
            try bare.git("config", "receive.advertisePushOptions", "true")
            let push = GitPush(commit: commit, branch: "b\(n)", mayCreate: true, options: options)
            let outcome = try mirror.push(
                push, credentials: credentials, deadline: TimeSpan(seconds: 60), transport: runner())
            #expect(outcome == .accepted)
        }
        #expect(try mirror.fetch(credentials).resolve("b1") == commit)
    }

    @Test func tls13Alone() throws {
        let server = try server([.latestTLS])
        try expectBothWays(server, credentials(server))
    }

    @Test func aBearerToken() throws {
        let server = try server([.bearer])
        #expect(try mirror(server).fetch(credentials(server)).resolve("main") == origin.id("main"))
        var wrong = credentials(server)
        wrong.token = SecretBytes(utf8: "canary-wrong")
        let failure = #expect(throws: GitFailure(.authentication, "")) { try mirror(server).fetch(wrong) }
        #expect(failure.map { "\($0)".contains("canary") } == false)
        #expect(server.log.split(separator: "\n").filter { $0.contains("canary-wrong") }.count == 1)
    }

    @Test func aClientCertificate() throws {
        let server = try server([.clientCertificate, .latestTLS], token: nil)
        var credentials = GitCredentials(caFile: server.caFile)
        #expect(throws: (any Error).self) { try mirror(server).fetch(credentials) }
        credentials.clientCertificate = .init(certificate: server.clientCertificate, key: server.clientKey)
        try expectBothWays(server, credentials)
        credentials.clientCertificate = .init(certificate: server.clientCertificate, key: server.caFile)
        #expect(throws: GitFailure(.tls, "")) { try mirror(server).fetch(credentials) }
    }

    // MARK: Proxies

    @Test func aProxyOfTheSettings() throws {
        let server = try server([])
        let proxy = try ConnectProxy(login: "ada:canary-proxy")
        var credentials = credentials(server)
        credentials.proxy = "http://ada:canary-proxy@127.0.0.1:\(proxy.port)"
        try expectBothWays(server, credentials)
        #expect(proxy.log.contains("CONNECT localhost:\(server.port)"))
        credentials.proxy = "http://ada:canary-other@127.0.0.1:\(proxy.port)"
        let refused = #expect(throws: GitFailure(.unreachable, "")) { try mirror(server).fetch(credentials) }
        #expect(refused?.message.contains("proxy") == true)
        #expect(refused.map { "\($0)".contains("canary") } == false)
        credentials.proxy = "http://127.0.0.1:\(try LoopbackPort.unused())"
        #expect(throws: GitFailure(.unreachable, "")) { try mirror(server).fetch(credentials) }
        credentials.proxy = "ftp://127.0.0.1"
        #expect(throws: GitFailure(.unreachable, "")) { try mirror(server).fetch(credentials) }
    }

    @Test func aProxyOfTheEnvironment() throws {
        let server = try server([])
        let proxy = try ConnectProxy()
        let setting = "export https_proxy=http://127.0.0.1:\(proxy.port) HTTPS_PROXY= no_proxy="
        func fetch(_ line: String, from host: String = "localhost") throws {
            let location = server.location("config/.git").replacingOccurrences(of: "localhost", with: host)
            let transport = try runner(after: line, in: folder)
            _ = try GitMirror(of: try GitSource(location), under: folder.path).fetch(
                credentials: credentials(server), deadline: TimeSpan(seconds: 30), transport: transport)
        }
        // This machine is reached without it.
        try fetch(setting)
        #expect(proxy.log == "")
        try fetch(setting, from: "git.test")
        #expect(proxy.log.contains("CONNECT git.test:\(server.port)"))
    }

    // MARK: Nonsense

    @Test(arguments: ["page", "nonsense", "cut"]) func nonsenseIsSaidSo(path: String) throws {
        let server = try server([], token: nil)
        let start = ContinuousClock.now
        let failure = #expect(throws: GitFailure(.nonsense, "")) {
            try mirror(server, "\(path)/config/.git").fetch(credentials(server))
        }
        #expect(failure?.message.contains("Git's protocol") == true && failure?.hint != nil)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test(arguments: ["hang", "trickle"]) func anAnswerWithoutAnEndEndsAtTheDeadline(path: String) throws {
        let server = try server([], token: nil)
        let start = ContinuousClock.now
        #expect(throws: GitFailure(.timeout, "")) {
            try mirror(server, "\(path)/config/.git").fetch(credentials(server), within: 2)
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
