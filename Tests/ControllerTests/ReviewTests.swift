import Foundation
import ResealCore
import TestSupport
import Testing

/// Write-back by way of a branch for review, at a server whose hook looks at push options.
@Suite struct ReviewTests {
    private static let options = [
        "merge_request.create", "merge_request.target=main", "merge_request.title=New values",
    ]
    private static let branch = "reseal/write-back"

    private let ground: WriteBackGround
    private var remote: GitFixture { ground.remote }

    init() throws {
        let list = Self.options.map { "'\($0)'" }.joined(separator: ", ")
        ground = try WriteBackGround(writeBack: ", review: {branch: \(Self.branch), push-options: [\(list)]}")
        try remote.git("config", "receive.advertisePushOptions", "true")
        _ = try ground.hook(
            "pre-receive",
            """
            while read old new ref; do
                [ "$ref" != refs/heads/\(Self.branch) ] || [ "$GIT_PUSH_OPTION_COUNT" = 3 ] || exit 1
                echo "$ref $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1 $GIT_PUSH_OPTION_2" >> pushes
            done
            """)
    }

    /// Each push to the branch for review that the server saw.
    private func pushes() throws -> [String] {
        let text = (try? String(contentsOfFile: "\(remote.path)/pushes", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("refs/heads/\(Self.branch) ") }
    }

    private func tip() throws -> ObjectID? { try? remote.id("refs/heads/\(Self.branch)") }

    private func round(_ fault: String? = nil) throws -> Command.Result {
        let result = try ground.once(fault: fault)
        #expect(result.status == (fault == nil ? 0 : 137), "\(result.errorText)")
        return result
    }

    private func rotate() throws -> String {
        try ground.user.check("rotate", "prod/rotated")
        return try ground.password()
    }

    @Test func proposesOnceAndWaits() throws {
        _ = try round()
        let rotated = try rotate()
        let first = try round()
        #expect(first.errorText.contains("\"message\":\"proposed for review\""), "\(first.errorText)")
        #expect(try pushes() == ["refs/heads/\(Self.branch) " + Self.options.joined(separator: " ")])
        let proposed = try #require(try tip())
        #expect(try remote.git("rev-parse", "\(Self.branch)~1") == remote.git("rev-parse", "main"))
        #expect(try remote.git("log", "-1", "--format=%s", Self.branch) == "Rotate prod/rotated")
        for _ in 1...2 { #expect(try !round().errorText.contains("proposed for review")) }
        #expect(try tip() == proposed && pushes().count == 1)
        #expect(try ground.password() == rotated && ground.isPending())
        #expect(try remote.git("rev-list", "--count", "main") == "2")
    }

    @Test func tellsThatItWaits() throws {
        let controller = try RunningController(ground.user)
        try controller.line("applied")
        _ = try rotate()
        try controller.line("proposed for review")
        _ = try eventually("the condition") {
            try ground.reason("WriteBackPending") == "AwaitingReview" ? true : nil
        }
        try controller.stop()
    }

    enum Merge: String, CaseIterable { case fastForward, merge, squash, rebase }

    @Test(arguments: Merge.allCases, [true, false])
    func recognisesThatItWasMerged(_ way: Merge, deleting: Bool) throws {
        _ = try round()
        let rotated = try rotate()
        _ = try round()
        let git = ground.user.repository
        if way == .merge || way == .rebase {
            try git.write("README.md", "meanwhile")
            try git.commit("meanwhile")
        }
        try git.git("fetch", "--quiet", remote.path, Self.branch)
        switch way {
        case .fastForward: try git.git("merge", "--quiet", "--ff-only", "FETCH_HEAD")
        case .merge: try git.git("merge", "--quiet", "--no-edit", "FETCH_HEAD")
        case .squash:
            try git.git("merge", "--quiet", "--squash", "FETCH_HEAD")
            try git.git("commit", "--quiet", "--message", "squashed")
        case .rebase: try git.git("cherry-pick", "FETCH_HEAD")
        }
        try ground.push()
        if deleting { try remote.git("update-ref", "-d", "refs/heads/\(Self.branch)") }
        _ = try round()
        #expect(try !ground.isPending())
        #expect(try ground.password() == rotated && pushes().count == 1)
        // The next one gets a review of its own.
        let next = try rotate()
        _ = try round()
        #expect(try pushes().count == 2)
        #expect(try remote.git("rev-parse", "\(Self.branch)~1") == remote.git("rev-parse", "main"))
        #expect(try ground.password() == next)
    }

    @Test func amendsItsOwnCommit() throws {
        _ = try round()
        _ = try rotate()
        _ = try round()
        let first = try #require(try tip())
        let second = try rotate()
        _ = try round()
        let amended = try #require(try tip())
        #expect(amended != first)
        #expect(try remote.git("rev-list", "--count", "main..\(Self.branch)") == "1")
        // A change elsewhere is no reason to ask people again; one of the same file is.
        let git = ground.user.repository
        try git.write("README.md", "elsewhere")
        try git.commit("elsewhere")
        try ground.push()
        _ = try round()
        #expect(try tip() == amended)
        let path = "manifests/rotated.yaml"
        let text = try String(contentsOfFile: "\(git.path)/\(path)", encoding: .utf8)
        try git.write(path, text.replacing("# A comment", with: "# Another comment"))
        try git.commit("the same file")
        try ground.push()
        _ = try round()
        #expect(try tip() != amended)
        #expect(try remote.git("show", "\(Self.branch):\(path)").contains("# Another comment"))
        #expect(try ground.password() == second)
    }

    @Test func leavesCommitsOfPeopleAlone() throws {
        _ = try round()
        _ = try rotate()
        _ = try round()
        let git = ground.user.repository
        try git.git("fetch", "--quiet", remote.path, Self.branch)
        try git.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        try git.write("notes.md", "a reviewer's")
        try git.commit("by a reviewer")
        let options = Self.options.flatMap { ["-o", $0] }
        try Command.check(
            "git", ["push", "--quiet"] + options + [remote.path, "HEAD:\(Self.branch)"],
            environment: GitFixture.environment, directory: git.path)
        let theirs = try #require(try tip())
        // Our values are still below: they wait.
        #expect(try !round().errorText.contains("review-taken"))
        // A newer value has no place there.
        let newer = try rotate()
        let refused = try round()
        #expect(refused.errorText.contains("\"code\":\"writeback.review-taken\""), "\(refused.errorText)")
        #expect(try tip() == theirs && ground.password() == newer)
        try remote.git("update-ref", "-d", "refs/heads/\(Self.branch)")
        _ = try round()
        #expect(try tip() != nil)
    }

    @Test func aBranchThatWasThereBeforeIsNotOurs() throws {
        _ = try round()
        let git = ground.user.repository
        try git.write("notes.md", "of somebody")
        try git.commit("somebody's")
        try remote.git("fetch", "--quiet", git.path, "HEAD:refs/heads/\(Self.branch)")
        let theirs = try tip()
        _ = try rotate()
        #expect(try round().errorText.contains("writeback.review-taken"))
        #expect(try tip() == theirs)
    }

    @Test func aClosedReviewIsNotOpenedAgain() throws {
        let controller = try RunningController(ground.user)
        try controller.line("applied")
        _ = try rotate()
        try controller.line("proposed for review")
        let proposed = try #require(try tip())
        try remote.git("update-ref", "-d", "refs/heads/\(Self.branch)")
        try controller.line("new values stay in the vault") { $0["code"] == "writeback.review-closed" }
        _ = try eventually("the condition") {
            try ground.reason("WriteBackPending") == "ReviewBlocked" ? true : nil
        }
        // A round later, it was told once and nothing was pushed.
        let round = try JSON(parsing: ground.user.folder.read("vault/controller.json"))["written_at"]
        _ = try eventually("another round") {
            let now = try JSON(parsing: ground.user.folder.read("vault/controller.json"))["written_at"]
            return now != round && controller.lines.count > 0 ? true : nil
        }
        #expect(controller.lines.count { $0["code"] == "writeback.review-closed" } == 1)
        #expect(try pushes().count == 1)
        // Restored, it waits again; a newer value opens a new one.
        try remote.git("update-ref", "refs/heads/\(Self.branch)", "\(proposed)")
        _ = try eventually("the condition") {
            try ground.reason("WriteBackPending") == "AwaitingReview" ? true : nil
        }
        try remote.git("update-ref", "-d", "refs/heads/\(Self.branch)")
        _ = try eventually("the condition") {
            try ground.reason("WriteBackPending") == "ReviewBlocked" ? true : nil
        }
        _ = try rotate()
        try controller.line("proposed for review", count: 2)
        try controller.stop()
    }

    @Test(arguments: [
        "writeBack.sealed", "writeBack.committed", "writeBack.noted", "writeBack.pushed", "writeBack.proposed",
    ])
    func killedOnTheWay(_ fault: String) throws {
        _ = try round()
        let rotated = try rotate()
        _ = try round(fault)
        for _ in 1...2 { _ = try round() }
        #expect(try remote.git("rev-list", "--count", "main..\(Self.branch)") == "1", "\(fault)")
        #expect(try ground.password() == rotated)
        // Killed while amending: what arrived is known as our own.
        _ = try rotate()
        _ = try round(fault)
        let next = try round()
        #expect(!next.errorText.contains("review-taken"), "\(fault): \(next.errorText)")
        #expect(try remote.git("rev-list", "--count", "main..\(Self.branch)") == "1", "\(fault)")
        try remote.git("fsck", "--strict")
        // Merged, it is over.
        try remote.git("update-ref", "refs/heads/main", "refs/heads/\(Self.branch)")
        _ = try round()
        #expect(try !ground.isPending(), "\(fault)")
    }

    @Test func aServerWithoutPushOptionsIsNamed() throws {
        try remote.git("config", "receive.advertisePushOptions", "false")
        _ = try round()
        _ = try rotate()
        #expect(try round().errorText.contains("\"code\":\"git.unsupported\""))
        #expect(try tip() == nil && ground.isPending())
    }

    @Test(arguments: [
        "{branch: main}", "{branch: ''}", "{branch: 'a b'}", "{push-options: [x]}", "{branch: refs/heads/x}",
    ])
    func theBranchIsChecked(_ review: String) throws {
        try ground.configure("{author-name: Reseal, author-email: reseal@example.org, review: \(review)}")
        let result = try ground.user.reseal(["config", "check"])
        #expect(result.status == 1 && result.errorText.contains("[config.bad-value]"), "\(result.errorText)")
    }
}
