import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct HostileRepositoryTests {
    let fixture: GitFixture
    init() throws { fixture = try GitFixture() }

    private func store(_ type: String, _ bytes: [UInt8]) throws -> ObjectID {
        let made = try Command.check(
            "git", ["hash-object", "-t", type, "-w", "--stdin", "--literally"], stdin: bytes,
            environment: GitFixture.environment, directory: fixture.path)
        return try #require(ObjectID(hex: made.text))
    }

    private func entry(_ mode: String, _ name: String, _ id: ObjectID) -> [UInt8] {
        Array("\(mode) \(name)".utf8) + [0] + id.bytes
    }

    private func objectPath(_ id: ObjectID) -> String {
        let hex = id.description
        return "\(fixture.path)/.git/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    @Test func malformedTreesAreRefused() throws {
        let blob = try store("blob", Array("x".utf8))
        let bad: [[UInt8]] = [
            entry("100644", "b", blob) + entry("100644", "a", blob),
            entry("100644", "a", blob) + entry("100644", "a", blob),
            entry("100644", "a/b", blob), entry("100644", "", blob), entry("100644", ".", blob),
            entry("40000", "..", blob), entry("100644", "a", blob).dropLast(), Array("100644".utf8),
            Array("100644 name".utf8), entry("", "a", blob), entry("190644", "a", blob), entry("0", "a", blob),
            entry("77777777777777777777", "a", blob), [0, 0, 0], Array("100644 \0".utf8),
        ]
        let repository = try GitRepository(opening: fixture.path)
        for bytes in bad {
            let tree = try store("tree", bytes)
            #expect(throws: GitFailure(.corrupt, ""), "\(bytes)") { try repository.files(inTree: tree, prefix: "") }
            #expect(throws: GitFailure(.corrupt, "")) { try repository.changes(from: tree, to: nil, prefix: "") }
        }
    }

    @Test func aTreeBombIsCutOff() throws {
        var tree = try store("tree", entry("100644", "f", try store("blob", [])))
        for _ in 0..<12 {
            tree = try store("tree", (0..<10).flatMap { entry("40000", "d\($0)", tree) })
        }
        let repository = try GitRepository(opening: fixture.path)
        repository.maximumEntries = 20_000
        #expect(throws: GitFailure(.tooLarge, "")) { try repository.changes(from: nil, to: tree, prefix: "") }
    }

    @Test func aDeepTreeIsCutOff() throws {
        var tree = try store("tree", entry("100644", "f", try store("blob", [])))
        for _ in 0..<140 { tree = try store("tree", entry("40000", "d", tree)) }
        let repository = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.tooLarge, "")) { try repository.files(inTree: tree, prefix: "") }
    }

    @Test func changedObjectsAreNoticed() throws {
        try fixture.write("a", "content that will be damaged")
        let commit = try fixture.commit()
        let blob = try fixture.id("HEAD:a")
        for damage in [Data([0x78, 0x01, 0xff]), Data(), Data("junk".utf8)] {
            chmod(objectPath(blob), 0o644)
            try damage.write(to: URL(fileURLWithPath: objectPath(blob)))
            let repository = try GitRepository(opening: fixture.path)
            #expect(throws: GitFailure(.corrupt, "")) { try repository.blob(blob, limitBytes: 1000) }
        }
        // Another object's bytes under this name.
        let other = try store("blob", Array("other".utf8))
        try FileManager.default.removeItem(atPath: objectPath(blob))
        try FileManager.default.copyItem(atPath: objectPath(other), toPath: objectPath(blob))
        let repository = try GitRepository(opening: fixture.path)
        #expect(throws: GitFailure(.corrupt, "")) { try repository.blob(blob, limitBytes: 1000) }

        chmod(objectPath(commit), 0o644)
        try Data("junk".utf8).write(to: URL(fileURLWithPath: objectPath(commit)))
        #expect(throws: GitFailure(.corrupt, "")) { try GitRepository(opening: fixture.path).commit(commit) }
    }

    @Test func aMissingSubtreeIsNamed() throws {
        try fixture.write("d/a", "x")
        try fixture.commit()
        let tree = try fixture.id("HEAD:d")
        try FileManager.default.removeItem(atPath: objectPath(tree))
        let repository = try GitRepository(opening: fixture.path)
        let root = try fixture.id("HEAD^{tree}")
        let failure = #expect(throws: GitFailure(.objectMissing, "")) {
            try repository.files(inTree: root, prefix: "")
        }
        #expect(failure?.message.contains(tree.short) == true)
    }

    @Test func whatIsNotARepositoryIsSaidSo() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path, "\(folder.path)/missing", "/dev/null", "", "a\u{0}b"] {
            #expect(throws: GitFailure(.notARepository, ""), "\(path)") { try GitRepository(opening: path) }
        }
        try Command.check(
            "git", ["init", "--quiet", "--object-format=sha256", folder.path], environment: GitFixture.environment)
        #expect(throws: GitFailure(.unsupported, "")) { try GitRepository(opening: folder.path) }
    }

    @Test func foreignNamesDoNotTrap() throws {
        let blob = try store("blob", Array("x".utf8))
        let name: [UInt8] = [0xff, 0xfe, 0x0a, 0x1b]
        let tree = try store("tree", Array("100644 ".utf8) + name + [0] + blob.bytes)
        let files = try GitRepository(opening: fixture.path).files(inTree: tree, prefix: "")
        #expect(files.map(\.blob) == [blob])
    }
}
