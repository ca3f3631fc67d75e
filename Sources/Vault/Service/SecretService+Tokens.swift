package import ResealCore
package import ResealSealing

/// What a caller does with tokens: with his own, and with those that were made with it.
extension SecretService {
    /// A token of the caller's own principal that ends with his.
    package func createToken(
        _ request: TokenRequest, by session: Session
    ) async throws -> (token: SecretBytes, record: TokenRecord) {
        try await change(.tokenCreate, session.token.address, session) { transaction in
            try transaction.createToken(request, parent: session.token, by: session.context)
        }
    }

    package func renewSelf(_ increment: TimeSpan?, by session: Session) async throws -> TokenRecord {
        try await change(.tokenRenew, session.token.address, session) { transaction in
            // Another request may have ended it since it was shown.
            guard let record = try transaction.store.token(session.token.digest), record.revokedAt == nil,
                transaction.now < record.expiresAt, try transaction.store.isBacked(record, at: transaction.now)
            else { throw ServiceFailure.denied }
            return try transaction.renew(record, increment: increment, by: session.context)
        }
    }

    package func revokeSelf(by session: Session) async throws {
        try await change(.tokenRevoke, session.token.address, session) { transaction in
            _ = try transaction.revoke(session.token, by: session.context)
        }
    }

    /// Looks at one's own token.
    package func lookUpSelf(by session: Session) async throws -> TokenRecord {
        try await look(.tokenList, session.token.address, session) { _, _, _ in Look(value: session.token) }
    }

    /// A token that is the caller's own or was made with it, by accessor or by itself. Any other looks as if it were not
    /// there.
    package func lookUp(_ which: TokenReference, by session: Session) async throws -> TokenRecord {
        try await look(.tokenList, "", session) { store, keyring, _ in
            guard let record = try store.token(which, keyring), try store.isOwn(record, of: session.token) else {
                throw ServiceFailure.denied
            }
            return Look(value: record, detail: record.accessor)
        }
    }

    package func revoke(_ which: TokenReference, by session: Session) async throws {
        try await change(.tokenRevoke, "", session) { transaction in
            guard let record = try transaction.store.token(which, transaction.keyring),
                try transaction.store.isOwn(record, of: session.token)
            else { throw ServiceFailure.denied }
            _ = try transaction.revoke(record, by: session.context)
        }
    }
}

/// How a request names a token.
package enum TokenReference: Sendable {
    case token(SecretBytes)
    case accessor(String)
}

extension StoreReader {
    fileprivate func token(_ which: TokenReference, _ keyring: Keyring) throws -> TokenRecord? {
        switch which {
        case .accessor(let accessor): try token(accessor: accessor)
        case .token(let text): try TokenText.digest(of: text, keyring).flatMap { try token($0) }
        }
    }

    /// Goes up from a token to those that it was made with.
    fileprivate func isOwn(_ record: TokenRecord, of token: TokenRecord) throws -> Bool {
        var next: TokenRecord? = record
        while let current = next {
            if current.accessor == token.accessor { return true }
            next = try current.parent.flatMap { try self.token(accessor: $0) }
        }
        return false
    }
}
