package import ResealCore
internal import Synchronization

/// Which secrets changed behind a place in the vault's history.
package struct SecretChanges: Sendable {
    /// The place up to which was looked: the number of the last audit record.
    package let cursor: Int64
    package let ids: [SecretID]
}

extension SecretService {
    /// Who asks for more is to list everything anew.
    fileprivate static let longestHistory: Int64 = 1_000_000

    /// The secrets that the caller may see and that changed since; none without `cursor`, which is how one begins.
    package func changes(since cursor: Int64?, by session: Session) async throws -> SecretChanges {
        let settings = settings
        return try await look(.secretList, "", session) { store, _, now in
            // It may have ended while its holder waited.
            guard try store.isStanding(session.token, at: now) else {
                throw TokenFailure(.invalid, "permission denied")
            }
            return Look(value: try store.changes(since: cursor, settings, session), detail: "changes")
        }
    }

    /// Up to where there is nothing to answer ``changes(since:by:)`` with; `nil` where there is something, if only that
    /// the token ended. Nobody is told it, so it leaves no record.
    package func quiet(since cursor: Int64, for session: Session) async throws -> Int64? {
        let settings = settings
        return try await readers.run { [door] in
            try door.read { store, _, now in
                guard try store.isStanding(session.token, at: now) else { return nil }
                let changes = try store.changes(since: cursor, settings, session)
                return changes.ids.isEmpty ? changes.cursor : nil
            }
        }
    }

    /// Rises with every change of the vault. Asked for by all who wait, and so looked up a few times a second at most.
    package func serial() async throws -> Int64 {
        let now = ContinuousClock.now
        if let known = knownSerial.withLock({ $0 }), now - known.at < .milliseconds(200) { return known.serial }
        let serial = try await readers.run { [door] in try door.read { store, _, _ in try store.integer(.serial) } }
        knownSerial.withLock { $0 = (now, serial) }
        return serial
    }
}

extension StoreReader {
    /// Whether a token that was valid when it was shown still is, whatever uses it has left.
    fileprivate func isStanding(_ token: TokenRecord, at now: Timestamp) throws -> Bool {
        guard let record = try self.token(token.digest), record.revokedAt == nil, now < record.expiresAt else {
            return false
        }
        return try isBacked(record, at: now)
    }

    fileprivate func changes(
        since cursor: Int64?, _ settings: [AccessRule], _ session: Session
    ) throws -> SecretChanges {
        let last = try lastAuditRecord()?.sequence ?? 0
        guard let cursor else { return SecretChanges(cursor: last, ids: []) }
        guard cursor <= last, last - cursor <= SecretService.longestHistory else {
            throw ServiceFailure(
                .changesGone, "what changed since then is not known: list the secrets, and go on from a new cursor")
        }
        let prefix = "\(ResourceKind.secret.rawValue).\(session.token.organization)/"
        let ids = try changedSubjects(after: cursor).filter { $0.hasPrefix(prefix) }.map { subject in
            SecretID(String(subject.dropFirst(prefix.count)), organization: session.token.organization)
        }
        return SecretChanges(
            cursor: last,
            ids: try ids.filter { session.mayDo(.list, try accessRules(for: ResourceKey($0), settings: settings)) }
                .sorted())
    }
}
