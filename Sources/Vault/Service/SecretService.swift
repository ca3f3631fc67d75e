package import ResealCore
package import ResealSealing
internal import Synchronization

/// The vault as a service for callers with tokens: each action judged, done, and recorded before it is answered.
///
/// Reads are made from snapshots, many at once. Their records, and what is written, share syncs.
package final class SecretService: Sendable {
    let door: VaultDoor
    let commits: GroupCommit
    /// For looks that take long.
    let readers: BlockingPool
    /// For those that take a few rows.
    let reads: GroupRead
    /// Valid tokens, each with those that it was made with, up to the first.
    let knownTokens = StampedMemory<Digest256, [TokenRecord]>(limit: 1024)
    let knownVersions = StampedMemory<SecretReference, KnownVersion>(limit: 2048)
    /// Permissions for secrets that no manifest describes.
    let settings: [AccessRule]
    /// How many look at the same time.
    let width: Int
    let knownSerial = Mutex<(at: ContinuousClock.Instant, serial: Int64)?>(nil)
    /// Who may read the audit trail.
    let auditReaders: [AuditReaders]

    package init(_ door: VaultDoor, settings: [AccessRule], auditReaders: [AuditReaders] = [], readers: Int) {
        self.door = door
        self.settings = settings
        width = readers
        self.auditReaders = auditReaders
        commits = GroupCommit(door)
        reads = GroupRead(door, width: Self.groups(readers))
        self.readers = BlockingPool(label: "reseal.service-reader", width: readers)
    }

    /// How many snapshots are shared at the same time, beside those of `readers` long looks.
    package static func groups(_ readers: Int) -> Int { max(1, readers / 2) }

    package var clock: WallClock { door.clock }

    /// The valid token of that text; `nil` for every kind of wrong one alike. Nothing is spent or recorded by it.
    package func find(_ token: SecretBytes) async throws -> TokenRecord? {
        try await reads.read { [knownTokens] snapshot in
            guard let digest = try TokenText.digest(of: token, snapshot.keyring) else { return nil }
            let known = knownTokens.value(digest, at: snapshot.tokenSerial)
            guard let chain = try known ?? snapshot.store.tokenChain(digest), let token = chain.first,
                chain.allSatisfy({ $0.isValid(at: snapshot.now) })
            else { return nil }
            if known == nil { knownTokens.remember(chain, for: digest, at: snapshot.tokenSerial) }
            return token
        }
    }

    /// Takes a token that was found for one request. Throws ``TokenFailure/Kind/invalid`` where another request had its
    /// last use, and records that.
    package func begin(_ found: TokenRecord, _ caller: Caller) async throws -> Session {
        guard found.usesLeft != nil else { return Session(found, caller) }
        // Spent durably before anything is done with it, so that no crash and no race gives one use twice.
        let spent = try await commits.write { transaction -> TokenRecord? in
            guard var record = try transaction.store.validToken(found.digest, at: transaction.now),
                let left = record.usesLeft
            else { return nil }
            record.usesLeft = left - 1
            try transaction.store.save(record)
            return record
        }
        guard let spent else { throw try await refuse(caller) }
        return Session(spent, caller)
    }

    /// Records that somebody showed no valid token, and gives back what to tell him.
    package func refuse(_ caller: Caller) async throws -> TokenFailure {
        let failure = TokenFailure(.invalid, "permission denied")
        if let context = caller.context() {
            try await commits.record(
                AuditEntry(.authenticate, "", result: .refused, detail: failure.code, by: context))
        }
        return failure
    }

    /// Records that a valid token was shown for what it is not.
    package func refuse(_ session: Session) async throws -> ServiceFailure {
        try await commits.record(
            AuditEntry(
                .authenticate, session.token.address, result: .refused, detail: ServiceFailure.denied.code,
                by: session.context))
        return .denied
    }

    // MARK: Doing

    /// Looks at a snapshot and records the look, whatever came of it.
    func look<R: Sendable>(
        _ action: AuditAction, _ subject: String, _ session: Session,
        _ body: @escaping @Sendable (any StoreReader, Keyring, Timestamp) throws -> Look<R>
    ) async throws -> R {
        try await look(action, subject, by: session.context, body)
    }

    /// As ``look(_:_:_:_:)``, in a snapshot together with others.
    func glance<R: Sendable>(
        _ action: AuditAction, _ subject: String, _ session: Session,
        _ body: @escaping @Sendable (Snapshot) throws -> Look<R>
    ) async throws -> R {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
            reads.read(body) { [commits] outcome in
                let entry: AuditEntry
                let answer: Result<R, any Error>
                switch outcome {
                case .success(let look):
                    entry = look.entry(action, subject, by: session.context)
                    answer = .success(look.value)
                case .failure(let failure):
                    guard let failure = failure as? any UserFacingFailure, let result = failure.auditResult else {
                        return continuation.resume(throwing: failure)
                    }
                    entry = AuditEntry(action, subject, result: result, detail: failure.code, by: session.context)
                    answer = .failure(failure)
                }
                commits.record(entry) { durable in continuation.resume(with: durable.flatMap { answer }) }
            }
        }
    }

    func look<R: Sendable>(
        _ action: AuditAction, _ subject: String, by context: ActionContext,
        _ body: @escaping @Sendable (any StoreReader, Keyring, Timestamp) throws -> Look<R>
    ) async throws -> R {
        do {
            let look = try await readers.run { [door] in try door.read(body) }
            try await commits.record(look.entry(action, subject, by: context))
            return look.value
        } catch let failure as any UserFacingFailure {
            if let result = failure.auditResult {
                try await commits.record(
                    AuditEntry(action, subject, result: result, detail: failure.code, by: context))
            }
            throw failure
        }
    }

    /// Changes the vault, with its records in the same transaction.
    func change<R: Sendable>(
        _ action: AuditAction, _ subject: String, _ session: Session,
        _ body: @escaping @Sendable (VaultTransaction) throws -> R
    ) async throws -> R {
        try await commits.audited(action, subject, by: session.context, body)
    }

    /// Removes what destroyed versions left in memory, and in files beside the store.
    func scrub() async throws {
        knownVersions.forgetAll()
        try await readers.run { [door] in try door.with { try $0.store.scrub() } }
    }
}

/// What a look found, and what of it is recorded.
struct Look<R: Sendable>: Sendable {
    var value: R
    var version: Int64?
    var result = AuditResult.ok
    var detail = ""

    func entry(_ action: AuditAction, _ subject: String, by context: ActionContext) -> AuditEntry {
        AuditEntry(action, subject, version: version, result: result, detail: detail, by: context)
    }
}
