import Foundation
import ResealAge
import ResealCore
import ResealManifests
import TestSupport
import Testing

@Suite struct OffboardTests {
    let team: Team
    init() throws {
        team = try Team()
        try team.writeSamples()
    }

    private func report(_ name: String) throws -> String { ".reseal/offboarding/\(try team.fingerprint(name)).yaml" }

    @discardableResult
    private func offboard(_ who: String = "bob", _ words: String...) throws -> Command.Result {
        let line = ["offboard", who, "--identity", team.identity("controller")] + words
        let result = try team.user.reseal(line, directory: team.repository.path)
        guard result.status == 0 else { throw Command.Failure(description: result.text + result.errorText) }
        return result
    }

    /// The state of each value in the report about bob.
    private func states(exits status: Int32, _ words: String...) throws -> [String: String] {
        let result = try team.user.reseal(
            ["offboard", "--status", "--json"] + words, directory: team.repository.path)
        #expect(result.status == status, "\(result.text)\(result.errorText)")
        let values = try JSON(parsing: result.stdout)["reports"]?[0]?["values"]?.arrayValue ?? []
        return Dictionary(
            uniqueKeysWithValues: values.map { ($0["value"]?.stringValue ?? "", $0["state"]?.stringValue ?? "") })
    }

    // MARK: Going

