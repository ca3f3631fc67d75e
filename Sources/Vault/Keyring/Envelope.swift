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
    package func open(
        _ sealed: SealedValue, for id: SecretID, version: Int64, isAgain: Bool = false
    ) throws -> SecretBytes {
        let place = Self.place(vaultID, id, version)
        do {
            let dek = try WrappedKey.unwrap(
                sealed.wrappedDEK, with: kek(sealed.kek), aad: place + Array("dek\0\(sealed.kek)".utf8))
            let value = try AEAD.aes256GCM.open(
                sealed.ciphertext.dropFirst(AEAD.nonceBytes), key: dek,
                nonce: Array(sealed.ciphertext.prefix(AEAD.nonceBytes)), aad: place + Array("value".utf8))
            if !isAgain { onOpen?(value) }
            return value
        } catch is SealingFailure {
            throw Self.damaged(id, version)
        }
    }

    private static func damaged(_ id: SecretID, _ version: Int64) -> VaultFailure {
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
