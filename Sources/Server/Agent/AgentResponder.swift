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
        let dialect = APIDialect(path: request.uri.path.dropFirst("/v1/".count))
        guard let verb = HTTPExchange.verb(of: request) else {
            return HTTPExchange.early(dialect.refusal(405, "api.method", "unsupported operation"), request)
        }
        guard let path = HTTPExchange.path(request.uri.path) else { return HTTPExchange.early(.errors(404), request) }
        guard let place = inFlight.place(for: context.address) else {
            let reply = dialect.refusal(503, "api.busy", "the agent is about to end, or has too much to do")
            return HTTPExchange.response(reply, closing: true)
        }
        defer { withExtendedLifetime(place) {} }
        do {
            let head = try HTTPExchange.head(
                request, verb, path, context, isEnding: { [inFlight] in inFlight.isDraining })
            return try await answer(head, request)
        } catch {
            return HTTPExchange.early(Self.reply(to: UnexpectedFailure.wrapping(error), in: dialect), request)
        }
    }

    private func answer(_ head: APIRequest, _ request: Request) async throws -> Response {
        switch try AgentRoute(head, version: version, now: clock.now()) {
        case .answer(let reply): return HTTPExchange.early(reply, request)
        case .kept(let asked): return HTTPExchange.early(await reads.answer(asked), request)
        case .passed(let asked): return HTTPExchange.early(await reads.pass(asked), request)
        case .batch: return await answerBatch(head, request)
        }
    }

    private func answerBatch(_ head: APIRequest, _ request: Request) async -> Response {
        var whole = head
        do throws(BodyReader.Failure) {
            whole.body = try await BodyReader.read(request.body, upTo: Self.longestBody, within: Self.longestTime)
        } catch {
            return HTTPExchange.early(error.reply(in: head.dialect), request)
        }
        do {
            return HTTPExchange.response(await reads.answer(try AgentRoute.batch(whole)))
        } catch {
            return HTTPExchange.response(Self.reply(to: UnexpectedFailure.wrapping(error), in: head.dialect))
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
