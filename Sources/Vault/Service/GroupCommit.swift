internal import ResealCore

/// Commits what many callers write with one sync: what comes while a commit runs waits for the next one, together.
package final class GroupCommit: Sendable {
    private let group: WorkGroup<VaultTransaction>

    package init(_ door: VaultDoor) {
        group = WorkGroup(label: "reseal.group-commit", largest: 128) { body in
            try door.with { core in try core.write(body) }
        }
    }

    /// Returns when the record is on disk. Throws where it cannot be: then nothing may be answered.
    package func record(_ entry: AuditEntry) async throws { try await record([entry]) }

    /// As above, for several that belong together.
    package func record(_ entries: [AuditEntry]) async throws {
        guard !entries.isEmpty else { return }
        try await write { transaction in for entry in entries { try transaction.audit.record(entry) } }
    }

    /// As above for one, and calls `then` when it is on disk, or with why it cannot be.
    func record(_ entry: AuditEntry, then: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        write(then: then) { .success(try $0.audit.record(entry)) }
    }

    /// Returns when what `body` did is on disk. It may run more than once, and only its last run counts.
    package func write<R: Sendable>(_ body: @escaping @Sendable (VaultTransaction) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            write(then: { continuation.resume(with: $0) }) { .success(try body($0)) }
        }
    }

    /// Like ``write(_:)``. When `body` is refused or fails, nothing of it stays but the record of that.
    package func audited<R: Sendable>(
        _ action: AuditAction, _ subject: String, by context: ActionContext,
        _ body: @escaping @Sendable (VaultTransaction) throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            audited(action, subject, by: context, then: { continuation.resume(with: $0) }, body)
        }
    }

    /// As above, and calls `then`.
    func audited<R: Sendable>(
        _ action: AuditAction, _ subject: String, by context: ActionContext,
        then: @escaping @Sendable (Result<R, any Error>) -> Void,
        _ body: @escaping @Sendable (VaultTransaction) throws -> R
    ) {
        @Sendable func record(_ failure: any Error, in transaction: VaultTransaction) throws -> Result<R, any Error> {
            guard let failure = failure as? any UserFacingFailure, let judged = failure.auditResult else {
                throw failure
            }
            try transaction.audit.record(action, subject, result: judged, detail: failure.code, by: context)
            return .failure(failure)
        }
        group.add(
            WorkGroup.Part(
                run: { transaction in
                    let result: Result<R, any Error>
                    do { result = .success(try transaction.attempt(body)) } catch let error as BrokenPart {
                        throw error
                    } catch {
                        result = try record(error, in: transaction)
                    }
                    return { then(result) }
                },
                fail: { [self] error in
                    // All that it did was undone, with the transaction that it had for itself.
                    guard let broken = error as? BrokenPart else { return then(.failure(error)) }
                    guard (broken.reason as? any UserFacingFailure)?.auditResult != nil else {
                        return then(.failure(broken.reason))
                    }
                    write(then: then) { try record(broken.reason, in: $0) }
                }))
    }

    /// Calls `then` with what `body` returned, once what it did is on disk, or with why it cannot be. `body` may run more
    /// than once, and only its last run counts.
    func write<R: Sendable>(
        then: @escaping @Sendable (Result<R, any Error>) -> Void,
        _ body: @escaping @Sendable (VaultTransaction) throws -> Result<R, any Error>
    ) {
        group.add(
            WorkGroup.Part(
                run: { transaction in
                    let result = try body(transaction)
                    return { then(result) }
                }, fail: { then(.failure($0)) }))
    }
}
