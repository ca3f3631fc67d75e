import ResealCore
import ResealManifests
import ResealVault
import Testing

@testable import ResealReconciler

/// What is planned while rotated fields have not reached Git.
@Suite struct WriteBackPlanTests {
    private typealias Case = PlanCase<[String]>

    /// `a` with host and password; rotation made another password, of which Git does not know.
    private static func pending(_ world: inout World) {
        world.both("a") { $0.fields = ["host": .plain("h"), "password": .sealed("old", 3)] }
        world.unwritten[SecretID("a")] = world.secrets[SecretID("a")]?.fields.filter { $0.field == "password" }
        world.rotate("a", ["host": .plain("h"), "password": .sealed("new", 0)])
        world.rotated = [:]
    }

    private static func git(_ world: inout World, _ host: String, _ password: World.Leaf, policy: Bool = false) {
        world.git("a") {
            $0.fields = ["host": .plain(host), "password": password]
            $0.policy = policy ? .revert : .report
        }
    }

    @Test(arguments: [
        Case("nothing changed", []) { world in pending(&world) },
        Case("policy revert", []) { world in
            pending(&world)
            git(&world, "h", .sealed("old", 3), policy: true)
        },
        Case("another field", ["newVersion a, v3, host changed"]) { world in
            pending(&world)
            git(&world, "other", .sealed("old", 3))
        },
        Case("the same field", ["update a, !writeBackConflict"]) { world in
            pending(&world)
            git(&world, "h", .sealed("a person's", 4))
        },
        Case("both", ["newVersion a, v4, host changed, !writeBackConflict"]) { world in
            pending(&world)
            git(&world, "other", .sealed("a person's", 4))
        },
        Case("it has landed", []) { world in
            pending(&world)
            git(&world, "h", .sealed("new", 4))
        },
        Case("it has landed with another change", ["newVersion a, v3, host changed"]) { world in
            pending(&world)
            git(&world, "other", .sealed("new", 4))
        },
        Case("the rotated value was destroyed", ["newVersion a, v3, password changed"]) { world in
            pending(&world)
            git(&world, "h", .sealed("old", 3))
            world.destroy("a")
        },
        Case("a hand-made change beside it, to be reverted", ["revertDrift a, v4, host changed, !overwritesDrift"]) {
            world in
            pending(&world)
            git(&world, "h", .sealed("old", 3), policy: true)
            world.set("a", ["host": "by hand", "password": "new"])
        },
    ]) func plans(_ example: PlanCase<[String]>) {
        var world = World()
        example.arrange(&world)
        let outcome = world.plan()
        #expect(outcome.summary == example.expected)
        #expect(outcome.guards.isEmpty)
    }

    /// What is adopted waits for its way into Git like a rotated value, and beside one.
    @Test func adoptsBesideARotation() {
        var world = World()
        Self.pending(&world)
        world.git("a") {
            $0.fields = ["host": .plain("h"), "password": .sealed("old", 3)]
            $0.policy = .adopt
        }
        world.set("a", ["host": "by hand", "password": "new"])
        let outcome = world.plan()
        #expect(outcome.summary == ["adoptDrift a, host changed, password changed"])
        #expect(outcome.changes.first?.adopted.map(\.field) == ["host", "password"])
        #expect(outcome.changes.first?.version == nil && outcome.guards.isEmpty)
    }

    @Test func aLandedValueIsSettled() {
        var world = World()
        Self.pending(&world)
        Self.git(&world, "h", .sealed("new", 4))
        #expect(world.plan().settled == [0])
    }

    @Test func keepsTheRotatedFields() {
        var world = World()
        Self.pending(&world)
        Self.git(&world, "other", .sealed("old", 3))
        let outcome = world.plan()
        #expect(outcome.changes.first?.kept == ["password"])
        #expect(outcome.drift.isEmpty)
    }
}
