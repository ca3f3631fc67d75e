import ResealAge
import ResealCore
import Testing

@testable import ResealManifests

/// Which recipients a value has by the Recipients manifest.
@Suite struct RecipientRulesTests {
    private func rules(_ text: String) throws -> RecipientRules {
        let manifest =
            "apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: a}\nspec:\n  controller: \(Key.controller)\n"
        guard case .recipients(let spec)? = read(manifest + text.indented(2)).manifests.first?.spec else {
            throw Unexpected("the manifest is refused: \(read(manifest + text.indented(2)).diagnostics)")
        }
        return try RecipientRules(spec)
    }

    private func names(_ rules: RecipientRules, _ path: String, _ name: String) -> [String] {
        rules.recipients(path: path, name: name).map(\.description)
    }

    @Test func withoutRulesTheControllerIsAlone() throws {
        #expect(try names(rules(""), "manifests/a.yaml", "a") == [Key.controller])
    }

    @Test func theFirstRuleThatFitsDecides() throws {
        let rules = try rules(
            """
            groups: {ops: [\(Key.alice), \(Key.bob)], both: [\(Key.bob), \(Key.controller)]}
            rules:
              - {paths: ["manifests/prod/**"], names: ["prod/*"], recipients: ["group:ops"]}
              - {paths: ["manifests/prod/**"], recipients: [\(Key.bob)]}
              - {names: ["*"], recipients: []}
              - {names: ["team/**"], recipients: [\(Key.alice), \(Key.controller), \(Key.alice.lowercased()), "group:ops"]}
            """.replacing(", \(Key.alice.lowercased())", with: ""))
        #expect(names(rules, "manifests/prod/a.yaml", "prod/x") == [Key.controller, Key.alice, Key.bob])
        #expect(names(rules, "manifests/prod/deep/a.yaml", "prod/x/y") == [Key.controller, Key.bob])
        #expect(names(rules, "manifests/prod/a.yaml", "other") == [Key.controller, Key.bob])
        #expect(names(rules, "manifests/dev/a.yaml", "single") == [Key.controller])
        #expect(names(rules, "manifests/dev/a.yaml", "team/a/b") == [Key.controller, Key.alice, Key.bob])
        #expect(names(rules, "manifests/dev/a.yaml", "else/where") == [Key.controller])
        #expect(rules.rule(path: "manifests/dev/a.yaml", name: "team/x") == 3)
        #expect(rules.rule(path: "manifests/dev/a.yaml", name: "else/where") == nil)
    }

    @Test func fitIsCheckedWithoutAKey() throws {
        let rules = try rules("rules: [{recipients: [\(Key.alice)]}]")
        let wanted = rules.audience(path: "x", name: "y").fingerprints
        func problem(_ bound: [String]?, _ types: [String]) -> String? {
            rules.problem(bound: bound, stanzaTypes: types, path: "x", name: "y")
        }
        #expect(problem(wanted, ["X25519", "X25519"]) == nil && problem(nil, ["X25519", "X25519"]) == nil)
        #expect(problem(wanted.reversed(), ["X25519", "x-grease", "X25519"]) == nil)
        let bob = try RecipientFile.recipient(Key.bob, access: .unattended).fingerprint
        #expect(
            problem(wanted + [bob], ["X25519", "X25519", "X25519"])?.contains("whom the rules do not name") == true)
        #expect(problem([wanted[0]], ["X25519"])?.contains("cannot be opened by") == true)
        #expect(problem([wanted[0], bob], ["X25519", "X25519"])?.contains("and cannot be opened by") == true)
        // A binding that says what the rules want, over a header with more.
        #expect(
            problem(wanted, ["X25519", "X25519", "X25519"])?.contains("3 recipients where the rules name 2") == true)
        #expect(problem(nil, ["X25519"])?.contains("1 recipients where the rules name 2") == true)
        #expect(problem(nil, ["X25519", "scrypt"])?.contains("another kind") == true)
        #expect(problem(nil, ["X25519", "ssh-ed25519"])?.contains("`ssh-ed25519`") == true)
        #expect(problem(nil, [])?.contains("0 recipients") == true)
    }

    @Test(arguments: [
        ("*", ["a", "abc", ""], ["a/b", "/"]), ("**", ["", "a", "a/b/c"], []),
        ("a/**", ["a", "a/b", "a/b/c"], ["b", "ab", "b/a"]),
        ("**/a", ["a", "x/a", "x/y/a"], ["ab", "a/b", "xa"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/x", "a/b/c"]),
        ("a*c", ["ac", "abc", "abbc"], ["a/c", "abcd", "ab"]), ("?", ["a", "é", "🔑"], ["", "ab", "/"]),
        ("prod/*-db", ["prod/orders-db"], ["prod/orders", "prod/x/orders-db", "Prod/orders-db"]),
        ("a", ["a"], ["b", "aa", "a/"]),
        ("*a*a*b", ["aab", "xaxaxb"], ["aac", "ab"]), ("**/x/**/y", ["x/y", "a/x/b/y", "x/x/y"], ["y/x", "x", "a/y"]),
    ])
    func globs(_ pattern: String, _ matching: [String], _ others: [String]) throws {
        let glob = try #require(Glob(pattern))
        for text in matching { #expect(glob.matches(text), "\(text)") }
        for text in others { #expect(!glob.matches(text), "\(text)") }
    }

    @Test func globsTakeBoundedTime() throws {
        let glob = try #require(Glob(String(repeating: "*a", count: 250) + "b"))
        let deep = try #require(Glob(String(repeating: "**/a/", count: 100) + "b"))
        costing(atMost: 5) {
            #expect(!glob.matches(String(repeating: "a", count: 4000)))
            #expect(!deep.matches(String(repeating: "a/", count: 2000) + "a"))
        }
    }

    @Test(arguments: [
        ("0 3 * * 1-5", 0, 3, 1, 1, 1, true), ("0 3 * * 1-5", 0, 3, 1, 1, 0, false),
        ("0 3 * * 1-5", 1, 3, 1, 1, 1, false),
        ("*/15 * * * *", 45, 0, 1, 1, 0, true), ("*/15 * * * *", 50, 0, 1, 1, 0, false),
        ("10/20 * * * *", 50, 0, 1, 1, 0, true),
        ("* * * * 7", 0, 0, 1, 1, 0, true), ("* * * * SUN", 0, 0, 1, 1, 0, true), ("* * 13 * 5", 0, 0, 13, 1, 1, true),
        ("* * 13 * 5", 0, 0, 12, 1, 5, true), ("* * 13 * 5", 0, 0, 12, 1, 4, false),
        ("* * * feb *", 0, 0, 1, 2, 0, true),
        ("0-10/5 * * * *", 5, 0, 1, 1, 0, true), ("0-10/5 * * * *", 15, 0, 1, 1, 0, false),
    ])
    func cron(_ text: String, _ minute: Int, _ hour: Int, _ day: Int, _ month: Int, _ weekday: Int, _ fits: Bool) throws
    {
        let expression = try #require(CronExpression(text))
        #expect(expression.matches(minute: minute, hour: hour, day: day, month: month, weekday: weekday) == fits)
    }
}
