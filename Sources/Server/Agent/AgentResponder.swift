internal import Hummingbird
internal import HummingbirdCore
internal import ResealCore
internal import ResealVault

/// Between the socket and what the agent knows. Whoever may open the socket may ask: no token is looked at.
struct AgentResponder: HTTPResponder {
    /// A thousand names have room in it.
    private static let longestBody = 1 << 20
    private static let longestTime = Duration.seconds(10)

    let reads: AgentReads
    /// Of the program.
    let version: String
    let clock: WallClock
    let inFlight = InFlight(limit: 512, ofAddress: 512)

    init(reads: AgentReads, version: String, clock: WallClock) {
        self.reads = reads
        self.version = version
        self.clock = clock
    }

    @Sendable func respond(to request: Request, context: APIContext) async throws -> Response {
        let request = IncomingRequest(request, context)
        return await answer(request).response(to: request)
    }

    @Sendable func answer(_ request: IncomingRequest) async -> OutgoingReply {
        let dialect = request.dialect
        guard let verb = request.verb else {
            return request.early(dialect.refusal(405, "api.method", "unsupported operation"))
        }
        guard let resource = request.resource else { return request.early(.errors(404)) }
        guard let place = inFlight.place(for: request.address) else {
            let reply = dialect.refusal(503, "api.busy", "the agent is about to end, or has too much to do")
            return OutgoingReply(reply, isClosing: true)
        }
        defer { withExtendedLifetime(place) {} }
        do {
            let head = request.head(verb, resource, isEnding: { [inFlight] in inFlight.isDraining })
            return try await answer(head, request)
        } catch {
            return request.early(Self.reply(to: UnexpectedFailure.wrapping(error), in: dialect))
        }
    }

    private func answer(_ head: APIRequest, _ request: IncomingRequest) async throws -> OutgoingReply {
        switch try AgentRoute(head, version: version, now: clock.now()) {
        case .answer(let reply): return request.early(reply)
        case .kept(let asked): return request.early(await reads.answer(asked))
        case .passed(let asked): return request.early(await reads.pass(asked))
        case .batch: return await answerBatch(head, request)
        }
    }

    private func answerBatch(_ head: APIRequest, _ request: IncomingRequest) async -> OutgoingReply {
        var whole = head
        do throws(BodyReader.Failure) {
            whole.body = try await request.body.read(upTo: Self.longestBody, within: Self.longestTime)
        } catch {
            return request.early(error.reply(in: head.dialect))
        }
        do {
            return OutgoingReply(await reads.answer(try AgentRoute.batch(whole)))
        } catch {
            return OutgoingReply(Self.reply(to: UnexpectedFailure.wrapping(error), in: head.dialect))
        }
    }

    private static func reply(to failure: any UserFacingFailure, in dialect: APIDialect) -> APIReply {
        if dialect == .native { return NativeFailure.reply(to: failure) }
        guard failure is ServiceFailure || failure is NameFailure else {
            return .errors(500, "internal error: \(failure.code)")
        }
        return .errors(400, failure.message)
    }
}
