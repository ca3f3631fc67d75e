internal import Dispatch
internal import ResealCore
internal import ResealSealing
internal import Synchronization

/// Gives records their hashes, each from the one before. Large batches are worked on beside the caller, who has the rows of
/// a large apply to write meanwhile.
final class ChainHasher: Sendable {
    private struct State {
        var hash: Digest256
        var finished: [AuditRecord] = []
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "reseal.audit-chain")

    /// - Parameter hash: that of the record before the first.
    init(after hash: Digest256) { state = Mutex(State(hash: hash)) }

    /// Hashes the records some time before ``finish()`` returns.
    func begin(_ records: [AuditRecord]) { queue.async { self.hash(records) } }

    /// The records of all batches begun and `rest`, in order, each given out once.
    func finish(_ rest: [AuditRecord] = []) -> (records: [AuditRecord], last: Digest256) {
        queue.sync { hash(rest) }
        return state.withLock { state in
            defer { state.finished = [] }
            return (state.finished, state.hash)
        }
    }

    private func hash(_ records: [AuditRecord]) {
        state.withLock { state in
            for var record in records {
                record.hash = Digest256(hashing: record.hashInput(after: state.hash))
                state.hash = record.hash
                state.finished.append(record)
            }
        }
    }
}
