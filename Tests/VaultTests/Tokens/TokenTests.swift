import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

@Suite struct TokenTests {
    let fixture: VaultFixture

    init() throws { fixture = try VaultFixture() }

    private func request(_ ttl: Int64 = 60, uses: Int64? = nil, scope: TokenScope = TokenScope()) -> TokenRequest {
        TokenRequest(Sample.alice, ttl: TimeSpan(seconds: ttl), uses: uses, scope: scope)
    }

    @Test func onlyADigestIsStored() async throws {
        let (token, record) = try await fixture.vault.createToken(request(), by: VaultFixture.alice)
        let text = try #require(token.revealText())
        #expect(text.wholeMatch(of: /rsl_[0-9a-f]{64}/) != nil)
        for path in [fixture.home.storePath, "\(fixture.home.storePath)-wal"] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(bytes.range(of: Data(text.utf8)) == nil)
            #expect(bytes.range(of: Data(text.dropFirst(4).utf8)) == nil)
        }
        let other = try VaultFixture()
        let here = try TokenText.digest(of: token, fixture.core.keyring)
        #expect(here == record.digest)
        #expect(try TokenText.digest(of: token, other.core.keyring) != here)
        #expect(try fixture.core.store.read { try $0.token(record.digest) } == record)
    }

    @Test(arguments: ["", "rsl_", "hvs.abc", "rsl_" + String(repeating: "0", count: 63)])
    func whatIsNoTokenIsNotLookedFor(_ text: String) throws {
        #expect(try TokenText.digest(of: SecretBytes(utf8: text), fixture.core.keyring) == nil)
    }

    @Test func everyFieldSurvivesTheStore() async throws {
        var request = TokenRequest(
            Sample.alice, organization: "acme", ttl: TimeSpan(seconds: 30), maxTTL: TimeSpan(seconds: 90),
            isRenewable: false, uses: 3, scope: TokenScope(prefixes: ["a/", "b"], actions: [.read, .delete]),
            breakGlassReason: "because")
        var record = try await fixture.vault.createToken(request, by: VaultFixture.alice).record
        #expect(try await fixture.vault.token(accessor: record.accessor, by: VaultFixture.alice) == record)
        #expect(record.isBreakGlass && record.usesLeft == 3 && record.organization == "acme")
        record.revokedAt = Timestamp(milliseconds: 5)
        record.parent = "p"
        try fixture.core.store.write { try $0.save(record) }
        #expect(try fixture.core.store.read { try $0.token(accessor: record.accessor) } == record)
        request.scope = TokenScope()
        #expect(try await fixture.vault.createToken(request, by: VaultFixture.alice).record.scope == TokenScope())
    }

    @Test func aTokenEnds() async throws {
        let record = try await fixture.vault.createToken(request(60), by: VaultFixture.alice).record
        #expect(record.isValid(at: fixture.clock.now))
        #expect(!record.isValid(at: record.expiresAt) && record.state(at: record.expiresAt) == "expired")
        var used = record
        used.usesLeft = 0
        #expect(!used.isValid(at: record.createdAt) && used.state(at: record.createdAt) == "used")
    }

    @Test func revokingEndsWhatWasMadeWithIt() async throws {
        let parent = try await fixture.vault.createToken(request(), by: VaultFixture.alice).record
        let other = try await fixture.vault.createToken(request(), by: VaultFixture.alice).record
        let request = request()
        let (child, grandchild) = try fixture.core.write { transaction in
            let child = try transaction.createToken(request, parent: parent, by: VaultFixture.alice).record
            return (child, try transaction.createToken(request, parent: child, by: VaultFixture.alice).record)
        }
        let ended = try await fixture.vault.revokeToken(accessor: parent.accessor, by: VaultFixture.alice)
        #expect(Set(ended) == [parent.accessor, child.accessor, grandchild.accessor])
        let left = try await fixture.vault.tokens(all: false, by: VaultFixture.alice)
        #expect(left.map(\.accessor) == [other.accessor])
        #expect(try await fixture.vault.tokens(all: true, by: VaultFixture.alice).count == 4)
        #expect(try await fixture.vault.revokeToken(accessor: parent.accessor, by: VaultFixture.alice).isEmpty)
    }

    @Test func aChildCanDoNoMoreThanItsParent() async throws {
        let scope = TokenScope(prefixes: ["prod/"], actions: [.read])
        let parent = try await fixture.vault.createToken(request(60, scope: scope), by: VaultFixture.alice).record
        func make(_ request: TokenRequest) throws -> TokenRecord {
            try fixture.core.write { try $0.createToken(request, parent: parent, by: VaultFixture.alice).record }
        }
        let child = try make(request(86_400 * 20, scope: TokenScope(prefixes: ["prod/db"], actions: [.read])))
        #expect(child.endsAt <= parent.endsAt && child.expiresAt <= parent.endsAt)
        for wider in [
            TokenScope(), TokenScope(prefixes: ["prod/"]), TokenScope(actions: [.read]),
            TokenScope(prefixes: ["pro"], actions: [.read]), TokenScope(prefixes: ["prod/"], actions: [.read, .write]),
        ] {
            #expect(throws: TokenFailure(.badRequest, "")) { try make(request(60, scope: wider)) }
        }
    }

    @Test func aChildDoesNotOutliveItsParent() async throws {
        var fixed = request(60)
        fixed.isRenewable = false
        let parent = try await fixture.vault.createToken(fixed, by: VaultFixture.alice).record
        #expect(parent.endsAt == parent.expiresAt)
        let wanted = request(600)
        func make(_ parent: TokenRecord) throws -> TokenRecord {
            try fixture.core.write { try $0.createToken(wanted, parent: parent, by: VaultFixture.alice).record }
        }
        let child = try make(parent)
        #expect(!child.isRenewable && child.endsAt == parent.expiresAt && child.expiresAt == parent.expiresAt)

        let long = try await fixture.vault.createToken(request(60), by: VaultFixture.alice).record
        let renewable = try make(long)
        #expect(renewable.isRenewable && renewable.expiresAt == long.expiresAt)
        let renewed = try fixture.core.write {
            try $0.renew(renewable, increment: TimeSpan(seconds: 500), by: VaultFixture.alice)
        }
        #expect(renewed.expiresAt == long.expiresAt)
        // Also where the store says otherwise, as it did of children made earlier.
        var loose = renewable
        loose.expiresAt = loose.endsAt
        let (now, later) = (fixture.clock.now, long.expiresAt)
        let (before, after) = try fixture.core.store.write { [loose] transaction in
            try transaction.save(loose)
            return (
                try transaction.validToken(loose.digest, at: now), try transaction.validToken(loose.digest, at: later)
            )
        }
        #expect(before == loose && after == nil)
        // A parent that is forgotten has ended.
        loose.parent = "nobody"
        let orphan = try fixture.core.store.write { [loose] transaction in
            try transaction.save(loose)
            return try transaction.validToken(loose.digest, at: now)
        }
        #expect(orphan == nil)
    }

    @Test func whoMayMakeNoChildren() async throws {
        let counted = try await fixture.vault.createToken(request(uses: 5), by: VaultFixture.alice).record
        let revoked = try await fixture.vault.createToken(request(), by: VaultFixture.alice).record
        _ = try await fixture.vault.revokeToken(accessor: revoked.accessor, by: VaultFixture.alice)
        let wanted = request()
        func make(_ parent: TokenRecord) throws {
            _ = try fixture.core.write { try $0.createToken(wanted, parent: parent, by: VaultFixture.alice).record }
        }
        #expect(throws: TokenFailure(.badRequest, "")) { try make(counted) }
        // What is handed over is the token as it was shown, before it was revoked.
        #expect(throws: ServiceFailure(.denied, "")) { try make(revoked) }
        var spent = counted
        spent.usesLeft = 0
        #expect(throws: TokenFailure(.badRequest, "")) { try make(spent) }
    }

    @Test func renewalsStopAtTheEnd() async throws {
        var request = request(60)
        request.maxTTL = TimeSpan(seconds: 100)
        let record = try await fixture.vault.createToken(request, by: VaultFixture.alice).record
        let renewed = try fixture.core.write {
            try $0.renew(record, increment: TimeSpan(seconds: 500), by: VaultFixture.alice)
        }
        #expect(renewed.expiresAt == record.createdAt.adding(TimeSpan(seconds: 100)))
        request.isRenewable = false
        let fixed = try await fixture.vault.createToken(request, by: VaultFixture.alice).record
        #expect(throws: TokenFailure(.badRequest, "")) {
            try fixture.core.write { _ = try $0.renew(fixed, increment: nil, by: VaultFixture.alice) }
        }
    }

    @Test func breakGlassIsShortAndLoud() async throws {
        func request(_ ttl: Int64, _ reason: String) -> TokenRequest {
            TokenRequest(
                Sample.alice, ttl: TimeSpan(seconds: ttl), maxTTL: TimeSpan(seconds: ttl), breakGlassReason: reason)
        }
        await #expect(throws: TokenFailure(.badRequest, "")) {
            try await fixture.vault.createToken(request(3601, "x"), by: VaultFixture.alice)
        }
        await #expect(throws: TokenFailure(.badRequest, "")) {
            try await fixture.vault.createToken(request(60, " "), by: VaultFixture.alice)
        }
        let record = try await fixture.vault.createToken(request(3600, "INC-42"), by: VaultFixture.alice).record
        #expect(!record.isRenewable)
        let last = try #require(try fixture.records().last)
        #expect(last.action == .tokenBreakGlass && last.subject == record.address && last.detail.contains("INC-42"))
    }

    @Test(arguments: ["role:x", "*"]) func nobodyElseGetsAToken(_ text: String) async throws {
        let principal = try #require(Principal(text))
        await #expect(throws: TokenFailure(.badRequest, "")) {
            try await fixture.vault.createToken(
                TokenRequest(principal, ttl: TimeSpan(seconds: 5)), by: VaultFixture.alice)
        }
        #expect(try fixture.records().last?.result == .failed)
    }

    @Test func oldTokensAreForgotten() async throws {
        let old = try await fixture.vault.createToken(request(60), by: VaultFixture.alice).record
        try fixture.clock.advance("31d")
        _ = try await fixture.vault.createToken(request(60), by: VaultFixture.alice)
        await #expect(throws: TokenFailure(.unknown, "")) {
            try await fixture.vault.token(accessor: old.accessor, by: VaultFixture.alice)
        }
    }

    @Test func plansDoNotGoStaleByATokenAndTheTrailIsWhole() async throws {
        let serial = try await fixture.vault.status().serial
        let record = try await fixture.vault.createToken(request(), by: VaultFixture.alice).record
        _ = try await fixture.vault.revokeToken(accessor: record.accessor, by: VaultFixture.alice)
        #expect(try await fixture.vault.status().serial == serial)
        #expect(try await fixture.problems() == [])
        #expect(
            try fixture.trail() == [
                "token.create \(record.address) ok (for user:alice until \(record.expiresAt))",
                "token.revoke \(record.address) ok",
            ])
    }
}
