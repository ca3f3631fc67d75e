internal import ResealCore
package import ResealSealing

/// Who shows a wrapping token: with a token of his own besides, or with nothing else.
package enum Unwrapper: Sendable {
    case session(Session)
    /// - Parameter organization: the only one whose answers are asked for; `nil` for any.
    case anyone(Caller, organization: String?)

    fileprivate var organization: String? {
        switch self {
        case .session(let session): session.token.organization
        case .anyone(_, let organization): organization
        }
    }

    fileprivate func context() throws -> ActionContext {
        switch self {
        case .session(let session): return session.context
        case .anyone(let caller, _):
            guard let context = caller.context() else { throw ServiceFailure.denied }
            return context
        }
    }
}

/// Answers that are kept for whoever shows their tokens.
extension SecretService {
    /// Throws where an answer could not be kept, before anything is done for it.
    package func requireRoom(for request: WrappingRequest) async throws {
        try request.validate()
        try await readers.run { [door] in
            try door.read { store, _, now in
                try store.requireRoom(
                    for: Asker(request.principal, organization: request.organization), bytes: 0, at: now)
            }
        }
    }

    package func wrap(
        _ answer: SecretBytes, _ request: WrappingRequest, by context: ActionContext
    ) async throws -> (token: SecretBytes, record: WrappingRecord) {
        try await commits.audited(.wrap, "", by: context) { try $0.wrap(answer, request, by: context) }
    }

    package func unwrap(_ token: SecretBytes, by who: Unwrapper) async throws -> SecretBytes {
        let (context, organization) = (try who.context(), who.organization)
        return try await commits.audited(.unwrap, "", by: context) {
            try $0.unwrap(token, organization: organization, by: context)
        }
    }

    package func rewrap(
        _ token: SecretBytes, by who: Unwrapper
    ) async throws -> (token: SecretBytes, record: WrappingRecord) {
        let (context, organization) = (try who.context(), who.organization)
        return try await commits.audited(.rewrap, "", by: context) {
            try $0.rewrap(token, organization: organization, by: context)
        }
    }

    /// What is known of a kept answer. It stays where it is.
    package func wrapping(_ token: SecretBytes, by who: Unwrapper) async throws -> WrappingRecord {
        let organization = who.organization
        return try await look(.wrappingLookup, "", by: try who.context()) { store, keyring, now in
            let record = try store.wrapping(token, organization: organization, keyring, at: now).record
            return Look(value: record, detail: record.accessor)
        }
    }

    /// Forgets the answers that nobody fetched in time.
    package func forgetExpiredWrappings() async throws {
        let hasSome = try await readers.run { [door] in
            try door.read { store, _, now in try store.hasWrappings(endedBy: now) }
        }
        guard hasSome else { return }
        try await commits.write { try $0.store.removeWrappings(endedBy: $0.now) }
    }
}
