import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct WorkTreeTests {
    let fixture: GitFixture
    init() throws {
        fixture = try GitFixture()
        try fixture.write(".gitignore", "*.tmp\nbuild/\n!keep.tmp\n")
        try fixture.write("manifests/a.yaml", "a")
        try fixture.write("manifests/b.yaml", "b")
        try fixture.write("build/forced", "tracked although ignored")
        try fixture.git("add", "--force", "build/forced")
        try fixture.commit()
    }

    private func paths(_ path: String = "") throws -> [String] {
        try WorkTree(root: fixture.path).files(under: path).map(\.path)
    }

    @Test func changedNewAndDeletedFilesAreSeen() throws {
        try fixture.write("manifests/a.yaml", "changed")
        try fixture.write("manifests/new/c.yaml", "c")
        try fixture.write("manifests/x.tmp", "ignored")
        try fixture.write("manifests/keep.tmp", "kept")
        try fixture.write("build/output", "ignored")
        try fixture.remove("manifests/b.yaml")
        #expect(
            try paths() == [
                ".gitignore", "build/forced", "manifests/a.yaml", "manifests/keep.tmp", "manifests/new/c.yaml",
            ])
        let listed = try fixture.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        #expect(
            try Set(paths()) == Set(listed.split(separator: "\0").map(String.init)).subtracting(["manifests/b.yaml"]))
        let files = try WorkTree(root: fixture.path).files(under: "manifests")
        #expect(files[0].blob == GitRepository.blobID(of: Array("changed".utf8)))
        #expect(try paths("./manifests/new/") == ["manifests/new/c.yaml"])
        #expect(try paths("missing").isEmpty)
        #expect(throws: GitFailure(.notAFolder, "")) { try paths("manifests/a.yaml") }
    }

    @Test func aCleanWorkTreeEqualsItsCommit() throws {
        chmod("\(fixture.path)/manifests/a.yaml", 0o755)
        symlink("../build", "\(fixture.path)/manifests/link")
        try fixture.write("a.b/c", "1")
        try fixture.write("a/c", "1")
        let commit = try fixture.commit()
        let repository = try GitRepository(opening: fixture.path)
        let tree = try repository.subtree(of: commit, at: "")
        #expect(try WorkTree(root: fixture.path).files(under: "") == repository.files(inTree: tree, prefix: ""))
    }

    @Test func aFolderWithinAWorkTreeCanBeTheRoot() throws {
        try fixture.write("manifests/x.tmp", "ignored")
        try fixture.write("manifests/.gitignore", "/b2")
        try fixture.write("manifests/b2", "ignored")
        let tree = WorkTree(root: "\(fixture.path)/manifests")
        #expect(try tree.files(under: "").map(\.path) == [".gitignore", "a.yaml", "b.yaml"])
        #expect(try tree.read("a.yaml", limitBytes: 10) == Array("a".utf8))
    }

    @Test func symbolicLinksAreNeverFollowed() throws {
        let outside = try TemporaryFolder()
        try Data("outside".utf8).write(to: URL(fileURLWithPath: "\(outside.path)/secret"))
        symlink("\(outside.path)/secret", "\(fixture.path)/manifests/file-link")
        symlink(outside.path, "\(fixture.path)/manifests/folder-link")
        let tree = WorkTree(root: fixture.path)
        let files = try tree.files(under: "manifests")
        #expect(files.filter { $0.kind == .symlink }.map(\.path) == ["manifests/file-link", "manifests/folder-link"])
        #expect(!files.contains { $0.path.contains("secret") })
        #expect(throws: GitFailure(.file, "")) { try tree.read("manifests/file-link", limitBytes: 100) }
        #expect(throws: GitFailure(.notAFolder, "")) { try tree.read("manifests/folder-link/secret", limitBytes: 100) }
        #expect(throws: GitFailure(.notAFolder, "")) { try tree.files(under: "manifests/folder-link") }
        for path in ["../x", "manifests/../../x", "/etc/hostname", "a\u{0}", ""] {
            #expect(throws: GitFailure(.file, ""), "\(path)") { try tree.read(path, limitBytes: 100) }
        }
    }

    @Test func pipesAndForeignRepositoriesAreLeftOut() throws {
        mkfifo("\(fixture.path)/manifests/pipe", 0o600)
        try Command.check(
            "git", ["init", "--quiet", "\(fixture.path)/manifests/nested"], environment: GitFixture.environment)
        try fixture.write("manifests/nested/file", "x")
        #expect(try paths("manifests") == ["manifests/a.yaml", "manifests/b.yaml"])
        #expect(throws: GitFailure(.file, "")) {
            try WorkTree(root: fixture.path).read("manifests/pipe", limitBytes: 100)
        }
    }

    @Test func submodulesAreNamed() throws {
        let foreign = String(repeating: "4", count: 40)
        try fixture.git("update-index", "--add", "--cacheinfo", "160000,\(foreign),manifests/module")
        try fixture.write("manifests/module/file", "x")
        let files = try WorkTree(root: fixture.path).files(under: "manifests")
        #expect(files.last?.kind == .submodule && files.last?.blob.description == foreign)
    }

    @Test func readingHasALimit() throws {
        let tree = WorkTree(root: fixture.path)
        #expect(try tree.read("manifests/a.yaml", limitBytes: 1) == Array("a".utf8))
        #expect(throws: GitFailure(.tooLarge, "")) { try tree.read("manifests/a.yaml", limitBytes: 0) }
        #expect(throws: GitFailure(.file, "")) { try tree.read("manifests/none", limitBytes: 1) }
    }

    @Test func aFolderOutsideOfAnyRepositoryHasNoIgnoreRules() throws {
        let folder = try TemporaryFolder()
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/a.tmp"))
        #expect(try WorkTree(root: folder.path).files(under: "").map(\.path) == ["a.tmp"])
        #expect(throws: GitFailure(.file, "")) { try WorkTree(root: "\(folder.path)/missing").files(under: "") }
        let bare = try GitFixture(bare: true)
        #expect(throws: GitFailure(.notARepository, "")) { try WorkTree(root: bare.path).files(under: "") }
    }
}
