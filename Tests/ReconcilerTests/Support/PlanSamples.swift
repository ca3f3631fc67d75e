import ResealCore
import ResealManifests
import ResealSealing
import ResealVault

@testable import ResealReconciler

extension World {
    /// The plan of this world, as views get it.
    func prepared(keyless: Bool = false, warnings: [Diagnostic] = []) -> PreparedPlan {
        let outcome = plan()
        let base = ObjectID(filledWith: 1)
        let head = ObjectID(filledWith: 2)
        var plan = Plan(
            source: Plan.Source(location: "/srv/config", ref: "main", path: "manifests"), base: base, head: head,
            vaultSerial: keyless ? nil : 7, policyDigest: Digest256(hashing: [1]),
            recipientsDigest: Digest256(hashing: [2]), allowsMassDeletion: allowsMassDeletion, createdAt: World.now,
            changes: outcome.changes, drift: outcome.drift, access: outcome.access, guards: outcome.guards,
            warnings: warnings, id: "")
        plan.id = PlanIdentity.compute(plan, desired: input.desired.resources)
        return PreparedPlan(
            plan: plan, desired: input.desired, lastApplied: input.lastApplied, settled: outcome.settled,
            source: SourceRecord(
                id: 1, location: "/srv/config", path: "manifests", ref: "main", repositoryID: "r",
                commit: head, tree: nil, appliedAt: World.now, policy: []))
    }

    /// One of everything that a plan can say.
    static func everything() -> World {
        var world = World()
        world.git("new") {
            $0.fields = ["host": .plain("canary"), "password": .sealed("canary")]
            $0.read = ["role:backend", "*"]
            $0.expiresAt = World.now
        }
        world.vault("changed") {
            $0.fields = ["host": .plain("canary"), "old": .plain("canary"), "a": .sealed("canary", 3)]
        }
        world.git("changed") {
            $0.fields = ["host": .plain("canary"), "new": .unbound("canary"), "a": .sealed("canary 2", 2)]
        }
        world.vault("updated") { $0.isProtected = true }
        world.git("updated") { $0.description = "other" }
        world.deletedByGit("back")
        world.git("back")
        world.vault("gone") { $0.read = ["role:backend"] }
        world.vault("protected") { $0.isProtected = true }
        world.both("reverted") { $0.policy = .revert }
        world.set("reverted", ["": "canary by hand"])
        world.both("reported")
        world.set("reported", ["": "canary by hand"])
        world.both("deleted")
        world.delete("deleted")
        world.setNew("made-by-hand", ["": "canary by hand"])
        world.git("made-by-hand")
        world.vault("conflict") { $0.fields = ["": .sealed("one", 2)] }
        world.git("conflict") { $0.fields = ["": .sealed("two", 2)] }
        world.role("backend", before: ["user:alice"], after: ["user:alice", "user:bob"])
        world.git(.dynamicSecret, "credentials", ["permissions": ["generate": ["user:carol"]]])
        world.vault(.notifier, "teller")
        return world
    }
}

/// Text that somebody who may push could put into a repository.
enum Hostile {
    static let texts = [
        "a|b", "`code`", "<img src=x onerror=alert(1)>", "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "::error file=x::owned", "##[error]owned", "##vso[task.setvariable variable=x]y", "line\n::add-mask::x\nmore",
        "\r\n::warning::x", "\u{1b}[2J\u{1b}]0;title\u{7}", "\u{9b}31m", "\u{202e}gnp.exe", "\u{2066}x\u{2069}",
        "zero\u{200b}width\u{feff}", "\u{e0041}tag", "@everyone #1 ~~x~~ **bold** _it_ $x$", "www.evil.example",
        "|\u{301}accent", "\\|", "trailing\\", "<!-- reseal-plan -->", "</details>", "&lt;", "\u{0}nul", "tab\there",
    ]
}
