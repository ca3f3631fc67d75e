import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// What stops a plan.
@Suite struct GuardTests {
    typealias Case = PlanCase<[GuardRefusal.Rule]>

    @Test(arguments: [
        Case("a protected secret goes", [.deletionProtection]) { $0.vault("a") { $0.isProtected = true } },
        Case("protection is lifted, the secret stays", []) {
            $0.vault("a") { $0.isProtected = true }
            $0.git("a")
        },
        Case("a protected secret is renamed", [.deletionProtection]) {
            $0.vault("a") { $0.isProtected = true }
            $0.git("b") { $0.isProtected = true }
        },
        Case("an unprotected secret goes", []) { $0.vault("a") },

        Case("too many at once", [.massDeletion]) {
            for n in 0..<11 { $0.vault("gone-\(n)") }
            for n in 0..<90 { $0.both("kept-\(n)") }
        },
        Case("allowed by the one who asked", []) {
            $0.allowsMassDeletion = true
            for n in 0..<11 { $0.vault("gone-\(n)") }
        },
        Case("the change raises its own limit", [.massDeletion]) {
            $0.policyAfter.massDeletionCount = 1000
            $0.policyAfter.massDeletionPercent = 100
            for n in 0..<11 { $0.vault("gone-\(n)") }
        },
        Case("the change lowers the limit", []) {
            $0.policyAfter.massDeletionCount = 0
            $0.vault("gone")
        },
        Case("a limit of none", [.massDeletion]) {
            $0.policyBefore?.massDeletionCount = 0
            $0.vault("gone")
        },
        Case("definitions do not count", []) { for n in 0..<30 { $0.vault(.notifier, "n-\(n)") } },
        Case("secrets that are deleted already do not count", []) {
            for n in 0..<30 {
                $0.vault("gone-\(n)")
                $0.delete("gone-\(n)")
            }
        },

        Case("an older value after a rotation", [.replayOfRotatedValue]) {
            $0.vault("a") { $0.fields = ["password": .sealed("new", 3)] }
            $0.git("a") { $0.fields = ["password": .sealed("old", 2)] }
            $0.rotated = [SecretID("a"): ["password"]]
        },
        Case("an older value of a field that was not rotated", []) {
            $0.vault("a") { $0.fields = ["password": .sealed("new", 3), "user": .sealed("u2", 2)] }
            $0.git("a") { $0.fields = ["password": .sealed("new", 3), "user": .sealed("u", 1)] }
            $0.rotated = [SecretID("a"): ["password"]]
        },
        Case("an older value without a rotation", []) {
            $0.vault("a") { $0.fields = ["": .sealed("two", 2)] }
            $0.git("a") { $0.fields = ["": .sealed("one", 1)] }
        },
        Case("a newer value after a rotation", []) {
            $0.vault("a") { $0.fields = ["password": .sealed("new", 3)] }
            $0.git("a") { $0.fields = ["password": .sealed("newer", 4)] }
            $0.rotated = [SecretID("a"): ["password"]]
        },

        Case("a value sealed while rotation made another one", [.counterConflict]) {
            $0.vault("a")
            $0.rotate("a", ["": .sealed("rotated", 2)])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },

        Case("the same counter, another value", [.counterConflict]) {
            $0.vault("a") { $0.fields = ["": .sealed("one", 2)] }
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("the same counter in a restored secret", [.counterConflict]) {
            $0.deletedByGit("a") { $0.fields = ["": .sealed("one", 2)] }
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("the same counter, the same value", []) { $0.both("a") },
        Case("Git's value comes back over a hand-made one", []) {
            $0.both("a") { $0.policy = .revert }
            $0.set("a", ["": "hand"])
        },
        Case("a hand-made value, Git's own again after it was gone", []) {
            $0.deletedByGit("a")
            $0.edit("a") { $0.state = .active }
            $0.set("a", ["": "hand"])
            $0.git("a")
        },
        Case("unbound values have no counter", []) {
            $0.vault("a") { $0.fields = ["": .unbound("one")] }
            $0.git("a") { $0.fields = ["": .unbound("two")] }
        },

        Case("another repository's secret", [.ownedElsewhere]) {
            $0.git("a")
            $0.owners = [ResourceKey(.secret, "a"): "/srv/other"]
        },
        Case("another repository's role", [.ownedElsewhere]) {
            $0.git(.role, "r")
            $0.owners = [ResourceKey(.role, "r"): "/srv/other"]
        },
    ])
    func guards(_ test: Case) {
        var world = World()
        test.arrange(&world)
        let guards = world.plan().guards
        #expect(guards.map(\.rule) == test.expected)
        #expect(guards.allSatisfy { !$0.hint.isEmpty })
    }

    @Test func withoutABaseTheOwnRulesCount() {
        var world = World()
        world.policyBefore = nil
        world.policyAfter.massDeletionCount = 0
        world.vault("gone")
        #expect(world.plan().guards.map(\.rule) == [.massDeletion])
    }

    @Test func refusalsNameThePlaceAndTheNumbers() throws {
        var world = World()
        world.vault("a") { $0.fields = ["password": .sealed("new", 3)] }
        world.git("a") { $0.fields = ["password": .sealed("old", 2)] }
        world.rotated = [SecretID("a"): ["password"]]
        for n in 0..<11 { world.vault("gone-\(n)") }
        let guards = world.plan().guards
        let replay = try #require(guards.first)
        #expect(replay.message.contains("counter 2") && replay.message.contains("counter 3"))
        #expect(replay.span == SourceSpan(file: "manifests/a.yaml", line: 4, column: 9))
        let mass = try #require(guards.last)
        #expect(mass.message == "11 of 12 secrets would be deleted; the limit is 10 secrets or 20 %")
        #expect(mass.hint.contains("--allow-mass-deletion"))
    }
}
