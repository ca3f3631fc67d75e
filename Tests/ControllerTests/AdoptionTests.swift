import Foundation
import ResealCore
import TestSupport
import Testing

/// Changes made in the vault by hand, committed by the controller.
@Suite struct AdoptionTests {
    @Test func aHandMadeChangeComesIntoTheBranch() throws {
        let ground = try WriteBackGround()
        let controller = try RunningController(ground.user)
        try controller.line("applied")
        try ground.set("by hand")
        try controller.line("wrote back")
        _ = try eventually("the end of it") { try ground.isPending() ? nil : true }
        try controller.stop()
        let message = try ground.remote.git("log", "-1", "--format=%B", "main")
        #expect(message.hasPrefix("Adopt prod/rotated\n"), "\(message)")
        #expect(message.contains("\nReseal-Reason: adopted-drift\n") && !message.contains("rotation"), "\(message)")
        #expect(try ground.remote.git("rev-list", "--count", "main") == "3")
        #expect(try !ground.remote.git("show", "main:manifests/rotated.yaml").contains("by hand"))
        #expect(try ground.password() == "by hand")
        #expect(!controller.text.contains("by hand"))
        try ground.user.check("audit", "verify")

        // Another vault that reads the branch gets the same value.
        let options = ["--home", ground.user.folder.file("other")]
        #expect(try ground.user.reseal(["init"] + options).status == 0)
        let apply = try ground.user.reseal(
            [
                "apply", "--yes", "--repo", "file://\(ground.remote.path)", "--ref", "main", "--identity",
                ground.user.identity,
            ] + options)
        #expect(apply.status == 0, "\(apply.errorText)")
        let read = try ground.user.reseal(["get", "prod/rotated", "--field", "password"] + options)
        #expect(read.text == "by hand")
    }

    @Test func withoutWriteBackItWaits() throws {
        let ground = try WriteBackGround()
        try ground.configure(nil)
        let controller = try RunningController(ground.user)
        try controller.line("applied")
        try ground.set("by hand")
        _ = try eventually("the condition") { try ground.reason("WriteBackPending") == "DriftAdopted" ? true : nil }
        #expect(try ground.conditions().contains("Ready") && !ground.conditions().contains("Drifted"))
        try controller.stop()
        let plan = try ground.user.check("plan").text
        #expect(plan.contains("adopted values wait for their commit to Git: prod/rotated"), "\(plan)")
        #expect(try ground.remote.git("rev-list", "--count", "main") == "2")
    }

    /// A person and the controller's owner change the same field: both values are kept, and Git gets the vault's.
    @Test func aConflictKeepsBoth() throws {
        let ground = try WriteBackGround()
        #expect(try ground.once().status == 0)
        try ground.set("by hand")
        try ground.user.seal("prod/rotated", "password", "a person's value")
        try ground.user.repository.commit("by a person")
        try ground.push()
        #expect(try ground.once().status == 0)
        #expect(try ground.password() == "by hand")
        let other = try ground.user.check("get", "prod/rotated", "--version", "3", "--field", "password")
        #expect(other.text == "a person's value")
        #expect(try ground.once().status == 0)
        #expect(try !ground.isPending())
        #expect(try ground.remote.git("log", "-1", "--format=%s", "main") == "Adopt prod/rotated")
    }

    @Test(arguments: [
        "apply.change", "apply.beforeInventory", "apply.afterCommit", "writeBack.sealed", "writeBack.committed",
        "writeBack.pushed",
    ])
    func killedOnTheWay(_ fault: String) throws {
        let ground = try WriteBackGround()
        #expect(try ground.once().status == 0)
        try ground.set("by hand")
        #expect(try ground.once(fault: fault).status == 137, "\(fault) is not passed")
        #expect(try ground.password() == "by hand")
        for _ in 1...2 {
            let next = try ground.once()
            #expect(next.status == 0, "\(next.errorText)")
        }
        #expect(try !ground.isPending())
        #expect(try ground.password() == "by hand")
        // One commit, however often it was begun.
        #expect(try ground.remote.git("log", "--format=%s", "main").components(separatedBy: "Adopt").count == 2)
        try ground.remote.git("fsck", "--strict")
        try ground.user.check("audit", "verify")
    }
}
