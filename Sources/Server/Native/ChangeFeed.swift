internal import ResealCore
internal import ResealVault

extension NativeRoutes {
    /// Connections that are idle for longer are closed.
    private static let longestWait = TimeSpan(seconds: 50)

    func changes(_ request: APIRequest, _: String, _ session: Session) async throws -> APIReply {
        let last = request.header("last-event-id").flatMap { Int64($0) }
        let since = try request.number("since") ?? last.map { max(0, $0) }
        let wait = try request.query["wait"].map { text throws(ServiceFailure) in
            guard let span = TimeSpan(text) else {
                throw ServiceFailure(.badRequest, "`wait` is no duration; write for example 30s")
            }
            return min(span, Self.longestWait)
        }
        let isStream = request.header("accept")?.lowercased().contains("text/event-stream") == true
        guard isStream || since != nil && wait != nil else {
            return .document(200, ChangeFeed.document(try await service.changes(since: since, by: session)))
        }
        guard let place = waiting.place(for: request.caller.address) else {
            return APIDialect.native.refusal(503, "api.busy", "too many wait for changes already")
        }
        let watch = ChangeWatch(service: service, session: session, isEnding: request.isEnding, place: place)
        if isStream {
            let feed = ChangeFeed(watch, first: try await service.changes(since: since, by: session))
            return .events { await feed.next() }
        }
        guard let since, let wait else { preconditionFailure("only a stream has neither") }
        let seen = try await watch.wait(for: .seconds(wait.seconds), since: since)
        return .document(200, ChangeFeed.document(try await service.changes(since: seen.upTo, by: session)))
    }
}

/// Waits until there is something to tell one caller.
struct ChangeWatch: Sendable {
    private static let pause = Duration.milliseconds(250)
    let service: SecretService
    let session: Session
    let isEnding: @Sendable () -> Bool
    /// Among those who wait, for as long as this watch is held.
    let place: InFlight.Place

    /// Ends early with the server.
    ///
    /// - Returns: up to where there is nothing to tell, so that nobody looks there again, and whether that is all.
    func wait(for time: Duration, since cursor: Int64) async throws -> (upTo: Int64, isAll: Bool) {
        let end = ContinuousClock.now + time
        var (seen, cursor): (Int64?, Int64) = (nil, cursor)
        while true {
            let serial = try await service.serial()
            if serial != seen {
                guard let next = try await service.quiet(since: cursor, for: session) else { return (cursor, false) }
                (seen, cursor) = (serial, next)
            }
            guard ContinuousClock.now < end, !isEnding() else { return (cursor, true) }
            try await Task.sleep(for: Self.pause)
        }
    }
}

/// A stream of server-sent events, one for each time that something changed.
actor ChangeFeed {
    /// A comment after so much silence: proxies end what seems dead, and a connection that is gone is noticed.
    private static let beat = Duration.seconds(15)
    /// Then the client comes back with the last event's number, and its token is looked at from the start.
    private static let lifetime = Duration.seconds(600)

    private let watch: ChangeWatch
    private let end = ContinuousClock.now + lifetime
    private var waiting: SecretChanges?
    private var cursor: Int64

    init(_ watch: ChangeWatch, first: SecretChanges) {
        self.watch = watch
        waiting = first
        cursor = first.cursor
    }

    static func document(_ changes: SecretChanges) -> JSON {
        ["cursor": .integer(changes.cursor), "changed": .array(changes.ids.map { .string($0.name) })]
    }

    /// `nil` at the end: the server's, the token's, or that of the stream's time.
    func next() async -> [UInt8]? {
        if let first = waiting {
            waiting = nil
            return event(first)
        }
        guard ContinuousClock.now < end, !watch.isEnding() else { return nil }
        do {
            let seen = try await watch.wait(for: Self.beat, since: cursor)
            cursor = seen.upTo
            guard !seen.isAll else { return Array(": nothing new\n\n".utf8) }
            return event(try await watch.service.changes(since: cursor, by: watch.session))
        } catch { return nil }
    }

    private func event(_ changes: SecretChanges) -> [UInt8] {
        cursor = changes.cursor
        return Array("id: \(cursor)\nevent: changes\ndata: \(Self.document(changes).canonical)\n\n".utf8)
    }
}
