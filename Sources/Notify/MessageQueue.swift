package import ResealCore

/// One message on its way to one receiver.
package struct Delivery: Sendable {
    /// Whose turn it waits for; also the label of its metrics.
    package let target: String
    /// Equal for messages that say the same.
    let key: String
    /// Not sent when the same was sent less than this ago; `nil` for ever.
    let window: TimeSpan?
    let send: @Sendable () async throws -> Void

    /// - Parameter channel: made when it is the message's turn, since what it needs may have changed by then.
    package init(
        _ message: NotificationMessage, to target: String, window: TimeSpan?,
        channel: @escaping @Sendable () async throws -> any NotificationChannel
    ) {
        self.target = target
        key = "\(target)|\(message.event.identity)"
        self.window = window
        send = { try await channel().send(message) }
    }

    /// Something that is sent whenever it is handed in.
    package init(to target: String, send: @escaping @Sendable () async throws -> Void) {
        self.target = target
        key = target
        window = TimeSpan(seconds: 0)
        self.send = send
    }
}

/// What became of a message.
package enum DeliveryResult: Sendable {
    case delivered
    /// The same was told already.
    case suppressed
    /// Tried again after a wait.
    case retried(any UserFacingFailure)
    case failed(any UserFacingFailure)
    /// There were too many before it.
    case dropped

    /// The label of its metrics.
    package var label: String {
        switch self {
        case .delivered: "delivered"
        case .suppressed: "suppressed"
        case .retried: "retried"
        case .failed: "failed"
        case .dropped: "dropped"
        }
    }
}

/// Takes messages to their receivers, in order for each, so that one that does not answer delays nobody else's. Nobody who
/// hands a message in ever waits.
package final class MessageQueue: Sendable {
    private static let capacity = 1000
    private static let laneCapacity = 200
    /// Seconds before the second and each later attempt.
    package static let waits: [Int64] = [5, 30, 120, 600, 1800]

    private let sent: SentLog
    private let clock: WallClock
    private let waits: [Int64]
    private let observe: @Sendable (String, DeliveryResult) -> Void
    private let incoming: AsyncStream<Delivery>
    private let entrance: AsyncStream<Delivery>.Continuation

    /// - Parameters:
    ///   - waits: before further attempts, in seconds.
    ///   - observe: hears of each result, by the name of the target.
    package init(
        _ sent: SentLog, clock: WallClock, waits: [Int64] = MessageQueue.waits,
        observe: @escaping @Sendable (String, DeliveryResult) -> Void
    ) {
        self.sent = sent
        self.clock = clock
        self.waits = waits
        self.observe = observe
        (incoming, entrance) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// Never waits: where the queue is full, the message is dropped and counted.
    package func submit(_ delivery: Delivery) {
        if case .dropped = entrance.yield(delivery) { observe(delivery.target, .dropped) }
    }

    /// Nothing more will come; ``run()`` ends when all is delivered.
    package func finish() { entrance.finish() }

    /// Delivers until ``finish()`` or until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            var lanes: [String: AsyncStream<Delivery>.Continuation] = [:]
            for await delivery in incoming {
                if lanes[delivery.target] == nil {
                    let (stream, lane) = AsyncStream<Delivery>.makeStream(
                        bufferingPolicy: .bufferingOldest(Self.laneCapacity))
                    lanes[delivery.target] = lane
                    group.addTask { for await delivery in stream { await self.deliver(delivery) } }
                }
                if case .dropped? = lanes[delivery.target]?.yield(delivery) { observe(delivery.target, .dropped) }
            }
            for lane in lanes.values { lane.finish() }
        }
    }

    private func deliver(_ delivery: Delivery) async {
        var attempt = 0
        while !Task.isCancelled {
            guard !sent.knows(delivery.key, within: delivery.window, now: clock.now()) else {
                return observe(delivery.target, .suppressed)
            }
            do {
                try await delivery.send()
                observe(delivery.target, .delivered)
                return note(delivery)
            } catch {
                let failure = UnexpectedFailure.wrapping(error)
                guard failure.retry == .later, attempt < waits.count else {
                    return observe(delivery.target, .failed(failure))
                }
                observe(delivery.target, .retried(failure))
                try? await Task.sleep(for: .seconds(waits[attempt]))
                attempt += 1
            }
        }
    }

    private func note(_ delivery: Delivery) {
        do { try sent.note(delivery.key, within: delivery.window, now: clock.now()) } catch {
            observe(delivery.target, .failed(UnexpectedFailure.wrapping(error)))
        }
    }
}
