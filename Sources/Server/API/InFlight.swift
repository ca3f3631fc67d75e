internal import Synchronization

/// Counts the requests being answered, so that a server can end without cutting one off.
final class InFlight: Sendable {
    private struct State {
        var count = 0
        var isDraining = false
    }
    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// False when there are too many, or the server is about to end.
    func enter() -> Bool {
        state.withLock { state in
            guard !state.isDraining, state.count < limit else { return false }
            state.count += 1
            return true
        }
    }

    func leave() { state.withLock { $0.count -= 1 } }

    /// Lets nobody else in, and waits until all are answered, or `longest` is over.
    func drain(upTo longest: Duration) async {
        state.withLock { $0.isDraining = true }
        let end = ContinuousClock.now + longest
        while state.withLock({ $0.count }) > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
