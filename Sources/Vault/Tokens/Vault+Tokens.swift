package import ResealCore
package import ResealSealing

/// Tokens, as the vault's owner deals with them. Each action is recorded with the token's accessor.
extension Vault {
    /// A new token. Its text is given out here and never again.
    package func createToken(
        _ request: TokenRequest, by context: ActionContext
    ) throws -> (token: SecretBytes, record: TokenRecord) {
        let action: AuditAction = request.breakGlassReason == nil ? .tokenCreate : .tokenBreakGlass
        return try core.audited(action, "", by: context) { transaction in
            try transaction.createToken(request, parent: nil, by: context)
        }
    }

    /// Tokens that can still be used; with `all`, also those that ended lately.
    package func tokens(all: Bool, by context: ActionContext) throws -> [TokenRecord] {
        try core.audited(.tokenList, "", by: context) { transaction in
            try transaction.audit.record(.tokenList, by: context)
            return try transaction.store.tokens().filter { all || $0.isValid(at: transaction.now) }
        }
    }

    package func token(accessor: String, by context: ActionContext) throws -> TokenRecord {
        try core.audited(.tokenList, "", by: context) { transaction in
            let record = try transaction.token(accessor: accessor)
            try transaction.audit.record(.tokenList, record.address, by: context)
            return record
        }
    }

    /// Ends a token and all that were made with it. The accessors of those that were valid.
    package func revokeToken(accessor: String, by context: ActionContext) throws -> [String] {
        try core.audited(.tokenRevoke, "", by: context) { transaction in
            try transaction.revoke(try transaction.token(accessor: accessor), by: context)
        }
    }
}

extension VaultTransaction {
    /// How long a token that ended is still known.
    private static let memory = TimeSpan(seconds: 30 * 86_400)

    package func token(accessor: String) throws -> TokenRecord {
        guard let record = try store.token(accessor: accessor) else {
            throw TokenFailure(
                .unknown, "there is no token with that accessor", hint: "`reseal token list` shows the tokens there are"
            )
        }
        return record
    }

    /// - Parameter parent: the token that asks; the new one never outlives it, and cannot do more.
    ///
    /// Throws ``ServiceFailure/denied`` where `parent` has ended since it was shown.
    package func createToken(
        _ request: TokenRequest, parent: TokenRecord?, by context: ActionContext
    ) throws -> (token: SecretBytes, record: TokenRecord) {
        try request.validate()
        let (token, digest) = try TokenText.fresh(.caller, keyring)
        let parent = try parent.map(standing)
        var record = TokenRecord(
            digest: digest, accessor: try TokenText.freshAccessor(), parent: parent?.accessor,
            principal: request.principal, organization: request.organization, scope: request.scope,
            breakGlassReason: request.breakGlassReason, createdAt: now, createdBy: context.principal, ttl: request.ttl,
            expiresAt: now.adding(request.ttl), endsAt: now.adding(request.maxTTL),
            isRenewable: request.isRenewable && request.breakGlassReason == nil, usesLeft: request.uses,
            revokedAt: nil, identity: parent?.identity ?? request.identity)
        if let parent { try record.bound(by: parent) }
        if !record.isRenewable { record.endsAt = record.expiresAt }
        try store.save(record)
        try store.removeTokens(endedBefore: now.subtracting(Self.memory))
        let reason = request.breakGlassReason.map { ", reason: \($0)" } ?? ""
        try audit.record(
            request.breakGlassReason == nil ? .tokenCreate : .tokenBreakGlass, record.address,
            detail: "for \(record.principal) until \(record.expiresAt)\(reason)", by: context)
        return (token, record)
    }

    /// A parent as it is now, and not as it was when it was shown.
    private func standing(_ parent: TokenRecord) throws -> TokenRecord {
        // Whoever may ask a number of times would get any number of them by a child.
        guard parent.usesLeft == nil else {
            throw TokenFailure(
                .badRequest, "a token with a number of uses cannot make others",
                hint: "ask the vault's owner for another token")
        }
        guard let record = try store.validToken(parent.digest, at: now) else { throw ServiceFailure.denied }
        return record
    }

    package func revoke(_ record: TokenRecord, by context: ActionContext) throws -> [String] {
        var ended: [String] = []
        let all = Dictionary(grouping: try store.tokens(), by: \.parent)
        var waiting = [record]
        while var next = waiting.popLast() {
            waiting += all[next.accessor] ?? []
            guard next.isValid(at: now) else { continue }
            next.revokedAt = now
            try store.save(next)
            ended.append(next.accessor)
            try audit.record(.tokenRevoke, next.address, by: context)
        }
        if ended.isEmpty { try audit.record(.tokenRevoke, record.address, detail: "it had ended already", by: context) }
        return ended
    }

    /// Gives a token more time: from now on `increment`, or its own lifetime, but never beyond its end, nor beyond the
    /// token that it was made with.
    package func renew(
        _ record: TokenRecord, increment: TimeSpan?, by context: ActionContext
    ) throws -> TokenRecord {
        guard record.isRenewable else {
            throw TokenFailure(.badRequest, "the token cannot be renewed", hint: "make a new one")
        }
        var record = record
        let span = increment.map { $0.seconds == 0 ? record.ttl : $0 } ?? record.ttl
        let parent = try record.parent.flatMap { try store.token(accessor: $0) }
        record.expiresAt = min(now.adding(span), record.endsAt, parent?.expiresAt ?? record.endsAt)
        try store.save(record)
        try audit.record(.tokenRenew, record.address, detail: "until \(record.expiresAt)", by: context)
        return record
    }
}

extension TokenRecord {
    fileprivate mutating func bound(by parent: TokenRecord) throws(TokenFailure) {
        guard !parent.isBreakGlass, !isBreakGlass, principal == parent.principal, organization == parent.organization,
            parent.scope.contains(scope)
        else {
            throw TokenFailure(
                .badRequest, "a token can only make tokens of its own principal, with no more than its own scope",
                hint: "ask the vault's owner for another token")
        }
        isRenewable = isRenewable && parent.isRenewable
        endsAt = min(endsAt, parent.isRenewable ? parent.endsAt : parent.expiresAt)
        expiresAt = min(expiresAt, endsAt, parent.expiresAt)
    }
}

extension StoreReader {
    /// The token of that digest; `nil` where it, or one that it was made with, has ended.
    func validToken(_ digest: Digest256, at now: Timestamp) throws -> TokenRecord? {
        guard let chain = try tokenChain(digest), chain.allSatisfy({ $0.isValid(at: now) }) else { return nil }
        return chain.first
    }

    /// The token of that digest and those that it was made with, up to the first; `nil` where one is not known, or not any
    /// more.
    func tokenChain(_ digest: Digest256) throws -> [TokenRecord]? {
        guard let record = try token(digest) else { return nil }
        var chain = [record]
        while let accessor = chain.last?.parent {
            guard let parent = try token(accessor: accessor) else { return nil }
            chain.append(parent)
        }
        return chain
    }

    /// Whether all tokens are valid that a token was made with, up to the first. One that is forgotten has ended.
    func isBacked(_ record: TokenRecord, at now: Timestamp) throws -> Bool {
        var next = record.parent
        while let accessor = next {
            guard let parent = try token(accessor: accessor), parent.isValid(at: now) else { return false }
            next = parent.parent
        }
        return true
    }
}
