package import ResealCore
package import ResealSealing

/// Answers that are kept for whoever shows their tokens, each for once.
extension VaultTransaction {
    /// Keeps an answer. Its token is given out here and never again.
    package func wrap(
        _ answer: SecretBytes, _ request: WrappingRequest, by context: ActionContext
    ) throws -> (token: SecretBytes, record: WrappingRecord) {
        try request.validate()
        let made = try keep(answer, request)
        // Not before, so that nothing is to be undone of what is refused.
        try store.removeWrappings(endedBy: now)
        try audit.record(
            .wrap, made.record.address, detail: "of \(request.path) until \(made.record.expiresAt)", by: context)
        return made
    }

    /// Gives out an answer, and forgets it in the same transaction: no crash and no race gives it twice.
    ///
    /// - Parameter organization: whose answers may be asked for; `nil` for any.
    package func unwrap(
        _ token: SecretBytes, organization: String?, by context: ActionContext
    ) throws -> SecretBytes {
        let (record, answer) = try taken(token, organization)
        try audit.record(
            .unwrap, record.address, detail: "of \(record.path), kept for \(record.principal)", by: context)
        return answer
    }

    /// Keeps an answer under another token, for as long as it was kept first. The token before is worth nothing then.
    package func rewrap(
        _ token: SecretBytes, organization: String?, by context: ActionContext
    ) throws -> (token: SecretBytes, record: WrappingRecord) {
        let (old, answer) = try taken(token, organization)
        let made = try keep(
            answer,
            WrappingRequest(
                old.principal, organization: old.organization, path: old.path, ttl: old.ttl,
                wrappedAccessor: old.wrappedAccessor))
        try audit.record(
            .rewrap, made.record.address, detail: "was \(old.accessor), until \(made.record.expiresAt)", by: context)
        return made
    }

    private func keep(
        _ answer: SecretBytes, _ request: WrappingRequest
    ) throws -> (token: SecretBytes, record: WrappingRecord) {
        let (token, digest) = try TokenText.fresh(.wrapping, keyring)
        let record = WrappingRecord(
            digest: digest, accessor: try TokenText.freshAccessor(), principal: request.principal,
            organization: request.organization, path: request.path, wrappedAccessor: request.wrappedAccessor,
            createdAt: now, ttl: request.ttl)
        guard answer.count <= WrappingRequest.largestAnswer else {
            throw TokenFailure(.wrappingsFull, "the answer is too large to be wrapped")
        }
        try store.requireRoom(for: record.asker, bytes: answer.count, at: now)
        try store.insert(record, sealed: try keyring.seal(answer, for: record, token))
        return (token, record)
    }

    private func taken(_ token: SecretBytes, _ organization: String?) throws -> (WrappingRecord, SecretBytes) {
        let (record, sealed) = try store.wrapping(token, organization: organization, keyring, at: now)
        let answer = try keyring.open(sealed, of: record, token)
        try store.removeWrapping(record.digest)
        return (record, answer)
    }
}

extension StoreReader {
    /// The kept answer of a token, and nothing is taken by it. Throws ``TokenFailure/Kind/noWrapping`` alike for every
    /// token that opens none.
    func wrapping(
        _ token: SecretBytes, organization: String?, _ keyring: Keyring, at now: Timestamp
    ) throws -> (record: WrappingRecord, sealed: [UInt8]) {
        guard let digest = try TokenText.digest(of: token, as: .wrapping, keyring), let found = try wrapping(digest),
            now < found.record.expiresAt, organization.map({ $0 == found.record.organization }) ?? true
        else { throw TokenFailure(.noWrapping, "wrapping token is not valid or does not exist") }
        return found
    }

    /// Throws ``TokenFailure/Kind/wrappingsFull`` where too much waits for the same principal.
    func requireRoom(for asker: Asker, bytes: Int, at now: Timestamp) throws {
        let kept = try wrappings(of: asker, at: now)
        guard kept.count < WrappingRequest.mostAnswers, kept.bytes + bytes <= WrappingRequest.mostBytes else {
            throw TokenFailure(
                .wrappingsFull, "too many wrapped answers of \(asker.principal) wait to be unwrapped",
                hint: "unwrap them, or ask for shorter times")
        }
    }
}

extension Vault {
    /// A new token inside of an answer that is kept. What the token is, nobody learns but who unwraps the answer.
    ///
    /// - Parameter answer: makes the answer of the token.
    package func createToken(
        _ request: TokenRequest, wrappedFor ttl: TimeSpan, path: String, by context: ActionContext,
        answer: (SecretBytes, TokenRecord) -> SecretBytes
    ) throws -> (token: SecretBytes, wrapping: WrappingRecord, record: TokenRecord) {
        let action: AuditAction = request.breakGlassReason == nil ? .tokenCreate : .tokenBreakGlass
        return try core.audited(action, "", by: context) { transaction in
            let (token, record) = try transaction.createToken(request, parent: nil, by: context)
            let wrapping = WrappingRequest(
                record.principal, organization: record.organization, path: path, ttl: ttl,
                wrappedAccessor: record.accessor)
            let made = try transaction.wrap(answer(token, record), wrapping, by: context)
            return (made.token, made.record, record)
        }
    }
}
