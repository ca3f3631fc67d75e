import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// Many callers share commits, and none of them feels the others.
@Suite(.ownThreads) struct GroupCommitTests {
    private struct Odd: Error {}
    private let fixture: VaultFixture
    private let commits: GroupCommit
    private let alice = VaultFixture.alice

    init() throws {
        fixture = try VaultFixture()
        let (home, clock) = (fixture.home, fixture.clock.clock)
        commits = GroupCommit(try VaultDoor { try VaultCore.open(home, passphrase: { nil }, clock: clock) })
    }

    private func write(_ name: String, then failure: (any Error)? = nil) async throws -> Int64 {
        let id = SecretID(name)
        return try await commits.audited(.secretWrite, ResourceKey(id).description, by: alice) { [alice] transaction in
            #expect(!transaction.hasRecords)
            var secret = try transaction.store.secret(id) ?? transaction.newSecret(id)
            try transaction.writeByHand(
                SecretValue(scalar: SecretBytes(utf8: name)), to: &secret, isNew: secret.rowID == 0, by: alice)
            #expect(transaction.hasRecords)
            if let failure { throw failure }
            return secret.currentVersion
        }
    }

    @Test func whatFailsLeavesOnlyItsRecord() async throws {
        let before = try fixture.records().count
        let results = await withTaskGroup(of: (Int, Result<Int64, any Error>).self) { group in
            for index in 0..<60 {
                group.addTask {
                    let failure: (any Error)? =
                        switch index % 3 {
                        case 1: ServiceFailure.denied
                        case 2 where index < 30: Odd()
                        default: nil
                        }
                    do {
                        return (index, .success(try await write("s\(index)", then: failure)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for index in 0..<60 {
            let isThere = try fixture.core.store.read { try $0.secret(SecretID("s\(index)")) != nil }
            switch results[index] {
            case .success(1): #expect(isThere && (index % 3 == 0 || index >= 30 && index % 3 == 2))
            case .failure(let error as ServiceFailure):
                #expect(!isThere && index % 3 == 1 && error.kind == .denied)
            case .failure(let error): #expect(!isThere && error is Odd && index % 3 == 2 && index < 30)
            default: Issue.record("nothing came of \(index)")
            }
        }
        let trail = try fixture.trail(skipping: before)
        #expect(trail.filter { $0.contains("vault.secret.create") && $0.hasSuffix("@1 ok") }.count == 30)
        #expect(trail.filter { $0.hasSuffix("refused (access.denied)") }.count == 20)
        #expect(trail.count == 50)
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func manyShareASync() async throws {
        let before = try await fixture.vault.status().serial
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 { group.addTask { _ = try await write("s\(index)") } }
            try await group.waitForAll()
        }
        let status = try await fixture.vault.status()
        // The serial rises once with each transaction.
        #expect(status.active == 200 && status.serial - before < 100)
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func versionsStayInOrder() async throws {
        let numbers = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<40 { group.addTask { try await write("one") } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(numbers == Set(1...40))
    }

    @Test func aLargePartThatFailsIsUndone() async throws {
        let before = try fixture.records().count
        await #expect(throws: ServiceFailure.denied) {
            try await commits.audited(.secretWrite, "x", by: alice) { [alice] transaction in
                for index in 0..<1500 { try transaction.audit.record(.secretRead, "\(index)", by: alice) }
                throw ServiceFailure.denied
            }
        }
        // Of all its records nothing is left but the one of how it ended.
        #expect(try fixture.trail(skipping: before) == ["vault.secret.write x refused (access.denied)"])
        _ = try await write("after")
        #expect(try await fixture.problems().isEmpty)
    }
}
