import ResealCore
import ResealSealing
import Synchronization
import TestSupport
import Testing

@testable import ResealVault

/// What a service remembers never outlives what it was made from, whoever changed that.
@Suite(.ownThreads) struct RememberingTests {
    private let fixture: VaultFixture
    private let service: SecretService
    private let caller = Caller(address: "127.0.0.1", userAgent: "test/1", requestID: "request-1")
    private let alice = VaultFixture.alice
    private let id = SecretID("app/one")

    init() throws {
        fixture = try VaultFixture()
        let (home, clock) = (fixture.home, fixture.clock.clock)
        let rule = AccessRule(
            organization: SecretID.defaultOrganization, names: ["*"], principals: [Sample.alice],
            actions: [.read, .write], place: "settings")
        service = SecretService(
            try VaultDoor { try VaultCore.open(home, passphrase: { nil }, clock: clock) }, settings: [rule], readers: 4)
    }

    private func token(_ ttl: String = "1h", uses: Int64? = nil) async throws -> (SecretBytes, TokenRecord) {
        let span = try #require(TimeSpan(ttl))
        let made = try await fixture.vault.createToken(TokenRequest(Sample.alice, ttl: span, uses: uses), by: alice)
        return (made.token, made.record)
    }

    private func session() async throws -> Session {
        Session(try #require(try await service.find(token().0)), caller)
    }

    private func text(_ session: Session, version: Int64? = nil) async throws -> String? {
        try await service.read(id, version: version, by: session).value?.leaves[0].bytes.revealText()
    }

    private func recall(
        _ token: SecretBytes, version: Int64? = nil, organization: String? = nil
    ) async throws -> String? {
        let request = RecallRequest(id.name, token: token, organization: organization, caller)
        return try await awaiting { try service.recall(request, version: version, then: $0) }?.open()
            .value.leaves[0].bytes.revealText()
    }

    private func awaiting<R: Sendable>(
        _ begin: (@escaping @Sendable (Result<R?, any Error>) -> Void) throws -> Bool
    ) async throws -> R? {
        try await withCheckedThrowingContinuation { continuation in
            do { if try !begin({ continuation.resume(with: $0) }) { continuation.resume(returning: nil) } } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// The version that it made.
    private func recallWrite(
        _ token: SecretBytes, _ text: String = "new", to name: String = "app/one", check: Int64? = nil
    ) async throws -> Int64? {
        let request = RecallRequest(name, token: token, organization: nil, caller)
        return try await awaiting {
            try service.recallWrite(
                request, { (.replace(SecretValue(scalar: SecretBytes(utf8: text))), check) }, then: $0)
        }?.number
    }

    @Test func aWriteIsRecalledAsLongAsTheTokenHolds() async throws {
        let ((token, record), other) = (try await token(), try fixture.reopened())
        let (short, _) = try await self.token("1m")
        let (twice, _) = try await self.token(uses: 2)
        let before = try fixture.records().count
        for unknown in [token, short, twice, SecretBytes(utf8: "rsl_" + String(repeating: "0", count: 64))] {
            #expect(try await recallWrite(unknown) == nil)
        }
        for known in [token, short, twice] { #expect(try await service.find(known) != nil) }
        #expect(try await recallWrite(twice) == nil)
        #expect(try await recallWrite(token, to: "no such name") == nil)
        #expect(try fixture.records().count == before)

        #expect(try await recallWrite(token, "first") == 1)
        #expect(try await recallWrite(short, "second", check: 1) == 2)
        await #expect(throws: ServiceFailure.versionMismatch) { try await recallWrite(token, check: 1) }
        try fixture.clock.advance("1m")
        #expect(try await recallWrite(short) == nil)
        try fixture.manage("app/one", as: "second") { $0.spec = Array(#"{"spec":{"permissions":{}}}"#.utf8) }
        await #expect(throws: ServiceFailure.denied) { try await recallWrite(token) }
        #expect(try await recallWrite(token, to: "app/two") == 1)
        _ = try await other.revokeToken(accessor: record.accessor, by: alice)
        let atTheEnd = try fixture.records().count
        #expect(try await recallWrite(token, to: "app/two") == nil)
        #expect(try fixture.records().count == atTheEnd)
        let writes = try fixture.trail(skipping: before).filter {
            $0.hasPrefix("vault.secret.create") || $0.hasPrefix("vault.secret.write")
        }
        #expect(writes.count == 5 && writes.filter { $0.contains(" refused") }.count == 1, "\(writes)")
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func nothingIsRecalledThatIsNotStillSo() async throws {
        let ((token, record), other) = (try await token(), try fixture.reopened())
        try await fixture.set("app/one", "first")
        #expect(try await recall(token) == nil)
        let session = Session(try #require(try await service.find(token)), caller)
        #expect(try await recall(token) == nil)
        func remember() async throws { _ = try await text(session) }
        try await remember()
        let before = try fixture.records().count
        #expect(try await recall(token) == "first")
        #expect(try await recall(token, organization: SecretID.defaultOrganization) == "first")
        #expect(
            try fixture.trail(skipping: before).allSatisfy {
                $0.hasPrefix("vault.secret.read Secret.default/app/one@1 ok")
            })
        // Each of these leaves no record: nothing was done.
        #expect(try await recall(token, version: 1) == nil)
        #expect(try await recall(token, organization: "acme") == nil)
        #expect(try await recall(SecretBytes(utf8: "rsl_" + String(repeating: "0", count: 64))) == nil)
        _ = try await other.set(SecretID("app/two"), to: SecretValue(scalar: SecretBytes(utf8: "else")), by: alice)
        #expect(try await recall(token) == nil)
        try await remember()
        #expect(try await recall(token) == "first")
        try fixture.manage("app/one", as: "first") { $0.spec = Array(#"{"spec":{}}"#.utf8) }
        #expect(try await recall(token) == nil)
        #expect(try fixture.trail(skipping: before).filter { $0.contains("vault.secret.read") }.count == 4)
        try fixture.manage("app/one", as: "first") {
            $0.spec = Array(#"{"spec":{"permissions":{"read":["user:alice"]}}}"#.utf8)
        }
        try await remember()
        #expect(try await recall(token) == "first")
        _ = try await other.revokeToken(accessor: record.accessor, by: alice)
        #expect(try await recall(token) == nil)
        #expect(try await service.find(token) == nil)
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func whatWasToldBeforeIsToldAgainUntilItChanges() async throws {
        let (token, _) = try await token()
        let made = Mutex(0)
        func told(_ tail: String, _ form: String = "one") async throws -> String? {
            let request = RecallRequest(id.name, token: token, organization: nil, caller)
            let found = try await awaiting { try service.recall(request, version: nil, then: $0) }
            return try found?.reveal(form, before: Array(tail.utf8)) { reading in
                made.withLock { $0 += 1 }
                let text = try #require(reading.value.leaves[0].bytes.revealText())
                return SecretBytes(utf8: "\(form == "one" ? "" : form)\(reading.version): \(text)")
            }.revealText()
        }
        let session = Session(try #require(try await service.find(token)), caller)
        func remember() async throws { _ = try await text(session) }
        try await fixture.set("app/one", "first")
        try await remember()
        for tail in ["", "|a", "|and more"] { #expect(try await told(tail) == "1: first\(tail)") }
        #expect(made.withLock { $0 } == 1)
        try await fixture.set("app/one", "second")
        #expect(try await told("") == nil)
        try await remember()
        for tail in ["|b", ""] { #expect(try await told(tail) == "2: second\(tail)") }
        #expect(made.withLock { $0 } == 2)
        // One form is not told for another.
        #expect(try await told("!", "two ") == "two 2: second!")
        #expect(try await told("!", "one") == "2: second!")
        try await service.scrub()
        #expect(try await told("") == nil)
    }

    /// What is kept takes memory, and of long texts it is not worth that.
    @Test(arguments: [(8192, 1), (8193, 3)]) func longTextsAreMadeAnewEachTime(length: Int, times: Int) async throws {
        try await fixture.set("app/one", "value")
        let known = try fixture.core.store.read { store in
            let secret = try #require(try KVSecret(id, .current, in: store))
            let stored = try #require(try store.sealedValue(1, of: secret.record.rowID))
            let value = try fixture.core.keyring.unlock(stored, for: id, version: 1)
            let rules = try store.accessRules(for: ResourceKey(id), settings: [])
            return KnownVersion(id, rules, try #require(secret.version(1)), value)
        }
        var made = 0
        for tail: UInt8 in 1...3 {
            let text = try known.text("form", before: [tail]) {
                made += 1
                return SecretBytes([UInt8](repeating: 7, count: length))
            }
            #expect(text.revealBytes() == [UInt8](repeating: 7, count: length) + [tail])
        }
        #expect(made == times)
    }

    @Test(arguments: ["", "what is told"]) func aKeptTextOpensWithWhatFollowsIt(_ text: String) throws {
        let kept = try KeptText(SecretBytes(utf8: text))
        for tail in ["", "!", "and more"] {
            #expect(try kept.open(before: Array(tail.utf8)).revealText() == text + tail)
        }
        #expect(!"\(kept)".contains("told"))
    }

    @Test func anEndingByTheClockIsNotRecalled() async throws {
        let (token, _) = try await token("1m")
        try await fixture.set("app/one", "value")
        _ = try await text(Session(try #require(try await service.find(token)), caller))
        #expect(try await recall(token) == "value")
        try fixture.clock.advance("1m")
        #expect(try await recall(token) == nil)
    }

    @Test func aTokenThatEndedIsKnownNoMore() async throws {
        let (token, record) = try await token()
        for _ in 0..<3 { #expect(try await service.find(token)?.accessor == record.accessor) }
        _ = try await fixture.reopened().revokeToken(accessor: record.accessor, by: alice)
        #expect(try await service.find(token) == nil)

        let (short, _) = try await self.token("1m")
        #expect(try await service.find(short) != nil)
        try fixture.clock.advance("1m")
        #expect(try await service.find(short) == nil)
        #expect(try await service.find(SecretBytes(utf8: "rsl_" + String(repeating: "0", count: 64))) == nil)
    }

    @Test func soIsOneWhoseParentEnded() async throws {
        let (token, parent) = try await token()
        let found = try #require(try await service.find(token))
        let request = TokenRequest(Sample.alice, ttl: TimeSpan(seconds: 60))
        let child = try await service.createToken(request, by: Session(found, caller))
        #expect(try await service.find(child.token)?.parent == parent.accessor)
        // Only the parent, as if the child had been overlooked.
        try fixture.core.store.write { transaction in
            var record = try #require(try transaction.token(accessor: parent.accessor))
            record.revokedAt = fixture.clock.now
            try transaction.save(record)
        }
        #expect(try await service.find(child.token) == nil)
    }

    @Test func usesAreCountedAllTheSame() async throws {
        let (token, _) = try await token(uses: 2)
        for left in [1, 0] as [Int64] {
            let found = try #require(try await service.find(token))
            #expect(try await service.begin(found, caller).token.usesLeft == left)
        }
        #expect(try await service.find(token) == nil)
    }

    @Test func aReadSeesWhatOthersDid() async throws {
        let (session, other) = (try await session(), try fixture.reopened())
        await #expect(throws: ServiceFailure.notFound) { try await text(session) }
        try await fixture.set("app/one", "first")
        for _ in 0..<3 { #expect(try await text(session) == "first") }
        _ = try await other.set(id, to: SecretValue(scalar: SecretBytes(utf8: "second")), by: alice)
        for _ in 0..<2 { #expect(try await text(session) == "second") }
        #expect(try await text(session, version: 1) == "first")
        _ = try await other.rollback(id, by: alice)
        #expect(try await text(session) == "first")
        _ = try await other.delete(id, by: alice)
        #expect(try await text(session) == nil)
        _ = try await other.delete(id, destroying: true, by: alice)
        await #expect(throws: ServiceFailure.notFound) { try await text(session) }
        await #expect(throws: ServiceFailure.notFound) { try await text(session, version: 1) }
        #expect(try await fixture.problems().isEmpty)
    }

    @Test func aPermissionThatIsGoneIsGoneAtOnce() async throws {
        let session = try await session()
        try await fixture.set("app/one", "value")
        #expect(try await text(session) == "value")
        // No transaction says by itself that it changed the vault here.
        try fixture.manage("app/one", as: "value") { $0.spec = Array(#"{"spec":{}}"#.utf8) }
        await #expect(throws: ServiceFailure.denied) { try await text(session) }
        try fixture.manage("app/one", as: "value") {
            $0.spec = Array(#"{"spec":{"permissions":{"read":["user:alice"]}}}"#.utf8)
        }
        #expect(Sample.alice.description == "user:alice")
        #expect(try await text(session) == "value")
        #expect(try await text(session) == "value")
    }

    @Test func aVersionEndsByTheClock() async throws {
        let session = try await session()
        try await service.setMetadata(id, by: session) { $0.deleteVersionAfter = TimeSpan(seconds: 60) }
        _ = try await service.write(
            id, .replace(SecretValue(scalar: SecretBytes(utf8: "short"))), check: nil, by: session)
        #expect(try await text(session) == "short")
        try fixture.clock.advance("2m")
        #expect(try await text(session) == nil)
    }

    @Test func everyReadIsRecorded() async throws {
        let session = try await session()
        try await fixture.set("app/one", "value")
        let before = try fixture.records().count
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try await text(session) } }
            for try await text in group { #expect(text == "value") }
        }
        let trail = try fixture.trail(skipping: before)
        #expect(trail.count == 50 && trail.allSatisfy { $0.hasPrefix("vault.secret.read Secret.default/app/one@1 ok") })
    }
}

/// Many callers share snapshots, and none of them feels the others.
@Suite(.ownThreads) struct GroupReadTests {
    private struct Odd: Error {}

    @Test func whatFailsFailsAlone() async throws {
        let fixture = try VaultFixture()
        let (home, clock) = (fixture.home, fixture.clock.clock)
        try await fixture.set("one", "value")
        let reads = GroupRead(try VaultDoor { try VaultCore.open(home, passphrase: { nil }, clock: clock) }, width: 2)
        let outcomes = await withTaskGroup(of: (Int, String).self) { group in
            for index in 0..<120 {
                group.addTask {
                    do {
                        let name = try await reads.read { snapshot in
                            if index % 3 == 1 { throw ServiceFailure.denied }
                            if index % 3 == 2 { throw Odd() }
                            return try snapshot.store.secret(SecretID("one"))?.id.name ?? "none"
                        }
                        return (index, name)
                    } catch { return (index, "\(type(of: error))") }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes.count == 120)
        for (index, outcome) in outcomes { #expect(outcome == ["one", "ServiceFailure", "Odd"][index % 3]) }
    }

    @Test func aNewerSerialForgetsAllThatWasRemembered() {
        let memory = StampedMemory<String, Int>(limit: 2)
        memory.remember(1, for: "a", at: 5)
        memory.remember(2, for: "b", at: 5)
        #expect(memory.value("a", at: 5) == 1 && memory.value("b", at: 5) == 2)
        #expect(memory.value("a", at: 4) == nil && memory.value("a", at: 6) == nil)
        // A snapshot that is older than what is known adds nothing.
        memory.remember(3, for: "c", at: 4)
        #expect(memory.value("c", at: 4) == nil && memory.value("c", at: 5) == nil)
        memory.remember(4, for: "c", at: 5)
        #expect(memory.value("a", at: 5) == nil && memory.value("c", at: 5) == 4)
        memory.remember(5, for: "a", at: 6)
        #expect(memory.value("c", at: 6) == nil && memory.value("a", at: 6) == 5)
    }
}
