import Foundation
import ResealCore
import TestSupport
import Testing

/// Rotated values on their way into Git.
@Suite struct WriteBackTests {
    private let ground: WriteBackGround
    private var user: Installation { ground.user }
    private var remote: GitFixture { ground.remote }

    init() throws { ground = try WriteBackGround() }

    private func push() throws { try ground.push() }
    private func password() throws -> String { try ground.password() }
    private func conditions() throws -> [String] { try ground.conditions() }

    @Test func aRotatedValueComesIntoTheBranch() throws {
        let controller = try RunningController(user)
        try controller.line("applied")
        let before = try remote.git("show", "main:manifests/rotated.yaml")
        try user.check("rotate", "prod/rotated")
        let rotated = try password()
        #expect(rotated.utf8.count == 24)
        let wrote = try controller.line("wrote back")
        #expect(wrote["secrets"]?.arrayValue?.count == 1)
        _ = try eventually("the end of the rotation") { try conditions().contains("WriteBackPending") ? nil : true }
        try controller.stop()

        let message = try remote.git("log", "-1", "--format=%an <%ae>%n%B", "main")
        #expect(message.hasPrefix("Reseal <reseal@example.org>\nRotate prod/rotated\n"), "\(message)")
        for trailer in ["Reseal-Secret: ", "Reseal-Reason: rotation", "Reseal-Audit-Head: "] {
            #expect(message.contains("\n\(trailer)"), "\(message)")
        }
        try remote.git("fsck", "--strict")
        // One commit, and of the file nothing but the armor changed.
        #expect(try remote.git("rev-list", "--count", "main") == "3")
        let after = try remote.git("show", "main:manifests/rotated.yaml")
        func frame(_ text: String) -> [Substring] { text.split(separator: "\n").filter { $0.count < 60 } }
        #expect(frame(before).first == frame(after).first && before != after)
        #expect(after.contains("host: \"mail.internal\"   # plain"))

        // Another vault that reads the branch gets the same value.
        let other = user.folder.file("other")
        let options = ["--home", other]
        #expect(try user.reseal(["init"] + options).status == 0)
        let apply = try user.reseal(
            ["apply", "--yes", "--repo", "file://\(remote.path)", "--ref", "main", "--identity", user.identity]
                + options)
        #expect(apply.status == 0, "\(apply.errorText)")
        #expect(try user.reseal(["get", "prod/rotated", "--field", "password"] + options).text == rotated)
        try user.check("audit", "verify")
        #expect(!controller.text.contains(rotated))
    }

    @Test func aDeclinedPushIsToldAndTriedAgain() throws {
        let hook = try ground.hook("pre-receive", "echo 'main is closed today' >&2\nexit 1")
        let controller = try RunningController(user)
        try controller.line("applied")
        try user.check("rotate", "prod/rotated")
        let line = try controller.line("new values stay in the vault")
        #expect(line["code"] == "writeback.declined" && line["error"]?.stringValue?.contains("closed today") == true)
        _ = try eventually("the condition") { try conditions().contains("WriteBackPending") ? true : nil }
        #expect(try conditions().contains("Ready"))
        try FileManager.default.removeItem(atPath: hook)
        try controller.line("wrote back")
        try controller.stop()
    }

    /// Somebody pushes all the time while values rotate: nothing of either side is lost.
    @Test func pushesAndRotationsMeet() throws {
        let controller = try RunningController(user)
        try controller.line("applied")
        for round in 1...4 {
            try user.check("rotate", "prod/rotated")
            for _ in 0..<20 {
                try user.repository.git("pull", "--quiet", "--rebase", remote.path, "main")
                try user.repository.write("manifests/note-\(round).txt", "\(round)")
                try user.repository.commit("push \(round)")
                do {
                    try push()
                    break
                } catch {
                    try user.repository.git("reset", "--quiet", "--hard", "HEAD~1")
                }
            }
            try controller.line("wrote back", count: round)
        }
        let rotated = try password()
        _ = try eventually("the end of the last rotation") {
            try conditions().contains("WriteBackPending") ? nil : true
        }
        try controller.stop()
        let files = try remote.git("ls-tree", "--name-only", "main", "manifests/")
        for round in 1...4 { #expect(files.contains("manifests/note-\(round).txt")) }
        #expect(try remote.git("log", "--format=%s", "main").components(separatedBy: "Rotate prod/rotated").count == 5)
        #expect(try password() == rotated)
        try user.check("audit", "verify")
    }

    @Test func writeBackNeedsABranchAndAnAuthor() throws {
        let config = String(decoding: try user.folder.read("vault/config.yaml"), as: UTF8.self)
        try user.folder.write(config.replacing("ref: main\n", with: ""), to: "vault/config.yaml")
        let head = try user.reseal(["run", "--once"])
        #expect(head.status == 64 && head.errorText.contains("name of a branch"), "\(head.errorText)")
        try user.folder.write(config.replacing("author-name: Reseal, ", with: ""), to: "vault/config.yaml")
        let nobody = try user.reseal(["config", "check"])
        #expect(nobody.status == 1 && nobody.errorText.contains("[config.bad-value]"), "\(nobody.errorText)")
    }
}
