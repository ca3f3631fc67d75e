import Foundation
import Glibc
import ResealCore
import ResealEngines
import ResealManifests
import ResealSealing
import ResealVault
import TestSupport
import Testing

/// The `exec` handler against commands that behave, and commands that do not.
@Suite struct ExecHandlerTests {
    private let folder: TemporaryFolder
    private let fresh = Canary("new value")
    private let old = Canary("old value")

    init() throws { folder = try TemporaryFolder() }

    private func handler(_ mode: String, timeout: String = "30s") -> ExecHandler {
        ExecHandler(
            name: "target", program: Desk.script("target.py"), arguments: [mode, folder.path], timeout: .of(timeout))
    }

    private func job() throws -> RotationJob {
        func value(_ text: String) throws -> SecretValue {
            try SecretValue(leaves: [
                .init(path: ["token"], bytes: SecretBytes(utf8: text)),
                .init(path: ["host"], bytes: SecretBytes(utf8: "api \"internal\"")),
            ])
        }
        return RotationJob(
            id: SecretID("prod/api"), version: 7, value: try value(fresh.mark), previous: try value(old.mark),
            field: FieldPath(["token"]))
    }

    private func failure(_ mode: String, timeout: String = "30s") throws -> HandlerFailure {
        let failure = #expect(throws: HandlerFailure.self) { try handler(mode, timeout: timeout).handOver(job()) }
        let shown = try #require(failure)
        // Nothing that the command says gets into a message.
        for canary in [fresh, old] {
            #expect(!"\(shown.message) \(shown.hint ?? "") \(shown)".contains(canary.mark))
        }
        return shown
    }

    @Test func handsOverVerifiesAndRetires() throws {
        try handler("good").handOver(job())
        try handler("good").verify(job())
        #expect(try folder.read("valid") == Array(fresh.mark.utf8))
        try handler("good").retire(job())
        try handler("good").rollBack(job())
        #expect(try folder.read("valid").isEmpty)
        let operations = String(decoding: try folder.read("operations"), as: UTF8.self).split(separator: "\n")
        #expect(operations == ["handOver", "verify", "retire", "rollBack"])
    }

    @Test func seesACleanProcess() throws {
        setenv("RESEAL_TEST_LEAK", "must not arrive", 1)
        try handler("good").handOver(job())
        let seen = try JSON(parsing: try folder.read("seen").dropLast())
        #expect(seen["env"]?.objectValue?.keys.sorted().filter { $0 != "LC_CTYPE" } == ["LANG", "PATH"])
        #expect(seen["cwd"] == "/" && seen["group"] == true)
        // The three streams, and the folder that is being listed.
        #expect(seen["fds"]?.arrayValue?.count == 4)
        #expect(seen["argv"] == ["good", .string(folder.path)])
    }

    @Test func aHangIsKilledWithAllItStarted() throws {
        let failure = try failure("hang", timeout: "2s")
        #expect(failure.kind == .commandTimeout && failure.retry == .later)
        try expectChildGone()
    }

    @Test func whatItLeavesBehindIsKilled() throws {
        try handler("leaves-child").handOver(job())
        try expectChildGone()
    }

    private func expectChildGone() throws {
        let text = String(decoding: try folder.read("children"), as: UTF8.self)
        let child = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        for _ in 0..<500 where isRunning(child) { usleep(10_000) }
        #expect(!isRunning(child))
    }

    /// A child whose parent has gone may stay as an entry until somebody collects it.
    private func isRunning(_ id: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ")").last?.split(separator: " ").first != "Z"
    }

    @Test(arguments: ["flood", "garbage", "silent", "liar", "echo", "deaf"])
    func isNotBelieved(_ mode: String) throws {
        let failure = try failure(mode)
        #expect(failure.kind == .commandFailed && failure.retry == .afterFix)
    }

    @Test func saysWhenToTryAgain() throws {
        let failure = try failure("busy")
        #expect(failure.kind == .commandFailed && failure.retry == .later)
        #expect(failure.message.contains("(unreachable)"))
    }

    @Test func aRejectedValueIsNotVerified() throws {
        try handler("rejects").handOver(job())
        let failure = #expect(throws: HandlerFailure.self) { try handler("rejects").verify(job()) }
        #expect(failure?.kind == .notVerified)
    }

    @Test func aMissingProgram() throws {
        let handler = ExecHandler(name: "x", program: "/nonexistent", arguments: [], timeout: .of("5s"))
        let failure = #expect(throws: HandlerFailure.self) { try handler.handOver(job()) }
        #expect(failure?.kind == .notConfigured)
    }
}
