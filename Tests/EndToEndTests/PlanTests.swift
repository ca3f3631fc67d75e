import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct PlanTests {
    static let members: Set = [
        "format_version", "reseal_version", "plan_id", "timestamp", "base", "source", "errored", "applyable",
        "complete",
        "resource_changes", "resource_drift", "access_changes", "checks",
    ]

    /// The document's members may grow with a minor version; these have to be there.
    private func plan(_ user: Installation, _ options: String..., exits status: Int32 = 0) throws -> JSON {
        let result = try user.reseal(["plan", "--json"] + options)
        #expect(result.status == status, "\(result.text) \(result.errorText)")
        let document = try JSON(parsing: result.stdout)
        #expect(Self.members.isSubset(of: Set((document.objectValue ?? [:]).keys)))
        return document
    }

    @Test func aPlanChangesNothingAndIsRecorded() throws {
        let user = try Installation.sealed()
        let before = try user.serial()
        let document = try plan(user)
        #expect(document["resource_changes"]?.arrayValue?.count == SampleRepository.fields.count + 3)
        #expect(document["applyable"]?.boolValue == true)
        #expect(try user.serial() == before)
        #expect(try user.check("list").text.split(separator: "\n").count == 1)
        try user.expect("audit", "list", "--type", "git.plan", prints: ["git.plan", "ok"])
    }

    @Test func theThreeForms() throws {
        let user = try Installation.sealed()
        let text = try user.expect("plan", prints: ["Plan", "prod/orders-db", "create"])
        #expect(!text.text.contains("\u{1b}"))
        try user.expect("plan", "--markdown", prints: ["<!-- reseal-plan -->", "prod/orders-db"], notes: nil)
        try user.expect("plan", "--markdown", "--json", exits: 64, prints: ["exclude each other"])
        for form in [[], ["--json"], ["--markdown"]] {
            let shown = try user.reseal(["plan"] + form).text
            for field in SampleRepository.fields { #expect(!shown.contains(field.value)) }
        }
    }

    @Test func detailedExitCodes() throws {
        let user = try Installation.applied()
        try user.expect("plan", "--detailed-exitcode", prints: ["Nothing to do"])
        try user.writeSecret("made/new")
        try user.repository.commit()
        try user.expect("plan", "--detailed-exitcode", exits: 2, prints: ["made/new"])
        try user.expect("plan", prints: ["made/new"])
        _ = try plan(user, "--detailed-exitcode", exits: 2)
    }

    @Test func aDirtyWorkTree() throws {
        let user = try Installation.applied()
        try user.writeSecret("made/uncommitted")
        try user.expect("plan", prints: ["Nothing to do"])
        try user.expect("plan", "--worktree", prints: ["made/uncommitted", "work tree"])
        let document = try plan(user, "--worktree")
        #expect(document["applyable"]?.boolValue == false)
        try user.expect("plan", "--worktree", "--out", "x.plan", exits: 64, notes: ["--out saves a plan for a vault"])
        try user.expectFailure(
            "plan", "--worktree", "--repo", "https://example.org/x.git", exits: 64, code: "usage")
    }

    @Test func twoCommitsNeedNeitherHomeNorKey() throws {
        let user = try Installation.applied()
        try user.repository.git("checkout", "--quiet", "-b", "feature")
        try user.seal("prod/note", "", "changed")
        try user.writeSecret("made/new")
        try user.repository.commit("feature")
        try FileManager.default.removeItem(atPath: user.home)
        try FileManager.default.removeItem(atPath: user.identity)
        let line = ["plan", "--repo", user.repository.path, "--ref", "feature", "--base", "main"]
        for form in [[], ["--json"], ["--markdown"]] {
            let result = try user.reseal(line + form)
            #expect(result.status == 0, "\(result.text) \(result.errorText)")
            #expect(result.text.contains("prod/note") && result.text.contains("made/new"))
        }
        #expect(try user.reseal(line + ["--detailed-exitcode"]).status == 2)
        #expect(!FileManager.default.fileExists(atPath: user.home))
        try user.expectFailure(
            "plan", "--repo", user.repository.path, "--base", "mian", code: "git.ref-not-found")
    }

    @Test func withoutRepositoryOrIdentityItSaysSo() throws {
        let user = try Installation()
        try user.check("init")
        try user.expectFailure("plan", exits: 6, code: "plan.no-identity")
        try user.expectFailure("plan", "--identity", user.identity, code: "git.no-repository-given")
        try user.expectFailure("plan", "--identity", "nowhere", "--repo", ".", code: "file.unreadable")
        try user.expectFailure(
            "plan", "--identity", user.identity, "--repo", "nowhere", code: "git.not-a-repository")
        // From the environment.
        let result = try user.reseal(["plan"], variables: ["RESEAL_IDENTITY": user.identity])
        #expect(result.errorText.contains("[git.no-repository-given]"))
    }

    @Test func invalidManifestsAreReportedTogetherWithPlaces() throws {
        let user = try Installation.applied()
        try user.writeSecret("made/one", spec: "  typ: api-key")
        try user.writeSecret("made/two", spec: "  keepPrevious: soon")
        try user.repository.commit()
        let result = try user.expectFailure("plan", code: "input.invalid", place: "manifests/made-one.yaml:6:3")
        #expect(result.errorText.contains("did you mean `type`?"))
        #expect(result.errorText.contains("manifests/made-two.yaml:6:17"))
        #expect(result.errorText.contains("(commit "))
        try user.expectFailure("apply", "--yes", code: "input.invalid", place: "manifests/made-two.yaml:6:17")
        try user.expect("audit", "list", "--result", "refused", prints: ["git.apply", "input.invalid"])
    }

    @Test func theWrongIdentity() throws {
        let user = try Installation.sealed()
        try user.check("keygen", "-o", "other.txt")
        let line = ["--identity", "other.txt"]
        let result = try user.reseal(["plan"] + line)
        #expect(result.status == 6)
        #expect(result.errorText.contains("[value.undecryptable]"))
        #expect(result.errorText.contains("manifests/all.yaml:"))
        #expect(try user.reseal(["apply", "--yes"] + line).status == 6)
        #expect(try user.serial() == "0")
    }

    @Test func anIdentityWithAPassphraseIsAskedFor() throws {
        let user = try Installation.sealed()
        let sealed = try user.atTerminal(
            ["age", "-p", "-a", "-o", "sealed-key.age", user.identity],
            dialogue: [.init("Passphrase", "hidden words\n"), .init("Passphrase again", "hidden words\n")])
        #expect(sealed.status == 0, "\(sealed.screen)")
        let plan = try user.atTerminal(
            ["plan", "--identity", "sealed-key.age"],
            dialogue: [.init("Passphrase of the identity file sealed-key.age: ", "hidden words\n")])
        #expect(plan.status == 0, "\(plan.screen)")
        #expect(plan.screen.contains("prod/orders-db"))
    }
}
