import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct AddTests {
    let team: Team
    init() throws {
        team = try Team()
        try team.writeSamples()
    }

    @Test func addingSaysWhatIsLeftToDo() throws {
        let result = try team.reseal("recipients", "add", team["carol"], "--group", "sre")
        #expect(
            result.errorText.contains("added \(team["carol"].prefix(20))… to group sre in manifests/recipients.yaml"))
        #expect(result.errorText.contains("1 value(s) in 1 file(s) do not fit the rules: `reseal rekey` reseals them"))
        #expect(
            try team.read("manifests/recipients.yaml")
                == team.rules().replacing("# bob\n", with: "# bob\n      - \(team["carol"])\n"))
        // Nothing is sealed for her before that.
        #expect(try team.opened("manifests/staging/db.yaml", as: "carol") == nil)
        try team.rekey()
        #expect(try team.opened("manifests/staging/db.yaml", as: "carol") == "password of staging/db")
        #expect(try team.opened("manifests/prod/db.yaml", as: "carol") == nil)
    }

    @Test func aNameAndThenARule() throws {
        try team.reseal("recipients", "add", team["carol"], "--group", "carol")
        let json = try team.json("recipients", "add", "group:carol", "--rule", "1", "--rule", "2")
        #expect(json["changed"] == ["rule 1", "rule 2"])
        #expect(json["misfits"]?.texts("secret").sorted() == ["prod/db", "staging/db"])
        #expect(
            try team.json("recipients", "list")["recipients"]?.texts("name") == ["controller", "carol", "alice", "bob"])
        // The same again changes nothing.
        let before = try team.bytes("manifests/recipients.yaml")
        let again = try team.reseal("recipients", "add", "group:carol", "--rule", "1")
        #expect(again.errorText.hasPrefix("group:carol is there already"))
        #expect(try team.bytes("manifests/recipients.yaml") == before)
    }

    @Test(arguments: [
        (["age1nonsense", "--group", "sre"], 1, "[age.recipient]"),
        (["CAROL"], 64, "name a list with --group or --rule"),
        (["CAROL", "--rule", "7"], 1, "there is no rule 7; the manifest has 2"),
        (["group:none", "--rule", "1"], 1, "there is no group `none`"),
        (["group:sre", "--group", "x"], 64, "a group cannot be in a group"),
        (["SECRET", "--group", "sre"], 1, "this is an identity, not a recipient"),
        (["CAROL", "--group", "no good\u{7}"], 1, "manifests/recipients.yaml"),
    ])
    func whatCannotBeAddedIsRefused(words: [String], status: Int32, message: String) throws {
        let secret = try String(contentsOfFile: team.identity("bob"), encoding: .utf8).split(separator: "\n").last.map(
            String.init)
        let words = words.map { $0 == "CAROL" ? team["carol"] : $0 == "SECRET" ? secret ?? "" : $0 }
        let before = try team.bytes("manifests/recipients.yaml")
        let result = try team.user.reseal(["recipients", "add"] + words, directory: team.repository.path)
        #expect(result.status == status)
        #expect(result.errorText.contains(message), "\(result.errorText)")
        #expect(secret.map { result.errorText.contains($0) } == false)
        #expect(try team.bytes("manifests/recipients.yaml") == before)
    }

    @Test func kindsThatCannotShareAValueAreRefused() throws {
        try team.user.check("keygen", "--pq", "-o", team.user.folder.file("pq.txt"))
        let key = try team.user.check("keygen", "-y", team.user.folder.file("pq.txt")).text
        let before = try team.bytes("manifests/recipients.yaml")
        let result = try team.reseal("recipients", "add", key, "--rule", "2", exits: 1)
        #expect(result.errorText.contains("these kinds of recipient cannot share a file"))
        #expect(try team.bytes("manifests/recipients.yaml") == before)
    }

    @Test func sshKeysWorkLikeAnyOther() throws {
        let file = team.user.folder.file("ssh")
        try Command.check("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "dora@laptop", "-f", file])
        let key = try String(contentsOfFile: "\(file).pub", encoding: .utf8).split(separator: "\n")[0]
        try team.reseal("recipients", "add", String(key), "--group", "dora")
        try team.reseal("recipients", "add", "group:dora", "--rule", "2")
        try team.rekey()
        let armor = try #require(try Team.armors(in: team.bytes("manifests/prod/db.yaml")).first)
        #expect(try Command.check("age", ["-d", "-i", file], stdin: armor).text == "password of prod/db")
        #expect(try team.json("recipients", "check")["fits"] == true)
        try team.reseal("offboard", "dora", "--identity", team.identity("controller"))
        let after = try #require(try Team.armors(in: team.bytes("manifests/prod/db.yaml")).first)
        #expect(try Command.run("age", ["-d", "-i", file], stdin: after).status != 0)
        #expect(try team.read("manifests/recipients.yaml") == team.rules())
    }

    @Test func theManifestMayStandAnywhere() throws {
        try team.repository.git("mv", "manifests/recipients.yaml", "manifests/staging/who.yaml")
        try team.reseal("recipients", "add", team["carol"], "--rule", "2")
        #expect(
            try team.read("manifests/staging/who.yaml").contains("recipients: [\(team["alice"]), \(team["carol"])]"))
    }

    @Test func aReadOnlyManifestIsLeftAlone() throws {
        try Command.check("chmod", ["444", team.path("manifests/recipients.yaml")])
        let result = try team.reseal("recipients", "add", team["carol"], "--group", "sre", exits: 1)
        #expect(result.errorText.contains("manifests/recipients.yaml is read-only [git.file]"))
    }
}
