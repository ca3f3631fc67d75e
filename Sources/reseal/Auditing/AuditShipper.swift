internal import ResealCore
internal import ResealVault
internal import Synchronization

/// How far the sinks are, for logs and metrics.
final class AuditSinkCounts: Sendable {
    struct Count: Sendable {
        var delivered = 0
        var failures = 0
        /// Records of the trail that are not there yet.
        var lag: Int64 = 0
        /// The code of what keeps it from going on.
        var failure: String?
    }
    private let counts = Mutex<[String: Count]>([:])

    var all: [String: Count] { counts.withLock { $0 } }

    /// Forgets sinks that the settings no longer have.
    func keep(_ names: [String]) { counts.withLock { counts in counts = counts.filter { names.contains($0.key) } } }

    func update<R: Sendable>(_ name: String, _ body: (inout Count) -> R) -> R {
        counts.withLock { body(&$0[name, default: Count()]) }
    }
}

/// Takes the records of the trail to one sink, in order, from where it was when it last ended.
///
/// What a sink has is kept in the vault, after it has it: a death in between repeats a batch and leaves none out. The trail
/// in the vault stays what counts; nobody who acts waits for a sink.
struct AuditShipper: Sendable {
    private static let batch = 200
    private static let pause = Duration.seconds(1)
    private static let longestWait: Int64 = 300

    let name: String
    let sink: any AuditSink
    /// Records that are there when it first runs are passed over.
    let startsAtTheEnd: Bool
    let door: VaultDoor
    let pool: BlockingPool
    let counts: AuditSinkCounts
    let log: ControllerLog

    /// Until the task is cancelled.
    func run() async {
        var wait: Int64 = 1
        while !Task.isCancelled {
            do {
                let isIdle = try await step()
                wait = 1
                if isIdle { try? await Task.sleep(for: Self.pause) }
            } catch {
                guard !Task.isCancelled else { return }
                note(UnexpectedFailure.wrapping(error))
                try? await Task.sleep(for: .seconds(wait))
                wait = min(wait * 2, Self.longestWait)
            }
        }
    }

    /// One batch. True when there was nothing to do.
    private func step() async throws -> Bool {
        let (records, last) = try await pool.run { [self] in try next() }
        guard let newest = records.last else {
            counts.update(name) { $0.lag = 0 }
            return true
        }
        counts.update(name) { $0.lag = last - newest.sequence + Int64(records.count) }
        try await sink.send(records)
        try await pool.run { [self] in
            try door.with { core in try core.store.write { try $0.saveAuditCursor(name, newest.sequence) } }
        }
        let hadFailed = counts.update(name) { count in
            count.delivered += records.count
            count.lag = last - newest.sequence
            defer { count.failure = nil }
            return count.failure != nil
        }
        if hadFailed { log.write(.info, "audit sink goes on", [("sink", .string(name))]) }
        return false
    }

    /// What comes next, and the number of the last record there is.
    private func next() throws -> ([AuditRecord], Int64) {
        try door.with { core in
            let (cursor, last) = try core.store.read {
                (try $0.auditCursor(name), try $0.lastAuditRecord()?.sequence ?? 0)
            }
            guard let cursor = cursor ?? (startsAtTheEnd ? nil : 0) else {
                try core.store.write { try $0.saveAuditCursor(name, last) }
                return ([], last)
            }
            guard cursor < last else { return ([], last) }
            var records: [AuditRecord] = []
            try core.store.read { store in
                try store.forEachAuditRecord(AuditFilter(after: cursor, first: Self.batch)) { records.append($0) }
            }
            return (records, last)
        }
    }

    private func note(_ failure: any UserFacingFailure) {
        let (isNews, lag) = counts.update(name) { count in
            count.failures += 1
            defer { count.failure = failure.code }
            return (count.failure != failure.code, count.lag)
        }
        guard isNews else { return }
        log.write(
            .warning, "audit sink lags: \(failure.message)",
            [
                ("sink", .string(name)), ("code", .string(failure.code)), ("records", .integer(lag)),
                ("hint", failure.hint.map(JSON.string) ?? .null),
            ])
    }
}
