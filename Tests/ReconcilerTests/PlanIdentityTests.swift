import Foundation
import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import TestSupport
import Testing

@testable import ResealReconciler

/// A plan's id stands for everything that decides what apply does.
@Suite struct PlanIdentityTests {
    private static func plan(
        _ edit: (inout Plan) -> Void = { _ in }, _ arrange: (inout World) -> Void = { _ in }
    ) -> String {
        var world = World()
        world.vault("a")
        world.vault("gone")
        world.git("a") { $0.fields = ["": .sealed("two", 2)] }
        arrange(&world)
        let outcome = world.plan()
        var plan = Plan(
            source: Plan.Source(location: "/srv/x", ref: "main", path: "manifests"), base: id(1), head: id(2),
            vaultSerial: 7, policyDigest: digest("policy"), recipientsDigest: digest("recipients"),
            allowsMassDeletion: false, createdAt: World.now, changes: outcome.changes, drift: [], access: [],
            guards: [], warnings: [], id: "")
        edit(&plan)
        return PlanIdentity.compute(plan, desired: world.input.desired.resources)
    }

    private static func id(_ number: UInt8) -> ObjectID { ObjectID(filledWith: number) }
    private static func digest(_ text: String) -> Digest256 { Digest256(hashing: Array(text.utf8)) }

    @Test func equalInputsGiveEqualIDs() {
        #expect(Self.plan() == Self.plan())
        #expect(Self.plan().count == 32)
        #expect(Self.plan() == Self.plan({ $0.createdAt = World.now.adding(TimeSpan(seconds: 60)) }))
    }

    @Test func whateverDecidesMakesAnotherID() {
        let others = [
            Self.plan({ $0.base = Self.id(3) }), Self.plan({ $0.base = nil }), Self.plan({ $0.head = Self.id(3) }),
            Self.plan({ $0.head = nil }), Self.plan({ $0.vaultSerial = 8 }), Self.plan({ $0.vaultSerial = nil }),
            Self.plan({ $0.policyDigest = Self.digest("other") }),
            Self.plan({ $0.recipientsDigest = Self.digest("other") }), Self.plan({ $0.allowsMassDeletion = true }),
            Self.plan({ _ in }, { $0.git("a") { $0.fields = ["": .sealed("three", 2)] } }),
            Self.plan({ _ in }, { $0.git("a") { $0.description = "other" } }),
            Self.plan({ _ in }, { $0.both("gone") }), Self.plan({ _ in }, { $0.git("new") }),
            Self.plan({ _ in }, { $0.vault("a") { $0.fields = ["": .sealed("two", 2)] } }),
        ]
        #expect(Set(others + [Self.plan()]).count == others.count + 1)
    }

    /// Nothing but what is shown as part of a plan can be in it.
    @Test func noTypeOfAPlanHoldsAValue() throws {
        var world = World()
        world.vault("a") { $0.fields = ["x": .plain("canary-1")] }
        world.git("a") { $0.fields = ["x": .plain("canary-2")] }
        var text = ""
        dump(world.plan(), to: &text)
        #expect(text.contains("newVersion"))
        #expect(!text.contains("canary"))
    }
}
