import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

@testable import ResealVault

/// A disk that takes nothing: a clear error, exit 1, nothing changed, and no value without its record.
@Suite struct DiskTests {
    private let program: Program
    private var home: VaultHome { program.home }

    init() throws {
        program = try Program()
        try program.check(["init"])
        try program.check(["set", "a"], stdin: "canary-value")
    }

    private func expectRefusal(_ result: Command.Result, _ code: String) {
        #expect(result.status == 1)
        #expect(result.text.contains("\"\(code)\""), "\(result.text) \(result.errorText)")
        #expect(!(result.text + result.errorText).contains("canary"))
    }

    private func expectUnchanged() throws {
        #expect(try program.check(["get", "a"]) == "canary-value")
        #expect(try program.check(["versions", "a", "--json"]).contains("\"version\":1"))
        #expect(try !program.check(["versions", "a", "--json"]).contains("\"version\":2"))
        #expect(try program.check(["audit", "verify", "--json"]).contains("\"whole\":true"))
    }

    @Test func noRoomForAValue() throws {
        let large = String(repeating: "x", count: 2 << 20)
        let result = try RestrictedProgram.run(
            ["set", "a", "--json", "--home", home.path], stdin: large, fileBytes: 512 << 10)
        expectRefusal(result, "vault.disk-full")
        try expectUnchanged()
    }

    /// At every size that the files may have, the outcome is the old vault or the new one.
    @Test func noRoomAnywhereOnTheWay() throws {
        var outcomes: Set<Int32> = []
        for kilobytes in stride(from: 0, through: 200, by: 20) {
            let copy = try program.copy()
            let result = try RestrictedProgram.run(
                ["set", "a", "--json", "--home", copy.path], stdin: String(repeating: "y", count: 20_000),
                fileBytes: kilobytes << 10)
            outcomes.insert(result.status)
            if result.status != 0 { expectRefusal(result, "vault.disk-full") }
            let version = try program.check(["get", "a", "--json"], home: copy).contains("\"version\":2") ? 2 : 1
            #expect(version == (result.status == 0 ? 2 : 1), "\(kilobytes) KiB")
            #expect(try program.check(["audit", "verify", "--json"], home: copy).contains("\"whole\":true"))
        }
        #expect(outcomes == [0, 1])
    }

    @Test func noRoomForTheRecordOfARead() throws {
        let result = try RestrictedProgram.run(["get", "a", "--home", home.path], fileBytes: 0)
        #expect(result.status == 1 && result.stdout.isEmpty)
        #expect(result.errorText.contains("[vault.disk-full]"))
        try expectUnchanged()
    }

    @Test func noRoomForAVault() throws {
        for kilobytes in [0, 4, 64, 128] {
            let copy = VaultHome(path: program.folder.file("new-\(kilobytes)"))
            let result = try RestrictedProgram.run(["init", "--home", copy.path], fileBytes: kilobytes << 10)
            #expect(result.status == 1)
            #expect(result.errorText.contains("[vault.disk-full]") || result.errorText.contains("[file.unwritable]"))
            try program.check(["init"], home: copy)
            #expect(try program.check(["audit", "verify", "--json"], home: copy).contains("\"whole\":true"))
        }
    }

    /// Modes mean nothing to the superuser, so the vault is an ordinary user's.
    private func giveAway(folder: mode_t, files: mode_t) throws {
        chmod(program.folder.path, 0o755)
        for path in try Folder.files(in: home.path) {
            chmod(path, files)
            chown(path, 65534, 65534)
        }
        chmod(home.path, folder)
        if geteuid() == 0 { chown(home.path, 65534, 65534) }
    }

    private func contents() throws -> [String: [UInt8]] {
        try Dictionary(
            Folder.files(in: home.path).map { ($0, try AtomicFile.read($0, limit: 1 << 30)) }, uniquingKeysWith: { $1 })
    }

    @Test(arguments: [(0o500, 0o400), (0o700, 0o400), (0o500, 0o600)] as [(mode_t, mode_t)])
    func aVaultThatCannotBeWrittenAnswersNothing(folder: mode_t, files: mode_t) throws {
        try giveAway(folder: folder, files: files)
        defer { chmod(home.path, 0o700) }
        let before = try contents()
        for arguments in [["get", "a"], ["set", "a"], ["list"], ["delete", "a"], ["rollback", "a"]] {
            let result = try RestrictedProgram.run(
                arguments + ["--json", "--home", home.path], stdin: "x", asNobody: true)
            expectRefusal(result, "vault.read-only")
        }
        // SQLite may have made its empty companions, where it can.
        let isSame = try contents().filter { before[$0.key] != nil } == before
        #expect(isSame)
    }

    @Test func anotherUsersVaultIsNotOpened() throws {
        try giveAway(folder: 0o755, files: 0o600)
        for path in try Folder.files(in: home.path) { chown(path, 0, 0) }
        guard geteuid() == 0 else { return }
        let result = try RestrictedProgram.run(["get", "a", "--json", "--home", home.path], asNobody: true)
        expectRefusal(result, "vault.read-only")
    }

    @Test func anOrdinaryUsersVaultWorks() throws {
        try giveAway(folder: 0o700, files: 0o600)
        let result = try RestrictedProgram.run(["get", "a", "--home", home.path], asNobody: true)
        #expect(result.status == 0 && result.text == "canary-value")
    }
}
