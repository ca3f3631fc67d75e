import Foundation
import ResealCore
import TestSupport
import Testing

/// Rotation of the vault's keys: every value still opens, and what is replaced opens nothing any more.
@Suite struct KeyTests {
    private let user: Installation

    init() throws { user = try Installation.applied() }

    @Test func aNewKEKTakesTheOldOnesPlace() throws {
        let before = try user.comparableState(versionsOf: ["prod/note"])
        let report = try user.expectJSON(
            "key", "rotate", "--json", members: ["audit_head", "kek", "rewrapped_data_keys"])
        #expect(report["rewrapped_data_keys"]?.integerValue == Int64(SampleRepository.fields.count))
        let again = try user.expectJSON(
            "key", "rotate", "--json", members: ["audit_head", "kek", "rewrapped_data_keys"])
        #expect((again["kek"]?.integerValue ?? 0) > (report["kek"]?.integerValue ?? 0))
        let newest = "1 \(again["kek"]?.canonical ?? "")"
        #expect(try rows("SELECT count(*), min(id) FROM keyring WHERE purpose = 'kek'") == newest)
        #expect(try rows("SELECT count(DISTINCT kek), min(kek) FROM versions WHERE ciphertext IS NOT NULL") == newest)
        #expect(try user.comparableState(versionsOf: ["prod/note"]) == before)
        try user.expect("audit", "list", "--type", "vault.key", prints: ["vault.key.rotate", "KEK"])
        try user.expect("audit", "verify", prints: ["is whole"])
    }

    @Test func theFormerRootKeyOpensNothing() throws {
        let before = try user.comparableState(versionsOf: [])
        try user.check("key", "change-root")
        #expect(try user.comparableState(versionsOf: []) == before)
        let manager = FileManager.default
        #expect(try manager.attributesOfItem(atPath: "\(user.home)/root.key")[.posixPermissions] as? Int == 0o600)
        try manager.removeItem(atPath: "\(user.home)/root.key")
        try manager.copyItem(atPath: "\(user.home)/root.key.old", toPath: "\(user.home)/root.key")
        try user.expectFailure("get", "prod/note", code: "vault.wrong-root-key")
    }

    @Test func theRootKeyCanBecomeAPassphraseAndAFileAgain() throws {
        let before = try user.check("get", "prod/note").text
        let file = try user.folder.write("correct horse battery staple\n", to: "passphrase")
        try user.check("key", "change-root", "--to-passphrase", "--new-passphrase-file", file)
        #expect(!FileManager.default.fileExists(atPath: "\(user.home)/root.key"))
        #expect(try user.check("get", "prod/note", "--passphrase-file", file).text == before)
        let wrong = try user.folder.write("another horse\n", to: "wrong")
        try user.expectFailure("get", "prod/note", "--passphrase-file", wrong, code: "vault.wrong-root-key")
        try user.check("key", "change-root", "--passphrase-file", file)
        #expect(try user.check("get", "prod/note").text == before)
        try user.expect("audit", "verify", prints: ["is whole"])
    }

    @Test func aShortPassphraseIsRefused() throws {
        let file = try user.folder.write("short\n", to: "passphrase")
        try user.expect(
            "key", "change-root", "--to-passphrase", "--new-passphrase-file", file, exits: 64,
            notes: ["shorter than 8 bytes"])
        try user.check("get", "prod/note")
    }

    @Test func deathDuringARotation() throws { try survive(["key", "rotate"], in: user, watching: ["prod/note"]) }

    @Test func deathDuringAChangeOfTheRootKey() throws {
        try survive(["key", "change-root"], in: user, watching: ["prod/note"])
    }

    /// One row of a query, its columns with a space between.
    private func rows(_ sql: String) throws -> String {
        let script = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())"
        return try Command.check("python3", ["-c", script, "\(user.home)/vault.db", sql]).text
    }
}
