internal import ResealCore
internal import Synchronization

/// Lets one task sleep until a time comes or somebody wakes it. A call to ``wake()`` while nobody sleeps is kept, and any
/// number of them count as one.
package final class Wakeup: Sendable {
    private struct State {
        var isPending = false
        /// Which sleep the sleeper belongs to: the timer of an earlier one must not end it.
        var round = 0
        var sleeper: CheckedContinuation<Bool, Never>?
    }
    private let state = Mutex(State())

    package init() {}

    package func wake() {
        let sleeper = state.withLock { state in
            defer { state.sleeper = nil }
            if state.sleeper == nil { state.isPending = true }
            return state.sleeper
        }
        sleeper?.resume(returning: true)
    }

    /// Returns true when it was woken, false when the time passed or the task was cancelled. For one task at a time.
    package func sleep(milliseconds: Int64) async -> Bool {
        let round = state.withLock { state in
            state.round += 1
            return state.round
        }
        let timer = Task {
            try? await Task.sleep(for: .milliseconds(milliseconds))
            self.end(round)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { begin($0) }
        } onCancel: {
            end(round)
        }
    }

    private func begin(_ continuation: CheckedContinuation<Bool, Never>) {
        let answer: Bool? = state.withLock { state in
            if state.isPending {
                state.isPending = false
                return true
            }
            // A cancellation before this moment found nobody to end.
            if Task.isCancelled { return false }
            state.sleeper = continuation
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func end(_ round: Int) {
        let sleeper = state.withLock { state in
            guard state.round == round else { return nil as CheckedContinuation<Bool, Never>? }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume(returning: false)
    }
}
