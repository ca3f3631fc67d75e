import Foundation
import ResealCore
import ResealManifests
import TestSupport
import Testing

/// Death at any boundary leaves every file as it was or as it shall be, and the next run does the rest.
@Suite struct KillTests {
    private static let count = 12
    private static let shared = Result { try prepared() }
    let team: Team

    init() throws { team = try Team(copying: Self.shared.get()) }

    /// Values that all have to be resealed: in manifests of their own, in one manifest, and in a file.
    private static func prepared() throws -> Team {
        let team = try Team()
        for index in 0..<count { try team.writeUnbound("staging/s\(index)", "value \(index)", for: ["controller"]) }
        try team.write(
            "manifests/staging/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/file}\nspec: {value: {fromFile: v.age}}\n")
        try team.write("manifests/staging/v.age", try team.plainAge("value in a file", for: ["controller"], indent: 0))
        try team.repository.commit()
        return team
    }

    private var files: [String] {
        (0..<Self.count).map { "manifests/staging/s\($0).yaml" } + ["manifests/staging/v.age"]
    }

    private static let points = [
        "rekey.resealed", "rekey.resealed:5", "rekey.resealed:13", "worktree.beforeSync", "worktree.beforeRename",
        "worktree.beforeRename:6", "worktree.beforeRename:13", "worktree.afterRename",
    ]

    @Test(arguments: points)
    func everyFileIsOldOrNew(point: String) throws {
        let before = try Dictionary(uniqueKeysWithValues: files.map { ($0, try team.bytes($0)) })
        let killed = try team.user.reseal(
            ["rekey", "--identity", team.identity("controller")], variables: ["RESEAL_FAULT": point],
            directory: team.repository.path)
        #expect(killed.status == 128 + SIGKILL)
        var replaced = 0
        for file in files {
            if try team.bytes(file) == before[file] { continue }
            replaced += 1
            #expect(try team.binding(file).counter == 1)
        }
        let renames =
            point.hasPrefix("worktree.beforeRename")
            ? (Int(point.split(separator: ":").dropFirst().first ?? "1") ?? 1) - 1
            : point == "worktree.afterRename" ? 13 : 0
        #expect(replaced == renames)

        // A manifest that is still there and a draft are told apart, and the draft goes.
        let again = try team.rekey()
        #expect(again.errorText.hasPrefix("resealed \(13 - replaced) value(s)"))
        #expect(try RekeyFileTests.drafts(team).isEmpty)
        #expect(try team.reseal("recipients", "check").text == "13 sealed values fit the rules.")
        for (index, file) in files.enumerated() {
            #expect(try team.binding(file).counter == 1)
            let value = index < Self.count ? "value \(index)" : "value in a file"
            #expect(try team.opened(file, as: "bob") == value || team.opened(team.bytes(file), as: "bob") == value)
        }
        #expect(try team.repository.git("status", "--porcelain").split(separator: "\n").count == 13)
    }

    @Test func everyPointIsPassed() throws {
        let list = try team.user.reseal(
            ["rekey", "--identity", team.identity("controller")], variables: ["RESEAL_FAULT": "list"],
            directory: team.repository.path)
        for point in Self.points { #expect(list.errorText.contains("fault-point \(point.split(separator: ":")[0])\n")) }
    }

    @Test(arguments: [
        "offboard.reported", "offboard.removed", "worktree.beforeRename", "file.beforeRename", "rekey.resealed:3",
    ])
    func offboardingGoesOnWhereItStopped(point: String) throws {
        try team.rekey()
        try team.repository.commit("bound")
        let killed = try team.user.reseal(
            ["offboard", "bob", "--identity", team.identity("controller")], variables: ["RESEAL_FAULT": point],
            directory: team.repository.path)
        #expect(killed.status == 128 + SIGKILL)
        // Whoever is out of the rules has a report.
        if try !team.read("manifests/recipients.yaml").contains(team["bob"]) {
            _ = try team.read(".reseal/offboarding/\(team.fingerprint("bob")).yaml")
        }
        try team.reseal("offboard", team["bob"], "--identity", team.identity("controller"))
        #expect(try team.reseal("recipients", "check").text.hasPrefix("manifests/staging"))
        let status = try team.json("offboard", "--status", exits: 1)
        #expect(status["reports"]?[0]?["due"] == 13)
        #expect(try team.read("manifests/recipients.yaml").contains(team["bob"]) == false)
        for file in files { #expect(try team.binding(file).recipients.contains(team.fingerprint("bob")) == false) }
    }
}
