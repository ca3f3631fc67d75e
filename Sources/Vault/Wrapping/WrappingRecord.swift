package import ResealCore
package import ResealSealing

/// An answer that is kept for whoever shows its token, as it is stored. The token itself is nowhere, and the answer is
/// under a key that only the token and the vault together give.
package struct WrappingRecord: Sendable, Hashable {
    /// HMAC-SHA-256 of the wrapping token under a key of the vault.
    package let digest: Digest256
    /// Names it in the audit trail.
    package let accessor: String
    /// Whose answer it is.
    package let principal: Principal
    package let organization: String
    /// Of the request that was answered.
    package let path: String
    /// Of the token that the answer holds; `nil` where it holds none.
    package let wrappedAccessor: String?
    package let createdAt: Timestamp
    package let ttl: TimeSpan

    package var expiresAt: Timestamp { createdAt.adding(ttl) }
    package var asker: Asker { Asker(principal, organization: organization) }
    /// The address in the audit trail.
    package var address: String { "Wrapping.\(organization)/\(accessor)" }
}

/// How an answer shall be kept.
package struct WrappingRequest: Sendable {
    package static let longest = TimeSpan(seconds: 32 * 86_400)
    /// An answer that is larger is not kept.
    package static let largestAnswer = 4 << 20
    /// What waits for one principal at the same time.
    package static let mostAnswers = 1000
    package static let mostBytes = 32 << 20

    package var principal: Principal
    package var organization: String
    package var path: String
    package var ttl: TimeSpan
    package var wrappedAccessor: String?

    package init(
        _ principal: Principal, organization: String, path: String, ttl: TimeSpan, wrappedAccessor: String? = nil
    ) {
        self.principal = principal
        self.organization = organization
        self.path = path
        self.ttl = ttl
        self.wrappedAccessor = wrappedAccessor
    }

    package func validate() throws(TokenFailure) {
        guard ttl.seconds > 0, ttl <= Self.longest else {
            throw TokenFailure(
                .badRequest, "an answer cannot be wrapped for so long", hint: "1s to \(Self.longest), for example 5m")
        }
    }
}

extension Keyring {
    /// Encrypts an answer so that neither the vault without the token nor the token without the vault opens it.
    func seal(_ answer: SecretBytes, for record: WrappingRecord, _ token: SecretBytes) throws -> [UInt8] {
        let place = Self.place(vaultID, record)
        return try AEAD.aes256GCM.sealBehindNonce(answer, key: try wrappingKey(token, place), aad: place)
    }

    /// Throws ``VaultFailure/Kind/notAuthentic`` where anything of the row was changed.
    func open(_ sealed: [UInt8], of record: WrappingRecord, _ token: SecretBytes) throws -> SecretBytes {
        let place = Self.place(vaultID, record)
        do {
            return try AEAD.aes256GCM.open(
                sealed.dropFirst(AEAD.nonceBytes), key: try wrappingKey(token, place),
                nonce: Array(sealed.prefix(AEAD.nonceBytes)), aad: place)
        } catch is SealingFailure {
            throw VaultFailure(
                .notAuthentic, "the kept answer \(record.accessor) does not authenticate",
                hint: "the store was changed or damaged: restore the vault from a backup")
        }
    }

    private func wrappingKey(_ token: SecretBytes, _ place: [UInt8]) throws -> SecretBytes {
        try KDF.hkdf(token, salt: try HMAC.code(place, key: fingerprintKey), info: "reseal/v1/wrapping-key")
    }

    private static func place(_ vaultID: String, _ record: WrappingRecord) -> [UInt8] {
        joined(
            "reseal/v1/wrapping", vaultID, record.accessor, record.organization, record.principal.description,
            record.path, record.wrappedAccessor ?? "", String(record.createdAt.milliseconds),
            String(record.ttl.seconds))
    }
}
