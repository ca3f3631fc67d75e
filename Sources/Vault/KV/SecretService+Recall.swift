internal import ResealCore
package import ResealSealing

/// A read whose caller has shown nothing but the text of his token yet.
package struct RecallRequest: Sendable {
    package var name: String
    /// `nil` for the current one.
    package var version: Int64?
    package var token: SecretBytes
    /// The only organization that is asked for; `nil` for any.
    package var organization: String?
    package var caller: Caller

    package init(
        _ name: String, version: Int64?, token: SecretBytes, organization: String?, _ caller: Caller
    ) {
        self.name = name
        self.version = version
        self.token = token
        self.organization = organization
        self.caller = caller
    }
}

extension SecretService {
    /// A version that was read lately, for somebody whose token was shown lately: judged from memory, and given out when
    /// its record is on disk, in a transaction in which all that was remembered is still so.
    ///
    /// `nil` where anything else is the case. Then nothing was done or recorded, and the long way says what is.
    package func recall(_ request: RecallRequest) async throws -> (version: KVVersion, reading: SecretReading)? {
        let (keyring, now) = try door.with { ($0.keyring, $0.clock.now()) }
        guard let digest = try TokenText.digest(of: request.token, keyring),
            let (chain, tokenSerial) = knownTokens.latest(digest), let token = chain.first, token.usesLeft == nil,
            chain.allSatisfy({ $0.isValid(at: now) }),
            request.organization.map({ $0 == token.organization }) ?? true,
            let id = try? SecretID(validating: request.name, organization: token.organization),
            let (known, serial) = knownVersions.latest(SecretReference(id, version: request.version)),
            known.version.isReadable(at: now)
        else { return nil }
        let session = Session(token, request.caller)
        guard session.mayDo(.read, known.rules) else { return nil }
        let number = known.version.number
        let entry = AuditEntry(.secretRead, ResourceKey(id).description, version: number, by: session.context)
        // Opened with the keys of that moment: they may have been rotated since the ones above were looked at.
        let current = try await commits.record(entry) { transaction -> Keyring? in
            guard try transaction.isStill(serial, tokens: tokenSerial),
                chain.allSatisfy({ $0.isValid(at: transaction.now) }), known.version.isReadable(at: transaction.now)
            else { return nil }
            return transaction.keyring
        }
        guard let current else { return nil }
        let value = try current.open(known.value, for: id, version: number, isAgain: true)
        return (
            known.version,
            SecretReading(
                id: id, version: number, createdAt: known.version.createdAt, value: try SecretValue(decoding: value))
        )
    }
}
