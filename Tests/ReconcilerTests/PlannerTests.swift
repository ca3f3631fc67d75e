import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// What each difference between the three states is planned as.
@Suite struct PlannerTests {
    typealias Case = PlanCase<[String]>

    @Test(arguments: [
        Case("nothing", []) { $0.both("a") },
        Case("a new secret", ["create a, v1, value added"]) { $0.git("a") },
        Case("a new secret without a value", ["create a"]) { $0.git("a") { $0.fields = [:] } },
        Case("metadata", ["update a"]) {
            $0.vault("a")
            $0.git("a") { $0.description = "other" }
        },
        Case("a new value", ["newVersion a, v2, value changed"]) {
            $0.vault("a")
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("fields", ["newVersion a, v2, x changed, y removed, z added"]) {
            $0.vault("a") { $0.fields = ["w": .sealed("w"), "x": .sealed("x"), "y": .sealed("y")] }
            $0.git("a") { $0.fields = ["w": .sealed("w"), "x": .sealed("x2", 2), "z": .sealed("z")] }
        },
        Case("metadata and value", ["newVersion a, v2, value changed"]) {
            $0.vault("a")
            $0.git("a") {
                $0.description = "other"
                $0.fields = ["": .sealed("two", 2)]
            }
        },
        Case("the first value", ["newVersion a, v2, value added"]) {
            $0.vault("a") { $0.fields = [:] }
            $0.git("a")
        },
        Case("a value that Git no longer has", ["update a"]) {
            $0.vault("a")
            $0.git("a") { $0.fields = [:] }
        },
        Case("the same value sealed anew", []) {
            $0.vault("a")
            $0.git("a") { $0.fields = ["": .sealed("one", 2)] }
        },
        Case("destroyed by hand, to be reported", ["newVersion a, v2"]) {
            $0.both("a")
            $0.destroy("a")
        },
        Case("destroyed by hand, to be adopted", ["newVersion a, v2"]) {
            $0.both("a") { $0.policy = .adopt }
            $0.destroy("a")
        },
        Case("destroyed by hand before anybody noted it", ["newVersion a, v2"]) {
            $0.both("a")
            $0.destroy("a")
            $0.edit("a") { $0.drift = nil }
        },
        Case("gone from Git", ["delete a"]) { $0.vault("a") },
        Case("gone from both", []) {
            $0.vault("a")
            $0.delete("a")
        },
        Case("made by hand and not in Git", []) { $0.setNew("a", ["": "x"]) },
        Case("made by hand, now in Git with the same value", ["update a"]) {
            $0.setNew("a", ["": "one"])
            $0.git("a")
        },
        Case("made by hand, now in Git with another value", ["newVersion a, v2, value changed, !overwritesDrift"]) {
            $0.setNew("a", ["": "x"])
            $0.git("a")
        },
        Case("made by hand, now in Git without a value", ["update a"]) {
            $0.setNew("a", ["": "x"])
            $0.git("a") { $0.fields = [:] }
        },
        Case("back in Git", ["restore a"]) {
            $0.deletedByGit("a")
            $0.git("a")
        },
        Case("back in Git with another value", ["restore a, v2, value changed"]) {
            $0.deletedByGit("a")
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("deleted by hand, to be reported", []) {
            $0.both("a")
            $0.delete("a")
        },
        Case("deleted by hand, to be reverted", ["restore a, !overwritesDrift"]) {
            $0.both("a") { $0.policy = .revert }
            $0.delete("a")
        },
        Case("deleted by hand and changed in Git", ["restore a, v2, value changed, !overwritesDrift"]) {
            $0.vault("a")
            $0.delete("a")
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("set by hand, to be reported", []) {
            $0.both("a")
            $0.set("a", ["": "hand"])
        },
        Case("set by hand, to be adopted", ["adoptDrift a, value changed"]) {
            $0.both("a") { $0.policy = .adopt }
            $0.set("a", ["": "hand"])
        },
        Case("a field added by hand, to be adopted", ["adoptDrift a, y added"]) {
            $0.both("a") {
                $0.policy = .adopt
                $0.fields = ["x": .sealed("x")]
            }
            $0.set("a", ["x": "x", "y": "hand"])
        },
        Case("a field removed by hand, not to be adopted", []) {
            $0.both("a") {
                $0.policy = .adopt
                $0.fields = ["x": .sealed("x"), "y": .sealed("y")]
            }
            $0.set("a", ["x": "hand"])
        },
        Case("deleted by hand, not to be adopted", []) {
            $0.both("a") { $0.policy = .adopt }
            $0.delete("a")
        },
        Case("adopted, and metadata changed in Git", ["adoptDrift a, value changed"]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") {
                $0.policy = .adopt
                $0.description = "other"
            }
        },
        Case("both changed, to be adopted", ["adoptDrift a, value changed, !writeBackConflict"]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") {
                $0.policy = .adopt
                $0.fields = ["": .sealed("two", 2)]
            }
        },
        Case("other fields changed in both, to be adopted", ["adoptDrift a, v3, y changed"]) {
            $0.vault("a") { $0.fields = ["x": .sealed("x"), "y": .sealed("y")] }
            $0.set("a", ["x": "hand", "y": "y"])
            $0.git("a") {
                $0.policy = .adopt
                $0.fields = ["x": .sealed("x"), "y": .sealed("two", 2)]
            }
        },
        Case("both changed to the same, to be adopted", []) {
            $0.vault("a")
            $0.set("a", ["": "two"])
            $0.git("a") {
                $0.policy = .adopt
                $0.fields = ["": .sealed("two", 2)]
            }
        },
        Case("set by hand, to be reverted", ["revertDrift a, v3, value changed, !overwritesDrift"]) {
            $0.both("a") { $0.policy = .revert }
            $0.set("a", ["": "hand"])
        },
        Case("set by hand, and metadata changed in Git", ["update a"]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") { $0.description = "other" }
        },
        Case("rotated, and not in Git yet", []) {
            $0.both("a") { $0.policy = .revert }
            $0.rotate("a", ["": .sealed("rotated", 2)])
        },
        Case("rotated, and metadata changed in Git", ["update a"]) {
            $0.vault("a")
            $0.rotate("a", ["": .sealed("rotated", 2)])
            $0.git("a") {
                $0.description = "other"
                $0.policy = .revert
            }
        },
        Case("rotated, and in Git now", []) {
            $0.vault("a")
            $0.rotate("a", ["": .sealed("rotated", 2)])
            $0.git("a") { $0.fields = ["": .sealed("rotated", 2)] }
        },
        Case("rotated, and replaced in Git", ["newVersion a, v3, value changed, !overwritesDrift"]) {
            $0.vault("a")
            $0.rotate("a", ["": .sealed("rotated", 2)])
            $0.git("a") { $0.fields = ["": .sealed("two", 3)] }
        },
        Case("both changed", ["newVersion a, v3, value changed, !overwritesDrift"]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("both changed to the same", []) {
            $0.vault("a")
            $0.set("a", ["": "two"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("a definition", ["define Notifier.default/n"]) { $0.git(.notifier, "n") },
        Case("a definition changed", ["define Notifier.default/n"]) {
            $0.vault(.notifier, "n")
            $0.git(.notifier, "n", ["command": "x"])
        },
        Case("a definition unchanged", []) {
            $0.vault(.notifier, "n")
            $0.git(.notifier, "n")
        },
        Case("a definition gone", ["delete Connection.default/c"]) { $0.vault(.connection, "c") },
        Case("another kind", ["define DynamicSecret.default/a", "delete a"]) {
            $0.vault("a")
            $0.git(.dynamicSecret, "a")
        },
        Case("another organization", ["delete a", "create a, v1, value added"]) {
            $0.vault("a")
            $0.git("a", organization: "other")
        },
    ])
    func changes(_ test: Case) {
        var world = World()
        test.arrange(&world)
        #expect(world.plan().summary == test.expected)
        #expect(world.plan().guards.isEmpty)
    }

    @Test func reasonsAndPositionsSayWhyAndWhere() throws {
        var world = World()
        world.git("new")
        world.vault("gone")
        world.vault("changed")
        world.git("changed") { $0.description = "other" }
        world.setNew("hand", ["": "one"])
        world.git("hand")
        world.both("drifted") { $0.policy = .revert }
        world.set("drifted", ["": "hand"])
        world.both("deleted") { $0.policy = .revert }
        world.delete("deleted")
        world.deletedByGit("back")
        world.git("back")
        world.vault("empty")
        world.git("empty") { $0.fields = [:] }
        let found = Dictionary(
            uniqueKeysWithValues: world.plan().changes.map {
                ($0.key.name, "\($0.reason) @ \($0.position?.path ?? "")")
            })
        #expect(
            found == [
                "new": "new in Git @ manifests/new.yaml", "gone": "gone from Git @ manifests/old/gone.yaml",
                "changed": "changed in Git @ manifests/changed.yaml",
                "hand": "made in the vault by hand, now described in Git @ manifests/hand.yaml",
                "drifted": "changed in the vault by hand @ manifests/drifted.yaml",
                "deleted": "deleted in the vault by hand @ manifests/deleted.yaml",
                "back": "back in Git @ manifests/back.yaml",
                "empty": "its value is gone from Git; the vault keeps it @ manifests/empty.yaml",
            ])
    }

    @Test func attributesNameWhatDiffersAndNeverTheValue() throws {
        var world = World()
        world.vault("a") { $0.fields = ["x": .sealed("x"), "y": .plain("y")] }
        world.git("a") {
            $0.fields = ["x": .plain("x")]
            $0.description = "other"
            $0.read = ["user:alice"]
        }
        let change = try #require(world.plan().changes.first)
        #expect(
            change.attributes == [
                AttributeChange(path: ["spec", "description"], before: "text", after: "other"),
                AttributeChange(path: ["spec", "permissions", "read"], before: [], after: ["user:alice"]),
            ])
        #expect(change.before == world.secrets[SecretID("a")]?.spec)
    }

    @Test(arguments: [
        Case("reported", ["a value reported  changed"]) {
            $0.both("a")
            $0.set("a", ["": "hand"])
        },
        Case("reverted", ["a value reverted x changed y removed"]) {
            $0.both("a") {
                $0.policy = .revert
                $0.fields = ["x": .sealed("x"), "y": .sealed("y")]
            }
            $0.set("a", ["x": "hand"])
        },
        Case("adopted", ["a value adopted  changed"]) {
            $0.both("a") { $0.policy = .adopt }
            $0.set("a", ["": "hand"])
        },
        Case("not adoptable", ["a value notAdoptable x changed y removed"]) {
            $0.both("a") {
                $0.policy = .adopt
                $0.fields = ["x": .sealed("x"), "y": .sealed("y")]
            }
            $0.set("a", ["x": "hand"])
        },
        Case("overwritten", ["a value overwritten  changed"]) {
            $0.vault("a")
            $0.set("a", ["": "hand"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("deleted and reported", ["a deleted reported "]) {
            $0.both("a")
            $0.delete("a")
        },
        Case("deleted and reverted", ["a deleted reverted "]) {
            $0.both("a") { $0.policy = .revert }
            $0.delete("a")
        },
        Case("deleted and not adoptable", ["a deleted notAdoptable "]) {
            $0.both("a") { $0.policy = .adopt }
            $0.delete("a")
        },
        Case("deleted and overwritten", ["a deleted overwritten "]) {
            $0.vault("a")
            $0.delete("a")
            $0.git("a") { $0.description = "other" }
        },
        Case("caught up with", []) {
            $0.vault("a")
            $0.set("a", ["": "two"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("a hand-made secret", []) { $0.setNew("a", ["": "x"]) },
        Case("a rotated value", []) {
            $0.both("a")
            $0.rotate("a", ["": .sealed("rotated", 2)])
        },
    ])
    func drift(_ test: Case) {
        var world = World()
        test.arrange(&world)
        #expect(world.plan().driftSummary == test.expected)
    }

    @Test(arguments: [
        Case("Git caught up", ["a"]) {
            $0.vault("a")
            $0.set("a", ["": "two"])
            $0.git("a") { $0.fields = ["": .sealed("two", 2)] }
        },
        Case("sealed anew", ["a"]) {
            $0.vault("a")
            $0.git("a") { $0.fields = ["": .sealed("one", 2)] }
        },
        Case("the same counter", []) { $0.both("a") },
        Case("a lower counter of the same value", ["a"]) {
            $0.vault("a") { $0.fields = ["": .sealed("one", 3)] }
            $0.git("a") { $0.fields = ["": .sealed("one", 2)] }
        },
        Case("drift without a value in Git", ["a"]) {
            $0.both("a") { $0.fields = [:] }
            $0.edit("a") { $0.drift = .value }
        },
        Case("reported drift", []) {
            $0.both("a")
            $0.set("a", ["": "hand"])
        },
    ])
    func settled(_ test: Case) {
        var world = World()
        test.arrange(&world)
        let outcome = world.plan()
        #expect(outcome.settled.map { world.input.desired.resources[Int($0)].key.name } == test.expected)
        #expect(outcome.changes.isEmpty)
    }

    /// Dictionaries are in another order in each process, so the input is built in many orders instead.
    @Test func theOrderOfTheInputDoesNotShow() {
        func outcome(_ names: [String]) -> PlanOutcome {
            var world = World()
            world.policyBefore?.massDeletionPercent = 0
            for name in names {
                world.vault("gone-\(name)") {
                    $0.isProtected = true
                    $0.read = ["user:\(name)", "role:r"]
                }
                world.git("new-\(name)") { $0.read = ["user:\(name)", "*"] }
                world.both("drifted-\(name)")
                world.set("drifted-\(name)", ["": "hand"])
            }
            world.role("r", before: ["user:x"], after: ["user:y"])
            return world.plan()
        }
        let names = (0..<20).map { "n\($0)" }
        let first = outcome(names)
        #expect(first.changes.map(\.key) == first.changes.map(\.key).sorted())
        #expect(first.guards.count == 21)
        for _ in 0..<5 {
            let other = outcome(names.shuffled())
            #expect(other.changes == first.changes)
            #expect(other.access == first.access)
            #expect(other.drift == first.drift)
            #expect(other.guards == first.guards)
        }
    }
}
