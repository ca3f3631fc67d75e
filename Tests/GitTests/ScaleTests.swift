import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct ScaleTests {
    /// Prints what a large repository costs. The bounds are wide: they catch work that follows the repository instead
    /// of the change, not a slow machine.
    @Test func oneChangeInALargeRepositoryIsCheap() throws {
        let fixture = try GitFixture(bare: true)
        let count = Int(ProcessInfo.processInfo.environment["RESEAL_SCALE"] ?? "") ?? 20_000
        var stream = "commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\n"
        for n in 0..<count {
            stream +=
                "M 644 inline manifests/team\(n % 100)/service\(n / 100 % 50)/secret\(n).yaml\ndata <<E\nn: \(n)\nE\n"
        }
        stream += "\ncommit refs/heads/main\ncommitter A <a@b> 2 +0000\ndata 0\n"
        stream += "M 644 inline manifests/team7/service3/secret307.yaml\ndata <<E\nchanged\nE\n"
        try fixture.fastImport(stream)
        try fixture.git("repack", "-adq")
        let repository = try GitRepository(opening: fixture.path)
        let (old, new) = (try repository.resolve("main~1"), try repository.resolve("main"))
        let trees = (
            try #require(try repository.subtree(of: old, at: "manifests")),
            try #require(try repository.subtree(of: new, at: "manifests"))
        )
        var files: [TreeFile] = []
        let clock = ContinuousClock()
        let listing = try clock.measure { files = try repository.files(inTree: trees.1, prefix: "manifests") }
        #expect(files.count == count)
        _ = try repository.changes(from: trees.0, to: trees.1, prefix: "manifests")
        var changes: [TreeChange] = []
        let comparing = try clock.measure {
            for _ in 0..<100 {
                changes = try repository.changes(from: trees.0, to: trees.1, prefix: "manifests")
            }
        }
        #expect(changes.map(\.path) == ["manifests/team7/service3/secret307.yaml"])
        let reading = try clock.measure {
            for file in files { _ = try repository.withBlob(file.blob, limitBytes: 100) { $0.count } }
        }
        let opening = try clock.measure {
            for _ in 0..<100 { _ = try GitRepository(opening: fixture.path).resolve("main") }
        }
        print(
            "\(count) files: listing \(listing), one change \(comparing / 100), reading all \(reading),",
            "open and resolve \(opening / 100)")
        #expect(comparing / 100 < listing / 4)
    }
}
