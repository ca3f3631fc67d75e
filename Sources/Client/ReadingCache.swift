internal import ResealWire
internal import Synchronization

/// Values that were read lately. What leaves it is zeroed as soon as nobody else holds it.
final class ReadingCache: Sendable {
    struct Key: Hashable {
        let name: String
        let version: Int64?
    }
    private struct Entry {
        let reading: SecretReading
        let readAt: ContinuousClock.Instant
        var endsAt: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// How often something was dropped because it may not be true any more.
        var drops = 0

        mutating func end(at now: ContinuousClock.Instant) { entries = entries.filter { now < $0.value.endsAt } }
    }

    private static let capacity = 1000
    private let state = Mutex(State())

    /// What was read no longer than `age` ago.
    func reading(_ key: Key, upTo age: Duration) -> SecretReading? {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.end(at: now)
            guard let entry = state.entries[key], now - entry.readAt <= age else { return nil }
            return entry.reading
        }
    }

    /// The moment before something is read, for ``keep(_:_:for:since:)``.
    var mark: Int { state.withLock { $0.drops } }

    /// Keeps a value for so long, and not a moment longer, whether somebody asks for it or not.
    ///
    /// - Parameter mark: of before it was read. What was read while something was written is not kept: it may be older.
    func keep(_ reading: SecretReading, _ key: Key, for time: Duration, since mark: Int) {
        let now = ContinuousClock.now
        let isKept = state.withLock { state in
            guard state.drops == mark else { return false }
            if state.entries.count >= Self.capacity,
                let oldest = state.entries.min(by: { $0.value.readAt < $1.value.readAt })
            {
                state.entries[oldest.key] = nil
            }
            state.entries[key] = Entry(reading: reading, readAt: now, endsAt: now + time)
            return true
        }
        guard isKept else { return }
        Task { [weak self] in
            try await Task.sleep(for: time)
            self?.dropEnded()
        }
    }

    private func dropEnded() {
        let now = ContinuousClock.now
        state.withLock { $0.end(at: now) }
    }

    /// Every version of a secret.
    func drop(_ name: String) {
        state.withLock { state in
            state.drops += 1
            state.entries = state.entries.filter { $0.key.name != name }
        }
    }

    func dropAll() {
        state.withLock { state in
            state.drops += 1
            state.entries = [:]
        }
    }
}
