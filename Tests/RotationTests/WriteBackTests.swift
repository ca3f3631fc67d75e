import Foundation
import ResealCore
import TestSupport
import Testing

/// Rotated values on their way into Git, and what Git does meanwhile.
@Suite struct WriteBackTests {
    private let desk: Desk
    private var git: GitFixture { desk.user.repository }

    private static let manifests = """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: app, labels: {team: web}}
        spec:
          # Why there are two fields.
          value:
            host: one.internal   # reviewable
            password: ""
          driftPolicy: revert
          rotation:
            generate: {kind: password, length: 24, field: password}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: key}
        spec:
          value:
            public: none
            private: ""
          rotation:
            generate: {kind: ed25519, field: private, publicField: public}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: fixed, labels: {team: web}}
        spec:
          value: plain

        """

    init() throws {
        desk = try Desk(
            Self.manifests,
            sealing: [("app", "password", "first-password"), ("key", "private", "first-key")])
    }

    private var manifest: String {
        get throws { try String(contentsOfFile: "\(git.path)/manifests/secrets.yaml", encoding: .utf8) }
    }

    private func replace(_ old: String, _ new: String) throws {
        try git.write("manifests/secrets.yaml", try manifest.replacing(old, with: new))
    }

    private func commitAndApply(_ message: String = "change") throws {
        try git.commit(message)
        try desk.user.check("apply", "--yes")
    }

    private func isPending() throws -> Bool {
        try desk.json("status")["write_back_pending"]?.arrayValue?.isEmpty == false
    }

    @Test func noApplyUndoesIt() throws {
        #expect(try desk.run("rotate", "app").status == 0)
        let rotated = try desk.get("app")
        #expect(rotated != "first-password")
        #expect(try isPending())
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0, "neither a change nor drift")
        try git.write("README.md", "unrelated")
        try commitAndApply()
        #expect(try desk.get("app") == rotated)
        // Another field of the same value changes in Git: it arrives, beside the rotated one.
        try replace("one.internal", "two.internal")
        try commitAndApply()
        #expect(try desk.get("app", "host") == "two.internal")
        #expect(try desk.get("app") == rotated)
        #expect(try isPending())
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0)
    }

    @Test func sealedIntoTheWorkTree() throws {
        let before = try manifest
        let result = try desk.run("rotate", "app", "--write", "--repo", git.path)
        #expect(result.status == 0, "\(result.errorText)")
        let rotated = try desk.get("app")
        let after = try manifest
        #expect(after != before && after.contains("# Why there are two fields."))
        #expect(after.contains("one.internal   # reviewable"))
        #expect(try desk.item("app")?["step"] == "sealed")
        try commitAndApply("Rotate app")
        #expect(try desk.get("app") == rotated)
        #expect(try !isPending())
        #expect(try desk.json("versions", "app").arrayValue?.count == 2, "Git's value is the same one")
        let trail = try desk.user.check("audit", "list", "--json").text
        for step in ["pending", "promoted", "sealed", "pushed", "done"] {
            #expect(trail.contains("\"detail\":\"\(step)\""), "\(step)")
        }
        // The old commit cannot bring the old value back.
        try git.git("revert", "--no-edit", "HEAD")
        let refused = try desk.run("apply", "--yes")
        #expect(refused.status == 3, "\(refused.errorText)")
        #expect(try desk.get("app") == rotated)
    }

    @Test func aConflictKeepsBoth() throws {
        #expect(try desk.run("rotate", "app").status == 0)
        let rotated = try desk.get("app")
        try desk.user.seal("app", "password", "a person's value")
        try git.commit("by hand")
        let plan = try desk.run("plan")
        #expect(plan.text.contains("changed in Git and in the vault"), "\(plan.text)")
        try desk.user.check("apply", "--yes")
        #expect(try desk.get("app") == rotated)
        #expect(try desk.user.check("get", "app", "--version", "3", "--field", "password").text == "a person's value")
        #expect(try desk.run("plan", "--detailed-exitcode").status == 0, "told once")
        // Written back, the rotated value follows on the person's.
        let written = try desk.run("rotation", "write-back", "--repo", git.path)
        #expect(written.status == 0, "\(written.errorText)")
        try commitAndApply()
        #expect(try desk.get("app") == rotated)
        #expect(try !isPending())
    }

    @Test func whatIsPublicStandsInPlainText() throws {
        #expect(try desk.run("rotate", "key", "--write", "--repo", git.path).status == 0)
        #expect(try manifest.contains("-----BEGIN PUBLIC KEY-----"))
        try commitAndApply()
        #expect(try !isPending())
        #expect(try desk.get("key", "public").contains("BEGIN PUBLIC KEY"))
    }

    @Test(arguments: ["rotation.beforeSealing", "rotation.afterWriting", "rotation.written"])
    func killedWhileSealing(_ fault: String) throws {
        let death = try desk.run("rotate", "app", "--write", "--repo", git.path, variables: ["RESEAL_FAULT": fault])
        #expect(death.status == 137)
        let rotated = try desk.get("app")
        #expect(rotated != "first-password")
        #expect(try isPending())
        #expect(try desk.run("rotation", "write-back", "--repo", git.path).status == 0)
        try commitAndApply()
        #expect(try desk.get("app") == rotated)
        #expect(try !isPending())
    }

    @Test func aValueOfOnesOwn() throws {
        let result = try desk.user.reseal(["rotate", "app", "--value-from-stdin"], stdin: Array("given\n".utf8))
        #expect(result.status == 0, "\(result.errorText)")
        #expect(try desk.get("app") == "given")
    }

    @Test func saysWhatCannotBeRotated() throws {
        let one = try desk.run("rotate", "fixed")
        #expect(one.status == 1 && one.errorText.contains("[rotation.not-rotatable]"))
        let missing = try desk.run("rotate", "ap")
        #expect(missing.errorText.contains("did you mean `app`?"))
        let some = try desk.run("rotate", "--all", "--label", "team=web")
        #expect(some.status == 8 && some.errorText.contains("not rotated: fixed"))
        #expect(try desk.run("rotate", "--all", "--label", "team=none").status == 64)
        #expect(try desk.run("rotate").status == 64)
        #expect(try desk.run("rotate", "app", "--due").status == 64)
        #expect(try desk.run("rotate", "--all").status == 64)
    }

    @Test func twoRunsDoNotMeet() throws {
        let lock = try #require(fopen("\(desk.user.home)/rotation.lock", "w"))
        defer { fclose(lock) }
        #expect(flock(fileno(lock), LOCK_EX) == 0)
        let refused = try desk.run("rotate", "app", "--lock-timeout", "1s")
        #expect(refused.status == 7 && refused.errorText.contains("[vault.locked]"), "\(refused.errorText)")
        #expect(try desk.run("rotate", "app", "--lock-timeout", "soon").status == 64)
    }
}
