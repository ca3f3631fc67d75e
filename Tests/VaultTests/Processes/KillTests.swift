import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Killed at any fault point, a command has been carried out or it has not, and the trail agrees with that.
@Suite struct KillTests {
    private let program: Program

    init() throws { program = try Program() }

    /// A vault with secrets `a` and `b`, and `gone`, which is deleted. Made once.
    private static let prepared = Result {
        let program = try Program()
        try program.check(["init"])
        for (name, text) in [("a", "one"), ("a", "two"), ("b", "other"), ("gone", "x")] {
            try program.check(["set", name], stdin: text)
        }
        try program.check(["delete", "gone"])
        return program
    }

    /// All that the vault holds, with one line for each version, and how long the trail is.
    private func state(of home: VaultHome) async throws -> String {
        let vault = try Vault(home: home.path)
        let report = try await vault.verifyAudit(expectedHead: nil)
        #expect(report.problems.isEmpty)
        let core = await vault.core
        var lines: [String] = []
        try core.store.read { (store) throws in
            try store.forEachSecret(organization: nil, prefix: "") { secret in
                lines.append("\(secret.id) \(secret.state) \(secret.currentVersion)")
                for version in try store.versions(of: secret.rowID) {
                    var text = "destroyed"
                    if let sealed = try store.sealedValue(version.number, of: secret.rowID) {
                        let value = try SecretValue(
                            decoding: core.keyring.open(sealed, for: secret.id, version: version.number))
                        text = value.leaves[0].bytes.revealText() ?? ""
                    }
                    lines.append("  \(version.number) \(version.state) \(text)")
                }
            }
        }
        return (lines + ["\(report.records) records"]).joined(separator: "\n")
    }

    @Test(arguments: [
        ["set", "a"], ["set", "new"], ["set", "gone"], ["get", "a"], ["get", "none"], ["get-many", "a", "b"],
        ["rollback", "a"], ["rollback", "gone"], ["delete", "a"], ["delete", "a", "--destroy"], ["list"],
        ["versions", "a"],
        ["audit", "list"],
    ])
    func aKilledCommandIsDoneOrNot(arguments: [String]) async throws {
        try Folder.copy(Self.prepared.get().home.path, to: program.home.path)
        let before = try await state(of: program.home)
        let done = try program.copy("done")
        let points = try program.faultPoints(of: arguments, stdin: "three", home: done)
        let after = try await state(of: done)
        #expect(before != after && points.contains("store.beforeCommit:1") && points.contains("store.afterCommit:1"))

        var seen: Set<String> = []
        for point in points {
            let copy = try program.copy()
            let result = try program.run(arguments, stdin: "three", fault: point, home: copy)
            #expect(result.status == 128 + 9, "at \(point)")
            let now = try await state(of: copy)
            #expect(now == before || now == after, "at \(point)")
            seen.insert(now)
            // Nothing is handed out before its record is on disk.
            if now == before { #expect(result.stdout.isEmpty, "at \(point)") }
        }
        #expect(seen == [before, after])
    }

    /// What was destroyed goes from the log as well, at the latest when the next command ends.
    @Test func aDestroyedKeyDoesNotSurviveInTheLog() async throws {
        try program.check(["init"])
        try program.check(["set", "a"], stdin: "one")
        let key = try await Vault(home: program.home.path).core.store.read { store in
            try #require(try store.sealedValue(1, of: 1)).wrappedDEK
        }
        func isOnDisk() throws -> Bool {
            try Folder.files(in: program.home.path).contains { try AtomicFile.read($0, limit: 1 << 30).holds(key) }
        }
        #expect(try isOnDisk())
        try program.run(["delete", "a", "--destroy"], fault: "store.afterCommit:1")
        try program.check(["status"])
        #expect(try !isOnDisk())
    }

    @Test func aKilledInitIsFinishedByTheNext() async throws {
        let points = try program.faultPoints(of: ["init"], home: VaultHome(path: program.folder.file("done")))
        #expect(points.contains("init.afterRootKey:1") && points.contains("file.beforeRename:2"))
        for point in points {
            let home = VaultHome(path: program.folder.file("home-\(point)"))
            #expect(try program.run(["init"], fault: point, home: home).status == 128 + 9)
            let key = try? AtomicFile.read(home.rootKeyPath, limit: 4096)
            let again = try program.run(["init"], home: home)
            let wasMade = again.errorText.contains("[vault.already-initialized]")
            #expect(again.status == (wasMade ? 1 : 0), "at \(point): \(again.errorText)")
            #expect(wasMade == (point == "store.afterCommit:1"), "at \(point)")
            if let key { #expect(try AtomicFile.read(home.rootKeyPath, limit: 4096) == key) }
            try program.check(["set", "a"], stdin: "x", home: home)
            #expect(try program.check(["get", "a"], home: home) == "x")
            #expect(try await state(of: home).hasSuffix("3 records"))
        }
    }
}
