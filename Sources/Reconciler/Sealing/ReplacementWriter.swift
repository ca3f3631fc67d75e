internal import Dispatch
internal import ResealGit
internal import Synchronization

/// Replaces files of a work tree beside the work that makes their new content. Whatever waits when the disk is ready
/// goes in one go, so that the cost of syncing is shared.
final class ReplacementWriter: Sendable {
    private struct State {
        var waiting: [FileReplacement] = []
        var waitingBytes = 0
        var refused: [(path: String, failure: GitFailure)] = []
    }

    private static let maximumWaitingBytes = 64 << 20
    private let tree: WorkTree
    private let queue = DispatchQueue(label: "reseal.rekey.writer")
    private let state = Mutex(State())

    init(_ tree: WorkTree) { self.tree = tree }

    /// Returns at once, unless too much is waiting already.
    func enqueue(_ files: [FileReplacement]) {
        guard !files.isEmpty else { return }
        let isFull = state.withLock { state in
            state.waiting += files
            state.waitingBytes += files.reduce(0) { $0 + $1.before.count + $1.after.count }
            return state.waitingBytes > Self.maximumWaitingBytes
        }
        queue.async { self.writeWaiting() }
        if isFull { queue.sync {} }
    }

    /// Waits until all is written. Gives back the files that were left as they are, with the reasons.
    func finish() -> [(path: String, failure: GitFailure)] {
        queue.sync {}
        return state.withLock { $0.refused }
    }

    private func writeWaiting() {
        let files = state.withLock { state in
            defer { (state.waiting, state.waitingBytes) = ([], 0) }
            return state.waiting
        }
        guard !files.isEmpty else { return }
        let refused = tree.replace(files)
        state.withLock { $0.refused += refused }
    }
}
