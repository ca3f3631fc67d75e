import Foundation
import GRDB
import Glibc
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct RootKeyTests {
    private let folder: TemporaryFolder
    private var home: VaultHome { VaultHome(path: folder.file("home")) }
    private let alice = VaultFixture.alice

    init() throws { folder = try TemporaryFolder() }

    private func open(_ passphrase: String? = nil) throws -> VaultCore {
        try VaultCore.open(home, passphrase: { passphrase.map { SecretBytes(utf8: $0) } })
    }

    private func create(_ passphrase: String? = nil) throws {
        try VaultCore.create(home, passphrase: passphrase.map { SecretBytes(utf8: $0) }, by: alice)
    }

    @Test func aKeyFileIsPrivateAndOfOneLine() throws {
        try create()
        let text = String(decoding: try folder.read("home/root.key"), as: UTF8.self)
        #expect(text.wholeMatch(of: /RESEAL-ROOT-KEY-1:[A-Za-z0-9+\/]{43}\n/) != nil)
        for (name, mode) in [("home", 0o700), ("home/root.key", 0o600), ("home/vault.db", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
            #expect(attributes[.posixPermissions] as? Int == mode)
        }
        // What SQLite puts beside the store has the store's mode.
        let core = try open()
        for file in try Folder.files(in: home.path) {
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        }
        #expect(core.keyring.currentKEK == 1)
    }

    @Test func anotherRootKeyDoesNotOpen() throws {
        try create()
        let other = VaultHome(path: folder.file("other"))
        try VaultCore.create(other, passphrase: nil, by: alice)
        try Folder.copy(other.rootKeyPath, to: home.rootKeyPath)
        #expect(throws: VaultFailure(.wrongRootKey, "")) { try open() }
    }

    @Test func aMissingRootKeySaysWhere() throws {
        try create()
        unlink(home.rootKeyPath)
        #expect { try open() } throws: {
            ($0 as? FileFailure)?.kind == .unreadable && "\($0)".contains(home.rootKeyPath)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644] as [mode_t]) func aRootKeyThatOthersCanOpenIsRefused(mode: mode_t)
        throws
    {
        try create()
        chmod(home.rootKeyPath, mode)
        #expect { try open() } throws: { ($0 as? FileFailure)?.kind == .tooOpen && "\($0)".contains("chmod 600") }
        chmod(home.rootKeyPath, 0o400)
        _ = try open()
    }

    /// Whoever can change the folder could put his own vault there, with his own key.
    @Test func aHomeThatOthersCanChangeIsRefused() throws {
        try create()
        for (path, mode) in [(home.path, 0o770), (home.path, 0o702), (home.storePath, 0o620), (home.storePath, 0o602)] {
            chmod(path, mode_t(mode))
            #expect { try open() } throws: {
                ($0 as? FileFailure)?.kind == .tooOpen && ($0 as? FileFailure)?.hint == "chmod go-w \(path)"
            }
            #expect(throws: FileFailure(.tooOpen, "")) { try create() }
            chmod(path, path == home.path ? 0o755 : 0o644)
            _ = try open()
        }
    }

    @Test(arguments: [
        "", "\n", "RESEAL-ROOT-KEY-1:", "RESEAL-ROOT-KEY-1:AAAA",
        "RESEAL-ROOT-KEY-2:" + String(repeating: "A", count: 43),
        "RESEAL-ROOT-KEY-1:" + String(repeating: "A", count: 42),
        "RESEAL-ROOT-KEY-1:" + String(repeating: "A", count: 44),
        "RESEAL-ROOT-KEY-1:" + String(repeating: "A", count: 42) + "B",
        "RESEAL-ROOT-KEY-1:" + String(repeating: "*", count: 43),
        " RESEAL-ROOT-KEY-1:" + String(repeating: "A", count: 43), "canary-line-of-another-file",
    ])
    func otherFilesAreNoRootKey(text: String) throws {
        try create()
        try folder.write(text, to: "home/root.key")
        chmod(home.rootKeyPath, 0o600)
        #expect { try open() } throws: { error in
            (error as? VaultFailure)?.kind == .wrongRootKey && !"\(error)".contains("canary")
                && !"\(error)".contains("AAAA")
        }
    }

    @Test func aHugeFileIsNoRootKey() throws {
        try create()
        try folder.write([UInt8](repeating: 0x41, count: 100_000), to: "home/root.key")
        chmod(home.rootKeyPath, 0o600)
        #expect(throws: FileFailure(.tooLarge, "")) { try open() }
    }

    @Test func aPassphraseOpensItsVaultOnly() throws {
        try create("correct horse")
        #expect(try open("correct horse").keyring.currentKEK == 1)
        for passphrase in ["correct horse ", ""] {
            #expect(throws: VaultFailure(.wrongRootKey, "")) { try open(passphrase) }
        }
        #expect { try open(nil) } throws: { "\($0)".contains("locked by a passphrase") }
        #expect(access(home.rootKeyPath, F_OK) != 0)
    }

    /// Salt and work factor stand in the store in clear; changed ones make another key, and absurd ones no work.
    @Test func aChangedDescriptorDoesNotOpen() throws {
        let store = try SQLiteStore(path: folder.file("vault.db"), creating: true)
        let clock = TestClock().clock
        let provider = try PassphraseProvider(new: SecretBytes(utf8: "correct horse"), logN: 10)
        try VaultCore.initialize(store, with: provider, clock: clock, by: alice)
        guard case .passphrase(let salt, 10) = try #require(try VaultCore.rootKeyDescriptor(of: store)) else {
            Issue.record("no passphrase")
            return
        }
        _ = try VaultCore(unlocking: store, with: provider, clock: clock)
        for (salt, logN) in [(salt.dropLast() + [0], 10), (salt, 11), (salt, 9)] {
            let other = PassphraseProvider(SecretBytes(utf8: "correct horse"), salt: Array(salt), logN: logN)
            #expect(throws: VaultFailure(.wrongRootKey, "")) {
                try VaultCore(unlocking: store, with: other, clock: clock)
            }
        }
        let absurd = PassphraseProvider(SecretBytes(utf8: "correct horse"), salt: salt, logN: 40)
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try VaultCore(unlocking: store, with: absurd, clock: clock)
        }
    }

    @Test(arguments: ["{}", "[]", "x", #"{"provider":"pkcs11"}"#, #"{"provider":"passphrase","salt":"zz","logN":17}"#])
    func anUnknownProviderAsksForANewerVersion(text: String) throws {
        let store = try SQLiteStore(path: folder.file("vault.db"), creating: true)
        try store.write { try $0.setMetadata(.rootKey, Array(text.utf8)) }
        #expect(throws: VaultFailure(.newerSchema, "")) { try VaultCore.rootKeyDescriptor(of: store) }
    }

    @Test func descriptorsReadTheirText() {
        for descriptor in [RootKeyDescriptor.keyFile, .passphrase(salt: [1, 2, 255], logN: 17)] {
            #expect(RootKeyDescriptor(json: descriptor.json) == descriptor)
        }
    }

    @Test func aVaultIsMadeOnce() throws {
        try create()
        let before = try folder.read("home/root.key")
        #expect(throws: VaultFailure(.alreadyInitialized, "")) { try create() }
        #expect(throws: VaultFailure(.alreadyInitialized, "")) { try create("passphrase") }
        #expect(try folder.read("home/root.key") == before)
        _ = try open()
    }

    /// The steps of making a vault, each repeated after a death behind it.
    @Test func anInterruptedBeginningIsFinished() throws {
        try AtomicFile.createPrivateFolder(home.path)
        _ = try KeyFileProvider.create(at: home.rootKeyPath)
        let key = try folder.read("home/root.key")
        try folder.write("", to: "home/vault.db")
        #expect(throws: VaultFailure(.notInitialized, "")) { try open() }
        try create()
        #expect(try folder.read("home/root.key") == key)
        _ = try open()
    }

    @Test func onlyOneOfManyMakesTheVault() async throws {
        let home = home
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        try VaultCore.create(home, passphrase: nil, by: VaultFixture.alice)
                        return true
                    } catch {
                        let kind = (error as? VaultFailure)?.kind
                        #expect(kind == .alreadyInitialized || kind == .locked)
                        return false
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 1)
        _ = try open()
    }

    @Test func anIncompleteKeyringIsDamage() throws {
        try create()
        for purpose in ["kek", "fingerprint", "audit-signing"] {
            let copy = VaultHome(path: folder.file("copy-\(purpose)"))
            try Folder.copy(home.path, to: copy.path)
            let core = try VaultCore.open(copy, passphrase: { nil })
            try core.store.write { transaction in
                let db = try #require(transaction as? SQLiteTransaction).db
                try db.execute(sql: "DELETE FROM keyring WHERE purpose = ?", arguments: [purpose])
            }
            #expect(throws: VaultFailure(.corrupt, "")) { try VaultCore.open(copy, passphrase: { nil }) }
        }
    }
}

