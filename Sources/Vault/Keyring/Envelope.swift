package import ResealCore
package import ResealSealing

/// An encrypted value with its wrapped data key, as stored with one version.
package struct SealedValue: Sendable {
    package let kek: Int64
    /// The DEK under the KEK: nonce, ciphertext, tag.
    package let wrappedDEK: [UInt8]
    /// The value under the DEK: nonce, ciphertext, tag.
    package let ciphertext: [UInt8]

    package init(kek: Int64, wrappedDEK: [UInt8], ciphertext: [UInt8]) {
        self.kek = kek
        self.wrappedDEK = wrappedDEK
        self.ciphertext = ciphertext
    }
}

/// An encrypted value with its data key at hand, which changes neither when the KEK does nor otherwise.
struct UnlockedValue: Sendable {
    fileprivate let id: SecretID
    fileprivate let version: Int64
    fileprivate let dek: SecretBytes
    fileprivate let nonce: [UInt8]
    /// With its tag.
    let ciphertext: [UInt8]
    fileprivate let place: [UInt8]

    func open() throws -> SecretBytes {
        do { return try AEAD.aes256GCM.open(ciphertext, key: dek, nonce: nonce, aad: place) } catch {
            throw Keyring.damaged(id, version)
        }
    }
}

/// A wrapped DEK and whose it is.
package struct StoredDEK: Sendable {
    package let id: SecretID
    package let version: Int64
    package var kek: Int64
    package var wrapped: [UInt8]
}

extension Keyring {
    /// A DEK under another KEK.
    package func rewrap(_ stored: StoredDEK, under id: Int64, key: SecretBytes) throws -> StoredDEK {
        let place = Self.place(vaultID, stored.id, stored.version)
        var fresh = stored
        do {
            let dek = try WrappedKey.unwrap(
                stored.wrapped, with: kek(stored.kek), aad: place + Array("dek\0\(stored.kek)".utf8))
            fresh.kek = id
            fresh.wrapped = try WrappedKey.wrap(dek, with: key, aad: place + Array("dek\0\(id)".utf8))
        } catch is SealingFailure {
            throw Self.damaged(stored.id, stored.version)
        }
        return fresh
    }

    /// Encrypts a value for exactly this version of this secret; anywhere else it does not open.
    package func seal(_ value: SecretBytes, for id: SecretID, version: Int64) throws -> SealedValue {
        let dek = try SystemRandom.secret(AEAD.keyBytes)
        let place = Self.place(vaultID, id, version)
        return SealedValue(
            kek: currentKEK,
            wrappedDEK: try WrappedKey.wrap(dek, with: kek(currentKEK), aad: place + Array("dek\0\(currentKEK)".utf8)),
            ciphertext: try AEAD.aes256GCM.sealBehindNonce(value, key: dek, aad: place + Array("value".utf8)))
    }

    /// Decrypts. Throws ``VaultFailure/Kind/notAuthentic`` when ciphertext, key or place do not belong together.
    ///
    /// - Parameter isAgain: true for a value that was opened before, of which nobody needs to hear once more.
    package func open(_ sealed: SealedValue, for id: SecretID, version: Int64) throws -> SecretBytes {
        try open(unlock(sealed, for: id, version: version))
    }

    /// Decrypts, and tells whoever wants to hear of values that are opened.
    func open(_ unlocked: UnlockedValue) throws -> SecretBytes {
        let value = try unlocked.open()
        onOpen?(value)
        return value
    }

    /// Unwraps the key of a value. Throws as ``open(_:for:version:)``.
    func unlock(_ sealed: SealedValue, for id: SecretID, version: Int64) throws -> UnlockedValue {
        let place = Self.place(vaultID, id, version)
        do {
            let dek = try WrappedKey.unwrap(
                sealed.wrappedDEK, with: kek(sealed.kek), aad: place + Array("dek\0\(sealed.kek)".utf8))
            return UnlockedValue(
                id: id, version: version, dek: dek, nonce: Array(sealed.ciphertext.prefix(AEAD.nonceBytes)),
                ciphertext: Array(sealed.ciphertext.dropFirst(AEAD.nonceBytes)), place: place + Array("value".utf8))
        } catch is SealingFailure {
            throw Self.damaged(id, version)
        }
    }

    fileprivate static func damaged(_ id: SecretID, _ version: Int64) -> VaultFailure {
        VaultFailure(
            .notAuthentic, "version \(version) of \(id) does not authenticate: the store was changed or damaged",
            hint: "restore the vault from a backup; `reseal audit verify` tells whether the audit trail is whole")
    }

    /// A digest of `content` that only this vault can compute, bound to its place, so that equal values of two secrets
    /// do not show.
    package func fingerprint(_ content: SecretBytes, of id: SecretID, field: String? = nil) throws -> Digest256 {
        let place =
            if let field { Self.joined(id.organization, id.name, "field", field) } else {
                Self.joined(id.organization, id.name, "value")
            }
        return try HMAC.code(place, then: content, key: fingerprintKey)
    }

    private static func place(_ vaultID: String, _ id: SecretID, _ version: Int64) -> [UInt8] {
        joined("reseal/v1/version", vaultID, id.organization, id.name, String(version))
    }

    /// The parts in UTF-8, a zero byte behind each.
    static func joined(_ parts: String...) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 1 })
        for part in parts {
            bytes.append(contentsOf: part.utf8)
            bytes.append(0)
        }
        return bytes
    }
}
