import ResealCore
import ResealManifests
import ResealVault
import Testing

@testable import ResealReconciler

/// No plan tells whether plain text in the place of a sealed value is that value.
@Suite struct UnsealingTests {
    typealias Case = PlanCase<[String]>

    /// The values that somebody might guess, of which the vault has one now, and Git had another.
    private static let guesses = ["one", "now", "neither"]

    @Test(arguments: [
        Case("as applied", ["newVersion a, v2, password changed, !sealRemoved"]) { applied(&$0, "now") },
        Case("set by hand", ["newVersion a, v3, password changed, !overwritesDrift, !sealRemoved"]) {
            applied(&$0, "one")
            $0.set("a", ["password": "now"])
        },
        Case("rotated", ["newVersion a, v3, password changed, !overwritesDrift, !sealRemoved"]) {
            applied(&$0, "one")
            $0.rotate("a", ["password": .sealed("now", 0)])
        },
        Case("rotated and not written", ["newVersion a, v4, password changed, !writeBackConflict, !sealRemoved"]) {
            applied(&$0, "one")
            $0.unwritten[SecretID("a")] = $0.secrets[SecretID("a")]?.fields
            $0.rotate("a", ["password": .sealed("now", 0)])
        },
        Case("deleted by hand", ["restore a, v2, password changed, !overwritesDrift, !sealRemoved"]) {
            applied(&$0, "now")
            $0.delete("a")
        },
        Case("deleted by Git", ["restore a, v2, password changed, !sealRemoved"]) {
            $0.deletedByGit("a") { $0.fields = ["password": .sealed("now", 3)] }
        },
    ]) func guessesLookAlike(_ example: Case) {
        var seen: Set<[String]> = []
        for guess in Self.guesses {
            var world = World()
            example.arrange(&world)
            world.git("a") { $0.fields = ["password": .plain(guess)] }
            let outcome = world.plan()
            #expect(outcome.summary == example.expected, "\(guess)")
            seen.insert(outcome.summary + outcome.driftSummary + outcome.guards.map(\.message))
        }
        #expect(seen.count == 1, "\(seen)")
    }

    @Test func whatStandsThereInPlainTextIsToldOnce() {
        var world = World()
        world.both("a") { $0.fields = ["password": .plain("one")] }
        world.edit("a") { $0.fields[0].counter = -3 }
        #expect(world.plan().changes.isEmpty)
    }

    private static func applied(_ world: inout World, _ text: String) {
        world.vault("a") { $0.fields = ["password": .sealed(text, 3)] }
    }
}