@Suite struct VaultHomeTests {
    @Test func isFoundByFlagThenEnvironmentThenRules() {
        func path(_ explicit: String?, _ environment: [String: String]) -> String {
            VaultHome.resolve(explicit: explicit, environment: environment).path
        }
        let all = ["RESEAL_HOME": "/r", "XDG_DATA_HOME": "/x", "HOME": "/h"]
        #expect(path("/e/", all) == "/e")
        #expect(path(nil, all) == "/r")
        #expect(path(nil, ["RESEAL_HOME": "", "XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/reseal")
        #expect(path(nil, ["HOME": "/h"]) == "/h/.local/share/reseal")
        #expect(path(nil, [:]) == "/var/lib/.local/share/reseal")
        #expect(path("/", [:]) == "/")
    }

    @Test func theLockIsHeldByOneAtATime() throws {
        let folder = try TemporaryFolder()
        let home = VaultHome(path: folder.path)
        do {
            let lock = try VaultLock(home)
            #expect(throws: VaultFailure(.locked, "")) { try VaultLock(home) }
            withExtendedLifetime(lock) {}
        }
        _ = try VaultLock(home)
        #expect(throws: VaultFailure(.readOnly, "")) { try VaultLock(VaultHome(path: folder.file("none"))) }
    }
}
