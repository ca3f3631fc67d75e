import ResealCore
import ResealSealing
import Synchronization
import TestSupport
import Testing

@testable import ResealServer
@testable import ResealVault

/// The service below HTTP: many at once, and what keeps guessers out.
@Suite struct ServiceTests {
    private static let alice = Principal("user:alice")
    private let folder: TemporaryFolder
    private let home: VaultHome
    private let context: ActionContext
    private let service: SecretService
    private let session: Session

    init() async throws {
        let alice = try #require(Self.alice)
        folder = try TemporaryFolder()
        let home = VaultHome(path: folder.file("home"))
        self.home = home
        context = ActionContext(principal: alice)
        try VaultCore.create(home, passphrase: nil, by: context)
        let core = try VaultCore.open(home, passphrase: { nil })
        let token = try await Vault(core: core).createToken(
            TokenRequest(alice, ttl: TimeSpan(seconds: 86_400)), by: context
        ).token
        let rule = AccessRule(
            organization: "default", names: ["*"], principals: [alice], actions: [.read, .write, .delete], place: "")
        service = SecretService(
            try VaultDoor { try VaultCore.open(home, passphrase: { nil }, readers: 4) }, settings: [rule], readers: 4)
        session = try await service.authenticate(token, Caller(address: "10.0.0.1", userAgent: "t", requestID: "r"))
    }

    private func value(_ text: String) -> SecretService.Content {
        .replace(SecretValue(scalar: SecretBytes(utf8: text)))
    }

