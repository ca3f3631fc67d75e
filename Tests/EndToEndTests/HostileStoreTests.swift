import Foundation
import ResealCore
import TestSupport
import Testing

/// Damaged, locked, full and misplaced vaults.
@Suite struct HostileStoreTests {
    let user: Installation
    private let reading = [["get", "prod/note"], ["list"], ["plan"]]
    private let writing = [
        ["set", "prod/note", "--insecure-value", "x"], ["delete", "prod/note"], ["apply", "--yes"],
    ]

    /// As root, everything may be written whatever its mode says; without the capability, root is as anyone else.
    private static let unprivileged =
        geteuid() == 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []

    init() throws {
        user = try Installation.applied()
        // Something to apply, so that it has to write.
        try user.writeSecret("made/new")
        try user.repository.commit()
    }

    private func store() throws -> [UInt8] { try user.folder.read("vault/vault.db") }

    private func expectFailures(
        _ lines: [[String]], codes: Set<String>, wrapper: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for line in lines {
            let result = try user.reseal(line, wrapper: wrapper)
            let story = "\(line): \(result.text) / \(result.errorText)"
            #expect(result.status == 1, "\(story)", sourceLocation: sourceLocation)
            #expect(codes.contains { result.errorText.contains("[\($0)]") }, "\(story)", sourceLocation: sourceLocation)
            #expect(result.errorText.contains("\n  hint: "), "\(story)", sourceLocation: sourceLocation)
        }
    }

    // MARK: Not writable

    @Test func aReadOnlyVault() throws {
        let before = try store()
        for name in ["vault.db", "root.key"] { chmod("\(user.home)/\(name)", 0o400) }
        chmod(user.home, 0o500)
        // Reading is refused as well: what cannot be recorded is not done.
        try expectFailures(reading + writing, codes: ["vault.read-only"], wrapper: Self.unprivileged)
        chmod(user.home, 0o700)
        chmod("\(user.home)/vault.db", 0o600)
        #expect(try store() == before)
        try user.expect("get", "prod/note", prints: ["generic-value"])
    }

    @Test func aReadOnlyHomeFolder() throws {
        chmod(user.folder.file("user"), 0o500)
        let result = try user.reseal(["init"], variables: ["RESEAL_HOME": nil], wrapper: Self.unprivileged)
        #expect(result.status == 1)
        #expect(result.errorText.contains("[file.unwritable]\n  hint: "), "\(result.errorText)")
        chmod(user.folder.file("user"), 0o700)
    }

    @Test(arguments: [1, 4096, 40_000])
    func aFullDisk(bytes: Int) throws {
        let before = try user.comparableState(versionsOf: ["prod/note"])
        let full = ["prlimit", "--fsize=\(bytes)"]
        try expectFailures(writing, codes: ["vault.disk-full", "vault.read-only", "file.unwritable"], wrapper: full)
        #expect(try user.comparableState(versionsOf: ["prod/note"]) == before)
        try user.expect("audit", "verify", prints: ["is whole"])
        let plan = try user.reseal(["plan", "--out", "x.plan"], wrapper: full)
        // A plan needs little: its audit record and its file.
        #expect(plan.status == (bytes < 40_000 ? 1 : 0), "\(plan.errorText)")
        #expect(FileManager.default.fileExists(atPath: "\(user.work)/x.plan") == (plan.status == 0))
        try user.expect("apply", "--yes", prints: ["Applied commit"])
    }

