import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct MirrorTests {
    let origin: GitFixture
    let folder: TemporaryFolder
    let mirror: GitMirror

    init() throws {
        origin = try GitFixture()
        folder = try TemporaryFolder()
        mirror = GitMirror(of: try GitSource("file://\(origin.path)"), under: "\(folder.path)/mirrors")
        try origin.write("a", "1")
        try origin.commit()
    }

    @Test func aCloneHasEveryBranchAndTag() throws {
        try origin.git("branch", "release/1")
        try origin.git("tag", "--annotate", "--message", "x", "v1")
        #expect(throws: GitFailure(.notARepository, "")) { try mirror.open() }
        let repository = try mirror.fetch()
        #expect(try repository.references() == ["refs/heads/main", "refs/heads/release/1", "refs/tags/v1"])
        #expect(try repository.resolve("HEAD") == origin.id("HEAD"))
        #expect(repository.workFolder == nil)
        var info = stat()
        for path in [mirror.path, "\(folder.path)/mirrors"] {
            #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o700)
        }
        #expect(try Command.run("git", ["-C", mirror.path, "fsck", "--full"]).status == 0)
    }

    @Test func oneMoreReferenceIsBroughtOver() throws {
        try origin.write("a", "of a request")
        let request = try origin.commit()
        try origin.git("update-ref", "refs/pull/7/head", "\(request)")
        try origin.git("reset", "--quiet", "--hard", "HEAD~1")
        func fetch(_ reference: String?) throws -> GitRepository {
            try mirror.fetch(reference, deadline: TimeSpan(seconds: 30), transport: runner())
        }
        #expect(try fetch(nil).references() == ["refs/heads/main"])
        let repository = try fetch("refs/pull/7/head")
        #expect(try repository.references() == ["refs/heads/main", GitMirror.requested])
        #expect(try repository.resolve(GitMirror.requested) == request)
        // What the remote does not have leaves nothing of an earlier answer.
        #expect(try fetch("refs/pull/8/head").references() == ["refs/heads/main"])
    }

    @Test func laterFetchesFollowTheRemote() throws {
        try origin.git("branch", "doomed")
        try origin.git("tag", "doomed-tag")
        try origin.git("branch", "nested")
        try mirror.fetch()
        try origin.git("branch", "-D", "doomed", "nested")
        try origin.git("tag", "-d", "doomed-tag")
        try origin.git("branch", "nested/below")
        try origin.write("a", "2")
        let second = try origin.commit()
        var repository = try mirror.fetch()
        #expect(try repository.references() == ["refs/heads/main", "refs/heads/nested/below"])
        #expect(try repository.resolve("main") == second)
        // Rewritten history, a moved tag and another default branch.
        try origin.git("tag", "moved")
        try mirror.fetch()
        try origin.git("reset", "--quiet", "--hard", "HEAD~1")
        try origin.write("b", "3")
        let rewritten = try origin.commit()
        try origin.git("tag", "--force", "moved")
        try origin.git("checkout", "--quiet", "-b", "trunk")
        repository = try mirror.fetch()
        #expect(try repository.resolve("main") == rewritten)
        #expect(try repository.resolve("moved") == rewritten)
        #expect(try !repository.isAncestor(second, of: rewritten))
        try origin.git("branch", "-D", "main")
        repository = try mirror.fetch()
        #expect(try repository.resolve("HEAD") == rewritten)
        #expect(try repository.references() == ["refs/heads/nested/below", "refs/heads/trunk", "refs/tags/moved"])
    }

    @Test func anEmptyRemoteIsAnUnbornBranch() throws {
        let empty = try GitFixture(bare: true)
        let mirror = GitMirror(of: try GitSource("file://\(empty.path)", ref: "main"), under: folder.path)
        let repository = try mirror.fetch()
        #expect(throws: GitFailure(.unbornBranch, "")) { try repository.resolve("main") }
        #expect(throws: GitFailure(.unbornBranch, "")) { try repository.resolve("HEAD") }
    }

    @Test func aMissingRemoteIsSaidSo() throws {
        let mirror = GitMirror(of: try GitSource("file:///nonexistent/config.git"), under: folder.path)
        let failure = #expect(throws: GitFailure(.remoteNotFound, "")) { try mirror.fetch() }
        #expect(failure?.message.contains("file:///nonexistent/config.git") == true)
    }

    @Test(arguments: [
        "git.mirror.drafted", "git.fetch.receiving", "git.fetch.receiving:20", "git.fetch.downloaded",
        "git.fetch.pruned",
        "git.fetch.updated",
    ])
    func aDeathAtAnyMomentLeavesAUsableMirror(point: String) throws {
        try mirror.fetch()
        let before = try origin.id("HEAD")
        for n in 0..<40 { try origin.write("folder\(n)/file", "content \(n)") }
        try origin.git("checkout", "--quiet", "-b", "second")
        let after = try origin.commit()
        try origin.git("branch", "--force", "main")
        // A first fetch into a new mirror, and a later one into an old mirror.
        let fresh = GitMirror(of: mirror.source, under: "\(folder.path)/fresh")
        let dying = try runner(after: "export RESEAL_FAULT=\(point)", in: folder)
        for target in [mirror, fresh] where point != "git.mirror.drafted" {
            #expect(throws: GitFailure(.native, "")) {
                try target.fetch(deadline: TimeSpan(seconds: 30), transport: dying)
            }
            // libgit2's own locks, as a death within a write leaves them.
            for lock in ["refs/heads/main.lock", "refs/heads/second.lock", "HEAD.lock", "packed-refs.lock"] {
                try Data().write(to: URL(fileURLWithPath: "\(target.path)/\(lock)"))
            }
            try Data().write(to: URL(fileURLWithPath: "\(target.path)/objects/pack/pack_git2_abcdef"))
            let left = try target.open()
            if let main = try? left.resolve("main") {
                #expect([before, after].contains(main))
                _ = try left.files(inTree: left.commit(main).tree, prefix: "")
            }
        }
        for target in [mirror, fresh] {
            let repository = try target.fetch()
            #expect(try repository.resolve("main") == after)
            #expect(try Command.run("git", ["-C", target.path, "fsck", "--full"]).status == 0)
            let packs = try FileManager.default.contentsOfDirectory(atPath: "\(target.path)/objects/pack")
            #expect(packs.allSatisfy { $0.hasPrefix("pack-") })
        }
    }

    @Test func aDeathWhileTheMirrorIsMadeIsRepaired() async throws {
        let location = "file://\(origin.path)"
        let parent = "\(folder.path)/dying"
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [location = location as String, parent = parent as String] in
            setenv("RESEAL_FAULT", "git.mirror.drafted", 1)
            _ = try GitMirror(of: GitSource(location), under: parent).fetch()
        }
        let mirror = GitMirror(of: try GitSource(location), under: parent)
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent).contains { $0.hasSuffix(".new") })
        #expect(throws: GitFailure(.notARepository, "")) { try mirror.open() }
        #expect(try mirror.fetch().resolve("main") == origin.id("main"))
        #expect(try !FileManager.default.contentsOfDirectory(atPath: parent).contains { $0.hasSuffix(".new") })
    }

    @Test func aDamagedMirrorCanBeDiscarded() throws {
        try mirror.fetch()
        try FileManager.default.removeItem(atPath: "\(mirror.path)/objects")
        try mirror.discard(deadline: TimeSpan(seconds: 5))
        #expect(throws: GitFailure(.notARepository, "")) { try mirror.open() }
        #expect(try mirror.fetch().resolve("main") == origin.id("main"))
    }

    @Test func parallelFetchesTakeTurns() async throws {
        try await withThrowingTaskGroup(of: ObjectID.self) { group in
            for _ in 0..<4 { group.addTask { try mirror.fetch().resolve("main") } }
            for try await id in group { #expect(try id == origin.id("main")) }
        }
    }

    @Test func tooMuchIsCutOff() throws {
        try origin.write(
            "big", String((0..<200_000).map { _ in Character(Unicode.Scalar(UInt8.random(in: 48...122))) }))
        try origin.commit()
        #expect(throws: GitFailure(.tooLarge, "")) {
            try mirror.fetch(deadline: TimeSpan(seconds: 30), maximumBytes: 50_000, transport: runner())
        }
        #expect(try mirror.fetch().resolve("main") == origin.id("main"))
    }

    @Test func progressIsReported() throws {
        var stream = "commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\n"
        for n in 0..<20_000 { stream += "M 644 inline d\(n % 200)/f\(n)\ndata <<E\n\(n)\nE\n" }
        try origin.fastImport(stream)
        let seen = Box<TransportProgress>()
        let transport = TransportRunner(executable: try builtProgram(), onProgress: { seen.append($0) })
        _ = try mirror.fetch(deadline: TimeSpan(seconds: 60), transport: transport)
        let reports = seen.values
        #expect(reports.last.map { $0.totalObjects > 20_000 && $0.receivedObjects > 0 } == true)
    }

    @Test func aProgramThatIsNotOursIsAnError() throws {
        for program in ["/bin/true", "/bin/cat", "/nonexistent"] {
            #expect(throws: GitFailure(.native, ""), "\(program)") {
                try mirror.fetch(deadline: TimeSpan(seconds: 20), transport: TransportRunner(executable: program))
            }
        }
    }
}

/// Values gathered from another thread.
final class Box<Value: Sendable>: @unchecked Sendable {
    // All access is under the lock.
    private var stored: [Value] = []
    private let lock = NSLock()
    func append(_ value: Value) { lock.withLock { stored.append(value) } }
    var values: [Value] { lock.withLock { stored } }
}
