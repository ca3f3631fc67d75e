import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct TreeTests {
    @Test func everyKindOfFileIsListed() throws {
        let fixture = try GitFixture()
        try fixture.write("manifests/a.yaml", "a")
        try fixture.write("manifests/sub/run", "#!/bin/sh")
        chmod("\(fixture.path)/manifests/sub/run", 0o755)
        symlink("a.yaml", "\(fixture.path)/manifests/link")
        try fixture.write("other/b", "b")
        try fixture.git("add", "--all")
        let foreign = String(repeating: "3", count: 40)
        try fixture.git("update-index", "--add", "--cacheinfo", "160000,\(foreign),manifests/module")
        try fixture.git("commit", "--quiet", "--message", "all kinds")
        let repository = try GitRepository(opening: fixture.path)
        let commit = try repository.resolve("HEAD")
        let tree = try repository.subtree(of: commit, at: "manifests")
        let files = try repository.files(inTree: tree, prefix: "manifests")
        #expect(
            files.map { "\($0.path) \($0.kind)" } == [
                "manifests/a.yaml regular", "manifests/link symlink", "manifests/module submodule",
                "manifests/sub/run executable",
            ])
        #expect(try repository.blob(files[1].blob, limitBytes: 100) == Array("a.yaml".utf8))
        #expect(files[2].blob.description == foreign)
        #expect(try repository.files(inTree: nil, prefix: "").isEmpty)
    }

    @Test func subtreesAreFound() throws {
        let fixture = try GitFixture()
        try fixture.write("a/b/c/file", "x")
        let commit = try fixture.commit()
        let repository = try GitRepository(opening: fixture.path)
        for path in ["", ".", "./", "/"] {
            #expect(try repository.subtree(of: commit, at: path) == fixture.id("HEAD^{tree}"))
        }
        for path in ["a/b", "a//b/", "./a/./b"] {
            #expect(try repository.subtree(of: commit, at: path) == fixture.id("HEAD:a/b"))
        }
        #expect(try repository.subtree(of: commit, at: "a/x") == nil)
        #expect(try repository.subtree(of: commit, at: "..") == nil)
        #expect(throws: GitFailure(.notAFolder, "")) { try repository.subtree(of: commit, at: "a/b/c/file") }
        #expect(throws: GitFailure(.notAFolder, "")) { try repository.subtree(of: commit, at: "a/b/c/file/x") }
    }

    @Test(arguments: 1...6) func changesAgreeWithGit(seed: UInt64) throws {
        let fixture = try GitFixture()
        var random = SeededRandom(seed: seed)
        // Names that sort differently as a file and as a folder.
        let segments = ["a", "a.b", "a-b", "ab", "b", "é", "z z"]
        func mutate() throws {
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let depth = Int.random(in: 1...3, using: &random)
                let path = (0..<depth).map { _ in segments.randomElement(using: &random)! }.joined(separator: "/")
                try? FileManager.default.removeItem(atPath: "\(fixture.path)/\(path)")
                switch Int.random(in: 0..<5, using: &random) {
                case 0: break
                case 1: symlink("target\(Int.random(in: 0..<3, using: &random))", "\(fixture.path)/\(path)")
                case 2:
                    try? fixture.write(path, "same")
                    chmod("\(fixture.path)/\(path)", 0o755)
                default: try? fixture.write(path, "\(Int.random(in: 0..<4, using: &random))")
                }
            }
        }
        let repository = try GitRepository(opening: fixture.path)
        var last = try fixture.commit()
        for _ in 0..<6 {
            try mutate()
            let next = try fixture.commit()
            let trees = (try repository.commit(last).tree, try repository.commit(next).tree)
            let changes = try repository.changes(from: trees.0, to: trees.1, prefix: "")
            let expected = try gitChanges(fixture, last, next)
            #expect(changes.map(Self.line) == expected)
            let all = try repository.files(inTree: trees.1, prefix: "").map(\.path)
            let listed = try fixture.git("ls-tree", "-r", "-z", "--name-only", next.description)
            #expect(all == listed.split(separator: "\0").map(String.init))
            let added = try repository.changes(from: nil, to: trees.1, prefix: "p/").map(\.path)
            #expect(added == all.map { "p/\($0)" })
            last = next
        }
    }

    /// `diff-tree` reports a file that became a link as one change of type, as we do.
    private func gitChanges(_ fixture: GitFixture, _ a: ObjectID, _ b: ObjectID) throws -> [String] {
        let fields = try fixture.git(
            "diff-tree", "-r", "-z", "--name-status", "--no-renames", a.description, b.description
        )
        .split(separator: "\0").map(String.init)
        return stride(from: 0, to: fields.count - 1, by: 2).map {
            "\(fields[$0] == "T" ? "M" : fields[$0]) \(fields[$0 + 1])"
        }
    }

    private static func line(_ change: TreeChange) -> String {
        "\(change.old == nil ? "A" : (change.new == nil ? "D" : "M")) \(change.path)"
    }

    @Test func blobsHaveALimit() throws {
        let fixture = try GitFixture()
        try fixture.write("big", String(repeating: "x", count: 1000))
        try fixture.write("empty", "")
        try fixture.commit()
        let repository = try GitRepository(opening: fixture.path)
        let big = try fixture.id("HEAD:big")
        #expect(try repository.blob(big, limitBytes: 1000).count == 1000)
        #expect(try repository.blobSizeBytes(big) == 1000)
        #expect(throws: GitFailure(.tooLarge, "")) { try repository.blob(big, limitBytes: 999) }
        #expect(try repository.blob(fixture.id("HEAD:empty"), limitBytes: 0).isEmpty)
        #expect(try repository.withBlob(big, limitBytes: 1000) { $0.count } == 1000)
        #expect(throws: GitFailure(.corrupt, "")) { try repository.blob(fixture.id("HEAD^{tree}"), limitBytes: 1000) }
        for text in ["", "hello\n", String(repeating: "y", count: 100_000)] {
            let expected = try fixture.git("hash-object", "--stdin", stdin: Array(text.utf8))
            #expect(GitRepository.blobID(of: Array(text.utf8)).description == expected)
        }
    }
}
