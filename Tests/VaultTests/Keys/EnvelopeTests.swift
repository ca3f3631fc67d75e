import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealVault

/// A ciphertext opens in its place and nowhere else.
@Suite struct EnvelopeTests {
    private let fixture: VaultFixture
    private var keyring: Keyring { fixture.core.keyring }
    private let secret = SecretBytes(utf8: "value")
    private let id = SecretID("prod/db")

    init() throws { fixture = try VaultFixture() }

    @Test func opensWhereItWasSealed() throws {
        let sealed = try keyring.seal(secret, for: id, version: 3)
        #expect(try keyring.open(sealed, for: id, version: 3).isEqual(to: secret))
        #expect(sealed.wrappedDEK.count == 12 + 32 + 16 && sealed.ciphertext.count == 12 + 5 + 16)
    }

    @Test func opensInNoOtherPlace() throws {
        let sealed = try keyring.seal(secret, for: id, version: 3)
        let places =
            [
                (SecretID("prod/db"), 2), (SecretID("prod/db"), 4), (SecretID("prod/db2"), 3), (SecretID("prod/d"), 3),
                (SecretID("prod/db", organization: "acme"), 3), (SecretID("db", organization: "prod"), 3),
                // Were the parts only joined, these would be the same place.
                (SecretID("prod/db\u{0}3"), 3), (SecretID("\u{0}prod/db"), 3), (SecretID("prod/db3"), 0),
            ] as [(SecretID, Int64)]
        for (id, version) in places {
            #expect(throws: VaultFailure(.notAuthentic, "")) { try keyring.open(sealed, for: id, version: version) }
        }
        let other = try VaultFixture()
        #expect(throws: VaultFailure(.notAuthentic, "")) { try other.core.keyring.open(sealed, for: id, version: 3) }
    }

    /// The same keys under another vault's name: what a copy of the store with a new identity would be.
    @Test func theVaultsNameIsBoundToo() throws {
        let entries = try fixture.core.store.read { try $0.keyring() }
        let root = try KeyFileProvider(path: fixture.home.rootKeyPath).rootKey()
        #expect(try Keyring(vaultID: keyring.vaultID, entries: entries, root: root).currentKEK == 1)
        #expect(throws: VaultFailure(.wrongRootKey, "")) {
            try Keyring(vaultID: keyring.vaultID + "0", entries: entries, root: root)
        }
    }

    @Test func partsOfTwoValuesDoNotMix() throws {
        let one = try keyring.seal(secret, for: id, version: 1)
        let two = try keyring.seal(SecretBytes(utf8: "other"), for: id, version: 1)
        for (dek, ciphertext) in [(one.wrappedDEK, two.ciphertext), (two.wrappedDEK, one.ciphertext)] {
            let mixed = SealedValue(kek: 1, wrappedDEK: dek, ciphertext: ciphertext)
            #expect(throws: VaultFailure(.notAuthentic, "")) { try keyring.open(mixed, for: id, version: 1) }
        }
        // A wrapped key is no value, nor the other way round.
        let swapped = SealedValue(kek: 1, wrappedDEK: one.ciphertext, ciphertext: one.wrappedDEK)
        #expect(throws: VaultFailure(.notAuthentic, "")) { try keyring.open(swapped, for: id, version: 1) }
        for kek in [0, 2, -1] as [Int64] {
            let moved = SealedValue(kek: kek, wrappedDEK: one.wrappedDEK, ciphertext: one.ciphertext)
            #expect(throws: VaultFailure(.notAuthentic, "")) { try keyring.open(moved, for: id, version: 1) }
        }
    }

    @Test func everyFlippedBitAndCutIsRefused() throws {
        let sealed = try keyring.seal(secret, for: id, version: 1)
        func expectRefusal(_ dek: [UInt8], _ ciphertext: [UInt8]) {
            let value = SealedValue(kek: 1, wrappedDEK: dek, ciphertext: ciphertext)
            #expect(throws: VaultFailure(.notAuthentic, "")) { try keyring.open(value, for: id, version: 1) }
        }
        for bit in 0..<sealed.wrappedDEK.count * 8 {
            var dek = sealed.wrappedDEK
            dek[bit / 8] ^= 1 << (bit % 8)
            expectRefusal(dek, sealed.ciphertext)
        }
        for bit in 0..<sealed.ciphertext.count * 8 {
            var ciphertext = sealed.ciphertext
            ciphertext[bit / 8] ^= 1 << (bit % 8)
            expectRefusal(sealed.wrappedDEK, ciphertext)
        }
        for count in 0..<sealed.wrappedDEK.count {
            expectRefusal(Array(sealed.wrappedDEK.prefix(count)), sealed.ciphertext)
        }
        for count in 0..<sealed.ciphertext.count {
            expectRefusal(sealed.wrappedDEK, Array(sealed.ciphertext.prefix(count)))
        }
    }

    /// A nonce that came twice under the KEK would give keys away.
    @Test func noncesAndKeysAreNeverRepeated() throws {
        let sealed = try (0..<500).map { _ in try keyring.seal(secret, for: id, version: 1) }
        #expect(Set(sealed.map { Array($0.wrappedDEK.prefix(12)) }).count == 500)
        #expect(Set(sealed.map { Array($0.ciphertext.prefix(12)) }).count == 500)
        #expect(Set(sealed.map { Array($0.ciphertext.suffix(21)) }).count == 500)
    }

    /// Moved within the store's file, by whoever can write it.
    @Test func aMovedRowDoesNotOpen() async throws {
        for name in ["a", "b"] {
            for text in ["one of \(name)", "two of \(name)"] { try await fixture.set(name, text) }
        }
        let moves = [
            // Another version of the same secret, value and key together.
            """
            UPDATE versions SET (data_key, ciphertext) = (SELECT data_key, ciphertext FROM versions v
                WHERE v.secret = versions.secret AND v.number = 1) WHERE secret = 1 AND number = 2
            """,
            // The same version of another secret.
            """
            UPDATE versions SET (data_key, ciphertext) = (SELECT data_key, ciphertext FROM versions v
                WHERE v.secret = 1 AND v.number = versions.number) WHERE secret = 2
            """,
            // The key of another value, and a value under another key.
            "UPDATE versions SET data_key = 3 WHERE secret = 1 AND number = 1",
        ]
        for move in moves { try fixture.meddle(move) }
        for (name, version) in [("a", 1), ("a", 2), ("b", 1), ("b", 2)] as [(String, Int64)] {
            await #expect(throws: VaultFailure(.notAuthentic, "")) { try await fixture.text(name, version: version) }
        }
        // The attempts are on record.
        let last = try fixture.trail().suffix(4)
        #expect(last.allSatisfy { $0.hasSuffix("failed (vault.not-authentic)") } && last.count == 4)
        // A rename takes a secret's values with it, and shows as well.
        try await fixture.set("c", "three")
        try fixture.meddle("UPDATE secrets SET name = 'd' WHERE name = 'c'")
        await #expect(throws: VaultFailure(.notAuthentic, "")) { try await fixture.text("d") }
    }
}

