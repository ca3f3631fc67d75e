import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct CommittingTests {
    let origin: GitFixture
    let repository: GitRepository
    let base: ObjectID

    init() throws {
        origin = try GitFixture()
        try origin.write("manifests/prod/db.yaml", "old\n")
        try origin.write("manifests/prod/api.yaml", "api\n")
        try origin.write("manifests/dev.yaml", "dev\n")
        try origin.write("run.sh", "#!/bin/sh\n")
        chmod("\(origin.path)/run.sh", 0o755)
        try origin.write("README", "text\n")
        try FileManager.default.createSymbolicLink(
            atPath: "\(origin.path)/link", withDestinationPath: "manifests")
        base = try origin.commit("base")
        try origin.git("update-index", "--add", "--cacheinfo", "160000,\(base),module")
        try origin.git("commit", "--quiet", "--message", "module")
        repository = try GitRepository(opening: origin.path)
    }

    private func draft(
        _ changes: [String: CommitDraft.Change], message: CommitMessage = CommitMessage(subject: "change")
    ) throws -> CommitDraft {
        CommitDraft(
            base: try origin.id("HEAD"), changes: changes,
            author: CommitPerson(
                name: "Ada", email: "ada@example.org", time: Timestamp(seconds: 1_700_000_000)),
            committer: CommitPerson(
                name: "Ben", email: "ben@example.org", time: Timestamp(seconds: 1_700_000_100)),
            message: message)
    }

    private func write(_ text: String) -> CommitDraft.Change { .write(Array(text.utf8)) }

    @Test func theCommitIsTheOneThatGitWouldMake() throws {
        let made = try #require(
            try repository.commit(
                try draft([
                    "manifests/prod/db.yaml": write("new\n"), "manifests/prod/deep/er/new.yaml": write(""),
                    "manifests/dev.yaml": .remove, "run.sh": write("#!/bin/sh\nexit\n"), "a": write("a"),
                    "manifests.txt": write("sorts between"), "README": .remove,
                ])))
        try origin.git("checkout", "--quiet", "-b", "expected")
        try origin.write("manifests/prod/db.yaml", "new\n")
        try origin.write("manifests/prod/deep/er/new.yaml", "")
        try origin.write("run.sh", "#!/bin/sh\nexit\n")
        try origin.write("a", "a")
        try origin.write("manifests.txt", "sorts between")
        try origin.remove("manifests/dev.yaml")
        try origin.remove("README")
        try origin.git("add", "--all", "--", ".", ":!module")
        try origin.git("commit", "--quiet", "--message", "change")
        #expect(try origin.id("expected") == made)
        #expect(try origin.git("fsck", "--strict", "--no-dangling") == "")
        // Nothing but objects was written.
        #expect(try origin.git("for-each-ref", "--contains", made.description) == "\(made) commit\trefs/heads/expected")
    }

    @Test func theSameDraftIsTheSameCommit() throws {
        let draft = try draft(["x/y": write("1")])
        let first = try #require(try repository.commit(draft))
        #expect(try repository.commit(draft) == first)
        #expect(try GitRepository(opening: origin.path).commit(draft) == first)
        var later = draft
        later.committer.time = Timestamp(seconds: 1_700_000_101)
        #expect(try repository.commit(later) != first)
    }

    @Test func aChangeOfNothingIsNoCommit() throws {
        #expect(try repository.commit(try draft([:])) == nil)
        #expect(try repository.commit(try draft(["manifests/prod/db.yaml": write("old\n")])) == nil)
    }

    @Test func foldersGoWithTheirLastFile() throws {
        let made = try #require(
            try repository.commit(
                try draft(["manifests/prod/db.yaml": .remove, "manifests/prod/api.yaml": .remove])))
        #expect(try origin.git("ls-tree", "-r", "--name-only", made.description, "manifests") == "manifests/dev.yaml")
        #expect(try origin.git("ls-tree", "-d", "--name-only", made.description, "manifests/") == "")
        let empty = try GitFixture()
        try empty.write("only/one", "1")
        let first = try empty.commit()
        var draft = try draft(["only/one": .remove])
        draft.base = first
        let nothing = try #require(try GitRepository(opening: empty.path).commit(draft))
        #expect(try empty.git("ls-tree", "-r", nothing.description) == "")
        #expect(try empty.git("fsck", "--strict", "--no-dangling") == "")
    }

    @Test(arguments: [
        "link/prod/db.yaml", "link", "module/file", "module", "README/file", "manifests", "manifests/prod", "",
        "/README", "a//b", "a/../b", "./a", "a/", ".git/config", "x/.git/hooks/a", "x/.GIT/a", "git~1/a",
    ])
    func someThingsAreNotWrittenTo(path: String) throws {
        for change in [write("x"), .remove] {
            #expect(throws: GitFailure(.invalidCommit, ""), "\(path)") {
                try repository.commit(try draft([path: change]))
            }
        }
    }

    @Test func contradictionsAreRefused() throws {
        for changes in [
            ["new": write("file"), "new/below": write("x")], ["not-there": .remove],
            ["manifests/not-there.yaml": .remove],
        ] {
            #expect(throws: GitFailure(.invalidCommit, "")) { try repository.commit(try self.draft(changes)) }
        }
        var adrift = try self.draft(["a": write("a")])
        adrift.base = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
        #expect(throws: GitFailure(.objectMissing, "")) { try repository.commit(adrift) }
        for name in ["", "A <b", "A\nB", " A"] {
            var draft = try self.draft(["a": write("a")])
            draft.author.name = name
            #expect(throws: GitFailure(.invalidCommit, ""), "\(name)") { try repository.commit(draft) }
        }
    }

    // MARK: Messages

    @Test func trailersAreThoseThatGitReads() throws {
        let message = CommitMessage(
            subject: "chore(secrets): rotate prod/db (v7 → v8)", body: "\nBecause it was due.\n\nNot: a trailer.\n\n",
            trailers: [.init("Secrets-Action", "rotate"), .init("Secrets-Object", "default/prod/db#8")])
        let made = try #require(try repository.commit(try draft(["a": write("a")], message: message)))
        #expect(
            try origin.git("log", "-1", "--format=%(trailers:only)", made.description)
                == "Secrets-Action: rotate\nSecrets-Object: default/prod/db#8")
        #expect(try origin.git("log", "-1", "--format=%s", made.description) == message.subject)
        #expect(try origin.git("log", "-1", "--format=%b", made.description).hasPrefix("Because it was due.\n\nNot: a"))
    }

    @Test(arguments: [
        CommitMessage(subject: ""), CommitMessage(subject: "two\nlines"), CommitMessage(subject: "zero\0"),
        CommitMessage(subject: "x", body: "zero\0"), CommitMessage(subject: "x", trailers: [.init("A B", "c")]),
        CommitMessage(subject: "x", trailers: [.init("", "c")]),
        CommitMessage(subject: "x", trailers: [.init("A", "")]),
        CommitMessage(subject: "x", trailers: [.init("A", "b\nEvil: yes")]),
    ])
    func messagesThatWouldReadOtherwiseAreRefused(message: CommitMessage) throws {
        #expect(throws: GitFailure(.invalidCommit, "")) {
            try repository.commit(try draft(["a": write("a")], message: message))
        }
    }

    // MARK: Signing

    @Test func aSignedCommitIsGoodForGit() throws {
        let key = origin.folder.file("key")
        let line = try SSHKey.create(key)
        let allowed = try origin.folder.write("ben@example.org namespaces=\"git\" \(line)\n", to: "allowed")
        let draft = try draft(["a": write("a")])
        let signed = try #require(try repository.commit(draft, signer: SSHCommitSigner(keyFile: key)))
        let shown = try Command.check(
            "git", ["-c", "gpg.ssh.allowedSignersFile=\(allowed)", "verify-commit", signed.description],
            environment: GitFixture.environment, directory: origin.path)
        #expect(shown.errorText.contains("Good \"git\" signature for ben@example.org"))
        #expect(try origin.git("fsck", "--strict", "--no-dangling") == "")
        #expect(try repository.commit(draft, signer: SSHCommitSigner(keyFile: key)) == signed)
        #expect(try repository.commit(draft) != signed)
    }

    @Test func keysThatCannotSignAreSaidSo() throws {
        let locked = origin.folder.file("locked")
        try SSHKey.create(locked, passphrase: "canary words")
        let open = origin.folder.file("open")
        try SSHKey.create(open)
        chmod(open, 0o644)
        for key in [locked, open, origin.folder.file("missing"), "/dev/null", "-h"] {
            let failure = #expect(throws: GitFailure(.signingKey, ""), "\(key)") {
                try repository.commit(try draft(["a": write("a")]), signer: SSHCommitSigner(keyFile: key))
            }
            #expect(failure?.hint != nil)
        }
    }
}
