internal import ResealSealing

/// Answers of the server, in secret memory. Their number and their size are limited: what was not used for the longest time
/// goes first, and what goes is zeroed.
struct AnswerCache {
    struct Limits: Sendable {
        var entries: Int
        var bytes: Int
        /// For how long an answer is given again without asking.
        var fresh: Duration
        /// For how long it is given when the server cannot be asked.
        var keep: Duration
    }

    struct Entry {
        let body: SecretBytes
        /// Names the version for the server; `nil` where the API has none.
        let tag: String?
        /// With which of the tokens one after the other it was asked for.
        var generation: Int
        /// When the server said so last.
        var saidAt: ContinuousClock.Instant
        var freshUntil: ContinuousClock.Instant
        fileprivate var usedAt = 0
    }

    let limits: Limits
    private var entries: [AgentRequest: Entry] = [:]
    private var uses = 0
    private(set) var bytes = 0

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { entries.count }

    /// What is kept, fresh or not.
    mutating func entry(_ request: AgentRequest, at now: ContinuousClock.Instant) -> Entry? {
        guard let entry = entries[request] else { return nil }
        guard now - entry.saidAt < limits.keep else {
            drop(request)
            return nil
        }
        uses += 1
        entries[request]?.usedAt = uses
        return entry
    }

    mutating func store(
        _ body: SecretBytes, tag: String?, for request: AgentRequest, generation: Int, at now: ContinuousClock.Instant
    ) {
        drop(request)
        // One answer must not drive out all others.
        guard body.count <= limits.bytes / 4, limits.keep > .zero else { return }
        while entries.count >= limits.entries || bytes + body.count > limits.bytes {
            guard let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }) else { return }
            drop(oldest.key)
        }
        uses += 1
        bytes += body.count
        entries[request] = Entry(
            body: body, tag: tag, generation: generation, saidAt: now, freshUntil: now + limits.fresh, usedAt: uses)
    }

    /// The server has nothing newer.
    mutating func confirm(_ request: AgentRequest, generation: Int, at now: ContinuousClock.Instant) -> Entry? {
        entries[request]?.generation = generation
        entries[request]?.saidAt = now
        entries[request]?.freshUntil = now + limits.fresh
        return entries[request]
    }

    /// The server is asked again before anything is answered.
    mutating func doubtAll(at now: ContinuousClock.Instant) {
        for request in entries.keys { entries[request]?.freshUntil = now }
    }

    mutating func drop(_ request: AgentRequest) {
        if let entry = entries.removeValue(forKey: request) { bytes -= entry.body.count }
    }

    /// Everything about one of these secrets.
    mutating func drop(names: Set<String>) {
        for request in entries.keys where !request.names.isDisjoint(with: names) { drop(request) }
    }

    mutating func dropAll() {
        entries = [:]
        bytes = 0
    }

    /// What may not even be given when the server cannot be asked.
    mutating func dropOld(at now: ContinuousClock.Instant) {
        for (request, entry) in entries where now - entry.saidAt >= limits.keep { drop(request) }
    }
}
