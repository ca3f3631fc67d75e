import Foundation
import ResealCore
import ResealGit
import ResealSealing
import TestSupport
import Testing

/// Pushes to real servers, each with a bare repository behind it.
@Suite struct PushTests {
    enum Route: String, CaseIterable { case ssh, https, file }

    /// A bare repository, the mirror of it, and a server between them.
    final class Ground {
        let folder: TemporaryFolder
        let origin: GitFixture
        let mirror: GitMirror
        let credentials: GitCredentials
        let first: ObjectID
        private let server: Any?

        init(_ route: Route) throws {
            folder = try TemporaryFolder()
            let work = try GitFixture()
            try work.write("manifests/a.yaml", "1")
            first = try work.commit()
            origin = GitFixture(at: folder.file("origin.git"), in: folder)
            try work.git("clone", "--quiet", "--bare", work.path, origin.path)
            switch route {
            case .ssh:
                let server = try SSHServer(authorizing: [try SSHKey.create(folder.file("key"))])
                credentials = GitCredentials(
                    sshKeyFile: folder.file("key"),
                    knownHostsFile: try folder.write(try server.knownHostsLine(), to: "known_hosts"))
                mirror = GitMirror(of: try GitSource(server.location(of: origin.path)), under: folder.file("mirrors"))
                self.server = server
            case .https:
                let server = try HTTPSGitServer(serving: folder.path, token: "canary-token")
                credentials = GitCredentials(token: SecretBytes(utf8: "canary-token"), caFile: server.caFile)
                mirror = GitMirror(
                    of: try GitSource(server.location("origin.git")), under: folder.file("mirrors"))
                self.server = server
            case .file:
                credentials = GitCredentials()
                mirror = GitMirror(of: try GitSource("file://\(origin.path)"), under: folder.file("mirrors"))
                server = nil
            }
            try mirror.fetch(credentials)
        }

        func hook(_ name: String, _ body: String) throws {
            let path = "\(origin.path)/hooks/\(name)"
            try FileManager.default.createDirectory(
                atPath: "\(origin.path)/hooks", withIntermediateDirectories: true)
            try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o755)
        }

        func commit(_ text: String, on base: ObjectID? = nil) throws -> ObjectID {
            let person = CommitPerson(name: "Bot", email: "bot@example.org", time: Timestamp(seconds: 1_700_000_000))
            let draft = CommitDraft(
                base: base ?? first, changes: ["manifests/a.yaml": .write(Array(text.utf8))], author: person,
                message: CommitMessage(subject: "write \(text)"))
            return try #require(try mirror.open().commit(draft))
        }

        func push(
            _ commit: ObjectID, to branch: String = "main", mayCreate: Bool = false, options: [String] = [],
            replacing own: ObjectID? = nil, with credentials: GitCredentials? = nil, transport: TransportRunner? = nil
        ) throws -> PushOutcome {
            try mirror.push(
                GitPush(commit: commit, branch: branch, mayCreate: mayCreate, options: options, replaces: own),
                credentials: credentials ?? self.credentials, deadline: TimeSpan(seconds: 60),
                transport: transport ?? runner())
        }