    @Test func manyReadsAreEachRecordedAndTheChainHolds() async throws {
        let ids = (0..<8).map { SecretID("app/\($0)") }
        for id in ids { _ = try await service.write(id, value(id.name), check: nil, by: session) }
        let readings = 400
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<readings {
                let id = ids[index % ids.count]
                group.addTask {
                    let found = try await service.read(id, by: session)
                    #expect(found.value?.leaves.first?.bytes.revealText() == id.name)
                }
            }
            try await group.waitForAll()
        }
        let vault = try Vault(home: home.path)
        let recorded = Mutex(0)
        try await vault.audit(AuditFilter(action: "vault.secret.read"), by: context) { records in
            recorded.withLock { $0 += records.count }
        }
        #expect(recorded.withLock { $0 } == readings)
        #expect(try await vault.verifyAudit(expectedHead: nil).isWhole)
    }

    @Test func aLimitOfVersionsHidesThoseOfAManifestsSecret() async throws {
        let id = SecretID("app/kept")
        _ = try await service.write(id, value("1"), check: nil, by: session)
        let core = try VaultCore.open(home, passphrase: { nil })
        try core.write { transaction in
            var secret = try transaction.existing(id)
            secret.isManaged = true
            secret.spec = Array(#"{"spec":{"permissions":{"read":["user:alice"],"write":["user:alice"]}}}"#.utf8)
            try transaction.store.update(secret)
            try transaction.audit.record(.secretUpdate, ResourceKey(id).description, by: context)
        }
        try await service.setMetadata(id, by: session) { $0.maxVersions = 1 }
        for text in ["2", "3"] { _ = try await service.write(id, value(text), check: nil, by: session) }
        let versions = try core.store.read { store in
            try store.versions(of: try store.secret(id)?.rowID ?? 0).map(\.state)
        }
        #expect(versions == [.previous, .previous, .current])
        #expect(try await service.metadata(id, by: session).versions.map(\.number) == [3])
    }

    @Test func racingWritersNeverLoseACheck() async throws {
        let id = SecretID("app/race")
        let wins = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<20 {
                group.addTask { (try? await service.write(id, value("\(index)"), check: 0, by: session)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(try await service.metadata(id, by: session).currentVersion == 1)
    }

    @Test func onlyTheLastUseOfATokenIsTheLast() async throws {
        let alice = try #require(Self.alice)
        let request = TokenRequest(alice, ttl: TimeSpan(seconds: 60), uses: 3)
        let token = try await service.createToken(request, by: session).token
        let uses = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    (try? await service.authenticate(
                        token, Caller(address: "10.0.0.1", userAgent: "", requestID: "x"))) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(uses == 3)
    }

    @Test func noAuditNoAnswer() async throws {
        let id = SecretID("app/a")
        _ = try await service.write(id, value("x"), check: nil, by: session)
        // A trail that does not end as it was signed takes no more records.
        try VaultCore.open(home, passphrase: { nil }).store.write { transaction in
            var record = try #require(try transaction.lastAuditRecord())
            record.sequence += 1
            try transaction.append(record)
        }
        await #expect(throws: VaultFailure(.auditBroken, "")) { try await service.read(id, by: session) }
    }

    @Test func theGuardForgetsInTime() {
        let guardian = FailureGuard()
        let start = Timestamp(seconds: 1_000_000)
        #expect(guardian.lock(of: "a", at: start) == nil)
        for _ in 0..<FailureGuard.allowedFailures { guardian.noteFailure("a", at: start) }
        #expect(guardian.lock(of: "a", at: start) == 60)
        #expect(guardian.lock(of: "b", at: start) == nil)
        #expect(guardian.lock(of: "a", at: start.adding(TimeSpan(seconds: 59))) == 1)
        #expect(guardian.lock(of: "a", at: start.adding(TimeSpan(seconds: 60))) == nil)
        // Who shows a valid token still asks.
        #expect(guardian.admit("a", at: start) == nil)
        // Failures far apart do not add up.
        for minute in 0..<30 {
            guardian.noteFailure("c", at: start.adding(TimeSpan(seconds: Int64(minute) * 60)))
            #expect(guardian.lock(of: "c", at: start.adding(TimeSpan(seconds: Int64(minute) * 60))) == nil)
        }
    }

    @Test func nobodyTakesAllPlaces() {
        let places = InFlight(limit: 3, ofAddress: 2)
        #expect((0..<3).map { _ in places.enter("a") } == [true, true, false])
        #expect(places.enter("b") && !places.enter("b") && !places.enter("c"))
        places.leave("a")
        #expect(places.enter("c") && !places.enter("a"))
    }

    @Test func aChildEndsWhenItsParentIsRevoked() async throws {
        let alice = try #require(Self.alice)
        let caller = Caller(address: "10.0.0.1", userAgent: "", requestID: "x")
        let parent = try await service.createToken(TokenRequest(alice, ttl: TimeSpan(seconds: 60)), by: session)
        let parentSession = try await service.authenticate(parent.token, caller)
        let child = try await service.createToken(
            TokenRequest(alice, ttl: TimeSpan(seconds: 86_400)), by: parentSession)
        #expect(child.record.expiresAt <= parent.record.expiresAt)
        _ = try await service.authenticate(child.token, caller)
        try await service.revokeSelf(by: parentSession)
        #expect(try await service.find(child.token) == nil)
        // The session began before.
        await #expect(throws: ServiceFailure(.denied, "")) {
            try await service.createToken(TokenRequest(alice, ttl: TimeSpan(seconds: 60)), by: parentSession)
        }
    }

    @Test func creditComesBackWithTime() {
        let guardian = FailureGuard(requestsPerSecond: 2)
        let start = Timestamp(seconds: 1_000_000)
        #expect((0..<3).map { _ in guardian.admit("a", at: start) } == [nil, nil, 1])
        #expect(guardian.admit("a", at: start.adding(TimeSpan(seconds: 1))) == nil)
        for address in 0..<20_000 { #expect(guardian.admit("\(address)", at: start) == nil) }
    }
}

extension SecretService {
    fileprivate func authenticate(_ token: SecretBytes, _ caller: Caller) async throws -> Session {
        guard let found = try await find(token) else { throw try await refuse(caller) }
        return try await begin(found, caller)
    }
}
