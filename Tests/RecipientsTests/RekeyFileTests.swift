import Foundation
import ResealAge
import ResealCore
import ResealManifests
import ResealSealing
import TestSupport
import Testing

@Suite struct RekeyFileTests {
    let team: Team
    let staging = "manifests/staging/db.yaml"
    let production = "manifests/prod/db.yaml"

    init() throws { team = try Team() }

    private var withoutBob: String { team.rules().replacing("      - \(team["bob"])   # bob\n", with: "") }

    @Test func aReadOnlyFileIsReportedAndTheRestGoesOn() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob.replacing("recipients: [\(team["alice"])]", with: "recipients: []"))
        try Command.check("chmod", ["444", team.path(staging)])
        let before = try team.bytes(staging)
        let result = try team.rekey(exits: 8)
        #expect(result.errorText.contains("manifests/staging/db.yaml is read-only"))
        #expect(result.errorText.contains("resealed 1 value(s) in 1 file(s); 0 fit already; 1 problem(s)"))
        #expect(try team.bytes(staging) == before)
        #expect(try team.opened(production, as: "alice") == nil)
        #expect(try Self.drafts(team).isEmpty)
    }

    @Test func linksAreNotFollowed() throws {
        try team.writeSamples()
        let outside = team.user.folder.file("outside.yaml")
        try FileManager.default.copyItem(atPath: team.path(staging), toPath: outside)
        try FileManager.default.createSymbolicLink(
            atPath: team.path("manifests/link.yaml"), withDestinationPath: outside)
        try FileManager.default.createDirectory(
            atPath: team.user.folder.file("elsewhere"), withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: team.path(staging), toPath: team.user.folder.file("elsewhere/db.yaml"))
        try FileManager.default.createSymbolicLink(
            atPath: team.path("manifests/folder"), withDestinationPath: team.user.folder.file("elsewhere"))
        let before = try Data(contentsOf: URL(fileURLWithPath: outside))
        try team.writeRules(withoutBob)
        let result = try team.rekey(exits: 8)
        #expect(
            result.errorText.contains(
                "manifests/link.yaml:1:1: error: a manifest has to be a regular file, not a symlink"))
        #expect(result.errorText.contains("resealed 1 value(s) in 1 file(s)"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: outside)) == before)
        #expect(try Data(contentsOf: URL(fileURLWithPath: team.user.folder.file("elsewhere/db.yaml"))) == before)
    }

    @Test func aValueFileBehindALinkIsNotRead() throws {
        let outside = team.user.folder.file("outside.age")
        try Data(Array(try team.plainAge("x", for: ["controller"], indent: 0).utf8)).write(
            to: URL(fileURLWithPath: outside))
        try team.write(
            "manifests/staging/file.yaml",
            "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: staging/file}\nspec: {value: {fromFile: v.age}}\n")
        try FileManager.default.createSymbolicLink(
            atPath: team.path("manifests/staging/v.age"), withDestinationPath: outside)
        let result = try team.rekey(exits: 1)
        #expect(
            result.errorText.contains("there is no file of this name that can be read [value.file-missing]"))
    }

    @Test func twoRunsAtOnceAreTooMany() throws {
        try team.writeSamples()
        let lock = open(team.repository.path, O_RDONLY | O_DIRECTORY)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
        let result = try team.rekey(exits: 7)
        #expect(result.errorText.contains("[rekey.locked]"))
        // A dry run waits for nobody.
        try team.rekey("--dry-run")
    }

    @Test func nothingIsLeftBehind() throws {
        try team.writeSamples()
        try team.writeRules(withoutBob)
        try team.rekey()
        #expect(try Self.drafts(team).isEmpty)
        // Outside of a repository, too.
        try FileManager.default.removeItem(atPath: team.path(".git"))
        try team.writeRules()
        try team.rekey()
        #expect(try team.opened(staging, as: "bob") == "password of staging/db")
        #expect(try Self.drafts(team).isEmpty)
    }

    static func drafts(_ team: Team) throws -> [String] {
        try #require(FileManager.default.subpaths(atPath: team.repository.path)).filter {
            $0.hasSuffix(".reseal-draft")
        }
    }
}
