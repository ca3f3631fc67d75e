import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// `reseal run` against real repositories.
@Suite struct RunTests {
    private let user: Installation

    init() throws { user = try Installation.sealed() }

    private func change(_ value: String) throws {
        try user.seal("prod/note", "", value)
        try user.repository.commit("change")
    }

    private func note() throws -> String { try user.check("get", "prod/note").text }

    @Test func itFollowsTheBranchAndEndsWhenAsked() throws {
        let controller = try RunningController(user, "--interval", "1s")
        try controller.line("applied")
        #expect(try note() == "generic-value")
        try change("second")
        try controller.line("applied", count: 2)
        #expect(try note() == "second")
        let status = try JSON(parsing: user.check("status", "--json").stdout)
        let source = try #require(status["controller"]?["sources"]?.arrayValue?.first)
        #expect(source["name"] == "default" && source["failures"] == 0 && source["error"] == .null)
        let head = try user.repository.id("HEAD")
        #expect(source["last_applied_revision"] == .string("HEAD@sha1:\(head)"))
        #expect(try user.check("status").text.contains("Ready, at HEAD@sha1:"))
        try controller.stop()
        // Nobody claims to be running afterwards.
        #expect(try JSON(parsing: user.check("status", "--json").stdout)["controller"] == .null)
        try user.check("audit", "verify")
    }

    @Test func anIdleLoopLeavesNoTrace() throws {
        try user.check("apply", "--yes")
        let before = try user.check("audit", "list", "--json").text
        let controller = try RunningController(user, "--interval", "1s")
        try eventually("three rounds") { () -> Bool? in
            let report = try? JSON(parsing: user.folder.read("vault/controller.json"))
            return report?["sources"]?.arrayValue?.first?["last_success"]?.stringValue.map { _ in true }
        }
        usleep(2_500_000)
        try controller.stop()
        // `audit list` is itself recorded.
        let records = try user.check("audit", "list", "--json").text
        #expect(records.split(separator: "\n").count - before.split(separator: "\n").count <= 1)
        #expect(controller.lines.compactMap { $0["message"]?.stringValue } == ["started", "stopped"])
    }

    @Test func onceLooksAtEachSourceAndFailsWithIt() throws {
        let good = try user.reseal(["run", "--once", "--log-format", "text"])
        #expect(good.status == 0 && good.errorText.contains("info applied source=default"), "\(good.errorText)")
        try user.repository.write("manifests/bad.yaml", "kind: Secret\n")
        try user.repository.commit()
        let bad = try user.reseal(["run", "--once", "--log-format", "json"])
        #expect(bad.status == 1 && bad.errorText.contains("manifest."), "\(bad.errorText)")
        #expect(try note() == "generic-value")
    }

    @Test func aFailureIsToldAndHealsByItself() throws {
        try user.folder.write(
            "repo: '\(user.repository.path)'\nidentity: '\(user.identity)'\ninterval: 1s\nretry: 1s\n",
            to: "vault/config.yaml")
        try user.repository.write("manifests/bad.yaml", "kind: Secret\n")
        try user.repository.commit()
        let controller = try RunningController(user, "--listen", "127.0.0.1:0")
        let url = "http://127.0.0.1:\(try controller.port())"
        _ = try eventually("two failures") { controller.lines.first { ($0["failures"]?.integerValue ?? 0) >= 2 } }
        let ready = try request("\(url)/readyz")
        #expect(ready.status == 503 && ready.text.contains("BuildFailed") && ready.text.contains("\"Stalled\""))
        #expect(try request("\(url)/healthz").status == 200)
        #expect(try user.check("status").text.contains("hint: "))
        // The same refusal again and again stands in the trail once.
        let refused = try user.check("audit", "list", "--type", "git.apply", "--result", "refused", "--json").text
        #expect(refused.split(separator: "\n").count == 1, "\(refused)")

        try user.repository.remove("manifests/bad.yaml")
        try user.repository.commit()
        try controller.line("applied")
        #expect(try request("\(url)/readyz").status == 200)
        let metrics = try request("\(url)/metrics").text
        #expect(metrics.contains("reseal_reconcile_total{source=\"default\",result=\"applied\"} 1"))
        #expect(metrics.contains("reseal_source_condition{source=\"default\",type=\"Ready\"} 1"))
        #expect(metrics.contains("\nprocess_open_fds "))
        try controller.stop()
    }

    @Test func aSuspendedSourceIsLeftAlone() throws {
        let controller = try RunningController(user, "--interval", "1s")
        try controller.line("applied")
        try user.check("suspend")
        try controller.line("suspended")
        try change("while suspended")
        usleep(1_500_000)
        #expect(try note() == "generic-value")
        #expect(try user.check("status").text.contains("Suspended"))
        try user.check("resume", "default")
        try controller.line("applied", count: 2)
        #expect(try note() == "while suspended")
        try controller.stop()
        let trail = try user.check("audit", "list").text
        #expect(trail.contains("controller.suspend") && trail.contains("controller.resume"))
        let unknown = try user.reseal(["suspend", "defualt"])
        #expect(unknown.status == 64 && unknown.errorText.contains("did you mean `default`?"), "\(unknown.errorText)")
    }

    @Test func aSecondControllerIsRefused() throws {
        let controller = try RunningController(user)
        try controller.line("applied")
        let second = try user.reseal(["run"])
        #expect(second.status == 7 && second.errorText.contains("another controller"), "\(second.errorText)")
        try controller.stop()
    }

    @Test func nothingSealedReachesLogStateOrMetrics() throws {
        let user = try Installation()
        try user.fillRepository { "canary-\($0.secret)-5b81c0" }
        try user.check("init", "--repo", user.repository.path, "--identity", user.identity)
        let controller = try RunningController(user, "--listen", "127.0.0.1:0")
        try controller.line("applied")
        let url = "http://127.0.0.1:\(try controller.port())"
        let answers = try ["metrics", "readyz", "healthz", "nothing"].map { try request("\(url)/\($0)").text }
        let state = String(decoding: try user.folder.read("vault/controller.json"), as: UTF8.self)
        for text in answers + [state, controller.text] { #expect(!text.contains("canary")) }
        try controller.stop()
    }
}
