import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Many at once, through one vault and through many processes: nothing is lost, and the chain is whole at the end.
@Suite struct ParallelTests {
    private let alice = VaultFixture.alice

    @Test func manyTasksShareOneVault() async throws {
        let fixture = try VaultFixture()
        for name in ["a", "b"] { try await fixture.set(name, "\(name)-start") }
        let vaults = [fixture.vault, try fixture.reopened(), try fixture.reopened()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<12 {
                group.addTask {
                    let vault = vaults[task % vaults.count]
                    let name = task.isMultiple(of: 2) ? "a" : "b"
                    for round in 0..<8 {
                        if round.isMultiple(of: 2) {
                            let value = SecretValue(scalar: SecretBytes(utf8: "\(name)-\(task)-\(round)"))
                            _ = try await vault.set(SecretID(name), to: value, by: alice)
                        } else {
                            let readings = try await vault.getMany([SecretID(name), SecretID(name)], by: alice)
                            let texts = readings.map { $0.value.leaves[0].bytes.revealText() ?? "" }
                            // One snapshot, and a value of this secret.
                            #expect(texts[0] == texts[1] && texts[0].hasPrefix("\(name)-"))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for name in ["a", "b"] {
            let versions = try await fixture.vault.versions(of: SecretID(name), by: alice)
            #expect(versions.map(\.number) == Array(1...25))
            #expect(versions.filter { $0.state == "current" }.map(\.number) == [25])
        }
        let problems = try await fixture.problems()
        #expect(problems.isEmpty)
        // 1 beginning, 2 creations, 48 writes, 96 reads, 2 lists.
        #expect(try fixture.records().count == 149)
        #expect(try await fixture.vault.status().serial == 50)
    }

    @Test func manyProcessesShareOneVault() async throws {
        let program = try Program()
        try program.check(["init"])
        try program.check(["set", "shared"], stdin: "start")
        let vault = try Vault(home: program.home.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for round in 0..<4 {
                        try program.check(["set", "shared"], stdin: "text-\(task)-\(round)")
                        try program.check(["set", "own-\(task)"], stdin: "own-\(round)")
                        #expect(try program.check(["get", "own-\(task)"]) == "own-\(round)")
                        #expect(try program.check(["get", "shared"]).hasPrefix("text-"))
                    }
                }
            }
            // This process takes part.
            group.addTask {
                for _ in 0..<20 { _ = try await vault.get(SecretID("shared"), by: alice) }
            }
            try await group.waitForAll()
        }
        #expect(try await vault.versions(of: SecretID("shared"), by: alice).count == 17)
        let report = try await vault.verifyAudit(expectedHead: nil)
        #expect(report.problems.isEmpty && report.records == 1 + 1 + 64 + 20 + 1)
    }
}
