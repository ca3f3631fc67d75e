internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
package import ResealCore
internal import ResealSealing
package import ResealVault

/// Answers programs and people over HTTP: the API of Vault's KV version 2, with tokens, in front of a ``SecretService``.
package struct APIServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// `nil` for plain HTTP.
        package var tls: ServerCertificates?
        /// Of one address; 0 for no limit.
        package var requestsPerSecond: Int
        /// Named in `sys/health`.
        package var version: String
        /// Whose tokens are taken for a login.
        package var issuers: [TokenIssuer]
        /// How long a token lasts that is given for a client certificate.
        package var certificateTTL: TimeSpan

        package init(
            host: String, port: Int, tls: ServerCertificates?, requestsPerSecond: Int, version: String,
            issuers: [TokenIssuer], certificateTTL: TimeSpan
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.requestsPerSecond = requestsPerSecond
            self.version = version
            self.issuers = issuers
            self.certificateTTL = certificateTTL
        }
    }

    private let configuration: Configuration
    private let responder: APIResponder
    private let service: SecretService
    /// How often the answers are forgotten that nobody fetched in time.
    private static let forgetting = Duration.seconds(60)

    /// - Parameters:
    ///   - rotator: does the rotations that are asked for.
    ///   - onAnswer: hears the status of each answer, and how long it took to find it.
    package init(
        _ configuration: Configuration, _ service: SecretService, rotator: any SecretRotator,
        onAnswer: @escaping @Sendable (Int, Duration) -> Void
    ) {
        self.configuration = configuration
        self.service = service
        responder = APIResponder(
            api: VaultAPI(
                service: service,
                native: NativeRoutes(service: service, rotator: rotator, version: configuration.version),
                logins: LoginRoutes(
                    service, issuers: configuration.issuers, certificateTTL: configuration.certificateTTL)),
            failures: FailureGuard(requestsPerSecond: configuration.requestsPerSecond), clock: service.clock,
            onAnswer: onAnswer)
    }

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end. Throws
    /// ``ServerFailure`` where it cannot listen.
    ///
    /// - Parameter onListening: hears of the port, once it is bound.
    package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let quiet = Logger(label: "reseal.api") { _ in SwiftLogNoOpLogHandler() }
        let channel = APIChannel(
            connections: ConnectionLimit.gate(), clock: service.clock, limits: .init(),
            answer: responder.answer(_:on:deliver:))
        let server = try ServerTLS.wrap(channel.builder(), configuration.tls)
        let place = ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), serverName: nil)
        let forgetting = Task { [service] in
            while !Task.isCancelled {
                // Where the vault cannot be written now, the next round does it.
                try? await service.forgetExpiredWrappings()
                try? await Task.sleep(for: Self.forgetting)
            }
        }
        defer { forgetting.cancel() }
        do {
            try await Listening.run { [responder] noteListening in
                try await DrainedServer.run(responder.inFlight) { tell in
                    let application = Application(
                        responder: responder, server: server, configuration: place,
                        onServerRunning: { channel in
                            tell(channel)
                            noteListening()
                            onListening(channel.localAddress?.port ?? 0)
                        }, logger: quiet)
                    try await application.run()
                }
            }
        } catch {
            guard !Task.isCancelled else { return }
            throw ServerFailure(
                "cannot listen at \(configuration.host):\(configuration.port)",
                hint: "another program may use the port; choose another one")
        }
    }
}

/// Where a request came from.
struct APIContext: InitializableFromSource {
    let address: String
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        address = channel.clientAddress
    }
}

/// Between HTTP and the API: limits, verbs, bodies. No body is read for somebody without a valid token, but for a short one
/// where it is the body that proves something.
final class APIResponder: HTTPResponder {
    /// What is read of a body, and how long it may take.
    private struct BodyLimit {
        let bytes: Int
        let time: Duration

        static let session = BodyLimit(bytes: 2 << 20, time: .seconds(30))
        /// Of somebody who proves himself by it, and may be anyone until then.
        static let proof = BodyLimit(bytes: 64 << 10, time: .seconds(5))
    }

    let api: VaultAPI
    let failures: FailureGuard
    let clock: WallClock
    private let onAnswer: @Sendable (Int, Duration) -> Void
    let inFlight = InFlight(limit: 1024, ofAddress: 128)

    init(
        api: VaultAPI, failures: FailureGuard, clock: WallClock, onAnswer: @escaping @Sendable (Int, Duration) -> Void
    ) {
        self.api = api
        self.failures = failures
        self.clock = clock
        self.onAnswer = onAnswer
    }