        func hasArrived(_ commit: ObjectID) throws -> Bool {
            try mirror.fetch(credentials)
            return try mirror.contains(commit, on: "main")
        }
    }

    @Test(arguments: Route.allCases) func aCommitArrives(route: Route) throws {
        let ground = try Ground(route)
        let second = try ground.commit("2")
        #expect(try !ground.hasArrived(second))
        #expect(try ground.push(second) == .accepted)
        #expect(try ground.origin.id("main") == second)
        #expect(try ground.hasArrived(second))
        // Again, and after more has come on top.
        #expect(try ground.push(second) == .accepted)
        let third = try ground.commit("3", on: second)
        #expect(try ground.push(third) == .accepted)
        #expect(try ground.push(second) == .accepted)
        #expect(try ground.origin.id("main") == third)
        #expect(try ground.origin.git("fsck", "--strict") == "")
        #expect(try ground.mirror.fetch(ground.credentials).references() == ["refs/heads/main"])
    }

    @Test(arguments: Route.allCases) func aBranchThatWentAnotherWayIsNotTouched(route: Route) throws {
        let ground = try Ground(route)
        let other = try ground.commit("theirs")
        #expect(try ground.push(other) == .accepted)
        let ours = try ground.commit("ours")
        #expect(try ground.push(ours) == .rejected(head: other))
        // A head that the mirror has never seen.
        let clone = try GitFixture()
        try clone.git("pull", "--quiet", ground.origin.path, "main")
        try clone.write("new", "x")
        let unseen = try clone.commit()
        try clone.git("push", "--quiet", ground.origin.path, "HEAD:main")
        #expect(try ground.push(ours) == .rejected(head: unseen))
        #expect(try ground.origin.id("main") == unseen)
        #expect(try !ground.hasArrived(ours))
    }

    @Test(arguments: Route.allCases) func branchesAreMadeOnlyWhereThatIsAllowed(route: Route) throws {
        let ground = try Ground(route)
        let second = try ground.commit("2")
        #expect(try ground.push(second, to: "reseal/review") == .rejected(head: nil))
        #expect(try ground.push(second, to: "reseal/review", mayCreate: true) == .accepted)
        #expect(try ground.origin.id("reseal/review") == second)
        #expect(try ground.origin.id("main") == ground.first)
        #expect(try ground.mirror.contains(second, on: "reseal/none") == false)
        for branch in ["", "-x", "a..b", "a b", "a\nb", "x.lock"] {
            #expect(throws: GitFailure(.invalidLocation, ""), "\(branch)") {
                try ground.push(second, to: branch, mayCreate: true)
            }
        }
    }

    @Test(arguments: Route.allCases) func onlyTheCommitThatIsNamedIsReplaced(route: Route) throws {
        let ground = try Ground(route)
        let branch = "reseal/review"
        let second = try ground.commit("2"), third = try ground.commit("3"), fourth = try ground.commit("4")
        #expect(try ground.push(second, to: branch, mayCreate: true) == .accepted)
        #expect(try ground.push(third, to: branch) == .rejected(head: second))
        #expect(try ground.push(third, to: branch, replacing: second) == .accepted)
        #expect(try ground.origin.id(branch) == third)
        // Somebody else has it now.
        #expect(try ground.push(fourth, to: branch, replacing: second) == .rejected(head: third))
        #expect(try ground.push(third, to: branch, replacing: second) == .accepted)
        #expect(try ground.origin.id(branch) == third)
        // A branch that is gone is not made anew by it.
        try ground.origin.git("update-ref", "-d", "refs/heads/\(branch)")
        #expect(try ground.push(fourth, to: branch, replacing: third) == .rejected(head: nil))
    }

    @Test(arguments: Route.allCases) func aHookThatDeclinesIsHeard(route: Route) throws {
        let ground = try Ground(route)
        try ground.hook("pre-receive", "echo 'ticket missing' >&2; printf 'see \\033[31mwiki\\n' >&2; exit 1")
        let second = try ground.commit("2")
        let outcome = try ground.push(second)
        guard case .declined(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.contains("ticket missing; see") && text.contains("pre-receive hook declined"))
        #expect(!text.contains("\u{1b}"))
        #expect(try ground.origin.id("main") == ground.first)
        #expect(try !ground.hasArrived(second))
    }

    @Test(arguments: Route.allCases) func aRaceIsToldFromADeclinedCommit(route: Route) throws {
        let ground = try Ground(route)
        let theirs = try ground.commit("theirs")
        #expect(try ground.push(theirs, to: "side", mayCreate: true) == .accepted)
        // Between the look at the branch and the change of it, somebody else comes first.
        try ground.hook("pre-receive", "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main \(theirs)")
        let ours = try ground.commit("ours")
        #expect(try ground.push(ours) == .rejected(head: theirs))
    }

    // MARK: Lost connections

    @Test(arguments: [Route.ssh, .https], [true, false])
    func whatBecameOfALostPushCanBeFoundOut(route: Route, arrives: Bool) throws {
        let ground = try Ground(route)
        if arrives {
            try ground.hook("reference-transaction", "[ \"$1\" != committed ] || kill -9 $PPID")
        } else {
            try ground.hook("pre-receive", "kill -9 $PPID")
        }
        let second = try ground.commit("2")
        let failure = #expect(throws: GitFailure(.pushUnknown, "")) { try ground.push(second) }
        #expect(failure?.retry == .later)
        for name in ["pre-receive", "reference-transaction"] {
            unlink("\(ground.origin.path)/hooks/\(name)")
        }
        #expect(try ground.hasArrived(second) == arrives)
        #expect(try ground.push(second) == .accepted)
        #expect(try ground.hasArrived(second))
    }

    @Test(arguments: [Route.ssh, .file]) func aPushThatIsEndedWhileItIsOnItsWayIsUnknown(route: Route) throws {
        let ground = try Ground(route)
        let marker = ground.folder.file("waiting")
        try ground.hook(
            "pre-receive",
            "touch '\(marker)'; n=0; while [ -e '\(marker)' ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done")
        let transport = TransportRunner(
            executable: try builtProgram(), isCancelled: { access(marker, F_OK) == 0 })
        #expect(throws: GitFailure(.pushUnknown, "")) {
            try ground.push(try ground.commit("2"), transport: transport)
        }
        unlink(marker)
    }

    @Test(arguments: ["git.push.sending", "git.push.sent"]) func aDeathLeavesNothingInTheWay(point: String) throws {
        let ground = try Ground(.ssh)
        let second = try ground.commit("2")
        let dying = try runner(after: "export RESEAL_FAULT=\(point)", in: ground.folder)
        #expect(throws: GitFailure(.pushUnknown, "")) { try ground.push(second, transport: dying) }
        #expect(try ground.hasArrived(second) == (point == "git.push.sent"))
        #expect(try ground.push(second) == .accepted)
        #expect(try ground.mirror.open().references().contains { $0.hasPrefix("refs/reseal") } == false)
    }

    @Test func silenceBeforeAnythingWasSentIsATimeout() throws {
        let ground = try Ground(.file)
        let server = try RudeServer(.silent)
        let second = try ground.commit("2")
        let mirror = GitMirror(
            of: try GitSource("https://localhost:\(server.port)/x"), under: ground.folder.file("mirrors"))
        try Command.check("cp", ["-a", ground.mirror.path, mirror.path])
        #expect(throws: GitFailure(.timeout, "")) {
            try mirror.push(
                GitPush(commit: second, branch: "main"), deadline: TimeSpan(seconds: 2), transport: runner())
        }
        let closed = GitMirror(
            of: try GitSource("https://localhost:\(try LoopbackPort.unused())/x"), under: ground.folder.file("mirrors"))
        try Command.check("cp", ["-a", ground.mirror.path, closed.path])
        #expect(throws: GitFailure(.unreachable, "")) {
            try closed.push(
                GitPush(commit: second, branch: "main"), deadline: TimeSpan(seconds: 60), transport: runner())
        }
        withExtendedLifetime(server) {}
    }

    @Test func refusedCredentialsAreSaidSo() throws {
        let https = try Ground(.https)
        var wrong = https.credentials
        wrong.token = SecretBytes(utf8: "canary-wrong")
        for options in [[], ["ci.skip"]] {
            let failure = #expect(throws: GitFailure(.authentication, "")) {
                try https.push(try https.commit("2"), options: options, with: wrong)
            }
            #expect(failure.map { "\($0)".contains("canary") } == false)
        }
        let ssh = try Ground(.ssh)
        wrong = ssh.credentials
        wrong.sshKeyFile = ssh.folder.file("other")
        try SSHKey.create(ssh.folder.file("other"))
        for options in [[], ["ci.skip"]] {
            #expect(throws: GitFailure(.authentication, "")) {
                try ssh.push(try ssh.commit("2"), options: options, with: wrong)
            }
        }
        wrong = ssh.credentials
        wrong.knownHostsFile = try ssh.folder.write("", to: "empty")
        for options in [[], ["ci.skip"]] {
            #expect(throws: GitFailure(.hostKey, "")) {
                try ssh.push(try ssh.commit("2"), options: options, with: wrong)
            }
        }
    }

    // MARK: Push options

    @Test(arguments: Route.allCases) func pushOptionsReachTheServer(route: Route) throws {
        let ground = try Ground(route)
        let second = try ground.commit("2")
        // Not allowed by default.
        let failure = #expect(throws: GitFailure(.unsupported, "")) { try ground.push(second, options: ["ci.skip"]) }
        #expect(failure?.message.contains("push options") == true)
        try ground.origin.git("config", "receive.advertisePushOptions", "true")
        let seen = ground.folder.file("options")
        try ground.hook(
            "post-receive", "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1\" > '\(seen)'")
        let options = ["merge_request.create", "merge_request.title=Rotate 'it' $HOME"]
        #expect(try ground.push(second, to: "review", mayCreate: true, options: options) == .accepted)
        #expect(String(decoding: try ground.folder.read("options"), as: UTF8.self) == "2 \(options[0]) \(options[1])\n")
        #expect(try ground.push(try ground.commit("ours"), to: "review", options: options) == .rejected(head: second))
        try ground.hook("pre-receive", "echo no >&2; exit 1")
        let third = try ground.commit("3", on: second)
        #expect(
            try ground.push(third, to: "review", options: options)
                == .declined("no; [remote rejected] (pre-receive hook declined)"))
        #expect(throws: GitFailure(.invalidLocation, "")) { try ground.push(third, options: ["a\nb"]) }
    }
}
