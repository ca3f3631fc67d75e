import ResealCore
import ResealManifests
import ResealVault
import Testing

@testable import ResealReconciler
@testable import reseal

/// Plans for people: on a terminal and as a comment on a pull request.
@Suite struct PlanViewTests {
    private func text(_ prepared: PreparedPlan, limit: Int = 100, colour: Bool = false) -> String {
        PlanTextView(style: Style(isColoured: colour), listLimit: limit).render(prepared.plan)
    }

    private func markdown(_ prepared: PreparedPlan) -> String { PlanMarkdownView().render(prepared.plan) }

    // MARK: What they say

    @Test func theTextNamesEverything() {
        let plan = World.everything().prepared()
        #expect(
            text(plan) == """
                Plan \(plan.plan.id.prefix(12)): /srv/config main, 0101010101 → 0202020202, vault serial 7

                  + define      DynamicSecret.default/credentials  new in Git, manifests/credentials.yaml:4
                  - delete      Notifier.default/teller  gone from Git, manifests/old/teller.yaml:4
                  ~ define      Role.default/backend  changed in Git, manifests/backend.yaml:4
                        spec.members: ["user:alice"] → ["user:alice","user:bob"]
                      ! permissionsWidened: more principals get access than before
                  + restore     back  back in Git, manifests/back.yaml:4
                  ~ newVersion  changed (version 2)  changed in Git, manifests/changed.yaml:4
                        value: a changed, new added, old removed
                      ! olderValue: a value sealed before the newest known one comes back
                      ! bindingMissing: a sealed value says neither where it belongs nor how old it is
                  ~ newVersion  conflict (version 2)  changed in Git, manifests/conflict.yaml:4
                        value: value changed
                  - delete      gone  gone from Git, manifests/old/gone.yaml:4
                  ~ newVersion  made-by-hand (version 2)  made in the vault by hand, now described in Git, manifests/made-by-hand.yaml:4
                        value: value changed
                      ! overwritesDrift: a change made in the vault by hand is overwritten
                  + create      new (version 1)  new in Git, manifests/new.yaml:4
                        value: host added, password added
                      ! everyoneGranted: `*` grants access to everyone
                      ! alreadyExpired: the secret's `expiresAt` has passed
                  - delete      protected  gone from Git, manifests/old/protected.yaml:4
                  ~ revertDrift reverted (version 3)  changed in the vault by hand, manifests/reverted.yaml:4
                        value: value changed
                      ! overwritesDrift: a change made in the vault by hand is overwritten
                  ~ update      updated  changed in Git, manifests/updated.yaml:4
                        spec.deletionProtection: true → false
                        spec.description: "text" → "other"
                      ! protectionLifted: deletion protection is removed

                Access
                  everyone (*) gains read on new
                  role:backend loses read on gone
                  user:alice loses read on gone
                  user:carol gains generate on DynamicSecret.default/credentials

                Drift: changed in the vault by hand
                  deleted: deleted, reported
                  reported: value (value), reported
                  reverted: value (value), reverted

                refused: manifests/conflict.yaml:4:9: the value of conflict differs from the applied value of the same counter 2
                  hint: two people sealed it from the same base; seal the wanted value once more with `reseal seal conflict`

                refused: manifests/old/protected.yaml:4:9: Secret.default/protected has deletion protection, but is gone from Git
                  hint: bring its manifest back, or apply a commit that lifts `deletionProtection` first

                Plan refused: 2 guard(s) stop it; nothing will be done.
                """)
    }

    @Test func theCommentFoldsDetails() {
        var world = World()
        world.vault("a") { $0.read = ["user:alice"] }
        world.git("a") {
            $0.fields = ["": .sealed("two", 2)]
            $0.read = ["user:alice", "user:bob"]
        }
        world.both("b")
        world.set("b", ["": "hand"])
        let plan = world.prepared(warnings: [
            Diagnostic(
                .warning, code: "value.unbound", "a sealed_value", at: SourceSpan(file: "x/y.yaml", line: 3, column: 1))
        ])
        #expect(
            markdown(plan) == #"""
                <!-- reseal-plan -->

                ### Plan: 0 to create, 1 to change, 0 to delete. 1 secret(s) drifted; their policy is to report it.

                | risk | what it means | where |
                | --- | --- | --- |
                | ⚠️ permissionsWidened | more principals get access than before | a |

                <details><summary>Access (1)</summary>

                | principal | gains | loses | resources |
                | --- | --- | --- | --- |
                | user\:bob | read |  | a |

                </details>

                <details><summary>Changes (1)</summary>

                | action | resource | what | where |
                | --- | --- | --- | --- |
                | newVersion | a | value changed<br>spec.permissions.read\: \["user\:alice"\] → \["user\:alice","user\:bob"\] | manifests/a.yaml\:4 |

                </details>

                <details><summary>Drift (1)</summary>

                | secret | changed by hand | outcome |
                | --- | --- | --- |
                | b | value | reported |

                </details>

                <details><summary>Warnings (1)</summary>

                - x/y.yaml\:3\:1 a sealed\_value

                </details>

                <sub>plan `\#(plan.plan.id)`, base `0101010101`, head `0202020202`, vault serial 7, made 2027-01-15T08:00:00.000Z</sub>
                """#)
    }

    @Test func theSummaryCounts() {
        func line(_ keyless: Bool = false, _ arrange: (inout World) -> Void) -> String {
            var world = World()
            arrange(&world)
            return PlanSummary.line(world.prepared(keyless: keyless).plan)
        }
        #expect(line { _ in } == "Nothing to do: the vault matches Git.")
        #expect(line(true) { _ in } == "Nothing to do: the two commits do not differ in what they describe.")
        var workTree = World().prepared(keyless: true).plan
        workTree.head = nil
        #expect(
            PlanSummary.line(workTree)
                == "Nothing to do: the work tree does not differ from the commit in what it describes.")
        #expect(
            line {
                $0.both("a")
                $0.set("a", ["": "hand"])
            } == "Nothing to do: 1 secret(s) drifted, which their policy is to report.")
        #expect(
            line {
                $0.git("a")
                $0.vault("b")
                $0.vault("c")
                $0.git("c") { $0.description = "other" }
                $0.git(.notifier, "n")
            } == "Plan: 1 to create, 1 to change, 1 to delete, 1 definition(s).")
        #expect(
            line { $0.vault("a") { $0.isProtected = true } }
                == "Plan refused: 1 guard(s) stop it; nothing will be done.")
    }

    @Test func keylessPlansSaySo() {
        let plan = World.everything().prepared(keyless: true)
        #expect(text(plan).contains("compared without keys"))
        #expect(markdown(plan).contains("compared without keys: sealed values not opened"))
    }

    // MARK: Colour

    @Test func onlyATerminalGetsColour() {
        let plan = World.everything().prepared()
        #expect(!text(plan).contains("\u{1b}"))
        #expect(text(plan, colour: true).contains("\u{1b}[32m+\u{1b}[0m"))
        // The standard output of a test is a pipe or a file, at most a terminal that the tester looks at.
        if !Terminal.isTerminal(1) { #expect(!Style().isColoured) }
    }

    // MARK: Hostile content

    /// A world in which everything that people may choose freely is hostile.
    private func hostile(_ text: String) -> PreparedPlan {
        var world = World()
        world.vault("a")
        world.git("a") { $0.description = text }
        var prepared = world.prepared(warnings: [
            Diagnostic(.warning, code: "x", text, hint: text, at: SourceSpan(file: text, line: 1, column: 1))
        ])
        prepared.plan.source = Plan.Source(location: text, ref: text, path: text)
        prepared.plan.changes[0].position?.path = text
        prepared.plan.changes[0].fields = [FieldChange(field: text, kind: .added)]
        prepared.plan.changes[0].attributes.append(
            AttributeChange(path: ["labels", text], before: nil, after: .string(text)))
        prepared.plan.drift = [
            DriftNote(
                id: SecretID("a"), drift: .value, outcome: .reported, position: nil,
                fields: [FieldChange(field: text, kind: .changed)])
        ]
        prepared.plan.guards = [
            GuardRefusal(
                rule: .ownedElsewhere, message: text, hint: text, span: SourceSpan(file: text, line: 1, column: 1))
        ]
        return prepared
    }

    private func hasHiddenCharacters(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0x0a: false
            case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff,
                0xe0000...0xe007f:
                true
            default: false
            }
        }
    }

    private func isCommand(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("::") || line.contains("##[") || line.contains("##vso")
    }

    @Test(arguments: Hostile.texts)
    func hostileTextDoesNothingOnATerminal(hostile text: String) {
        let plain = self.text(hostile("plain"))
        let rendered = self.text(hostile(text))
        #expect(!hasHiddenCharacters(rendered))
        #expect(rendered.split(separator: "\n").count == plain.split(separator: "\n").count)
        #expect(!rendered.split(separator: "\n").contains(where: isCommand))
    }

    @Test(arguments: Hostile.texts)
    func hostileTextDoesNothingInAComment(hostile text: String) {
        let plain = markdown(hostile("plain"))
        let rendered = markdown(hostile(text))
        #expect(!hasHiddenCharacters(rendered))
        let (lines, expected) = (rendered.split(separator: "\n"), plain.split(separator: "\n"))
        #expect(lines.count == expected.count)
        #expect(!lines.contains(where: isCommand))
        // Cells stay cells.
        for (line, same) in zip(lines, expected) { #expect(bars(line) == bars(same)) }
        // Nothing becomes markup: what is left of it stands behind a backslash or as an entity.
        let bare = unescaped(rendered)
        #expect(tags(bare) == tags(plain))
        #expect(bare.count { $0 == "`" } == plain.count { $0 == "`" })
        #expect(!bare.contains("![") && !bare.contains("](") && !bare.contains("@everyone"))
        #expect(rendered.ranges(of: PlanMarkdownView.marker).count == 1)
    }

    /// Bars that end a cell.
    private func bars(_ line: Substring) -> Int {
        var count = 0
        var isEscaped = false
        for scalar in line.unicodeScalars {
            if scalar == "|", !isEscaped { count += 1 }
            isEscaped = scalar == "\\" && !isEscaped
        }
        return count
    }

    /// Without backslashes and what they disarm.
    private func unescaped(_ text: String) -> String {
        var bare = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if !isEscaped, scalar != "\\" { bare.append(scalar) }
            isEscaped = scalar == "\\" && !isEscaped
        }
        return String(bare)
    }

    private func tags(_ text: String) -> [Substring] {
        text.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
    }

    /// JSON stays JSON, with everything in it as it was.
    @Test(arguments: Hostile.texts)
    func hostileTextIsKeptInJSON(hostile text: String) throws {
        let rendered = PlanJSONView().render(hostile(text))
        #expect(!rendered.contains("\n") && !rendered.utf8.contains { $0 < 0x20 })
        let document = try JSON(parsing: Array(rendered.utf8))
        #expect(document["checks"]?.arrayValue?.first?["message"]?.stringValue == text)
        #expect(document["source"]?["ref"]?.stringValue == text)
    }

    // MARK: Size

    /// Ten thousand of everything, with names and texts as long as may be.
    private func large() throws -> PreparedPlan {
        var world = World()
        world.vault("a")
        world.git("a") {
            $0.description = String(repeating: "|", count: 500)
            $0.read = ["*"]
            $0.fields = ["x": .unbound("x"), "y": .unbound("y")]
        }
        world.both("b")
        world.set("b", ["x": "hand"])
        world.vault("c") { $0.isProtected = true }
        var prepared = world.prepared()
        let plan = prepared.plan
        let (change, drift) = (try #require(plan.changes.first), try #require(plan.drift.first))
        let (access, refusal) = (try #require(plan.access.first), try #require(plan.guards.first))
        let long = String(repeating: "n", count: 240)
        let keys = (0..<10_000).map { ResourceKey(.secret, "\(long)-\($0)") }
        prepared.plan.changes = keys.map { key in
            var change = change
            change.key = key
            change.risks = RiskNote.allCases
            return change
        }
        prepared.plan.drift = keys.map { key in
            var drift = drift
            drift.id = key.secretID
            return drift
        }
        prepared.plan.access = keys.map { key in
            var access = access
            access.resources = [key, key, key, key]
            return access
        }
        prepared.plan.guards = keys.map { _ in refusal }
        prepared.plan.warnings = keys.map {
            Diagnostic(.warning, code: "x", String(repeating: "|", count: 500), at: SourceSpan(file: $0.name))
        }
        return prepared
    }

    /// Forges take 65,536 characters.
    @Test func aCommentIsNeverTooLong() throws {
        let plan = try large()
        let rendered = markdown(plan)
        #expect(rendered.utf8.count < 65_000)
        #expect(rendered.utf8.count > 30_000)
        #expect(rendered.contains("… and "))
        // The parts that matter most are there, and the end is.
        #expect(rendered.contains("### Plan refused") && rendered.contains("massDeletion"))
        #expect(rendered.hasSuffix("</sub>"))
        for title in ["Access", "Changes", "Drift", "Warnings"] { #expect(rendered.contains("<summary>\(title) (")) }
        #expect(rendered.ranges(of: "<details>").count == rendered.ranges(of: "</details>").count)
    }

    @Test func aListOnATerminalIsCutUnlessAskedFor() throws {
        let plan = try large()
        let lines = text(plan, limit: 100).split(separator: "\n")
        #expect(lines.count < 3_000)
        #expect(lines.contains("  … and 9900 more; --full lists all"))
        let whole = World.everything().prepared()
        #expect(text(whole, limit: .max) == text(whole) && text(whole, limit: 2) != text(whole))
    }
}
