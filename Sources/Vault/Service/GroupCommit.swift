internal import Dispatch
internal import ResealCore
internal import Synchronization

/// Commits what many callers write with one sync: what comes while a commit runs waits for the next one, together.
///
/// Each caller's part is done or undone on its own. Only what breaks the transaction itself breaks it for all of them, and
/// then each of several parts is tried once more alone, so that nobody pays for another's fault.
package final class GroupCommit: Sendable {
    /// What one caller waits for.
    private struct Part: Sendable {
        /// Does the work, and gives back what tells the caller once it is durable.
        let run: @Sendable (VaultTransaction) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }
    private struct State {
        var waiting: [Part] = []
        var isWriting = false
    }

    /// Parts in one transaction. More would let the first wait too long.
    private static let largestGroup = 128
    private let door: VaultDoor
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "reseal.group-commit")

    package init(_ door: VaultDoor) { self.door = door }

    /// Returns when the record is on disk. Throws where it cannot be: then nothing may be answered.
    package func record(_ entry: AuditEntry) async throws { try await record([entry]) }

    /// As above, for several that belong together.
    package func record(_ entries: [AuditEntry]) async throws {
        guard !entries.isEmpty else { return }
        try await write { transaction in for entry in entries { try transaction.audit.record(entry) } }
    }

    /// Returns when what `body` did is on disk. It may run more than once, and only its last run counts.
    package func write<R: Sendable>(_ body: @escaping @Sendable (VaultTransaction) throws -> R) async throws -> R {
        try await result { transaction in .success(try body(transaction)) }
    }

    /// Like ``write(_:)``. When `body` is refused or fails, nothing of it stays but the record of that.
    package func audited<R: Sendable>(
        _ action: AuditAction, _ subject: String, by context: ActionContext,
        _ body: @escaping @Sendable (VaultTransaction) throws -> R
    ) async throws -> R {
        try await result { transaction in
            do { return .success(try transaction.attempt(body)) } catch let failure as any UserFacingFailure {
                guard let judged = failure.auditResult else { throw failure }
                try transaction.audit.record(action, subject, result: judged, detail: failure.code, by: context)
                return .failure(failure)
            }
        }
    }

    private func result<R: Sendable>(
        _ body: @escaping @Sendable (VaultTransaction) throws -> Result<R, any Error>
    ) async throws -> R {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
            enqueue(
                Part(
                    run: { transaction in
                        let result = try body(transaction)
                        return { continuation.resume(with: result) }
                    }, fail: { continuation.resume(throwing: $0) }))
        }
    }

    private func enqueue(_ part: Part) {
        let begins = state.withLock { state in
            state.waiting.append(part)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if begins { queue.async { self.commitAll() } }
    }

    private func commitAll() {
        while let group = nextGroup() {
            do { try commit(group) } catch {
                guard group.count > 1 else {
                    group[0].fail(error)
                    continue
                }
                for part in group {
                    do { try commit([part]) } catch { part.fail(error) }
                }
            }
        }
    }

    private func commit(_ group: [Part]) throws {
        let tellings = try door.with { core in
            try core.write { transaction in try group.map { part in try part.run(transaction) } }
        }
        for tell in tellings { tell() }
    }

    private func nextGroup() -> [Part]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            let group = Array(state.waiting.prefix(Self.largestGroup))
            state.waiting.removeFirst(group.count)
            return group
        }
    }
}