    @Test func whoGoesCanOpenNothingThatIsSealedNow() throws {
        let result = try offboard()
        #expect(
            result.text.contains(
                "bob (\(team["bob"].prefix(20))…) could open 1 value(s), 1 version(s) in all; searched: 1 commits"))
        #expect(result.text.contains("it is taken out of group sre in manifests/recipients.yaml"))
        #expect(result.errorText.contains("resealed 1 value(s) in 1 file(s); 1 fit already"))
        #expect(try team.opened("manifests/staging/db.yaml", as: "bob") == nil)
        #expect(try team.opened("manifests/staging/db.yaml", as: "alice") == "password of staging/db")
        #expect(
            try team.read("manifests/recipients.yaml")
                == team.rules().replacing("      - \(team["bob"])   # bob\n", with: ""))
        let text = try team.read(report("bob"))
        #expect(text.contains("recipient: \"\(team["bob"])\"\nname: \"bob\"\n"))
        #expect(text.contains("  - secret: staging/db\n    field: \"password\"\n    basis: binding\n"))
        #expect(text.contains("counter: 1}\n"))
        #expect(!text.contains("done:"))
        let check = try team.reseal("recipients", "check")
        #expect(check.text.contains("warning: staging/db#password is due for rotation, since bob (age1"))
        #expect(check.text.contains("1 value(s) are due for rotation."))
    }

    @Test func doingItTwiceChangesNothing() throws {
        try offboard()
        let files = try ["manifests/recipients.yaml", "manifests/staging/db.yaml", report("bob")]
        let before = try files.map(team.bytes)
        for who in ["bob", team["bob"], try team.fingerprint("bob")] {
            #expect(try offboard(who).text.contains("it is in no list of manifests/recipients.yaml any more"))
            #expect(try files.map(team.bytes) == before)
        }
        try team.repository.commit("bob has left")
        try offboard()
        // What stood there uncommitted is in the history now; the report knew it all.
        #expect(try files.map(team.bytes) == before)
    }

    @Test func aDryRunDoesNothing() throws {
        let before = try team.repository.git("status", "--porcelain")
        let result = try team.reseal("offboard", "bob", "--dry-run")
        #expect(result.text.contains("it would be taken out of group sre"))
        #expect(try team.repository.git("status", "--porcelain") == before)
    }

    @Test func withoutAnIdentityItSaysSoBeforeItDoesAnything() throws {
        let result = try team.reseal("offboard", "bob", exits: 6)
        #expect(result.errorText.contains("[plan.no-identity]"))
        #expect(try team.repository.git("status", "--porcelain") == "")
        // Whoever has none may do the rest.
        let without = try team.reseal("offboard", "bob", "--no-rekey")
        #expect(without.errorText.contains("1 value(s) in 1 file(s) do not fit the rules: `reseal rekey` reseals them"))
        #expect(try team.read("manifests/recipients.yaml").contains(team["bob"]) == false)
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
    }

    @Test func removingIsTheSameWithoutResealing() throws {
        let result = try team.reseal("recipients", "remove", "bob")
        #expect(result.text.contains("  due     staging/db#password"))
        #expect(result.errorText.contains("`reseal rekey` reseals them"))
        #expect(try team.read("manifests/recipients.yaml").contains(team["bob"]) == false)
        #expect(try team.opened("manifests/staging/db.yaml", as: "bob") != nil)
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        try team.rekey()
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
    }

    @Test func whoOnlyMovesKeepsWhatHeMayStillOpen() throws {
        let result = try team.json("recipients", "remove", "alice", "--group", "sre")
        #expect(result["changed"] == ["group sre"])
        #expect(result["values"]?.texts("value") == ["staging/db#password"])
        let text = try team.read("manifests/recipients.yaml")
        #expect(text.contains("recipients: [\(team["alice"])]"))
        #expect(!text.contains("# alice"))
    }

    @Test func theControllerCannotGo() throws {
        for who in ["controller", team["controller"]] {
            let result = try team.reseal("offboard", who, "--no-rekey", exits: 1)
            #expect(result.errorText.contains("[recipients.controller]"))
            #expect(result.errorText.contains("name another `controller`"))
        }
        #expect(try team.repository.git("status", "--porcelain") == "")
    }

    @Test func strangersAreToldApart() throws {
        let misspelt = try team.reseal("offboard", "bobb", "--no-rekey", exits: 1)
        #expect(misspelt.errorText.contains("[recipients.unknown]"))
        #expect(misspelt.errorText.contains("did you mean `bob`?"))
        let secret = try String(contentsOfFile: team.identity("bob"), encoding: .utf8).split(separator: "\n").last ?? ""
        let identity = try team.reseal("offboard", String(secret), "--no-rekey", exits: 1)
        #expect(identity.errorText.contains("this is an identity, not a recipient"))
        #expect(!identity.errorText.contains(secret.suffix(20)))
        try team.writeRules(team.rules().replacing("# alice", with: "# bob"))
        let twice = try team.reseal("offboard", "bob", "--no-rekey", exits: 1)
        #expect(twice.errorText.contains("`bob` is the name of 2 recipients"))
    }

    @Test func aListForATicket() throws {
        let path = team.user.folder.file("ticket.md")
        try offboard("bob", "--report", path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("- [ ] staging/db\\#password — manifests/staging/db.yaml, commit `"))
    }

    @Test func oneWhoWasTheWholeGroupTakesItAlong() throws {
        try team.writeRules(
            team.rules().replacing("  rules:\n", with: "    ops: [\(team["carol"])]\n  rules:\n")
                .replacing("[\"group:sre\"]", with: "[\"group:sre\", \"group:ops\"]"))
        let result = try team.json("recipients", "remove", "ops")
        #expect(result["emptied_groups"] == ["ops"])
        #expect(try team.read("manifests/recipients.yaml") == team.rules())
    }

    // MARK: Turning green

    @Test func onlyANewValueTurnsItGreen() throws {
        try offboard()
        try team.repository.commit("bob has left")
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        // Resealing, for whatever reason, is no rotation.
        try team.writeRules(
            team.rules().replacing("      - \(team["bob"])   # bob\n", with: "      - \(team["carol"]) # carol\n"))
        try team.rekey()
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        try team.seal("staging/db", "a new password")
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
        #expect(try team.reseal("offboard", "--status").text.contains("green  all 1 value(s) are changed or retired"))
        // And resealing the new one keeps it so.
        try team.writeRules(team.rules().replacing("      - \(team["bob"])   # bob\n", with: ""))
        try team.rekey()
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
    }

    @Test func withAnIdentityTheSameValueIsFound() throws {
        try offboard()
        try team.repository.commit("bob has left")
        // Sealed anew, and the same as ever: without a key nobody can tell.
        try team.seal("staging/db", "password of staging/db")
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
        #expect(try states(exits: 1, "--identity", team.identity("controller")) == ["staging/db#password": "due"])
        let text = try team.reseal("offboard", "--status", "--identity", team.identity("alice"), exits: 1).text
        #expect(text.contains("its value is the one that stood in manifests/staging/db.yaml at commit"))
        try team.seal("staging/db", "really another")
        #expect(try states(exits: 0, "--identity", team.identity("controller")) == ["staging/db#password": "rotated"])
        // An identity that opens nothing proves nothing, and says so.
        let carol = try team.reseal("offboard", "--status", "--identity", team.identity("carol"))
        #expect(
            carol.errorText.contains("staging/db#password could not be compared: its present value cannot be opened"))
    }

    @Test func aClaimThatIsNotTrueIsFound() throws {
        try offboard()
        try team.repository.commit("bob has left")
        try team.reseal("offboard", "bob", "--rotated", "staging/db#password", "--as", "user:eve")
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
        #expect(try states(exits: 1, "--identity", team.identity("controller")) == ["staging/db#password": "due"])
        #expect(try team.read(report("bob")).contains("done: {claim: rotated, at: 20"))
        #expect(try team.read(report("bob")).contains("by: \"user:eve\"}"))
    }

    @Test func whatIsGoneStaysDueUntilSomebodySaysWhy() throws {
        try offboard()
        try team.repository.remove("manifests/staging/db.yaml")
        try team.repository.commit("gone")
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        let usage = try team.reseal("offboard", "bob", "--retired", "staging/db", exits: 64)
        #expect(usage.errorText.contains("--retired needs a --reason"))
        let unknown = try team.reseal("offboard", "bob", "--retired", "staging/bd", "--reason", "x", exits: 1)
        #expect(unknown.errorText.contains("[offboarding.not-in-report]"))
        let note = try team.reseal("offboard", "bob", "--retired", "staging/db", "--reason", "the database is no more")
        #expect(note.errorText == "noted 1 value(s) in the report about bob (\(team["bob"].prefix(20))…)")
        #expect(try states(exits: 0) == ["staging/db#password": "retired"])
        #expect(try states(exits: 0, "--identity", team.identity("controller")) == ["staging/db#password": "retired"])
    }

    @Test func aMovedManifestIsFound() throws {
        try offboard()
        try team.repository.commit("bob has left")
        try team.repository.git("mv", "manifests/staging/db.yaml", "manifests/staging/moved.yaml")
        #expect(
            try team.json("offboard", "--status", exits: 1)["reports"]?[0]?["values"]?[0]?["position"]?["file"]
                == "manifests/staging/moved.yaml")
        try team.seal("staging/db", "new")
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
    }

    @Test func aValueFromABranchIsNoticedWhenItIsResealed() throws {
        // Somebody sealed a new value on a branch, for bob too, before he left.
        try team.repository.git("checkout", "-q", "-b", "feature")
        try team.seal("staging/db", "known to bob as well")
        try team.repository.commit("feature")
        let theirs = try team.read("manifests/staging/db.yaml")
        try team.repository.git("checkout", "-q", "main")
        // The branch is not here when bob is offboarded.
        try team.repository.git("branch", "-qD", "feature")
        try team.repository.git("reflog", "expire", "--expire=all", "--all")
        try offboard()
        try team.repository.commit("bob has left")
        try team.write("manifests/staging/db.yaml", theirs)
        try team.repository.commit("merge of the branch")
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        try team.rekey()
        #expect(try states(exits: 1) == ["staging/db#password": "due"])
        #expect(try team.read(report("bob")).contains("counter: 2}"))
        try team.seal("staging/db", "new at last")
        #expect(try states(exits: 0) == ["staging/db#password": "rotated"])
    }

    // MARK: Where it shows

    @Test func plansWarnWithAndWithoutKeys() throws {
        try team.reseal("init", "--repo", ".", "--identity", team.identity("controller"))
        try team.reseal("apply", "--yes")
        try offboard()
        try team.repository.commit("bob has left")
        let words = "1 value(s) that bob (\(team["bob"].prefix(20))…) knows are due for rotation: staging/db#password"
        #expect(try team.reseal("plan").text.contains(words))
        #expect(try team.reseal("plan", "--base", "HEAD~1").text.contains(words))
        #expect(try team.reseal("plan", "--base", "HEAD~1", "--json").text.contains("recipients.rotation-due"))
        #expect(try team.reseal("plan", "--worktree").text.contains(words))
        // The vault does not hold that commit yet.
        #expect(try !team.reseal("status").text.contains(words))
        try team.reseal("apply", "--yes")
        #expect(try team.reseal("status").text.contains("Rotation  \(words)"))
        #expect(try team.json("status")["rotation_due"]?.codes == ["recipients.rotation-due"])

        try team.seal("staging/db", "new")
        try team.repository.commit("rotated")
        #expect(try !team.reseal("plan").text.contains("due for rotation"))
        try team.reseal("apply", "--yes")
        #expect(try team.json("status")["rotation_due"] == [])
    }

    @Test func aBrokenReportStopsNoPlan() throws {
        try team.reseal("init", "--repo", ".", "--identity", team.identity("controller"))
        try team.write(".reseal/offboarding/0123456789abcdef.yaml", "values: [")
        try team.repository.commit("broken")
        let plan = try team.reseal("plan")
        #expect(plan.text.contains("warning: .reseal/offboarding/0123456789abcdef.yaml:"))
        try team.reseal("apply", "--yes")
        for line in [["offboard", "--status"], ["recipients", "check"], ["offboard", "bob", "--dry-run"]] {
            let result = try team.user.reseal(line, directory: team.repository.path)
            #expect(result.status == 1)
            #expect(result.errorText.contains(".reseal/offboarding/0123456789abcdef.yaml:1"))
        }
    }

    @Test func reportsAreNotWrittenThroughLinks() throws {
        let outside = team.user.folder.file("outside")
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: team.path(".reseal"), withDestinationPath: outside)
        let result = try team.reseal("offboard", "bob", "--no-rekey", exits: 1)
        #expect(result.errorText.contains(".reseal is not a folder"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
        #expect(try team.read("manifests/recipients.yaml").contains(team["bob"]))
    }
}
