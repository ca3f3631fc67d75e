import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    private func mode(_ path: String) throws -> UInt16 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).uint16Value
    }

    @Test func writesAndReplaces() throws {
        let path = folder.file("a")
        try AtomicFile.write("old", to: path)
        try AtomicFile.write("new", to: path)
        #expect(try AtomicFile.read(path, limit: 10) == Array("new".utf8))
        #expect(try names == ["a"])
    }

    @Test func leavesAnExistingFileAlone() throws {
        let path = folder.file("a")
        try AtomicFile.write("old", to: path, replacing: false)
        #expect(throws: FileFailure(.exists, "")) { try AtomicFile.write("new", to: path, replacing: false) }
        #expect(try AtomicFile.read(path, limit: 10) == Array("old".utf8))
        #expect(try names == ["a"])
    }

    @Test func onlyOneOfManyCreatorsWins() async throws {
        let path = folder.file("key")
        let winners = await withTaskGroup(of: Int?.self) { group in
            for i in 0..<16 {
                group.addTask {
                    (try? AtomicFile.write("\(i)", to: path, replacing: false)) == nil ? nil : i
                }
            }
            return await group.reduce(into: [Int]()) { if let winner = $1 { $0.append(winner) } }
        }
        #expect(winners.count == 1)
        #expect(try AtomicFile.read(path, limit: 10) == Array("\(winners[0])".utf8))
        #expect(try names == ["key"])
    }

    /// Many writers at once: each must finish, and readers see one of the contents whole.
    @Test func parallelWritersDoNotMix() async throws {
        let path = folder.file("a")
        try AtomicFile.write([UInt8](repeating: 0, count: 50_000), to: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 1...8 {
                group.addTask {
                    for _ in 0..<10 { try AtomicFile.write([UInt8](repeating: UInt8(i), count: 50_000), to: path) }
                }
                group.addTask {
                    for _ in 0..<10 {
                        let bytes = try AtomicFile.read(path, limit: 100_000)
                        #expect(bytes.count == 50_000 && Set(bytes).count == 1)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try names == ["a"])
    }

    @Test(arguments: [0o600, 0o644, 0o400, 0o664] as [UInt32])
    func givesExactlyTheModeAskedFor(wanted: UInt32) throws {
        let path = folder.file("a")
        try folder.write("old", to: "a")
        chmod(path, 0o666)
        try AtomicFile.write("x", to: path, mode: wanted)
        #expect(try mode(path) == UInt16(wanted))
    }

    /// A process that was killed leaves its draft behind; the next one may have the same process id.
    @Test func draftsOfDeadProcessesAreNoObstacle() throws {
        let path = folder.file("a")
        for name in ["a.\(getpid()).new", "a.new", ".a.new"] { try folder.write("stale", to: name) }
        try AtomicFile.write("fresh", to: path)
        try AtomicFile.write("key", to: folder.file("b"), replacing: false)
        #expect(try AtomicFile.read(path, limit: 10) == Array("fresh".utf8))
    }

    @Test func replacesASymbolicLinkAndNotItsTarget() throws {
        try folder.write("target", to: "target")
        symlink(folder.file("target"), folder.file("link"))
        try AtomicFile.write("new", to: folder.file("link"))
        #expect(try folder.read("target") == Array("target".utf8))
        #expect(try folder.read("link") == Array("new".utf8))
        symlink(folder.file("nowhere"), folder.file("dangling"))
        #expect(throws: FileFailure(.exists, "")) {
            try AtomicFile.write("new", to: folder.file("dangling"), replacing: false)
        }
        #expect(try !names.contains("nowhere"))
    }

    @Test func worksWithLongAndRelativeNames() throws {
        let long = String(repeating: "ä", count: 127)
        try AtomicFile.write("x", to: folder.file(long))
        #expect(try names == [long])
        let name = "reseal-test-\(UUID().uuidString)"
        defer { unlink(name) }
        try AtomicFile.write("x", to: name)
        #expect(try AtomicFile.read("./\(name)", limit: 1) == [0x78])
    }

    @Test func saysWhatTheSystemRefused() throws {
        try folder.write("x", to: "file")
        for path in ["missing/a", "file/a", ""] {
            #expect(throws: FileFailure(.unwritable, "")) { try AtomicFile.write("x", to: folder.file(path)) }
        }
        #expect { try AtomicFile.read(folder.file("missing"), limit: 1) } throws: {
            ($0 as? FileFailure)?.message == "cannot read \(folder.file("missing")): No such file or directory"
        }
        #expect(throws: FileFailure(.unreadable, "")) { try AtomicFile.read(folder.path, limit: 1) }
    }

    /// No room: the old file stays, no draft is left, and no descriptor either.
    @Test func aFailedWriteLeavesEverythingAsItWas() throws {
        try folder.write("old", to: "a")
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        for _ in 0..<200 {
            // A folder cannot be replaced by a file, which is noticed last.
            try? FileManager.default.createDirectory(
                atPath: folder.file("taken/inner"), withIntermediateDirectories: true)
            #expect(throws: FileFailure(.unwritable, "")) { try AtomicFile.write("x", to: folder.file("taken")) }
            #expect(throws: FileFailure(.exists, "")) {
                try AtomicFile.write("x", to: folder.file("a"), replacing: false)
            }
        }
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #expect(after < before + 100)
        #expect(try names == ["a", "taken"])
    }

    @Test func readsNoMoreThanTheLimit() throws {
        for count in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try folder.write(bytes, to: "a")
            #expect(try AtomicFile.read(folder.file("a"), limit: count) == bytes)
            guard count > 0 else { continue }
            #expect(throws: FileFailure(.tooLarge, "")) { try AtomicFile.read(folder.file("a"), limit: count - 1) }
        }
        #expect(throws: FileFailure(.tooLarge, "")) { try AtomicFile.read("/dev/zero", limit: 1 << 20) }
    }

    @Test(arguments: [0o600, 0o400, 0o700] as [mode_t])
    func acceptsPrivateFiles(mode: mode_t) throws {
        chmod(try folder.write("key", to: "a"), mode)
        try AtomicFile.requirePrivate(folder.file("a"))
        #expect(try AtomicFile.readPrivate(folder.file("a"), limit: 10) == Array("key".utf8))
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777] as [mode_t])
    func refusesFilesThatOthersCanOpen(mode: mode_t) throws {
        let path = try folder.write("key", to: "a")
        chmod(path, mode)
        let expected = FileFailure(.tooOpen, "")
        #expect(throws: expected) { try AtomicFile.requirePrivate(path) }
        #expect { try AtomicFile.readPrivate(path, limit: 10) } throws: {
            $0 as? FileFailure == expected && ($0 as? FileFailure)?.hint == "chmod 600 \(path)"
        }
    }

    @Test func createsPrivateFolders() throws {
        let path = folder.file("x/y/z")
        try AtomicFile.createPrivateFolder(path)
        #expect(try [path, folder.file("x"), folder.file("x/y")].map(mode) == [0o700, 0o700, 0o700])
        chmod(path, 0o750)
        try AtomicFile.createPrivateFolder(path)
        try AtomicFile.createPrivateFolder(path + "/")
        #expect(try mode(path) == 0o750)
        try folder.write("", to: "file")
        #expect(throws: FileFailure(.exists, "")) { try AtomicFile.createPrivateFolder(folder.file("file")) }
        #expect(throws: FileFailure(.unwritable, "")) { try AtomicFile.createPrivateFolder(folder.file("file/below")) }
    }
}

@Suite struct QueueExecutorTests {
    private actor Counter {
        private let executor = QueueExecutor(label: "test")
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
        private var count = 0

        func add() -> Int {
            // Traps when this runs anywhere else.
            executor.preconditionIsolated()
            count += 1
            return count
        }
    }

    @Test func runsAnActorOneJobAtATime() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { for _ in 0..<10 { _ = await counter.add() } } }
        }
        #expect(await counter.add() == 1001)
    }
}
