internal import Synchronization

/// Counts what is under way, requests or connections: in all, and of each address. A server that knows them can end
/// without cutting one off.
final class InFlight: Sendable {
    private struct State {
        var count = 0
        var addresses: [String: Int] = [:]
        var isDraining = false
    }
    private let state = Mutex(State())
    private let limit: Int
    private let limitOfAddress: Int

    init(limit: Int, ofAddress limitOfAddress: Int) {
        self.limit = limit
        self.limitOfAddress = limitOfAddress
    }

    /// Of one request; given back when nobody holds it any more, at the latest.
    final class Place: Sendable {
        let address: String
        private let inFlight: InFlight
        private let isBack = Atomic(false)

        fileprivate init(_ inFlight: InFlight, _ address: String) {
            self.inFlight = inFlight
            self.address = address
        }

        deinit { giveBack() }

        func giveBack() { if !isBack.exchange(true, ordering: .relaxed) { inFlight.leave(address) } }
    }

    /// `nil` where ``enter(_:)`` says no.
    func place(for address: String) -> Place? { enter(address) ? Place(self, address) : nil }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// False when there are too many, or the server is about to end.
    func enter(_ address: String) -> Bool {
        state.withLock { state in
            let count = state.addresses[address] ?? 0
            guard !state.isDraining, state.count < limit, count < limitOfAddress else { return false }
            state.count += 1
            state.addresses[address] = count + 1
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            let count = state.addresses[address] ?? 0
            state.count -= 1
            state.addresses[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Lets nobody else in, and waits until all are answered, or `longest` is over.
    func drain(upTo longest: Duration) async {
        state.withLock { $0.isDraining = true }
        let end = ContinuousClock.now + longest
        while state.withLock({ $0.count }) > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
