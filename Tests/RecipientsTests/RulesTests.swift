import ResealAge
import ResealCore
import Testing

@testable import ResealManifests

@Suite struct RulesTests {
    let controller: X25519Recipient
    let alice: X25519Recipient
    let bob: X25519Recipient

    init() throws {
        controller = try X25519Identity().recipient
        alice = try X25519Identity().recipient
        bob = try X25519Identity().recipient
    }

    private func rule(_ paths: [String], _ names: [String], _ recipients: [String]) -> RecipientsSpec.Rule {
        RecipientsSpec.Rule(
            paths: paths.compactMap { Glob($0) }, names: names.compactMap { Glob($0) }, recipients: recipients)
    }

    private func rules(_ rules: [RecipientsSpec.Rule], groups: [String: [String]] = [:]) throws -> RecipientRules {
        try RecipientRules(RecipientsSpec(controller: controller.description, groups: groups, rules: rules))
    }

    @Test func theFirstRuleThatFitsDecides() throws {
        let rules = try rules([
            rule(["manifests/staging/**"], [], [alice.description, bob.description]),
            rule([], ["prod/*"], [alice.description]),
            rule(["manifests/prod/secret.yaml"], ["prod/*"], [bob.description]),
        ])
        func who(_ path: String, _ name: String) -> [String] {
            rules.recipients(path: path, name: name).map(\.description)
        }
        #expect(who("manifests/staging/a/b.yaml", "prod/x") == [controller, alice, bob].map(\.description))
        #expect(who("manifests/prod/secret.yaml", "prod/x") == [controller, alice].map(\.description))
        #expect(rules.rule(path: "manifests/prod/secret.yaml", name: "prod/x") == 1)
        // Where none fits, the controller is alone.
        #expect(who("manifests/prod/secret.yaml", "other") == [controller.description])
        #expect(rules.rule(path: "manifests/prod/secret.yaml", name: "other") == nil)
    }

    @Test func bothPatternsOfARuleHaveToFit() throws {
        let rules = try rules([rule(["manifests/a/**"], ["team/*"], [alice.description])])
        #expect(rules.recipients(path: "manifests/a/x.yaml", name: "team/x").count == 2)
        #expect(rules.recipients(path: "manifests/a/x.yaml", name: "x").count == 1)
        #expect(rules.recipients(path: "manifests/b/x.yaml", name: "team/x").count == 1)
    }

    @Test func groupsCountOnceAndTheControllerComesFirst() throws {
        let rules = try rules(
            [rule([], [], ["group:sre", bob.description, controller.description])],
            groups: ["sre": [bob.description, alice.description]])
        #expect(
            rules.recipients(path: "a", name: "b").map(\.description) == [controller, bob, alice].map(\.description))
        #expect(rules.everyone.count == 3)
    }

    @Test func aRuleForMoreThanABindingHoldsIsRefused() throws {
        let many = try (0...RecipientRules.maximumRecipients).map { _ in try X25519Identity().recipient.description }
        #expect(throws: AgeFailure.self) { try rules([rule([], [], many)]) }
        let most = try rules([rule([], [], Array(many.dropLast(2)))])
        #expect(most.recipients(path: "a", name: "b").count == RecipientRules.maximumRecipients)
    }

    // MARK: Mismatches

    @Test func missingAndExtraAreTold() throws {
        let rules = try rules([rule([], [], [alice.description])])
        let audience = rules.audience(path: "a", name: "b")
        let fit = audience.mismatch(bound: [controller, alice].map(\.fingerprint), stanzaTypes: ["X25519", "X25519"])
        #expect(fit == nil)
        let both = try #require(
            audience.mismatch(bound: [controller, bob].map(\.fingerprint), stanzaTypes: ["X25519", "X25519"]))
        #expect(both.missing.map(\.description) == [alice.description])
        #expect(both.extra == [bob.fingerprint])
        #expect(both.stanzas == nil)
        #expect(
            both.text { $0 == bob.fingerprint ? "bob" : "alice" }
                == "can be opened by bob, whom the rules do not name, and cannot be opened by alice")
    }

    @Test func aStanzaThatTheBindingHidesIsFound() throws {
        let rules = try rules([])
        let hidden = rules.audience(path: "a", name: "b")
            .mismatch(bound: [controller.fingerprint], stanzaTypes: ["X25519", "X25519"])
        #expect(hidden?.stanzas == .count(found: 2, wanted: 1))
        let foreign = rules.audience(path: "a", name: "b").mismatch(bound: nil, stanzaTypes: ["ssh-rsa"])
        #expect(foreign?.stanzas == .kinds(["ssh-rsa"]))
        // Stanzas for nobody do not count.
        let grease = rules.audience(path: "a", name: "b").mismatch(bound: nil, stanzaTypes: ["x-grease", "X25519"])
        #expect(grease == nil)
    }

    // MARK: Names

    private func names(_ text: String) throws -> RecipientNames {
        let file = ManifestFile(path: "recipients.yaml", bytes: Array(text.utf8))
        let reading = ManifestReader.read(file)
        guard case .recipients(let spec)? = reading.manifests.first?.spec else {
            throw DiagnosticsFailure(reading.diagnostics)
        }
        return RecipientNames(try RecipientRules(spec), file: file)
    }

    private func manifest(_ rest: String) -> String {
        "apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: r}\nspec:\n  controller: \(controller)\n\(rest)"
    }

    @Test(arguments: [
        "  groups:\n    sre:\n      - ALICE # alice \n      - BOB\t#   bob  the\tbuilder\n",
        "  groups:\n    sre: [ALICE, # alice\n      BOB # bob the builder\n    ]\n",
        "  rules:\n    - recipients: [\n        ALICE , # alice\n        \"BOB\", # bob the builder\n      ]\n",
    ])
    func commentsNameKeys(text: String) throws {
        let text = text.replacing("ALICE", with: alice.description).replacing("BOB", with: bob.description)
        let names = try names(manifest(text))
        #expect(names.name(alice.fingerprint) == "alice")
        #expect(names.name(bob.fingerprint) == "bob the builder")
        #expect(names.name(controller.fingerprint) == "controller")
        #expect(names.fingerprints(named: "alice") == [alice.fingerprint])
        #expect(names.text(bob.fingerprint) == bob.description)
    }

    @Test func aGroupOfOneIsAName() throws {
        let text = "  groups: {alice: [\(alice)], both: [\(alice), \(bob)]} # not a name\n"
        let names = try names(manifest(text))
        #expect(names.name(alice.fingerprint) == "alice")
        #expect(names.name(bob.fingerprint) == nil)
        #expect(names.label("0123456789abcdef").contains("0123456789abcdef"))
    }

    @Test func aCommentWinsOverAGroupThatHasShrunk() throws {
        let names = try names(manifest("  groups:\n    sre:\n      - \(bob) # bob\n"))
        #expect(names.name(bob.fingerprint) == "bob")
    }
}
