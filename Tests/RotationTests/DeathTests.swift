import ResealCore
import TestSupport
import Testing

/// A rotation that is killed wherever it can be, and the run after it.
@Suite struct DeathTests {
    private static let steps = [
        "rotation.pending", "rotation.afterHandOver", "rotation.handedOver", "rotation.afterVerify",
        "rotation.verified", "rotation.promoted", "store.begin", "store.beforeCommit", "store.afterCommit",
    ]

    @Test(arguments: ["orders", "pair"])
    func inADatabase(_ name: String) throws {
        let database = try DatabaseDesk()
        let desk = database.desk
        for step in Self.steps {
            for hit in step.hasPrefix("store.") ? [1, 3, 5, 6] : [1] {
                let before = try desk.user.check("get", name).text
                let death = try desk.run("rotate", name, variables: ["RESEAL_FAULT": "\(step):\(hit)"])
                #expect(death.status == 137, "\(step):\(hit) is not passed: \(death.errorText)")
                let between = try desk.user.check("get", name).text
                let isPromoted = between != before
                // What is current changes only when the new value was used with success.
                if isPromoted { #expect(try database.isValid(name), "\(step):\(hit)") }
                let item = try desk.item(name)
                if item?["state"] == "running" {
                    #expect(try desk.run("rotate", "--due").status == 0, "\(step):\(hit)")
                    #expect(try desk.user.check("get", name).text != before)
                }
                #expect(try desk.item(name)?["state"] != "running")
                #expect(try database.isValid(name), "\(step):\(hit)")
                try expectWhole(desk)
            }
        }
    }

    /// Taken back after the target has it already.
    @Test(arguments: ["rotation.pending", "rotation.afterHandOver", "rotation.handedOver", "rotation.verified"])
    func thenCancelled(_ step: String) throws {
        let database = try DatabaseDesk()
        let desk = database.desk
        #expect(try desk.run("rotate", "orders", variables: ["RESEAL_FAULT": step]).status == 137)
        for fault in ["rotation.afterRollBack", nil] {
            let result = try desk.run("rotation", "cancel", "orders", variables: ["RESEAL_FAULT": fault])
            #expect(result.status == (fault == nil ? 0 : 137), "\(result.errorText)")
        }
        #expect(try desk.get("orders") == DatabaseDesk.single)
        #expect(try database.isValid("orders"))
        #expect(try desk.run("rotation", "cancel", "orders").errorText.contains("[rotation.none]"))
        #expect(try desk.run("rotate", "orders").status == 0)
        #expect(try database.isValid("orders"))
        try expectWhole(desk)
    }

    private func expectWhole(_ desk: Desk) throws {
        let result = try desk.run("audit", "verify")
        #expect(result.status == 0, "\(result.errorText)")
    }
}
