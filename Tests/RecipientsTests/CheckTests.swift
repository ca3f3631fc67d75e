import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct CheckTests {
    let team: Team
    init() throws { team = try Team() }

    @Test func whatFitsIsGreen() throws {
        try team.writeSamples()
        let check = try team.reseal("recipients", "check")
        #expect(check.text == "2 sealed values fit the rules.")
        let json = try team.json("recipients", "check")
        #expect(json["fits"] == true)
        #expect(json["misfits"]?.arrayValue?.isEmpty == true)
    }

    @Test func everyFaultIsToldWithItsPlace() throws {
        try team.writeSamples()
        // Unbound, for the right number and for another.
        try team.writeUnbound("prod/fits", "x", for: ["controller", "alice"])
        try team.writeUnbound("prod/more", "x", for: ["controller", "alice", "bob"])
        // Sealed for another place: somebody copied the value of production to where he may read it.
        try team.write(
            "manifests/prod/copy.yaml",
            try team.read("manifests/prod/db.yaml").replacing("name: prod/db", with: "name: staging/copy"))
        // Bob leaves staging, carol joins production.
        try team.writeRules(
            team.rules().replacing("      - \(team["bob"])   # bob\n", with: "")
                .replacing("recipients: [\(team["alice"])]", with: "recipients: [\(team["alice"]), \(team["carol"])]"))
        let json = try team.json("recipients", "check", exits: 6)
        let misfits = try #require(json["misfits"]?.arrayValue)
        let byName = Dictionary(misfits.map { ($0["secret"]?.stringValue ?? "", $0) }, uniquingKeysWith: { $1 })
        #expect(Set(byName.keys) == ["prod/db", "prod/fits", "prod/more", "staging/copy", "staging/db"])
        #expect(byName["prod/db"]?["kind"] == "recipients")
        #expect(byName["prod/db"]?["missing"]?.texts("recipient") == [team["carol"]])
        #expect(byName["prod/db"]?["extra"]?.arrayValue?.isEmpty == true)
        #expect(byName["staging/db"]?["extra"]?.texts("fingerprint") == [try team.fingerprint("bob")])
        #expect(byName["prod/fits"]?["kind"] == "unbound")
        #expect(byName["prod/more"]?["kind"] == "unbound")
        #expect(byName["staging/copy"]?["kind"] == "misplaced")
        for misfit in misfits {
            #expect(misfit["field"] == "password")
            #expect(misfit["position"]?["line"] == (misfit["kind"] == "unbound" ? 6 : 8))
            #expect(misfit["position"]?["column"] == 15)
        }

        let text = try team.reseal("recipients", "check", exits: 6).text
        #expect(text.contains("manifests/prod/db.yaml:8:15: error: `password` of prod/db cannot be opened by age1"))
        #expect(
            text.contains(
                "manifests/staging/db.yaml:8:15: error: `password` of staging/db can be opened by the unknown recipient"
            ))
        #expect(text.contains("is sealed for 3 recipients where the rules name 3") == false)
        #expect(text.contains("5 of 5 sealed values, in 5 file(s), do not fit the rules."))
        #expect(text.contains("`reseal rekey prod/db` reseals it"))
    }

    @Test func aStanzaBehindTheBindingsBackIsFound() throws {
        try team.writeSamples()
        // The binding says alice and the controller; the rules now name one more, and so would the header.
        try team.writeRules(team.rules().replacing("recipients: [\(team["alice"])]", with: "recipients: []"))
        let extra = try team.json("recipients", "check", exits: 6)
        #expect(extra["misfits"]?[0]?["extra"]?.texts("name") == ["alice"])
    }

    @Test func commitsAreCheckedToo() throws {
        try team.writeSamples()
        try team.writeRules(team.rules().replacing("recipients: [\(team["alice"])]", with: "recipients: []"))
        #expect(try team.json("recipients", "check", "--ref", "HEAD")["fits"] == true)
        _ = try team.json("recipients", "check", exits: 6)
        try team.repository.commit()
        let json = try team.json("recipients", "check", "--ref", "main", exits: 6)
        #expect(
            json["misfits"]?[0]?["position"]?["commit"]?.stringValue == (try team.repository.id("main").description))
    }

    @Test func valuesInFilesAreCheckedByTheirManifest() throws {
        try team.write(
            "manifests/staging/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/file}\nspec: {value: {fromFile: v.age}}\n")
        try team.write("manifests/staging/v.age", try team.plainAge("x", for: ["controller"], indent: 0))
        let json = try team.json("recipients", "check", exits: 6)
        #expect(json["misfits"]?[0]?["file"] == "manifests/staging/v.age")
        #expect(json["misfits"]?[0]?["position"]?["file"] == "manifests/staging/file.yaml")
        #expect(json["misfits"]?[0]?["position"]?["line"] == 4)
        let message = json["misfits"]?[0]?["diagnostic"]?["message"]?.stringValue
        #expect(message?.contains("is sealed for 1 recipients where the rules name 3") == true)
    }

    @Test func planAndValidateWarnToo() throws {
        try team.writeSamples()
        try team.writeRules(team.rules().replacing("recipients: [\(team["alice"])]", with: "recipients: []"))
        try team.repository.commit()
        let validate = try team.json("validate")
        #expect(validate["diagnostics"]?.codes.contains("value.recipients") == true)
        let plan = try team.reseal("plan", "--base", "HEAD~1", "--repo", ".")
        #expect(plan.text.contains("can be opened by"))
    }

    // MARK: Malformed

    @Test func aManifestThatCannotBeReadMakesTheAnswerIncomplete() throws {
        try team.writeSamples()
        try team.write(
            "manifests/broken.yaml", "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: x}\nspec: {valeu: 1}\n")
        let result = try team.reseal("recipients", "check", exits: 1)
        #expect(result.text == "2 sealed values fit the rules.")
        #expect(result.errorText.contains("manifests/broken.yaml:4:8: error: unknown key `valeu`"))
        #expect(try team.json("recipients", "check", exits: 1)["fits"] == false)
    }

    @Test(arguments: [
        ("controller: x", "manifest.value", 5), ("controller: 1", "manifest.type", 5),
        ("groups: {}", "manifest.missing-key", 4),
        ("controller: AGE-SECRET-KEY-1QQQ", "manifest.value", 5),
    ])
    func aMalformedRecipientsManifestIsToldWithItsPlace(spec: String, code: String, line: Int) throws {
        try team.writeSamples()
        try team.writeRules("apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: r}\nspec:\n  \(spec)\n")
        for command in [
            ["recipients", "check"], ["recipients", "list"], ["rekey", "--dry-run"],
            ["offboard", team["bob"], "--dry-run"],
        ] {
            let result = try team.user.reseal(command, directory: team.repository.path)
            #expect(result.status == 1)
            #expect(result.errorText.contains("manifests/recipients.yaml:\(line):"), "\(result.errorText)")
            #expect(result.errorText.contains("[\(code)]"))
        }
    }

    @Test func withoutRulesThereIsNothingToCheckBy() throws {
        try team.repository.remove("manifests/recipients.yaml")
        let result = try team.reseal("recipients", "check", exits: 1)
        #expect(result.errorText.contains("no Recipients manifest"))
        try team.writeRules()
        try team.write("manifests/second.yaml", team.rules().replacing("name: recipients", with: "name: second"))
        let second = try team.reseal("recipients", "check", exits: 1)
        #expect(second.errorText.contains("the first is at manifests/recipients.yaml:3"))
    }

    @Test func tenThousandRecipientsAreJudgedQuickly() throws {
        let many = try (0..<10_000).map { _ in try Recipients.random() }
        let groups = stride(from: 0, to: many.count, by: 250).map { start in
            "    group-\(start): [\(many[start..<(start + 250)].joined(separator: ", "))]"
        }.joined(separator: "\n")
        let rules = stride(from: 0, to: many.count, by: 250).map { start in
            "    - {names: [\"team-\(start)/**\"], recipients: [\"group:group-\(start)\"]}"
        }.joined(separator: "\n")
        try team.writeRules(
            team.rules().replacing("  groups:\n", with: "  groups:\n\(groups)\n").replacing(
                "  rules:\n", with: "  rules:\n\(rules)\n"))
        try team.writeSamples()
        try team.writeSecret("team-0/db")
        try team.seal("team-0/db", "x")
        let list = try team.json("recipients", "list")
        #expect(list["recipients"]?.arrayValue?.count == 10_003)
        #expect(try team.json("recipients", "check")["fits"] == true)
        // A rule for all of them is more than a value can have.
        let all = stride(from: 0, to: many.count, by: 250).map { "\"group:group-\($0)\"" }.joined(separator: ", ")
        try team.writeRules(
            try team.read("manifests/recipients.yaml").replacing(
                "recipients: [\"group:sre\"]", with: "recipients: [\(all)]"))
        let refused = try team.reseal("recipients", "check", exits: 1)
        #expect(refused.errorText.contains("rule 41 of the Recipients manifest names more than 1024 recipients"))
    }

    // MARK: List

    @Test func theListShowsWhoMayAndWhoCan() throws {
        try team.writeSamples()
        try team.writeUnbound("staging/plain", "x", for: ["bob"])
        try team.writeRules(team.rules().replacing("      - \(team["bob"])   # bob\n", with: ""))
        let json = try team.json("recipients", "list", "--values")
        let all = json["recipients"]?.arrayValue ?? []
        #expect(all.map { $0["name"] } == ["controller", "alice", .null])
        #expect(all.map { $0["may_open"] } == [3, 3, 0])
        #expect(all.map { $0["can_open"] } == [2, 2, 1])
        #expect(all.last?["recipient"] == .null)
        #expect(all.last?["fingerprint"]?.stringValue == (try team.fingerprint("bob")))
        #expect(all.last?["can_open_values"]?.texts("secret") == ["staging/db"])
        #expect(all[1]["groups"] == ["sre"])
        #expect(all[1]["rules"] == [1, 2])
        #expect(json["unbound_values"] == 1)
        #expect(json["rules"]?[0]?["paths"] == ["manifests/staging/**"])

        let text = try team.reseal("recipients", "list", "--values").text
        #expect(
            text.contains(
                "  1  paths manifests/staging/** → controller, group:sre\n  2  names prod/** → controller, alice\n  -  everything else → controller"
            ))
        #expect(text.contains("  sre: alice\n"))
        #expect(text.contains("(not in the rules)  \(try team.fingerprint("bob"))  0         1"))
        #expect(text.contains("1 value(s) without a binding"))
        #expect(text.contains("manifests/staging/db.yaml:8:15  `password` of staging/db  (may not)"))
        #expect(text.contains("manifests/staging/plain.yaml:6:15  `password` of staging/plain  (no binding)"))
    }

    @Test func namesFromTheManifestCannotPaintTheTerminal() throws {
        try team.writeRules(team.rules().replacing("# alice", with: "# \u{1b}[31mred\u{7}"))
        let result = try team.user.reseal(["recipients", "list"], directory: team.repository.path)
        #expect(result.text.contains("\u{1b}") == false)
        #expect(result.errorText.contains("\u{1b}") == false)
    }
}