    // Where CI is set it is never left out: without root it fails.
    @Test(
        .enabled(
            if: geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] != nil,
            "mounting needs root; the limit of file sizes stands for it elsewhere"))
    func aFullFileSystem() throws {
        let disk = user.folder.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        let script = #"""
            mount -t tmpfs -o size=1m none "$DISK" || exit 99
            "$@" init || exit 98
            head -c 20000 /dev/urandom > "$DISK/../noise"
            for n in $(seq 100); do "$@" set made/s$n --from-file "$DISK/../noise" 2> "$DISK/../error" || break; done
            cat "$DISK/../error" >&2
            # Nothing is read unrecorded.
            "$@" get made/s1 > "$DISK/../answer" && [ ! -s "$DISK/../answer" ] && exit 95
            mount -o remount,size=4m "$DISK" || exit 99
            "$@" get made/s1 | cmp - "$DISK/../noise" || exit 97
            "$@" audit verify || exit 96
            """#
        let result = try user.reseal(
            [], variables: ["DISK": disk, "RESEAL_HOME": "\(disk)/vault"],
            wrapper: ["unshare", "--mount", "bash", "-c", script, "bash"])
        #expect(result.status == 0, "\(result.text) \(result.errorText)")
        #expect(result.errorText.contains("[vault.disk-full]"), "\(result.errorText)")
    }

    // MARK: Damaged

    @Test(arguments: [0, 100, 4096, 20_000])
    func aStoreThatIsCut(length: Int) throws {
        for suffix in ["-wal", "-shm"] { unlink("\(user.home)/vault.db\(suffix)") }
        try user.folder.write(Array(try store().prefix(length)), to: "vault/vault.db")
        let before = try store()
        let codes: Set = ["vault.corrupt", "vault.not-initialized", "vault.storage"]
        try expectFailures(reading + writing + [["audit", "verify"], ["status"]], codes: codes)
        if length > 0 { #expect(try store().count == before.count) }
    }

    @Test func aStoreOfGarbage() throws {
        for suffix in ["-wal", "-shm"] { unlink("\(user.home)/vault.db\(suffix)") }
        try user.folder.write([UInt8](repeating: 0x5a, count: 100_000), to: "vault/vault.db")
        try expectFailures(reading + writing + [["audit", "verify"], ["status"]], codes: ["vault.corrupt"])
        try user.expectFailure("init", code: "vault.corrupt", hasJSON: false)
        #expect(try store() == [UInt8](repeating: 0x5a, count: 100_000))
    }

    /// Whatever byte is hit, no command crashes, and none answers with another value.
    @Test func flippedBytesGiveNoWrongAnswer() throws {
        for suffix in ["-wal", "-shm"] { unlink("\(user.home)/vault.db\(suffix)") }
        let whole = try store()
        for place in stride(from: 21, to: whole.count, by: whole.count / 40) {
            var damaged = whole
            for byte in place..<min(place + 40, damaged.count) { damaged[byte] ^= 0x55 }
            try user.folder.write(damaged, to: "vault/vault.db")
            for suffix in ["-wal", "-shm"] { unlink("\(user.home)/vault.db\(suffix)") }
            let result = try user.reseal(["get", "prod/note"])
            #expect([0, 1].contains(result.status), "byte \(place): \(result.status) \(result.errorText)")
            if result.status == 0 { #expect(result.text == "generic-value", "byte \(place)") }
        }
    }

    @Test func aValueMovedWithinTheStoreDoesNotOpen() throws {
        try sql(
            """
            UPDATE versions SET (data_key, ciphertext) = (SELECT v.data_key, v.ciphertext FROM versions v JOIN secrets s
                ON s.id = v.secret WHERE s.name = 'prod/signing')
            WHERE secret = (SELECT id FROM secrets WHERE name = 'prod/note')
            """)
        try expectFailures(
            [["get", "prod/note"], ["get-many", "prod/tls", "prod/note"]], codes: ["vault.not-authentic"])
        try user.expect("get", "prod/tls", "--field", "key", prints: ["certificate-key"])
    }

    private func sql(_ statement: String) throws {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
        try Command.check("python3", ["-c", script, "\(user.home)/vault.db", statement])
    }

    // MARK: Keys

    @Test func theKeyOfAnotherVault() throws {
        let other = user.folder.file("other")
        try user.check("init", "--home", other)
        try user.folder.write(try user.folder.read("other/root.key"), to: "vault/root.key")
        try expectFailures(reading + writing + [["audit", "verify"]], codes: ["vault.wrong-root-key"])
    }

    @Test func aKeyThatOthersCanReadOrThatIsMissing() throws {
        let path = "\(user.home)/root.key"
        chmod(path, 0o644)
        let result = try user.expectFailure("get", "prod/note", code: "file.permissions")
        #expect(result.errorText.contains("chmod 600 \(path)"))
        unlink(path)
        try expectFailures(reading + writing, codes: ["file.unreadable", "vault.wrong-root-key"])
    }

    // MARK: Misplaced and locked

    @Test func aHomeThatIsAFile() throws {
        let file = try user.folder.write("x", to: "file")
        let variables = ["RESEAL_HOME": file]
        for line in [["init"], ["status"], ["get", "x"], ["apply", "--yes", "--repo", user.repository.path]] {
            let result = try user.reseal(line, variables: variables)
            #expect(result.status == 1, "\(line)")
            #expect(result.errorText.contains("\n  hint: "), "\(result.errorText)")
        }
        #expect(try user.folder.read("file") == [0x78])
    }

    @Test func aVaultThatAnotherProcessIsWritingWaitsOrSaysSo() throws {
        // Holds the write lock of the store for longer than anybody waits.
        let script = """
            import sqlite3, sys, time
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            c.execute("BEGIN IMMEDIATE")
            print("locked", flush=True)
            time.sleep(60)
            """
        let holder = try RunningProcess(
            "python3", ["-c", script, "\(user.home)/vault.db"], streams: user.folder.path)
        while try user.folder.read("1").isEmpty { usleep(10_000) }
        let start = ContinuousClock.now
        let result = try user.reseal(["get", "prod/note"])
        #expect(result.status == 7)
        #expect(result.errorText.contains("[vault.locked]\n  hint: "), "\(result.errorText)")
        #expect(ContinuousClock.now - start < .seconds(30))
        holder.kill()
        try user.expect("get", "prod/note", prints: ["generic-value"])
    }
}
