import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct ResolveTests {
    let fixture: GitFixture
    let first: ObjectID
    let second: ObjectID

    init() throws {
        fixture = try GitFixture()
        try fixture.write("a", "1")
        first = try fixture.commit("first")
        try fixture.git("tag", "light")
        try fixture.git("tag", "--annotate", "--message", "a tag", "v1.0")
        try fixture.git("branch", "release/2024")
        try fixture.write("a", "2")
        second = try fixture.commit("second\nline\n\nbody")
    }

    @Test func namesOfEveryKindLeadToTheCommit() throws {
        let repository = try GitRepository(opening: fixture.path)
        for name in ["main", "HEAD", "refs/heads/main", second.description, second.short, "\(second)".uppercased()] {
            #expect(try repository.resolve(name) == second, "\(name)")
        }
        for name in ["light", "v1.0", "release/2024", "refs/tags/v1.0", "HEAD~1", "main^", "main~1^0", "HEAD~"] {
            #expect(try repository.resolve(name) == first, "\(name)")
        }
    }

    @Test func aBranchWinsOverATagOfTheSameName() throws {
        try fixture.git("tag", "both", first.description)
        try fixture.git("branch", "both", second.description)
        #expect(try GitRepository(opening: fixture.path).resolve("both") == second)
    }

    @Test func anUnknownNameGetsTheNearestOneAsAHint() throws {
        let repository = try GitRepository(opening: fixture.path)
        let failure = #expect(throws: GitFailure(.refNotFound, "")) { try repository.resolve("mian") }
        #expect(failure?.hint == "did you mean `main`?")
        let other = #expect(throws: GitFailure(.refNotFound, "")) { try repository.resolve("something-else") }
        #expect(other?.hint?.contains("release/2024") == true)
    }

    @Test(arguments: [
        "", "-x", "a..b", "main~x", "main~9", "main^2", "HEAD~99999999999999999999", ":/first", "@{-1}", "main:a",
        "refs/heads/",
        "a\u{0}b", "refs/heads/no", "v1.0^{tree}", "main.lock", "\n", "feedbeef",
    ])
    func oddNamesAreErrorsNotTraps(_ name: String) throws {
        let repository = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.refNotFound, "")) { try repository.resolve(name) }
    }

    @Test func aMissingCommitIsToldApart() throws {
        let repository = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.objectMissing, "")) {
            try repository.resolve("0123456789012345678901234567890123456789")
        }
        let missing = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
        #expect(!repository.hasCommit(missing))
        #expect(repository.hasCommit(first))
        #expect(throws: GitFailure(.objectMissing, "")) { try repository.commit(missing) }
    }

    @Test func aTreeOrABlobIsNotACommit() throws {
        let repository = try GitRepository(opening: fixture.path)
        for object in ["HEAD:a", "HEAD^{tree}"] {
            let id = try fixture.id(object)
            #expect(!repository.hasCommit(id))
            #expect(throws: GitFailure(.refNotFound, "")) { try repository.resolve(id.description) }
        }
        try fixture.git("tag", "of-a-tree", "HEAD^{tree}")
        #expect(throws: GitFailure(.refNotFound, "")) { try repository.resolve("of-a-tree") }
    }

    @Test func anAmbiguousShortIdIsAnError() throws {
        // 1,500 blobs are enough for two ids to share their first four digits.
        for n in 0..<1500 { try fixture.write("f\(n)", "\(n)") }
        try fixture.commit()
        let listing = try fixture.git("rev-list", "--all", "--objects")
        let ids = listing.split(separator: "\n").map { String($0.prefix(4)) }
        let shared = try #require(Dictionary(grouping: ids, by: { $0 }).first { $0.value.count > 1 }).key
        #expect(throws: GitFailure(.refAmbiguous, "")) { try GitRepository(opening: fixture.path).resolve(shared) }
    }

    @Test func anEmptyRepositoryHasUnbornBranches() throws {
        let empty = try GitFixture()
        let repository = try GitRepository(opening: empty.path)
        for name in ["HEAD", "main", "refs/heads/main", "other"] {
            #expect(throws: GitFailure(.unbornBranch, ""), "\(name)") { try repository.resolve(name) }
        }
        try fixture.git("checkout", "--quiet", "--orphan", "fresh")
        let orphan = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.unbornBranch, "")) { try orphan.resolve("HEAD") }
        #expect(throws: GitFailure(.unbornBranch, "")) { try orphan.resolve("fresh") }
        #expect(throws: GitFailure(.refNotFound, "")) { try orphan.resolve("elsewhere") }
    }

    @Test func aCommitIsReadWhole() throws {
        let commit = try GitRepository(opening: fixture.path).commit(second)
        #expect(commit.parents == [first])
        #expect(commit.tree == (try fixture.id("HEAD^{tree}")))
        #expect(commit.authorName == "Ada" && commit.authorEmail == "ada@example.org")
        #expect(commit.committerName == "Ben" && commit.committerEmail == "ben@example.org")
        #expect(commit.committedAt == Timestamp(seconds: 1_700_000_100))
        #expect(commit.summary == "second line")
    }

    @Test func strangeCommitsDoNotTrap() throws {
        let tree = try fixture.id("HEAD^{tree}")
        let headers: [[UInt8]] = [
            Array("author A <a@b> 99999999999999999999 +0000\ncommitter B <b@c> 9223372036854775807 +9999".utf8),
            Array("author \u{7f}<> 0 +0000\ncommitter <> -1 +0000".utf8),
            Array("author ".utf8) + [0xff, 0xfe] + Array(" <".utf8) + [0xc3]
                + Array("> 1 +0000\ncommitter x <y> 1 +0000".utf8),
        ]
        let repository = try GitRepository(opening: fixture.path)
        for header in headers {
            let body = Array("tree \(tree)\n".utf8) + header + Array("\n\n".utf8) + [0xff, 0x41, 0x0a]
            let made = try Command.check(
                "git", ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], stdin: body,
                environment: GitFixture.environment, directory: fixture.path)
            let id = try #require(ObjectID(hex: made.text))
            // libgit2 may refuse such a commit; it must do so with an error of ours.
            do throws(GitFailure) {
                let commit = try repository.commit(id)
                #expect(commit.summary.hasSuffix("A"))
                #expect(commit.committedAt.description.hasSuffix("Z"))
            } catch {
                #expect(error.kind == .corrupt)
            }
        }
    }
}
