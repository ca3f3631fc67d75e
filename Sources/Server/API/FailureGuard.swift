package import ResealCore
internal import Synchronization

/// Keeps those out for a while who show wrong tokens again and again, and slows down those who ask too much. A valid
/// token is let in all the same: its holder may share an address with a guesser.
package final class FailureGuard: Sendable {
    private struct Entry {
        var failures = 0
        var countsUntil: Timestamp
        var lockedUntil: Timestamp?
        var credit: Double
        var creditAt: Timestamp
    }

    package static let allowedFailures = 10
    package static let window = TimeSpan(seconds: 60)
    private static let capacity = 10_000
    private let entries = Mutex<[String: Entry]>([:])
    /// 0 for no limit.
    private let requestsPerSecond: Int

    package init(requestsPerSecond: Int = 0) { self.requestsPerSecond = requestsPerSecond }

    /// For how many seconds nothing but a valid token gets an answer to the address; `nil` when anything does.
    package func lock(of address: String, at now: Timestamp) -> Int64? {
        entries.withLock { entries in
            guard let until = entries[address]?.lockedUntil, now < until else { return nil }
            return max(1, (until.milliseconds - now.milliseconds + 999) / 1000)
        }
    }

    /// How many seconds the address has to wait after so many requests; `nil` when it may ask.
    package func admit(_ address: String, at now: Timestamp) -> Int64? {
        guard requestsPerSecond > 0 else { return nil }
        return entries.withLock { entries in
            var entry = entries[address] ?? fresh(now)
            defer { store(entry, for: address, in: &entries, now) }
            let limit = Double(requestsPerSecond)
            let passed = Double(max(0, now.milliseconds - entry.creditAt.milliseconds)) / 1000
            entry.credit = min(limit, entry.credit + passed * limit)
            entry.creditAt = now
            guard entry.credit >= 1 else { return 1 }
            entry.credit -= 1
            return nil
        }
    }

    package func noteFailure(_ address: String, at now: Timestamp) {
        entries.withLock { entries in
            var entry = entries[address] ?? fresh(now)
            if now >= entry.countsUntil { (entry.failures, entry.countsUntil) = (0, now.adding(Self.window)) }
            entry.failures += 1
            if entry.failures >= Self.allowedFailures { entry.lockedUntil = now.adding(Self.window) }
            store(entry, for: address, in: &entries, now)
        }
    }

    private func fresh(_ now: Timestamp) -> Entry {
        Entry(countsUntil: now.adding(Self.window), credit: Double(requestsPerSecond), creditAt: now)
    }

    /// Many addresses must not take all memory: those whose time is over go first.
    private func store(_ entry: Entry, for address: String, in entries: inout [String: Entry], _ now: Timestamp) {
        if entries.count >= Self.capacity, entries[address] == nil {
            entries = entries.filter { now < $0.value.countsUntil || $0.value.lockedUntil.map { now < $0 } ?? false }
            if entries.count >= Self.capacity { entries.removeAll() }
        }
        entries[address] = entry
    }
}
