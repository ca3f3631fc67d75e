internal import Dispatch
internal import ResealCore
internal import Synchronization

/// Something that was looked at, to be recorded.
package struct AuditEntry: Sendable {
    package var action: AuditAction
    package var subject: String
    package var version: Int64?
    package var result: AuditResult
    package var detail: String
    package var context: ActionContext

    package init(
        _ action: AuditAction, _ subject: String, version: Int64? = nil, result: AuditResult = .ok,
        detail: String = "", by context: ActionContext
    ) {
        self.action = action
        self.subject = subject
        self.version = version
        self.result = result
        self.detail = detail
        self.context = context
    }
}

/// Records looks durably, many with one sync: what comes while a commit runs waits for the next one, together.
package final class AuditJournal: Sendable {
    private struct Waiting {
        let entry: AuditEntry
        let continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var waiting: [Waiting] = []
        var isWriting = false
    }

    /// Records in one transaction. More would let the first wait too long.
    private static let largestGroup = 1024
    private let door: VaultDoor
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "reseal.audit-journal")

    package init(_ door: VaultDoor) { self.door = door }

    /// Returns when the record is on disk. Throws where it cannot be: then nothing may be answered.
    package func record(_ entry: AuditEntry) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let begins = state.withLock { state in
                state.waiting.append(Waiting(entry: entry, continuation: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if begins { queue.async { self.writeAll() } }
        }
    }

    private func writeAll() {
        while let group = nextGroup() {
            let result = Result {
                try door.with { core in
                    try core.write { transaction in
                        for item in group { try transaction.audit.record(item.entry) }
                    }
                }
            }
            for item in group { item.continuation.resume(with: result) }
        }
    }

    private func nextGroup() -> [Waiting]? {
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

extension AuditTrail {
    fileprivate func record(_ entry: AuditEntry) throws {
        try record(
            entry.action, entry.subject, version: entry.version, result: entry.result, detail: entry.detail,
            by: entry.context)
    }
}
