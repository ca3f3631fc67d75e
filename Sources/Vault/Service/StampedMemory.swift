internal import Synchronization

/// Remembers what was looked up, as long as a serial stays the same: whoever saw a newer one forgets it all.
final class StampedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var serial: Int64 = -1
        var values: [Key: Value] = [:]
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: how many values are kept. Who comes later begins anew.
    init(limit: Int) { self.limit = limit }

    func value(_ key: Key, at serial: Int64) -> Value? {
        state.withLock { state in state.serial == serial ? state.values[key] : nil }
    }

    /// With the serial at which it was true.
    func latest(_ key: Key) -> (value: Value, serial: Int64)? {
        state.withLock { state in state.values[key].map { ($0, state.serial) } }
    }

    func forgetAll() { state.withLock { $0.values = [:] } }

    func remember(_ value: Value, for key: Key, at serial: Int64) {
        state.withLock { state in
            // An older snapshot has nothing to say.
            guard serial >= state.serial else { return }
            if serial > state.serial || state.values.count >= limit {
                state.values.removeAll(keepingCapacity: true)
                state.serial = serial
            }
            state.values[key] = value
        }
    }
}