    @Sendable func respond(to request: Request, context: APIContext) async throws -> Response {
        let begin = NIODeadline.now()
        let request = IncomingRequest(request, context)
        let outgoing =
            switch admit(request) {
            case .answered(let reply): reply
            case .admitted(let head, let place): await answer(head, request, place)
            }
        note(outgoing, since: begin)
        return outgoing.response(to: request)
    }

    /// Calls `deliver` on the loop of `executor`, at once or later.
    @Sendable func answer(
        _ request: IncomingRequest, on executor: LoopExecutor, deliver send: @escaping @Sendable (OutgoingReply) -> Void
    ) {
        let begin = NIODeadline.now()
        @Sendable func deliver(_ outgoing: OutgoingReply) {
            note(outgoing, since: begin)
            send(outgoing)
        }
        switch admit(request) {
        case .answered(let reply): deliver(reply)
        case .admitted(var head, let place):
            head.body = request.body.whole ?? []
            let whole = head
            @Sendable func goTheLongWay() {
                Task.immediate(executorPreference: executor) { deliver(await answer(whole, request, place)) }
            }
            let isRecalled = api.recall(whole, on: executor) { reply in
                guard let reply else { return goTheLongWay() }
                deliver(OutgoingReply(reply, keeping: place))
            }
            if !isRecalled { goTheLongWay() }
        }
    }

    private func note(_ outgoing: OutgoingReply, since begin: NIODeadline) {
        onAnswer(outgoing.reply.status, .nanoseconds((NIODeadline.now() - begin).nanoseconds))
    }

    private enum Admission {
        case answered(OutgoingReply)
        case admitted(APIRequest, InFlight.Place)
    }

    private func admit(_ request: IncomingRequest) -> Admission {
        if let wait = failures.admit(request.address, at: clock.now()) {
            return .answered(request.early(Self.tooMany(wait, request.dialect)))
        }
        guard let verb = request.verb else {
            return .answered(request.early(request.dialect.refusal(405, "api.method", "unsupported operation")))
        }
        guard let resource = request.resource else { return .answered(request.early(.errors(404))) }
        let head = request.head(verb, resource, isEnding: { [inFlight] in inFlight.isDraining })
        // Whoever watches the server learns how it is while others keep it busy.
        if !inFlight.isDraining, let open = api.open(head) { return .answered(request.early(open)) }
        guard let place = inFlight.place(for: request.address) else {
            let reply = request.dialect.refusal(503, "api.busy", "the server is about to end, or has too much to do")
            return .answered(OutgoingReply(reply, isClosing: true))
        }
        return .admitted(head, place)
    }

    private func answer(
        _ head: APIRequest, _ request: IncomingRequest, _ place: InFlight.Place
    ) async -> OutgoingReply {
        let (address, dialect) = (place.address, head.dialect)
        let lock = failures.lock(of: address, at: clock.now())
        switch await api.enter(head, isLocked: lock != nil) {
        case .refused(let reply): return request.early(reply)
        case .stranger(let reply):
            if let lock { return request.early(Self.tooMany(lock, dialect)) }
            failures.noteFailure(address, at: clock.now())
            return request.early(reply)
        case .anyone:
            if let lock { return request.early(Self.tooMany(lock, dialect)) }
            return await withBody(head, request, .proof, place) { whole in
                let (reply, isProven) = await api.answerAnyone(whole)
                if !isProven { failures.noteFailure(address, at: clock.now()) }
                return reply
            }
        case .session(let session):
            return await withBody(head, request, .session, place) { await api.answer($0, session) }
        }
    }

    private func withBody(
        _ head: APIRequest, _ request: IncomingRequest, _ limit: BodyLimit, _ place: InFlight.Place,
        _ answer: (APIRequest) async -> APIReply
    ) async -> OutgoingReply {
        var whole = head
        do throws(BodyReader.Failure) {
            whole.body = try await request.body.read(upTo: limit.bytes, within: limit.time)
        } catch {
            return request.early(error.reply(in: head.dialect))
        }
        return OutgoingReply(await answer(whole), keeping: place)
    }

    private static func tooMany(_ wait: Int64, _ dialect: APIDialect) -> APIReply {
        var reply = dialect.refusal(429, "api.too-many", "too many requests")
        reply.headers["retry-after"] = "\(wait)"
        return reply
    }
}
