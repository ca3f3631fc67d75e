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

    private static let drainTime = Duration.seconds(10)
    private let configuration: Configuration
    private let responder: APIResponder
    private let service: SecretService
    /// How often the answers are forgotten that nobody fetched in time.
    private static let forgetting = Duration.seconds(60)

    package init(_ configuration: Configuration, _ service: SecretService) {
        self.configuration = configuration
        self.service = service
        responder = APIResponder(
            api: VaultAPI(
                service: service, native: NativeRoutes(service: service, version: configuration.version),
                logins: LoginRoutes(
                    service, issuers: configuration.issuers, certificateTTL: configuration.certificateTTL)),
            failures: FailureGuard(requestsPerSecond: configuration.requestsPerSecond), clock: service.clock)
    }

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end. Throws
    /// ``ServerFailure`` where it cannot listen.
    ///
    /// - Parameter onListening: hears of the port, once it is bound.
    package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let quiet = Logger(label: "reseal.api") { _ in SwiftLogNoOpLogHandler() }
        let connections = ConnectionLimit.gate()
        let plain = HTTPServerBuilder { responder in
            let channel = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(60)))
            return GatedChannel(base: VerbChannel(base: channel), connections: connections)
        }
        let application = Application(
            responder: responder, server: try ServerTLS.wrap(plain, configuration.tls),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: quiet)
        // Not a child of this task, or it would be cut off together with it.
        let serving = Task { try await application.run() }
        let forgetting = Task { [service] in
            while !Task.isCancelled {
                // Where the vault cannot be written now, the next round does it.
                try? await service.forgetExpiredWrappings()
                try? await Task.sleep(for: Self.forgetting)
            }
        }
        defer { forgetting.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await serving.value
            } onCancel: {
                Task {
                    await responder.inFlight.drain(upTo: Self.drainTime)
                    serving.cancel()
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
struct APIResponder: HTTPResponder {
    /// What is read of a body, and how long it may take.
    private struct BodyLimit {
        let bytes: Int
        let time: Duration

        static let session = BodyLimit(bytes: 2 << 20, time: .seconds(30))
        /// Of somebody who proves himself by it, and may be anyone until then.
        static let proof = BodyLimit(bytes: 64 << 10, time: .seconds(5))
    }
    private static let verbs: [HTTPRequest.Method: APIRequest.Verb] = [
        .get: .read, .post: .write, .put: .write, .patch: .patch, .delete: .delete,
    ]

    let api: VaultAPI
    let failures: FailureGuard
    let clock: WallClock
    let inFlight = InFlight(limit: 1024, ofAddress: 128)

    init(api: VaultAPI, failures: FailureGuard, clock: WallClock) {
        self.api = api
        self.failures = failures
        self.clock = clock
    }

    @Sendable func respond(to request: Request, context: APIContext) async throws -> Response {
        let dialect = APIDialect(path: request.uri.path.dropFirst("/v1/".count))
        if let wait = failures.admit(context.address, at: clock.now()) {
            return early(Self.tooMany(wait, dialect), request)
        }
        do {
            guard let verb = verb(of: request) else {
                return early(dialect.refusal(405, "api.method", "unsupported operation"), request)
            }
            guard let path = Self.path(request.uri.path) else { return early(.errors(404), request) }
            let head = try self.head(request, verb, path, context)
            // Whoever watches the server learns how it is while others keep it busy.
            if !inFlight.isDraining, let open = api.open(head) { return early(open, request) }
            guard let place = inFlight.place(for: context.address) else {
                let reply = dialect.refusal(503, "api.busy", "the server is about to end, or has too much to do")
                return response(reply, closing: true)
            }
            return await answer(head, request, place)
        } catch {
            let code = UnexpectedFailure.wrapping(error).code
            return early(dialect.refusal(500, code, "internal error: \(code)"), request)
        }
    }

    private func answer(_ head: APIRequest, _ request: Request, _ place: InFlight.Place) async -> Response {
        let (address, dialect) = (place.address, head.dialect)
        let lock = failures.lock(of: address, at: clock.now())
        switch await api.enter(head, isLocked: lock != nil) {
        case .refused(let reply): return early(reply, request)
        case .stranger(let reply):
            if let lock { return early(Self.tooMany(lock, dialect), request) }
            failures.noteFailure(address, at: clock.now())
            return early(reply, request)
        case .anyone:
            if let lock { return early(Self.tooMany(lock, dialect), request) }
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
        _ head: APIRequest, _ request: Request, _ limit: BodyLimit, _ place: InFlight.Place,
        _ answer: (APIRequest) async -> APIReply
    ) async -> Response {
        var whole = head
        do throws(BodyReader.Failure) {
            whole.body = try await BodyReader.read(request.body, upTo: limit.bytes, within: limit.time)
        } catch {
            switch error {
            case .tooSlow: return early(head.dialect.refusal(408, "api.body-late", "the body took too long"), request)
            case .tooLarge: return early(head.dialect.refusal(413, "api.body-size", "the body is too large"), request)
            }
        }
        return response(await answer(whole), keeping: place)
    }

    /// A request without its body.
    private func head(
        _ request: Request, _ verb: APIRequest.Verb, _ path: String, _ context: APIContext
    ) throws -> APIRequest {
        var query: [String: String] = [:]
        for (key, value) in request.uri.queryParameters { query[String(key)] = String(value) }
        let headers = request.headers
        return APIRequest(
            verb: verb, method: request.method.rawValue, path: path, query: query,
            header: { name in HTTPField.Name(name).flatMap { headers[$0] } }, body: [],
            caller: Caller(
                address: context.address, userAgent: String((headers[.userAgent] ?? "").prefix(200)),
                requestID: try Self.freshID()), isEnding: { [inFlight] in inFlight.isDraining },
            clientCertificate: { await context.channel.clientCertificate() })
    }

    private static func tooMany(_ wait: Int64, _ dialect: APIDialect) -> APIReply {
        var reply = dialect.refusal(429, "api.too-many", "too many requests")
        reply.headers["retry-after"] = "\(wait)"
        return reply
    }

    /// The response to a request whose body nobody reads: where there is one, it must not be taken for another request.
    private func early(_ reply: APIReply, _ request: Request) -> Response {
        let length = request.headers[.contentLength]
        let hasBody = request.headers[.transferEncoding] != nil || length != nil && length != "0"
        return response(reply, closing: hasBody)
    }

    private func verb(of request: Request) -> APIRequest.Verb? {
        switch request.method.rawValue {
        case "LINK": return .list
        case "BIND": return .scan
        default: break
        }
        if request.method == .get {
            if request.uri.queryParameters.get("list") == "true" { return .list }
            if request.uri.queryParameters.get("scan") == "true" { return .scan }
        }
        return Self.verbs[request.method]
    }

    /// What stands below `/v1/`; `nil` for anything else.
    private static func path(_ text: String) -> String? {
        guard text.hasPrefix("/v1/"), let decoded = String(text.dropFirst(4)).removingPercentEncoding else {
            return nil
        }
        return decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
    }

    /// A random UUID (RFC 9562, version 4).
    private static func freshID() throws -> String {
        var bytes = try SystemRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        var text = Hex.encode(bytes)
        for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
        return text
    }

    /// - Parameter place: kept until the end of a body that comes in parts.
    private func response(
        _ reply: APIReply, closing: Bool = false, keeping place: InFlight.Place? = nil
    ) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if reply.body != nil { headers[.contentType] = "application/json" }
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if closing { headers[.connection] = "close" }
        let status = HTTPResponse.Status(code: reply.status)
        if let next = reply.parts {
            let body = ResponseBody { writer in
                defer { withExtendedLifetime(place) {} }
                while let part = await next() { try await writer.write(ByteBuffer(bytes: part)) }
                try await writer.finish(nil)
            }
            return Response(status: status, headers: headers, body: body)
        }
        guard let body = reply.body else { return Response(status: status, headers: headers) }
        let buffer = body.withUnsafeBytes { ByteBuffer(bytes: $0) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
}
