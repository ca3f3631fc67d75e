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
        write(then: then) { transaction in
            do { return .success(try transaction.attempt(body)) } catch let failure as any UserFacingFailure {
                guard let judged = failure.auditResult else { throw failure }
                try transaction.audit.record(action, subject, result: judged, detail: failure.code, by: context)
                return .failure(failure)
            }
        }
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
