import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct DeadlineTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test(
        arguments: ["https://localhost", "ssh://git@127.0.0.1", "git://127.0.0.1"],
        [RudeServer.Manner.silent, .trickling])
    func aRudePeerEndsAtTheDeadline(address: String, manner: RudeServer.Manner) throws {
        let server = try RudeServer(manner)
        let source = try GitSource("\(address):\(server.port)/config.git")
        let mirror = GitMirror(of: source, under: folder.path)
        let start = ContinuousClock.now
        let failure = #expect(throws: GitFailure(.timeout, "")) {
            try mirror.fetch(deadline: TimeSpan(seconds: 2), transport: runner())
        }
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(failure?.message.contains(source.displayLocation) == true && failure?.message.contains("2s") == true)
        #expect(failure?.retry == .later)
        withExtendedLifetime(server) {}
    }

    @Test(arguments: ["https://localhost", "ssh://git@127.0.0.1", "git://127.0.0.1"])
    func nonsenseEndsAtOnce(address: String) throws {
        let server = try RudeServer(.babbling)
        let mirror = GitMirror(of: try GitSource("\(address):\(server.port)/config.git"), under: folder.path)
        let start = ContinuousClock.now
        let failure = #expect(throws: GitFailure.self) { try mirror.fetch(within: 20) }
        #expect(failure.map { [.unreachable, .tls, .nonsense].contains($0.kind) } == true, "\(failure?.code ?? "")")
        #expect(ContinuousClock.now - start < .seconds(10))
        withExtendedLifetime(server) {}
    }

    @Test func nothingOfSSHIsLeft() throws {
        let server = try RudeServer(.silent)
        let mirror = GitMirror(of: try GitSource("ssh://127.0.0.1:\(server.port)/x"), under: folder.path)
        let wrapper = try runner(
            after: "export GIT_SSH_COMMAND='echo $$ > \(folder.path)/pid; exec ssh'", in: folder)
        #expect(throws: GitFailure(.timeout, "")) {
            try mirror.fetch(deadline: TimeSpan(seconds: 2), transport: wrapper)
        }
        let pid = try #require(pid_t(try String(contentsOfFile: "\(folder.path)/pid", encoding: .utf8).dropLast()))
        for _ in 0..<100 where kill(pid, 0) == 0 { usleep(20_000) }
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        withExtendedLifetime(server) {}
    }

    @Test func nothingOfTheChildIsLeft() throws {
        let server = try RudeServer(.silent)
        let mirror = GitMirror(of: try GitSource("git://127.0.0.1:\(server.port)/x"), under: folder.path)
        let wrapper = try runner(after: "echo $$ > \(folder.path)/pid", in: folder)
        #expect(throws: GitFailure(.timeout, "")) {
            try mirror.fetch(deadline: TimeSpan(seconds: 1), transport: wrapper)
        }
        let pid = try #require(pid_t(try String(contentsOfFile: "\(folder.path)/pid", encoding: .utf8).dropLast()))
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        withExtendedLifetime(server) {}
    }

    @Test func aFetchCanBeCancelled() throws {
        let server = try RudeServer(.silent)
        let mirror = GitMirror(of: try GitSource("git://127.0.0.1:\(server.port)/x"), under: folder.path)
        let start = ContinuousClock.now
        let transport = TransportRunner(
            executable: try builtProgram(), isCancelled: { ContinuousClock.now - start > .milliseconds(300) })
        #expect(throws: GitFailure(.cancelled, "")) {
            try mirror.fetch(deadline: TimeSpan(seconds: 30), transport: transport)
        }
        #expect(ContinuousClock.now - start < .seconds(3))
        withExtendedLifetime(server) {}
    }

    @Test func theChildDiesWithItsParent() async throws {
        let server = try RudeServer(.silent)
        let (path, port) = (folder.path, server.port)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, port = port as Int] in
            let folder = try TemporaryFolder()
            let wrapper = try runner(after: "echo $$ > \(path)/pid", in: folder)
            Thread.detachNewThread {
                // Time for the child to ask for its parent's death signal.
                while access("\(path)/pid", F_OK) != 0 { usleep(10_000) }
                usleep(700_000)
                kill(getpid(), SIGKILL)
            }
            let mirror = GitMirror(of: try GitSource("git://127.0.0.1:\(port)/x"), under: path)
            _ = try mirror.fetch(deadline: TimeSpan(seconds: 30), transport: wrapper)
        }
        let pid = try #require(pid_t(try String(contentsOfFile: "\(path)/pid", encoding: .utf8).dropLast()))
        for _ in 0..<100 where kill(pid, 0) == 0 { usleep(20_000) }
        #expect(kill(pid, 0) == -1)
        withExtendedLifetime(server) {}
    }

    @Test func aClosedPortIsUnreachable() throws {
        let port = try LoopbackPort.unused()
        for address in ["https://localhost", "ssh://127.0.0.1", "git://127.0.0.1"] {
            let mirror = GitMirror(of: try GitSource("\(address):\(port)/x"), under: folder.path)
            let failure = #expect(throws: GitFailure(.unreachable, ""), "\(address)") { try mirror.fetch() }
            #expect(failure?.retry == .later)
        }
        let mirror = GitMirror(of: try GitSource("https://no-such-host.invalid/x"), under: folder.path)
        #expect(throws: GitFailure(.unreachable, "")) { try mirror.fetch() }
    }
}
