import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// Every risk note where it belongs, and nowhere else.
@Suite struct RiskTests {
    typealias Case = PlanCase<Set<RiskNote>>

    @Test(arguments: secrets + definitions)
    func risks(_ test: Case) {
        var world = World()
        test.arrange(&world)
        #expect(Set(world.plan().changes.flatMap(\.risks)) == test.expected)
    }

    @Test func everyNoteIsTested() {
        // Conflicts with a rotated value need a rotation; WriteBackPlanTests has them.
        let tested = (Self.secrets + Self.definitions).reduce(into: Set([RiskNote.writeBackConflict])) {
            $0.formUnion($1.expected)
        }
        #expect(tested == Set(RiskNote.allCases))
    }

    // MARK: Secrets

    static let secrets: [Case] = [
        Case("nothing special", []) {
            $0.git("new") { $0.read = ["user:alice"] }
            $0.vault("changed")
            $0.git("changed") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("someone more may read", [.permissionsWidened]) {
            $0.vault("a") { $0.read = ["user:alice"] }
            $0.git("a") { $0.read = ["user:alice", "user:bob"] }
        },
        Case("someone less may read", []) {
            $0.vault("a") { $0.read = ["user:alice", "user:bob"] }
            $0.git("a") { $0.read = ["user:alice"] }
        },
        Case("by name instead of by role", []) {
            $0.role("r", before: ["user:alice"], after: ["user:alice"])
            $0.vault("a") { $0.read = ["role:r"] }
            $0.git("a") { $0.read = ["user:alice"] }
        },
        Case("a new secret for everyone", [.everyoneGranted]) { $0.git("a") { $0.read = ["*"] } },
        Case("everyone may read what was closed", [.everyoneGranted, .permissionsWidened]) {
            $0.vault("a") { $0.read = ["user:alice"] }
            $0.git("a") { $0.read = ["*"] }
        },
        Case("everyone may write what all could read", [.everyoneGranted, .permissionsWidened]) {
            $0.vault("a") { $0.read = ["*"] }
            $0.git("a") {
                $0.read = ["*"]
                $0.write = ["*"]
            }
        },
        Case("everyone could read before", []) {
            $0.vault("a") { $0.read = ["*"] }
            $0.git("a") {
                $0.read = ["*", "user:alice"]
                $0.description = "other"
            }
        },
        Case("a restored secret for everyone", [.everyoneGranted]) {
            $0.deletedByGit("a")
            $0.git("a") { $0.read = ["*"] }
        },
        Case("plain age", [.bindingMissing]) {
            $0.vault("a") { $0.fields = ["": .unbound("one")] }
            $0.git("a") { $0.fields = ["": .unbound("two")] }
        },
        Case("plain age where only metadata change", []) {
            $0.vault("a") { $0.fields = ["": .unbound("one")] }
            $0.git("a") {
                $0.fields = ["": .unbound("one")]
                $0.description = "other"
            }
        },
        Case("from bound to plain age", [.bindingMissing]) {
            $0.vault("a")
            $0.git("a") { $0.fields = ["": .unbound("two")] }
        },
        Case("from sealed to plain text", [.sealRemoved]) {
            $0.vault("a") { $0.fields = ["host": .plain("h"), "password": .sealed("one")] }
            $0.git("a") { $0.fields = ["host": .plain("h2"), "password": .plain("two")] }
        },
        Case("from sealed to the same in plain text", [.sealRemoved]) {
            $0.vault("a") { $0.fields = ["host": .plain("h"), "password": .sealed("one")] }
            $0.git("a") { $0.fields = ["host": .plain("h"), "password": .plain("one")] }
        },
        Case("from plain text to sealed", []) {
            $0.vault("a") { $0.fields = ["": .plain("one")] }
            $0.git("a") { $0.fields = ["": .sealed("two")] }
        },
        Case("protection goes", [.protectionLifted]) {
            $0.vault("a") { $0.isProtected = true }
            $0.git("a")
        },
        Case("protection comes", []) {
            $0.vault("a")
            $0.git("a") { $0.isProtected = true }
        },
        Case("another value that says it was only resealed", [.falselyResealed]) {
            $0.vault("a") { $0.fields = ["": .sealed("one", 2)] }
            $0.git("a") { $0.fields = ["": .resealed("two", 3, givenAt: 2)] }
        },
        Case("a value that was resealed since it was given", []) {
            $0.vault("a") { $0.fields = ["": .sealed("one", 2)] }
            $0.git("a") { $0.fields = ["": .resealed("two", 4, givenAt: 3)] }
        },
        Case("an older value", [.olderValue]) {
            $0.vault("a") { $0.fields = ["": .sealed("two", 2)] }
            $0.git("a") { $0.fields = ["": .sealed("one", 1)] }
        },
        Case("an older value of a secret that was deleted", [.olderValue]) {
            $0.deletedByGit("a") { $0.fields = ["": .sealed("two", 2)] }
            $0.git("a") { $0.fields = ["": .sealed("one", 1)] }
        },
        Case("an older value of a field that was removed meanwhile", [.olderValue]) {
            $0.vault("a") { $0.fields = ["x": .sealed("x", 2), "y": .sealed("y", 5)] }
            $0.set("a", ["x": "x"])
            $0.git("a") { $0.fields = ["x": .sealed("x", 2), "y": .sealed("old", 4)] }
            $0.edit("a") { $0.drift = nil }
            $0.applied[ResourceKey(.secret, "a")]?.fingerprint = $0.secrets[SecretID("a")]?.fingerprint
        },
        Case("the newest value of a field that was removed meanwhile", []) {
            $0.vault("a") { $0.fields = ["x": .sealed("x", 2), "y": .sealed("y", 5)] }
            $0.set("a", ["x": "x"])
            $0.git("a") { $0.fields = ["x": .sealed("x", 2), "y": .sealed("y", 5)] }
            $0.edit("a") { $0.drift = nil }
            $0.applied[ResourceKey(.secret, "a")]?.fingerprint = $0.secrets[SecretID("a")]?.fingerprint
        },
        Case("an unchanged field that went back long ago", []) {
            $0.vault("a") { $0.fields = ["x": .sealed("x", -5), "y": .sealed("y")] }
            $0.git("a") { $0.fields = ["x": .sealed("x", 3), "y": .sealed("y2", 2)] }
        },
        Case("a value after one that went back", [.olderValue]) {
            $0.vault("a") { $0.fields = ["": .sealed("x", -5)] }
            $0.git("a") { $0.fields = ["": .sealed("y", 4)] }
        },
        Case("a value beyond one that went back", []) {
            $0.vault("a") { $0.fields = ["": .sealed("x", -5)] }
            $0.git("a") { $0.fields = ["": .sealed("y", 6)] }
        },
        Case("a hand-made value is overwritten", [.overwritesDrift]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("a hand-made value is only reported", []) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") { $0.description = "other" }
        },
        Case("expired", [.alreadyExpired]) { $0.git("a") { $0.expiresAt = World.now } },
        Case("expires later", []) { $0.git("a") { $0.expiresAt = World.now.adding(TimeSpan(seconds: 1)) } },
        Case("deletions within the limit", []) {
            for n in 0..<10 { $0.vault("gone-\(n)") }
            for n in 0..<50 { $0.both("kept-\(n)") }
        },
        Case("one deletion more than the limit", [.massDeletion]) {
            for n in 0..<11 { $0.vault("gone-\(n)") }
            for n in 0..<50 { $0.both("kept-\(n)") }
        },
        Case("more than the share", [.massDeletion]) {
            for n in 0..<5 { $0.vault("gone-\(n)") }
            for n in 0..<19 { $0.both("kept-\(n)") }
        },
        Case("a handful, whatever the share", []) { for n in 0..<3 { $0.vault("gone-\(n)") } },
    ]

    // MARK: Definitions

    private static func repository(_ edit: @escaping @Sendable (inout RepositoryPolicy) -> Void)
        -> @Sendable (
            inout World
        ) -> Void
    {
        { world in
            world.policyBefore = RepositoryPolicy(repositoryID: "r", requireBinding: true, driftPolicy: .revert)
            world.policyAfter = world.policyBefore ?? RepositoryPolicy()
            edit(&world.policyAfter)
            world.vault(.repository, "r")
            world.git(.repository, "r", ["description": "other"])
        }
    }

    private static func recipients(_ before: JSON, _ after: JSON) -> @Sendable (inout World) -> Void {
        { world in
            world.vault(.recipients, "r", before)
            world.git(.recipients, "r", after)
        }
    }

    static let definitions: [Case] = [
        Case("a description of the repository", [], repository { _ in }),
        Case("bindings no longer required", [.repositoryRulesRelaxed], repository { $0.requireBinding = false }),
        Case("drift no longer reverted", [.repositoryRulesRelaxed], repository { $0.driftPolicy = .report }),
        Case("more deletions", [.repositoryRulesRelaxed], repository { $0.massDeletionCount += 1 }),
        Case("a larger share", [.repositoryRulesRelaxed], repository { $0.massDeletionPercent += 1 }),
        Case("larger values", [.repositoryRulesRelaxed], repository { $0.valueBytes += 1 }),
        Case(
            "fewer deletions, smaller values", [],
            repository {
                $0.massDeletionCount -= 1
                $0.massDeletionPercent -= 1
                $0.valueBytes -= 1
            }),
        Case("a first repository", []) { $0.git(.repository, "r") },
        Case(
            "a new recipient", [.recipientsAdded],
            recipients(
                ["controller": "a"], ["controller": "a", "groups": ["g": ["b"]]])),
        Case(
            "a recipient less", [.recipientsRemoved],
            recipients(
                ["controller": "a", "rules": [["recipients": ["b", "group:g"]]]], ["controller": "a"])),
        Case(
            "another controller", [.recipientsAdded, .recipientsRemoved],
            recipients(
                ["controller": "a"], ["controller": "b"])),
        Case(
            "the same recipients for other paths", [.recipientsChanged],
            recipients(
                ["controller": "a", "rules": [["recipients": ["b"], "paths": ["x"]]]],
                ["controller": "a", "rules": [["recipients": ["b"], "paths": ["y"]]]])),
        Case("a label of the recipients", []) { world in
            world.vault(.recipients, "r", ["controller": "a"])
            world.git(.recipients, "r", ["controller": "a"])
            let spec = JSON.object(["metadata": ["labels": ["x": "y"]], "spec": ["controller": "a"]]).canonicalBytes
            let key = ResourceKey(.recipients, "r")
            world.desired[key] = world.desired[key]?.with(spec: spec)
        },
        Case("first recipients", []) { $0.git(.recipients, "r", ["controller": "a"]) },
        Case("recipients are gone", [.repositoryRulesRelaxed]) { $0.vault(.recipients, "r", ["controller": "a"]) },
        Case("someone joins a role that is granted", [.permissionsWidened]) {
            $0.role("r", before: ["user:alice"], after: ["user:alice", "user:bob"])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("someone joins by a claim", [.permissionsWidened]) {
            $0.vault(.role, "r")
            $0.git(.role, "r", ["oidc": [["provider": "p", "claims": ["x": "y"]]]])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("someone joins by a certificate", [.permissionsWidened]) {
            $0.vault(.role, "r")
            $0.git(.role, "r", ["certificates": ["host"]])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("someone leaves a role", []) {
            $0.role("r", before: ["user:alice", "user:bob"], after: ["user:alice"])
            $0.both("a") { $0.read = ["role:r"] }
        },
        Case("someone joins a role that nothing is granted to", []) {
            $0.role("r", before: [], after: ["user:bob"])
            $0.both("a") { $0.read = ["user:alice"] }
        },
        Case("credentials for everyone", [.everyoneGranted]) {
            $0.git(.dynamicSecret, "d", ["permissions": ["generate": ["*"]]])
        },
        Case("credentials for someone more", [.permissionsWidened]) {
            $0.vault(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice"]]])
            $0.git(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice", "user:bob"]]])
        },
        Case("credentials for someone less", []) {
            $0.vault(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice", "*"]]])
            $0.git(.dynamicSecret, "d", ["permissions": ["generate": ["user:alice"]]])
        },
    ]
}
