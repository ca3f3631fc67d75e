package import ResealCore
package import ResealSealing

/// One key of the vault as it is stored: wrapped by the root key.
package struct KeyringEntry: Sendable {
    package enum Purpose: String, Sendable {
        /// Wraps the DEK of every version.
        case kek
        /// Makes fingerprints of plaintexts that only this vault can compare.
        case fingerprint
        /// Signs the head of the audit chain.
        case auditSigning = "audit-signing"
    }
    package let id: Int64
    package let purpose: Purpose
    package let createdAt: Timestamp
    package let wrapped: [UInt8]
}

/// The unlocked keys of one vault.
package struct Keyring: Sendable {
    package let vaultID: String
    /// The KEK that new versions are wrapped with.
    package let currentKEK: Int64
    private let keks: [Int64: SecretBytes]
    package let fingerprintKey: SecretBytes
    package let auditKey: Ed25519PrivateKey
    /// Hears of every value that is opened, in its stored form.
    var onOpen: (@Sendable (SecretBytes) -> Void)?

    /// Opens every entry. Throws ``VaultFailure/Kind/wrongRootKey`` when the root key is another vault's.
    package init(vaultID: String, entries: [KeyringEntry], root: SecretBytes) throws {
        var keks: [Int64: SecretBytes] = [:]
        var fingerprint: SecretBytes?
        var audit: Ed25519PrivateKey?
        for entry in entries {
            let key = try Self.unwrap(entry, vaultID: vaultID, root: root)
            switch entry.purpose {
            case .kek: keks[entry.id] = key
            case .fingerprint: fingerprint = key
            case .auditSigning: audit = try Ed25519PrivateKey(key)
            }
        }
        guard let current = keks.keys.max(), let fingerprint, let audit else {
            throw VaultFailure(.corrupt, "the vault's keyring is incomplete", hint: "restore the vault from a backup")
        }
        self.vaultID = vaultID
        self.keks = keks
        currentKEK = current
        fingerprintKey = fingerprint
        auditKey = audit
    }

    /// The entries of a new vault.
    package static func create(vaultID: String, root: SecretBytes, at now: Timestamp) throws -> [KeyringEntry] {
        let signing = try Ed25519PrivateKey().privateBytes()
        let keys: [(KeyringEntry.Purpose, SecretBytes)] = [
            (.kek, try SystemRandom.secret(32)), (.fingerprint, try SystemRandom.secret(32)), (.auditSigning, signing),
        ]
        return try keys.enumerated().map { index, item in
            let id = Int64(index + 1)
            let aad = associatedData(vaultID: vaultID, purpose: item.0, id: id)
            return KeyringEntry(
                id: id, purpose: item.0, createdAt: now, wrapped: try WrappedKey.wrap(item.1, with: root, aad: aad))
        }
    }

    /// A new KEK with its entry. Ids only grow, so the newest is the one with the largest.
    package func freshKEK(root: SecretBytes, at now: Timestamp) throws -> (entry: KeyringEntry, key: SecretBytes) {
        let id = max(currentKEK, Self.firstFreeID - 1) + 1
        let key = try SystemRandom.secret(32)
        let aad = Self.associatedData(vaultID: vaultID, purpose: .kek, id: id)
        let wrapped = try WrappedKey.wrap(key, with: root, aad: aad)
        return (KeyringEntry(id: id, purpose: .kek, createdAt: now, wrapped: wrapped), key)
    }

    /// An entry under another root key.
    static func rewrap(
        _ entry: KeyringEntry, vaultID: String, from root: SecretBytes, to newRoot: SecretBytes
    ) throws -> KeyringEntry {
        let key = try unwrap(entry, vaultID: vaultID, root: root)
        let aad = associatedData(vaultID: vaultID, purpose: entry.purpose, id: entry.id)
        return KeyringEntry(
            id: entry.id, purpose: entry.purpose, createdAt: entry.createdAt,
            wrapped: try WrappedKey.wrap(key, with: newRoot, aad: aad))
    }

    /// The ids of a new vault's entries are taken.
    private static let firstFreeID: Int64 = 4

    package func kek(_ id: Int64) throws -> SecretBytes {
        guard let key = keks[id] else {
            throw VaultFailure(
                .notAuthentic, "a version names the unknown key-encryption key \(id)",
                hint: "restore the vault from a backup")
        }
        return key
    }

    private static func unwrap(_ entry: KeyringEntry, vaultID: String, root: SecretBytes) throws -> SecretBytes {
        do {
            let aad = associatedData(vaultID: vaultID, purpose: entry.purpose, id: entry.id)
            return try WrappedKey.unwrap(entry.wrapped, with: root, aad: aad)
        } catch {
            throw VaultFailure(
                .wrongRootKey, "the root key does not open this vault",
                hint: "use the root key file or passphrase that the vault was made with")
        }
    }

    private static func associatedData(vaultID: String, purpose: KeyringEntry.Purpose, id: Int64) -> [UInt8] {
        Array("reseal/v1/keyring\0\(vaultID)\0\(purpose.rawValue)\0\(id)".utf8)
    }
}

/// A 32-byte key under AES-256-GCM: nonce, ciphertext and tag, 60 bytes.
enum WrappedKey {
    static func wrap(_ key: SecretBytes, with outer: SecretBytes, aad: [UInt8]) throws(SealingFailure) -> [UInt8] {
        try AEAD.aes256GCM.sealBehindNonce(key, key: outer, aad: aad)
    }

    static func unwrap(_ wrapped: [UInt8], with outer: SecretBytes, aad: [UInt8]) throws(SealingFailure) -> SecretBytes
    {
        try AEAD.aes256GCM.open(
            wrapped.dropFirst(AEAD.nonceBytes), key: outer, nonce: Array(wrapped.prefix(AEAD.nonceBytes)), aad: aad)
    }
}
