internal import ResealCore
internal import ResealSealing
internal import ResealWire

/// Answers reads: from memory where that is allowed, else from the server, where whoever asks for the same thing at the same
/// time shares one question.
actor AgentReads {
    private struct Flight {
        let id: Int
        let task: Task<APIReply, Never>
    }

    /// How long nobody tries a server again that could not be reached, as long as there is something to answer.
    private static let pause = Duration.seconds(1)

    private let upstream: Upstream
    private let report: @Sendable (AgentEvent) -> Void
    private var cache: AnswerCache
    private var flights: [AgentRequest: Flight] = [:]
    private var lastFlight = 0
    /// When the server may be tried again; `nil` where it answered last time.
    private var retryAt: ContinuousClock.Instant?

    init(_ upstream: Upstream, _ limits: AnswerCache.Limits, _ report: @escaping @Sendable (AgentEvent) -> Void) {
        self.upstream = upstream
        self.report = report
        cache = AnswerCache(limits)
    }

    var isServerLost: Bool { retryAt != nil }

    // MARK: Answering

    func answer(_ request: AgentRequest) async -> APIReply {
        let now = ContinuousClock.now
        if let entry = cache.entry(request, at: now) {
            let isOurs = entry.generation == upstream.token.current.generation
            if isOurs, now < entry.freshUntil { return Self.reply(entry, at: now, isStale: false) }
            if let retryAt {
                // Nobody waits for a server that was not there a moment ago; it is tried beside.
                if now >= retryAt, flights[request] == nil {
                    self.retryAt = now + Self.pause
                    _ = begin(request, entry, isOurs: isOurs)
                }
                return Self.reply(entry, at: now, isStale: true)
            }
            return await (flights[request] ?? begin(request, entry, isOurs: isOurs)).task.value
        }
        return await (flights[request] ?? begin(request, nil, isOurs: true)).task.value
    }

    /// What is asked anew each time.
    func pass(_ request: AgentRequest) async -> APIReply {
        let outcome = await upstream.ask(request)
        note(outcome)
        switch outcome {
        case .answer(let body, _, _): return APIReply(200, body: body)
        case .refused(let reply), .other(let reply): return reply
        case .unchanged: return Self.unavailable(request, nil)
        case .unavailable(let reason): return Self.unavailable(request, reason)
        }
    }

    private func begin(_ request: AgentRequest, _ known: AnswerCache.Entry?, isOurs: Bool) -> Flight {
        lastFlight += 1
        let id = lastFlight
        let tag = isOurs ? known?.tag : nil
        let task = Task<APIReply, Never> {
            if let reply = finish(request, id, await upstream.ask(request, knowing: tag)) { return reply }
            // What the server calls unchanged was dropped meanwhile.
            return finish(request, id, await upstream.ask(request)) ?? Self.unavailable(request, nil)
        }
        let flight = Flight(id: id, task: task)
        flights[request] = flight
        return flight
    }

    /// - Returns: `nil` where the question has to be asked again.
    private func finish(_ request: AgentRequest, _ id: Int, _ outcome: Upstream.Outcome) -> APIReply? {
        let now = ContinuousClock.now
        // Something may have changed while the question was on its way: then the answer is passed on, and not kept.
        let isCurrent = flights[request]?.id == id
        note(outcome)
        if case .unchanged = outcome, cache.entry(request, at: now) == nil { return nil }
        if isCurrent { flights[request] = nil }
        switch outcome {
        case .answer(let body, let tag, let generation):
            guard keepable(request, body), isCurrent else { return Self.reply(body, tag: tag) }
            cache.store(body, tag: tag, for: request, generation: generation, at: now)
            return Self.reply(body, tag: tag)
        case .unchanged(let generation):
            return cache.confirm(request, generation: generation, at: now).map {
                Self.reply($0, at: now, isStale: false)
            }
        case .refused(let reply):
            drop(request, refusedWith: reply.status)
            return reply
        case .other(let reply): return reply
        case .unavailable(let reason):
            guard let entry = cache.entry(request, at: now) else { return Self.unavailable(request, reason) }
            return Self.reply(entry, at: now, isStale: true)
        }
    }

    /// False for an answer about several secrets of which one is refused: that one is forgotten, and the answer not kept.
    private func keepable(_ request: AgentRequest, _ body: SecretBytes) -> Bool {
        guard request.method == "POST" else { return true }
        guard let items = (try? SecretJSON(parsing: body))?["secrets"]?.items else { return false }
        let refused = items.filter { $0["error"] != nil }
        drop(names: Set(refused.compactMap { $0["name"]?.text }))
        return refused.isEmpty
    }

    private static func reply(_ entry: AnswerCache.Entry, at now: ContinuousClock.Instant, isStale: Bool) -> APIReply {
        var reply = reply(entry.body, tag: entry.tag)
        reply.headers["age"] = "\((now - entry.saidAt).components.seconds)"
        if isStale { reply.headers["x-reseal-stale"] = "true" }
        return reply
    }

    private static func reply(_ body: SecretBytes, tag: String?) -> APIReply {
        APIReply(200, body: body, headers: tag.map { ["etag": $0] } ?? [:])
    }

    private static func unavailable(_ request: AgentRequest, _ reason: Upstream.Unavailable?) -> APIReply {
        var reply = request.dialect.refusal(
            503, "agent.unavailable", "the server cannot be asked, and the agent keeps no answer to this",
            hint: "the agent's log says why")
        reply.headers["retry-after"] = "1"
        if case .busy(let pause?) = reason { reply.headers["retry-after"] = pause }
        return reply
    }

    // MARK: Forgetting

    private func drop(_ request: AgentRequest, refusedWith status: Int) {
        cache.drop(request)
        if status == 401 { return dropAll() }
        // A version or a field that is not there says nothing of the others.
        if status == 403 || !request.path.contains("?") { drop(names: request.names) }
    }

    /// What changed, or is not the token's any more. Questions about it that are on their way are not waited for by those
    /// who ask from now on.
    func drop(names: Set<String>) {
        guard !names.isEmpty else { return }
        cache.drop(names: names)
        flights = flights.filter { $0.key.names.isDisjoint(with: names) }
    }

    func dropAll() {
        cache.dropAll()
        flights = [:]
    }

    /// It is not known what changed.
    func doubtAll() { cache.doubtAll(at: .now) }

    func dropOld() { cache.dropOld(at: .now) }

    // MARK: The server

    /// Takes down whether the server answered.
    func note(_ outcome: Upstream.Outcome) {
        guard case .unavailable(let reason) = outcome else {
            if retryAt != nil { report(.serverBack) }
            retryAt = nil
            return
        }
        guard case .lost(let code) = reason else { return }
        if retryAt == nil { report(.serverLost(code: code)) }
        retryAt = .now + Self.pause
    }
}

/// What is worth a line in the agent's log.
package enum AgentEvent: Sendable {
    case serverLost(code: String)
    case serverBack
    /// Another token was found where it is kept.
    case tokenReplaced
    case tokenRenewed(seconds: Int64)
    /// It lasts so long, and cannot be made to last longer.
    case tokenEnds(seconds: Int64)
    case tokenRefused
    /// The server does not tell of changes.
    case changesRefused
}
