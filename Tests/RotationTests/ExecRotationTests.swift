import Foundation
import ResealCore
import ResealReconciler
import ResealVault
import TestSupport
import Testing

/// Rotations through a command of the controller's configuration.
@Suite struct ExecRotationTests {
    private static let manifest = """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: api}
        spec:
          value:
            token: ""
          rotation:
            every: 1d
            splay: 0s
            keepPrevious: 2h
            generate: {kind: bytes, length: 24, encoding: hex, field: token}
            handler: {exec: {command: target, timeout: 20s}}

        """

    private let desk: Desk
    private let state: TemporaryFolder

    init() throws {
        desk = try Desk(Self.manifest, sealing: [("api", "token", "first-token")])
        state = try TemporaryFolder()
        try state.write("first-token", to: "valid")
        try use("good")
    }

    private func use(_ mode: String) throws {
        try desk.configure(command: "target", script: "target.py", arguments: "\(mode) \(state.path)")
    }

    private var valid: [String] {
        get throws { String(decoding: try state.read("valid"), as: UTF8.self).split(separator: "\n").map(String.init) }
    }

    @Test func theOldValueStaysUntilItIsRetired() throws {
        #expect(try desk.run("rotate", "api").status == 0)
        let first = try desk.get("api", "token")
        #expect(try valid == ["first-token", first])
        let soon = WallClock { WallClock.system.now().adding(.of("3h")) }
        let run = try desk.rotator(try desk.core(at: soon)).runDue(by: .test)
        #expect(run.failures == 0 && run.endings.count == 1)
        #expect(try valid == [first])
        #expect(try desk.json("rotation", "list").arrayValue?.first?["retire_at"] == .null)
    }

    @Test func whatIsDue() throws {
        #expect(try desk.run("rotate", "--due").errorText.contains("nothing is due"))
        let later = WallClock { WallClock.system.now().adding(.of("25h")) }
        let core = try desk.core(at: later)
        #expect(try desk.rotator(core).runDue(by: .test).endings.count == 1)
        #expect(try desk.get("api", "token") != "first-token")
        // Rotated, it is not due again; only the value before is.
        #expect(try desk.rotator(core).runDue(by: .test).endings.isEmpty)
    }

    @Test func aFailureBacksOffAndGoesOnWithTheSameValue() throws {
        try use("busy")
        #expect(try desk.run("rotate", "api").status == 1)
        #expect(try desk.run("rotate", "--due").errorText.contains("nothing is due"))
        let item = try #require(try desk.item("api"))
        #expect(item["failures"] == 1 && item["last_failure"] == "rotation.command-failed")
        #expect(try desk.get("api", "token") == "first-token")
        let hidden = try desk.run("get", "api", "--version", "2")
        #expect(hidden.status == 1 && hidden.errorText.contains("[vault.version-pending]"))
        let other = try desk.user.reseal(["rotate", "api", "--value-from-stdin"], stdin: Array("x".utf8))
        #expect(other.errorText.contains("[rotation.running]"))
        try use("good")
        let done = try desk.run("rotate", "api")
        #expect(done.status == 0 && done.errorText.contains("finished the rotation"))
        #expect(try desk.json("versions", "api").arrayValue?.count == 2)
    }

    @Test func aRejectedValueIsTakenBack() throws {
        try use("rejects")
        #expect(try desk.run("rotate", "api").errorText.contains("[rotation.not-verified]"))
        #expect(try valid == ["first-token"])
        #expect(try desk.get("api", "token") == "first-token")
        let versions = try desk.json("versions", "api").arrayValue
        #expect(versions?.last?["state"] == "destroyed")
    }

    @Test func anotherFieldMayChangeMeanwhile() throws {
        try use("busy")
        #expect(try desk.run("rotate", "api").status == 1)
        try desk.user.check("set", "api", "--field", "note", stdin: "by hand")
        try use("good")
        #expect(try desk.run("rotate", "api").status == 0)
        #expect(try desk.get("api", "note") == "by hand")
        #expect(try valid.contains(desk.get("api", "token")))
    }

    @Test(arguments: ["target", "other"]) func refusesAnUnsafeCommand(_ name: String) throws {
        try desk.configure("commands/target.yaml", "program: relative\n")
        if name == "other" {
            let program = try state.write("#!/bin/sh\n", to: "program")
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: program)
            try desk.configure("commands/target.yaml", "program: \(program)\n")
        }
        let result = try desk.run("rotate", "api")
        #expect(result.status == 1)
        #expect(result.errorText.contains(name == "other" ? "[file.permissions]" : "[rotation.not-configured]"))
        #expect(try desk.item("api")?["state"] == "scheduled", "nothing was begun")
    }
}
