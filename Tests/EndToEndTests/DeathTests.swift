import Foundation
import ResealCore
import TestSupport
import Testing

/// `kill -9` at every boundary of what commands do: afterwards the vault is as it was or as it was to be, the audit
/// trail is whole, and the next run completes.
@Suite struct DeathTests {
    // MARK: Effects on the vault

    @Test func firstApply() throws {
        try survive(["apply", "--yes"], in: Installation.sealed(), watching: ["prod/note", "prod/kept"])
    }

    @Test func laterApply() throws {
        let user = try Installation.applied()
        try user.seal("prod/note", "", "changed")
        try user.writeSecret("made/new")
        try user.repository.commit()
        try survive(["apply", "--yes"], in: user, watching: ["prod/note"])
    }

    @Test func applyWithDeletionsAndRevertedDrift() throws {
        let user = try Installation.applied()
        try user.check("set", "prod/strict", stdin: "drifted")
        let documents = SampleRepository.manifest.components(separatedBy: "---\n")
        let gone = ["name: prod/maps-api", "name: prod/oauth"]
        let kept = documents.filter { document in !gone.contains { document.contains($0) } }
        try user.repository.write("manifests/all.yaml", kept.joined(separator: "---\n"))
        for field in SampleRepository.fields where !gone.contains("name: \(field.secret)") {
            try user.seal(field.secret, field.field, field.value)
        }
        try user.repository.commit()
        try survive(["apply", "--yes"], in: user, watching: ["prod/strict", "prod/oauth"])
    }

    @Test func applyOfASavedPlan() throws {
        let user = try Installation.sealed()
        try user.check("plan", "--out", "x.plan")
        // Its second run finds it stale: the vault has moved where the plan wanted it.
        try survive(["apply", "../work/x.plan"], in: user, watching: [], again: .mayBeRefused(4))
    }

    @Test func set() throws {
        try survive(
            ["set", "prod/note"], stdin: "by hand", in: Installation.applied(), watching: ["prod/note"], again: .repeats
        )
    }

    @Test func setOfANewSecret() throws {
        try survive(
            ["set", "made/new"], stdin: "by hand", in: Installation.applied(), watching: [], again: .repeats)
    }

    @Test func rollback() throws {
        let user = try Installation.applied()
        try user.check("set", "prod/note", stdin: "by hand")
        try survive(["rollback", "prod/note"], in: user, watching: ["prod/note"], again: .repeats)
    }

    @Test func destroy() throws {
        let user = try Installation.applied()
        try user.check("set", "prod/note", stdin: "by hand")
        try survive(["delete", "prod/note", "--destroy"], in: user, watching: ["prod/note"])
    }

    @Test func keyRotation() throws {
        try survive(["key", "rotate"], in: Installation.applied(), watching: ["prod/note"])
    }

    @Test func anotherRootKey() throws {
        try survive(["key", "change-root"], in: Installation.applied(), watching: ["prod/note"])
    }

    @Test func readingIsAllOrNothingToo() throws {
        try survive(["get", "prod/note"], in: Installation.applied(), watching: ["prod/note"])
    }

    // MARK: Files

    @Test func seal() throws {
        let user = try Installation.sealed()
        let line = ["seal", "prod/note", "--repo", "../repository"]
        let file = "repository/manifests/all.yaml"
        for fault in try Fault.all(of: line, stdin: "new value", in: user) {
            let copy = try Installation(copying: user)
            try copy.die(at: fault, line, stdin: "new value")
            if try copy.folder.read(file) != user.folder.read(file) {
                try copy.repository.commit()
                try copy.check("apply", "--yes")
                try copy.expect("get", "prod/note", prints: ["new value"])
            }
            try copy.check("seal", "prod/note", "--repo", "../repository", stdin: "newest value")
            try copy.repository.commit()
            try copy.check("apply", "--yes")
            try copy.expect("get", "prod/note", prints: ["newest value"])
        }
    }

    @Test func keygen() throws {
        let user = try Installation()
        let line = ["keygen", "-o", "new.txt"]
        for fault in try Fault.all(of: line, in: user) {
            let copy = try Installation(copying: user)
            try copy.die(at: fault, line)
            let path = "\(copy.work)/new.txt"
            if FileManager.default.fileExists(atPath: path) {
                try Command.check("age-keygen", ["-y", path])
            } else {
                try copy.check("keygen", "-o", "new.txt")
            }
        }
    }

    @Test func savedPlan() throws {
        let user = try Installation.sealed()
        let line = ["plan", "--out", "x.plan"]
        try user.folder.write("an older plan", to: "work/x.plan")
        for fault in try Fault.all(of: line, in: user) {
            let copy = try Installation(copying: user)
            try copy.die(at: fault, line)
            if try copy.folder.read("work/x.plan") == Array("an older plan".utf8) {
                try copy.check("plan", "--out", "x.plan")
            }
            // A plan that was recorded moves no serial, so it is not stale.
            try copy.expect("apply", "x.plan", prints: ["Applied commit"])
            try copy.expect("audit", "verify", prints: ["is whole"])
        }
    }

    // MARK: A new vault

    @Test(arguments: [false, true])
    func initialisation(hasPassphrase: Bool) throws {
        let user = try Installation()
        try user.folder.write("many words\n", to: "passphrase")
        let unlock = hasPassphrase ? ["--passphrase-file", "../passphrase"] : []
        let line =
            ["init", "--repo", "../repository", "--identity", "../key.txt"] + unlock
            + (hasPassphrase ? ["--passphrase"] : [])
        for fault in try Fault.all(of: line, in: user) {
            let copy = try Installation(copying: user)
            try copy.die(at: fault, line)
            let root = try? copy.folder.read("vault/root.key")
            let again = try copy.reseal(line)
            // Either it completes now, or it was complete.
            #expect(
                again.status == 0 || again.errorText.contains("[vault.already-initialized]"),
                "\(fault): \(again.errorText)")
            if let root { #expect(try copy.folder.read("vault/root.key") == root, "\(fault)") }
            #expect(FileManager.default.fileExists(atPath: "\(copy.home)/config.yaml"), "\(fault)")
            #expect(try copy.reseal(["audit", "verify"] + unlock).text.contains("1 records"), "\(fault)")
        }
    }

    // MARK: Fetching

    @Test func fetch() throws {
        let user = try Installation.applied()
        let line = ["apply", "--yes", "--repo", "file://\(user.repository.path)"]
        try user.seal("prod/note", "", "changed")
        try user.repository.commit()
        for fault in try Fault.all(of: line, in: user) where fault.name.hasPrefix("git.") {
            let copy = try Installation(copying: user)
            let before = try copy.comparableState(versionsOf: ["prod/note"])
            // Most of it happens in the child, whose death the parent tells.
            let died = try copy.reseal(line, variables: ["RESEAL_FAULT": fault.description])
            #expect([1, 137].contains(died.status), "\(fault): \(died.errorText)")
            #expect(try copy.comparableState(versionsOf: ["prod/note"]) == before, "\(fault)")
            let again = try copy.reseal(line)
            #expect(again.status == 0, "\(fault): \(again.errorText)")
            try copy.expect("get", "prod/note", prints: ["changed"])
            try copy.expect("audit", "verify", prints: ["is whole"])
        }
    }
}
