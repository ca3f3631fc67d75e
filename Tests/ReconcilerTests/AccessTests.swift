import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// Who gains and loses what.
@Suite struct AccessTests {
    typealias Case = PlanCase<[String]>

    @Test(arguments: [
        Case("nothing", []) { $0.both("a") { $0.read = ["user:alice", "*"] } },
        Case("a new secret", ["user:alice +read +write: a"]) {
            $0.git("a") {
                $0.read = ["user:alice"]
                $0.write = ["user:alice"]
            }
        },
        Case("a deleted secret", ["service:orders -read: a"]) { $0.vault("a") { $0.read = ["service:orders"] } },
        Case("a secret that was deleted by hand before", []) {
            $0.vault("a") { $0.read = ["service:orders"] }
            $0.delete("a")
        },
        Case("a restored secret", ["user:alice +read: a"]) {
            $0.deletedByGit("a")
            $0.git("a") { $0.read = ["user:alice"] }
        },
        Case("one for another", ["user:alice -read: a", "user:bob +read: a"]) {
            $0.vault("a") { $0.read = ["user:alice"] }
            $0.git("a") { $0.read = ["user:bob"] }
        },
        Case("other rights", ["user:alice +write -read: a"]) {
            $0.vault("a") { $0.read = ["user:alice"] }
            $0.git("a") { $0.write = ["user:alice"] }
        },
        Case("the same for many secrets", ["user:alice +read: a b c"]) {
            for name in ["c", "a", "b"] { $0.git(name) { $0.read = ["user:alice"] } }
        },
        Case("a secret made by hand gets its first permissions", ["user:alice +read: a"]) {
            $0.setNew("a", ["": "one"])
            $0.git("a") { $0.read = ["user:alice"] }
        },

        Case("a role and its members", ["role:r +read: a", "user:alice +read: a"]) {
            $0.role("r", before: ["user:alice"], after: ["user:alice"])
            $0.vault("a")
            $0.git("a") { $0.read = ["role:r"] }
        },
        Case("someone joins, the secret's manifest is the same", ["user:bob +read: a"]) {
            $0.role("r", before: ["user:alice"], after: ["user:alice", "user:bob"])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("someone leaves", ["user:alice -read: a"]) {
            $0.role("r", before: ["user:alice"], after: [])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("leaves a role and keeps the right by name", []) {
            $0.role("r", before: ["user:alice"], after: [])
            $0.both("a") { $0.read = ["role:r", "user:alice"] }
        },
        Case("leaves one role for another", []) {
            $0.role("r", before: ["user:alice"], after: [])
            $0.role("s", before: [], after: ["user:alice"])
            $0.both("a") { $0.read = ["role:r", "role:s"] }
        },
        Case("joins while the role loses the right", ["role:r -read: a"]) {
            $0.role("r", before: [], after: ["user:alice"])
            $0.vault("a") { $0.read = ["role:r"] }
            $0.git("a")
        },
        Case("a role of the same name in another organization", ["user:bob +read: a"]) {
            $0.role("r", before: ["user:alice"], after: ["user:alice", "user:bob"])
            $0.both("a") { $0.read = ["role:r"] }
            $0.both("b", organization: "other") { $0.read = ["role:r"] }
        },

        Case("everyone", ["* +read: a"]) {
            $0.vault("a")
            $0.git("a") { $0.read = ["*"] }
        },
        Case("everyone instead of some", ["* +read: a"]) {
            $0.vault("a") { $0.read = ["user:alice", "user:bob"] }
            $0.git("a") { $0.read = ["*"] }
        },
        Case("some instead of everyone", ["* -read: a"]) {
            $0.vault("a") { $0.read = ["*"] }
            $0.git("a") { $0.read = ["user:alice"] }
        },
        Case("by name what everyone has", []) {
            $0.vault("a") { $0.read = ["*"] }
            $0.git("a") { $0.read = ["*", "user:alice"] }
        },
        Case("everyone may read, one may write no longer", ["* +read: a", "user:alice -write: a"]) {
            $0.vault("a") { $0.write = ["user:alice"] }
            $0.git("a") { $0.read = ["*"] }
        },

        Case(
            "credentials",
            ["user:alice +generate: DynamicSecret.default/d", "user:bob -revoke: DynamicSecret.default/d"]
        ) {
            $0.vault(.dynamicSecret, "d", ["permissions": ["revoke": ["user:bob"]]])
            $0.git(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice"]]])
        },
        Case("credentials through a role", ["user:bob +generate: DynamicSecret.default/d"]) {
            $0.role("r", before: [], after: ["user:bob"])
            $0.vault(.dynamicSecret, "d", ["permissions": ["generate": ["role:r"]]])
            $0.git(.dynamicSecret, "d", ["permissions": ["generate": ["role:r"]]])
        },
        Case("credentials gone", ["user:alice -generate: DynamicSecret.default/d"]) {
            $0.vault(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice"]]])
        },
    ])
    func access(_ test: Case) {
        var world = World()
        test.arrange(&world)
        #expect(world.plan().accessSummary == test.expected)
    }

    /// Outside of what a plan reads, only those resources are known that name a changed role.
    @Test func changedRolesReachResourcesOutsideOfThePlan() {
        var world = World()
        world.role("r", before: ["user:alice"], after: ["user:bob"])
        var input = world.input
        input.vault.grantsOfChangedRoles = [
            ResourceKey(.secret, "far"): Grants(spec: Array(#"{"spec":{"permissions":{"read":["role:r"]}}}"#.utf8)),
            ResourceKey(.secret, "x", organization: "other"):
                Grants(spec: Array(#"{"spec":{"permissions":{"read":["role:r"]}}}"#.utf8)),
        ]
        let outcome = Planner.plan(input)
        #expect(outcome.accessSummary == ["user:alice -read: far", "user:bob +read: far"])
        #expect(outcome.changes.map(\.risks) == [[.permissionsWidened]])
    }
}
