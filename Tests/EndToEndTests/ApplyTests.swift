import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct ApplyTests {
    @Test func firstApplyAndIdleApply() throws {
        let user = try Installation.sealed()
        try user.expect("apply", "--yes", prints: ["Applied commit", "create 10", "Audit head"])
        try user.expect("apply", "--yes", prints: ["Nothing to do: the vault holds commit"], notes: nil)
        // Nothing is opened when there is nothing to do.
        try user.expect("apply", "--yes", "--identity", "nowhere", prints: ["Nothing to do"])
        try user.expect("audit", "list", "--type", "git.apply", prints: ["git.apply"])
    }

    @Test func theReportAsJSON() throws {
        let user = try Installation.sealed()
        let members: Set = [
            "format_version", "type", "plan_id", "commit", "changes", "destroyed_versions", "vault_serial",
            "audit_head",
            "changed",
        ]
        let first = try user.expectJSON("apply", "--yes", "--json", members: members)
        #expect(first["changed"]?.boolValue == true)
        #expect(first["changes"]?["create"]?.integerValue == 10)
        let again = try user.expectJSON("apply", "--yes", "--json", members: members)
        #expect(again["changed"]?.boolValue == false)
        let head = try #require(first["audit_head"]?.stringValue)
        try user.expect("audit", "verify", "--expect-head", head, prints: ["is whole"])
        // One document is the answer, so there is no room for a question.
        let refused = try JSON(parsing: try user.reseal(["apply", "--json"]).stdout)
        #expect(refused["error"]?["code"]?.stringValue == "usage")
    }

    @Test func withoutATerminalItNeedsYes() throws {
        let user = try Installation.sealed()
        try user.expect(
            "apply", exits: 64, prints: ["prod/orders-db"], notes: ["no terminal", "nothing was applied", "--yes"],
            stdin: "yes\n")
        #expect(try user.serial() == "0")
    }

    @Test(arguments: [("yes\n", Int32(0), "1"), ("no\n", 1, "0"), ("y\n", 1, "0"), ("\n", 1, "0"), ("\u{4}", 1, "0")])
    func atATerminalItAsks(answer: String, status: Int32, serial: String) throws {
        let user = try Installation.sealed()
        let result = try user.atTerminal(
            ["apply"], dialogue: [.init("Apply this plan? Only `yes` is taken as a yes: ", answer)])
        #expect(result.status == status, "\(result.screen)")
        #expect(result.screen.contains("nothing was changed") == (status == 1))
        #expect(try user.serial() == serial)
    }

    // MARK: Saved plans

    @Test func aSavedPlanIsApplied() throws {
        let user = try Installation.sealed()
        try user.expect("plan", "--out", "change.plan", prints: ["prod/orders-db"])
        let saved = try String(contentsOfFile: "\(user.work)/change.plan", encoding: .utf8)
        for field in SampleRepository.fields { #expect(!saved.contains(field.value)) }
        // Without settings, flags or a terminal: the plan says where it belongs.
        try FileManager.default.removeItem(atPath: "\(user.home)/config.yaml")
        try user.expect("apply", "change.plan", "--identity", user.identity, prints: ["Applied commit", "create 10"])
        try user.expect("get", "prod/note", prints: ["generic-value"])
        // It was for a vault that is no more.
        try user.expectFailure("apply", "change.plan", "--identity", user.identity, exits: 4, code: "plan.stale")
    }

    @Test func aPlanIsStaleWhenTheCommitOrTheVaultMoved() throws {
        let user = try Installation.applied()
        try user.writeSecret("made/new")
        try user.repository.commit()
        try user.check("plan", "--out", "commit.plan")
        try user.writeSecret("made/newer")
        try user.repository.commit()
        let commit = try user.expectFailure("apply", "commit.plan", exits: 4, code: "plan.stale")
        #expect(commit.errorText.contains("HEAD moved from"))
        try user.check("plan", "--out", "serial.plan")
        try user.check("set", "made/by-hand", stdin: "x")
        let serial = try user.expectFailure("apply", "serial.plan", exits: 4, code: "plan.stale")
        #expect(serial.errorText.contains("the vault moved from serial"))
        #expect(!(try user.check("list").text.contains("made/new")))
        try user.expect("audit", "list", "--result", "refused")
    }

    @Test func whatIsNoPlanIsRefused() throws {
        let user = try Installation.applied()
        try user.folder.write("{\"format\": \"other\"}", to: "work/x.plan")
        try user.expectFailure("apply", "x.plan", code: "plan.file-invalid")
        try user.expectFailure("apply", "nowhere.plan", code: "file.unreadable")
    }

    // MARK: Guards

    @Test func massDeletionNeedsAWord() throws {
        let user = try Installation.applied()
        // Everything but the protected secret and the role goes.
        let documents = SampleRepository.manifest.components(separatedBy: "---\n")
        try user.repository.write("manifests/all.yaml", documents[0] + "---\n" + documents[documents.count - 1])
        try user.seal("prod/kept", "", "protected-value")
        try user.repository.commit()
        let result = try user.reseal(["plan", "--out", "x.plan"])
        #expect(result.status == 3)
        #expect(result.errorText.contains("9 of 10 secrets would be deleted"))
        #expect(result.errorText.contains("--allow-mass-deletion"))
        #expect(!FileManager.default.fileExists(atPath: "\(user.work)/x.plan"))
        let json = try user.reseal(["plan", "--json"])
        #expect(json.status == 3)
        #expect(try JSON(parsing: json.stdout)["applyable"]?.boolValue == false)
        try user.expectFailure("apply", "--yes", exits: 3, code: "plan.guard-refused")
        #expect(try user.serial() == "1")
        try user.expect("apply", "--yes", "--allow-mass-deletion", prints: ["delete 9"])
        try user.expect("audit", "list", "--result", "refused", prints: ["plan.guard-refused"])
    }

    @Test func protectionHolds() throws {
        let user = try Installation.applied()
        let documents = SampleRepository.manifest.components(separatedBy: "---\n")
        try user.repository.write("manifests/all.yaml", documents.dropLast().joined(separator: "---\n"))
        for field in SampleRepository.fields.dropLast() { try user.seal(field.secret, field.field, field.value) }
        try user.repository.commit()
        let result = try user.expectFailure("apply", "--yes", exits: 3, code: "plan.guard-refused")
        #expect(result.errorText.contains("deletion protection"))
        try user.expect("get", "prod/kept", prints: ["protected-value"])
    }

    @Test func rewrittenHistoryNeedsAWord() throws {
        let user = try Installation.applied()
        try user.repository.git("checkout", "--quiet", "--orphan", "other")
        try user.writeSecret("made/new")
        try user.repository.commit()
        try user.repository.git("branch", "--force", "main")
        try user.repository.git("checkout", "--quiet", "main")
        try user.expectFailure("apply", "--yes", code: "git.history-rewritten")
        #expect(try user.serial() == "1")
        try user.expect("plan", prints: ["does not contain the applied commit"])
        try user.expect("apply", "--yes", "--allow-rewritten-history", prints: ["create 1"])
    }

    @Test func twoAppliesAtOnce() async throws {
        let user = try Installation.sealed()
        let results = try await withThrowingTaskGroup(of: Command.Result.self) { group in
            for _ in 0..<4 { group.addTask { try user.reseal(["apply", "--yes"]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for result in results {
            #expect([0, 7].contains(result.status), "\(result.errorText)")
            if result.status == 7 { #expect(result.errorText.contains("[vault.locked]")) }
        }
        #expect(results.contains { $0.status == 0 })
        #expect(try user.serial() == "1")
        try user.expect("audit", "verify", prints: ["is whole"])
    }
}
