import Foundation
import ResealCore
import ResealSealing
import ResealVault
import TestSupport
import Testing

/// Changes made in the vault by hand, on their way into Git.
@Suite struct AdoptionTests {
    private let desk: Desk
    private var git: GitFixture { desk.user.repository }

    private static let manifests = """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: app}
        spec:
          # Why there are two fields.
          value:
            host: one.internal   # reviewable
            port: 5432
            password: ""
          driftPolicy: adopt
          rotation:
            generate: {kind: password, length: 24, field: password}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: note}
        spec:
          value: ""
          driftPolicy: adopt

        """

    init() throws {
        desk = try Desk(Self.manifests, sealing: [("app", "password", "first-password"), ("note", "", "first-note")])
    }

    private var manifest: String {
        get throws { try String(contentsOfFile: "\(git.path)/manifests/secrets.yaml", encoding: .utf8) }
    }

    private func set(_ name: String, _ field: String?, _ value: String) throws {
        let option = field.map { ["--field", $0] } ?? []
        let result = try desk.user.reseal(["set", name] + option, stdin: Array(value.utf8))
        guard result.status == 0 else { throw Command.Failure(description: result.errorText) }
    }

    private func isPending() throws -> Bool {
        try desk.json("status")["write_back_pending"]?.arrayValue?.isEmpty == false
    }

    private func writeBackAndApply() throws {
        let written = try desk.run("rotation", "write-back", "--repo", git.path)
        #expect(written.status == 0, "\(written.errorText)")
        try git.commit("adopted")
        try desk.user.check("apply", "--yes")
    }

    @Test func fromPlanToGit() throws {
        try set("app", "password", "by hand")
        try set("app", "host", "two.internal")
        let plan = try desk.run("plan", "--detailed-exitcode")
        #expect(
            plan.status == 2 && plan.text.contains("~ adoptDrift  app  changed in the vault by hand"), "\(plan.text)")
        #expect(plan.text.contains("value (host, password), adopted"), "\(plan.text)")
        let document = try desk.json("plan")
        #expect(document["resource_drift"]?.arrayValue?.first?["outcome"] == "adopted")
        #expect(!plan.text.contains("by hand\"") && !document.canonical.contains("two.internal"))

        try desk.user.check("apply", "--yes")
        #expect(try isPending())
        let waiting = try desk.run("plan", "--detailed-exitcode")
        #expect(waiting.status == 0 && waiting.text.contains("adopted values wait for their commit to Git: app"))
        let trail = try desk.user.check("audit", "list", "--json").text
        #expect(trail.contains("vault.secret.adopt-drift"))

        let before = try manifest
        try writeBackAndApply()
        let after = try manifest
        #expect(after.contains("host: \"two.internal\"   # reviewable") && after.contains("# Why there are two"))
        #expect(after != before && !after.contains("by hand"))
        #expect(try desk.get("app") == "by hand" && desk.get("app", "host") == "two.internal")
        #expect(try !isPending())
        let over = try desk.run("plan", "--detailed-exitcode")
        #expect(over.status == 0 && over.text.contains("the vault matches Git"), "\(over.text)")
        #expect(try desk.json("rotation", "list").arrayValue?.contains { $0["step"] == "promoted" } == false)
        try desk.user.check("audit", "verify")
    }

    @Test func aRollbackIsAdoptedWithItsTypes() throws {
        try git.write("manifests/secrets.yaml", try manifest.replacing("port: 5432", with: "port: 5433"))
        try git.commit("another port")
        try desk.user.check("apply", "--yes")
        try desk.user.check("rollback", "app", "--to", "1")
        try desk.user.check("apply", "--yes")
        try writeBackAndApply()
        #expect(try manifest.contains("port: 5432\n"))
        #expect(try !isPending())
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0)
    }

    /// The field became sealed since; the old value was a number, and what is sealed is text.
    @Test func aNumberFromBeforeItWasSealed() throws {
        try git.write("manifests/secrets.yaml", try manifest.replacing("port: 5432", with: "port: \"\""))
        try desk.user.seal("app", "port", "5433")
        try git.commit("the port is secret now")
        try desk.user.check("apply", "--yes")
        try desk.user.check("rollback", "app", "--to", "1")
        try desk.user.check("apply", "--yes")
        try writeBackAndApply()
        #expect(try !manifest.contains("5432"))
        #expect(try desk.get("app", "port") == "5432")
        #expect(try !isPending())
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0)
    }

    @Test func aConflictKeepsBoth() throws {
        try set("note", nil, "by hand")
        try desk.user.seal("note", "", "a person's value")
        try git.commit("by a person")
        let plan = try desk.run("plan")
        #expect(plan.text.contains("changed in Git and in the vault"), "\(plan.text)")
        try desk.user.check("apply", "--yes")
        #expect(try desk.user.check("get", "note").text == "by hand")
        #expect(try desk.user.check("get", "note", "--version", "3").text == "a person's value")
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0, "told once")
        try writeBackAndApply()
        #expect(try desk.user.check("get", "note").text == "by hand")
        #expect(try !isPending())
    }

    @Test func besideARotation() throws {
        #expect(try desk.run("rotate", "app").status == 0)
        let rotated = try desk.get("app")
        try set("app", "host", "two.internal")
        try desk.user.check("apply", "--yes")
        try writeBackAndApply()
        #expect(try desk.get("app") == rotated)
        #expect(try manifest.contains("two.internal"))
        #expect(try !isPending())
    }

    @Test func changedTwice() throws {
        try set("note", nil, "one")
        try desk.user.check("apply", "--yes")
        try set("note", nil, "two")
        try desk.user.check("apply", "--yes")
        try writeBackAndApply()
        #expect(try desk.user.check("get", "note").text == "two")
        #expect(try !isPending())
    }

    @Test func saysWhatCannotBeAdopted() throws {
        try set("app", nil, "a scalar now")
        let plan = try desk.run("plan", "--detailed-exitcode")
        #expect(plan.status == 0 && plan.text.contains("notAdoptable"), "\(plan.text)")
        #expect(plan.text.contains("1 secret(s) drifted in a way that cannot be adopted"), "\(plan.text)")
        try desk.user.check("apply", "--yes")
        #expect(try desk.user.check("get", "app").text == "a scalar now")
        #expect(try !isPending())
    }

    @Test(arguments: ["apply.change", "apply.beforeInventory", "store.beforeCommit", "apply.afterCommit"])
    func killedWhileAdopting(_ fault: String) throws {
        try set("note", nil, "by hand")
        #expect(try desk.run("apply", "--yes", variables: ["RESEAL_FAULT": fault]).status == 137)
        #expect(try desk.user.check("get", "note").text == "by hand")
        try desk.user.check("apply", "--yes")
        #expect(try isPending())
        try writeBackAndApply()
        #expect(try desk.user.check("get", "note").text == "by hand")
        #expect(try !isPending())
        try desk.user.check("audit", "verify")
    }
}
