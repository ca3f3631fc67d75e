import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct WrappingTests {
    let fixture: VaultFixture
    private let answer = SecretBytes(utf8: #"{"data":"canary-of-an-answer"}"#)

    init() throws { fixture = try VaultFixture() }

    private func request(_ ttl: Int64 = 60) -> WrappingRequest {
        WrappingRequest(
            Sample.alice, organization: "default", path: "secret/data/a", ttl: TimeSpan(seconds: ttl),
            wrappedAccessor: "accessor")
    }

    private func wrap(_ ttl: Int64 = 60) throws -> (token: SecretBytes, record: WrappingRecord) {
        try fixture.core.write { try $0.wrap(answer, request(ttl), by: VaultFixture.alice) }
    }

    private func unwrap(_ token: SecretBytes, organization: String? = nil) throws -> SecretBytes {
        try fixture.core.audited(.unwrap, "", by: VaultFixture.alice) {
            try $0.unwrap(token, organization: organization, by: VaultFixture.alice)
        }
    }

    @Test func neitherTokenNorAnswerIsStored() throws {
        let (token, record) = try wrap()
        let text = try #require(token.revealText())
        for path in [fixture.home.storePath, "\(fixture.home.storePath)-wal"] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(bytes.range(of: Data(text.dropFirst(5).utf8)) == nil)
            #expect(bytes.range(of: Data("canary-of-an-answer".utf8)) == nil)
        }
        #expect(try fixture.core.store.read { try $0.wrapping(record.digest)?.record } == record)
        #expect(try unwrap(token).isEqual(to: answer))
        #expect(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self) == 0)
        #expect(throws: TokenFailure(.noWrapping, "")) { try unwrap(token) }
    }

    @Test func anotherTokenOfTheSameVaultOpensNothing() throws {
        let (one, two) = (try wrap(), try wrap())
        let sealed = try #require(try fixture.core.store.read { try $0.wrapping(one.record.digest) }).sealed
        #expect(throws: VaultFailure(.notAuthentic, "")) {
            try fixture.core.keyring.open(sealed, of: one.record, two.token)
        }
        let other = try VaultFixture()
        #expect(throws: VaultFailure(.notAuthentic, "")) {
            try other.core.keyring.open(sealed, of: one.record, one.token)
        }
        #expect(throws: TokenFailure(.noWrapping, "")) { try unwrap(one.token, organization: "acme") }
        #expect(try unwrap(one.token, organization: "default").isEqual(to: answer))
    }

    @Test(arguments: [
        "expires_at = expires_at + 1, ttl = ttl + 1", "path = 'x'", "principal = 'user:bob'",
        "organization = 'acme'", "accessor = 'other'", "sealed = zeroblob(50)",
    ])
    func aChangedRowOpensNothing(_ change: String) throws {
        let (token, _) = try wrap()
        try fixture.meddle("UPDATE wrappings SET \(change)")
        #expect(throws: VaultFailure(.notAuthentic, "")) { try unwrap(token) }
    }

    @Test func whatNobodyFetchesIsForgotten() async throws {
        let (token, record) = try wrap(60)
        try fixture.clock.advance("60s")
        #expect(fixture.clock.now == record.expiresAt)
        #expect(throws: TokenFailure(.noWrapping, "")) { try unwrap(token) }
        let core = fixture.core
        let service = SecretService(try VaultDoor { core }, settings: [], readers: 1)
        try await service.forgetExpiredWrappings()
        #expect(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self) == 0)
        _ = try wrap(60)
        try fixture.clock.advance("60s")
        _ = try wrap(60)
        #expect(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self) == 1)
    }

    @Test func keysOfTheVaultMayRotateMeanwhile() throws {
        let (token, _) = try wrap()
        _ = try KeyRotation(fixture.home, passphrase: { nil }, clock: fixture.clock.clock).rotateKEK(
            by: VaultFixture.alice)
        let fresh = try VaultCore.open(fixture.home, passphrase: { nil }, clock: fixture.clock.clock)
        let opened = try fresh.write { try $0.unwrap(token, organization: nil, by: VaultFixture.alice) }
        #expect(opened.isEqual(to: answer))
    }

    /// What is over takes no room, and whoever is refused has changed nothing: the others of his round go on.
    @Test func whatIsOverTakesNoRoom() throws {
        let large = SecretBytes(count: WrappingRequest.largestAnswer) { _ in }
        let asker = Asker(Sample.alice, organization: "default")
        /// Keeps answers until there is room for no more of them.
        func fill(_ ttl: Int64) throws {
            try fixture.core.write { transaction in
                var failure: (any Error)?
                while failure == nil {
                    do {
                        _ = try transaction.attempt { try $0.wrap(large, request(ttl), by: VaultFixture.alice) }
                    } catch { failure = error }
                }
                #expect((failure as? TokenFailure)?.kind == .wrappingsFull, "\(failure as Any)")
            }
        }
        _ = try wrap(60)
        try fill(120)
        let full = try #require(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self))
        try fixture.clock.advance("1m")
        // The short one is over, and yet there is no room for a large one.
        try fill(120)
        #expect(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self) == full)
        #expect(try fixture.core.store.read { try $0.wrappings(of: asker, at: fixture.clock.now).count } == full - 1)
        try fixture.clock.advance("1m")
        #expect(try fixture.core.store.read { try $0.wrappings(of: asker, at: fixture.clock.now).count } == 0)
        try fill(60)
        #expect(try fixture.ask("SELECT count(*) FROM wrappings", as: Int.self) == full - 1)
    }

    @Test func whatWaitsIsBounded() throws {
        let large = SecretBytes(count: WrappingRequest.largestAnswer) { _ in }
        let count = WrappingRequest.mostBytes / WrappingRequest.largestAnswer
        try fixture.core.write { transaction in
            for _ in 0..<(count - 1) { _ = try transaction.wrap(large, request(), by: VaultFixture.alice) }
        }
        #expect(throws: TokenFailure(.wrappingsFull, "")) {
            // What is sealed is a little larger than the answer.
            try fixture.core.write { transaction in
                for _ in 0..<2 { _ = try transaction.wrap(large, request(), by: VaultFixture.alice) }
            }
        }
        let larger = SecretBytes(count: WrappingRequest.largestAnswer + 1) { _ in }
        #expect(throws: TokenFailure(.wrappingsFull, "")) {
            try fixture.core.write { try $0.wrap(larger, request(), by: VaultFixture.alice) }
        }
        #expect(throws: TokenFailure(.badRequest, "")) { try wrap(0) }
        #expect(throws: TokenFailure(.badRequest, "")) { try wrap(WrappingRequest.longest.seconds + 1) }
    }
}