@Suite struct FingerprintTests {
    private let fixture: VaultFixture
    private var keyring: Keyring { fixture.core.keyring }

    init() throws { fixture = try VaultFixture() }

    @Test func equalValuesOfOneSecretAgree() throws {
        let again = try VaultCore.open(fixture.home, passphrase: { nil }).keyring
        let id = SecretID("a")
        #expect(
            try keyring.fingerprint(SecretBytes(utf8: "x"), of: id) == again.fingerprint(SecretBytes(utf8: "x"), of: id)
        )
        #expect(
            try keyring.fingerprint(SecretBytes(utf8: "x"), of: id)
                != keyring.fingerprint(SecretBytes(utf8: "y"), of: id))
    }

    /// Otherwise whoever reads the store learns which secrets are the same.
    @Test func equalValuesOfTwoPlacesDoNotShow() throws {
        let value = SecretBytes(utf8: "hunter2")
        let prints = [
            try keyring.fingerprint(value, of: SecretID("a")), try keyring.fingerprint(value, of: SecretID("b")),
            try keyring.fingerprint(value, of: SecretID("a", organization: "acme")),
            try keyring.fingerprint(value, of: SecretID("a"), field: ""),
            try keyring.fingerprint(value, of: SecretID("a"), field: "password"),
            try keyring.fingerprint(value, of: SecretID("a"), field: "passwor"),
            try VaultFixture().core.keyring.fingerprint(value, of: SecretID("a")),
            Digest256(hashing: Array("hunter2".utf8)),
        ]
        #expect(Set(prints).count == prints.count)
    }

    @Test func aFieldsTypeCounts() throws {
        func state(_ type: SecretValue.LeafType) throws -> FieldState {
            let value = SecretValue(scalar: SecretBytes(utf8: "1"), type: type)
            return try #require(try keyring.fieldStates(of: value, in: SecretID("a")) { _ in 0 }.first)
        }
        #expect(try state(.string).fingerprint != state(.integer).fingerprint)
        #expect(try state(.string) == state(.string))
    }
}
