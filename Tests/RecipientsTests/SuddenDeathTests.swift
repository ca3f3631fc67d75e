import Foundation
import Glibc
import ResealCore
import ResealManifests
import TestSupport
import Testing

/// Killed at a random moment, every command that writes leaves each file whole, old or new, and can be run again.
@Suite struct SuddenDeathTests {
    private static let files = (0..<8).map { "manifests/staging/s\($0).yaml" }

    private static let prepared = Result {
        let team = try Team()
        for index in files.indices { try team.writeUnbound("staging/s\(index)", "value \(index)", for: ["controller"]) }
        try team.repository.commit()
        return team
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let words: @Sendable (Team) throws -> [String]
        /// What the files have to be when the command is done.
        let isDone: @Sendable (Team) throws -> Bool

        static let all = [
            Case(testDescription: "rekey", words: { ["rekey", "--identity", $0.identity("controller")] }) { team in
                try files.allSatisfy { try Team.armors(in: team.bytes($0)).allSatisfy { try Self.isBound($0) } }
            },
            Case(
                testDescription: "seal --all",
                words: { team in
                    for file in files {
                        let text = try team.read(file)
                        try team.write(
                            file, text.replacing("    password:", with: "    fresh: !seal hunter2\n    password:"))
                    }
                    return ["seal", "--all"]
                }
            ) { team in try files.allSatisfy { try !team.read($0).contains("!seal") } },
            Case(
                testDescription: "generate",
                words: { _ in ["generate", "staging/s0", "--field", "password", "--kind", "password"] }
            ) { team in try Team.armors(in: team.bytes(files[0])).allSatisfy { try Self.isBound($0) } },
            Case(
                testDescription: "seal",
                words: { _ in ["seal", "staging/s0", "--field", "password", "--insecure-value", "x"] }
            ) {
                team in try Team.armors(in: team.bytes(files[0])).allSatisfy { try Self.isBound($0) }
            },
        ]

        private static func isBound(_ armor: [UInt8]) throws -> Bool {
            String(decoding: armor, as: UTF8.self).utf8.count > 800
        }
    }

    @Test(arguments: Case.all) func everyFileIsOldOrNew(_ command: Case) throws {
        var interrupted = 0
        // As long as a run takes here and now, so that the moments cover it.
        let whole = try run(command, killedAfter: nil)
        for round in 0..<24 {
            let share = Double(round) / 24
            if try run(command, killedAfter: whole.duration * share).status == 128 + SIGKILL { interrupted += 1 }
        }
        #expect(interrupted > 5)
    }

    /// Runs the command on a fresh copy, looks at what it left, and runs it again.
    private func run(_ command: Case, killedAfter delay: Duration?) throws -> (status: Int32, duration: Duration) {
        let team = try Team(copying: Self.prepared.get())
        let words = try command.words(team) + ["--repo", team.repository.path]
        let before = try Self.files.map { try team.bytes($0) }
        let start = ContinuousClock.now
        let process = try team.user.start(words)
        if let delay {
            let parts = delay.components
            usleep(UInt32(parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000))
            kill(process.id, SIGKILL)
        }
        let status = process.wait()
        let duration = ContinuousClock.now - start
        for (file, old) in zip(Self.files, before) {
            let new = try team.bytes(file)
            guard new != old else { continue }
            let reading = ManifestReader.read(ManifestFile(path: file, bytes: new))
            #expect(reading.manifests.count == 1 && !reading.hasErrors, "\(file)")
            for armor in try Team.armors(in: new) { #expect(try team.opened(armor, as: "controller") != nil) }
        }
        let again = try team.user.reseal(words)
        #expect(again.status == 0, "\(again.errorText)")
        #expect(try command.isDone(team))
        return (status, duration)
    }
}
