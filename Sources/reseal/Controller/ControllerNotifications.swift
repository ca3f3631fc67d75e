internal import ResealCore
internal import ResealNotify
internal import ResealReconciler
internal import ResealVault
internal import Synchronization

/// Tells notifiers and Git hosts what the loops do. Nothing here makes a loop wait.
final class ControllerNotifications: Sendable {
    /// What was told of a source, so that only changes are.
    private struct Memory {
        var failure: String?
        var isDrifted = false
        var status: CommitStatus?
    }

    private enum Item: Sendable {
        case event(NotificationEvent)
        case expiries
    }

    private static let capacity = 1000
    /// However often commits come: what expires changes with the clock too.
    private static let expiryInterval = Duration.seconds(3600)
    private let tellsOfExpiries: Bool

    private let queue: MessageQueue
    private let dispatcher: NotificationDispatcher
    private let log: ControllerLog
    private let memory = Mutex<[String: Memory]>([:])
    private let items: AsyncStream<Item>
    private let entrance: AsyncStream<Item>.Continuation

    init(
        _ home: VaultHome, by context: ActionContext, _ metrics: ControllerMetrics, _ log: ControllerLog,
        tellsOfExpiries: Bool = true, open: @escaping @Sendable () throws -> VaultCore
    ) {
        queue = MessageQueue(SentLog(home.notificationsPath), clock: .system) { target, result in
            metrics.observe(result, to: target)
            log.write(result, to: target)
        }
        dispatcher = NotificationDispatcher(home, by: context, queue, open: open)
        self.log = log
        self.tellsOfExpiries = tellsOfExpiries
        (items, entrance) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    // MARK: Running

    /// Runs `body` while messages are delivered, and gives those that are left this much time.
    func deliver(within time: Duration, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.run() }
            defer { group.cancelAll() }
            try await body()
            entrance.finish()
            group.addTask { try? await Task.sleep(for: time) }
            _ = try await group.next()
        }
    }

    /// Delivers until nothing more can come and all is delivered, or until the task is cancelled.
    private func run() async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [queue] in
                await queue.run()
                return true
            }
            group.addTask { [self] in
                for await item in items { await dispatch(item) }
                queue.finish()
                return false
            }
            group.addTask { [entrance, tellsOfExpiries] in
                while !Task.isCancelled {
                    if tellsOfExpiries { entrance.yield(.expiries) }
                    try? await Task.sleep(for: Self.expiryInterval)
                }
                return false
            }
            for await isOver in group where isOver { group.cancelAll() }
        }
    }

    /// A vault that cannot be asked is said by the loops themselves; here it costs a message.
    private func dispatch(_ item: Item) async {
        do {
            switch item {
            case .event(let event): try await dispatcher.dispatch(event)
            case .expiries: try await dispatcher.tellOfExpiries()
            }
        } catch { log.write(.failed(UnexpectedFailure.wrapping(error)), to: "all") }
    }

    private func tell(_ event: NotificationEvent) {
        if case .dropped = entrance.yield(.event(event)) { log.write(.dropped, to: "all") }
    }

    // MARK: What happened

    /// Something that others have judged to be worth telling.
    func raise(_ event: NotificationEvent) {
        log.write(
            .warning, NotificationMessage(event, id: "").sentence,
            [("event", .string(event.kind.rawValue)), ("record", event.record.map { .integer($0) } ?? .null)])
        tell(event)
    }

    func observe(_ event: LoopEvent, _ status: SourceStatus, _ commitStatus: CommitStatusSettings?) {
        let now = WallClock.system.now()
        func make(_ kind: NotificationEvent.Kind) -> NotificationEvent {
            var made = NotificationEvent(kind, .source(status.name), at: now)
            made.commit = status.seen
            return made
        }
        switch event {
        case .began, .suspended, .wroteBack, .proposed, .writeBackFailed: return
        case .scheduled: if let commitStatus { post(status, commitStatus) }
        case .failed(let failure):
            let kind = NotificationEvent.Kind(refusalIn: status)
            guard isNews(status, failure: "\(failure.code) \(status.seen?.description ?? "")") else { return }
            var made = make(kind)
            made.code = failure.code
            tell(made)
        case .unchanged, .applied:
            if recovered(status) { tell(make(.recovered)) }
            if case .applied(let report) = event {
                var made = make(.applied)
                made.count = report.applied.values.reduce(0, +)
                tell(made)
                entrance.yield(.expiries)
            }
            if drifted(status) { tell(make(.drifted)) }
        }
    }

    func observe(_ event: RotationEvent) {
        let now = WallClock.system.now()
        switch event {
        case .rotated(let report): tell(NotificationEvent(.rotated, .secret(report.id), at: now))
        case .failed(let id, let failure):
            var made = NotificationEvent(.rotationFailed, .secret(id), at: now)
            made.code = failure.code
            tell(made)
        case .retired, .stopped: break
        }
    }

    private func isNews(_ status: SourceStatus, failure: String) -> Bool {
        memory.withLock { memory in
            defer { memory[status.name, default: Memory()].failure = failure }
            return memory[status.name]?.failure != failure
        }
    }

    private func recovered(_ status: SourceStatus) -> Bool {
        memory.withLock { memory in
            defer { memory[status.name, default: Memory()].failure = nil }
            return memory[status.name]?.failure != nil
        }
    }

    private func drifted(_ status: SourceStatus) -> Bool {
        let isDrifted = status[.drifted]?.status == .yes
        return memory.withLock { memory in
            defer { memory[status.name, default: Memory()].isDrifted = isDrifted }
            return isDrifted && memory[status.name]?.isDrifted != true
        }
    }

    // MARK: The Git host

    private func post(_ status: SourceStatus, _ settings: CommitStatusSettings) {
        guard let commit = status.seen else { return }
        let made = CommitStatus(commit: commit, state: .init(status), description: status.summary)
        let isNew = memory.withLock { memory in
            defer { memory[status.name, default: Memory()].status = made }
            return memory[status.name]?.status != made
        }
        guard isNew else { return }
        queue.submit(Delivery(to: "commit-status/\(status.name)") { try await settings.post(made) })
    }
}

extension NotificationEvent.Kind {
    fileprivate init(refusalIn status: SourceStatus) {
        switch status[.ready]?.reason {
        case .approvalRequired, .signatureRejected, .replayRejected: self = .refused
        default: self = .failed
        }
    }
}

extension CommitStatus.State {
    fileprivate init(_ status: SourceStatus) {
        self = status.isReady ? .success : status[.stalled]?.status == .yes ? .failure : .pending
    }
}

extension SourceStatus {
    /// Codes and conditions only: messages name what stands in the repository, which not every reader of the host sees.
    fileprivate var summary: String {
        let notes = [Condition.Kind.drifted, .writeBackPending].filter { self[$0]?.status == .yes }.map(\.rawValue)
        let head = isReady ? "applied" : failure.map { "not applied [\($0.code)]" } ?? "not applied"
        return ([head] + notes).joined(separator: ", ")
    }
}
