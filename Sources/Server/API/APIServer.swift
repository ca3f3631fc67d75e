internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ResealCore
internal import ResealSealing
package import ResealVault

/// Answers programs and people over HTTP: the API of Vault's KV version 2, with tokens, in front of a ``SecretService``.
package struct APIServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// PEM files of certificate chain and private key; `nil` for plain HTTP.
        package var tls: (certificate: String, key: String)?
        /// Of one address; 0 for no limit.
        package var requestsPerSecond: Int
        /// Named in `sys/health`.
        package var version: String

        package init(
            host: String, port: Int, tls: (certificate: String, key: String)?, requestsPerSecond: Int, version: String
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.requestsPerSecond = requestsPerSecond
            self.version = version
        }
    }

    private static let drainTime = Duration.seconds(10)
    private let configuration: Configuration
    private let responder: APIResponder

    package init(_ configuration: Configuration, _ service: SecretService) {
        self.configuration = configuration
        responder = APIResponder(
            api: VaultAPI(service: service, version: configuration.version),
            failures: FailureGuard(requestsPerSecond: configuration.requestsPerSecond), clock: service.clock)
    }

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end. Throws
    /// ``ServerFailure`` where it cannot listen.
    ///
    /// - Parameter onListening: hears of the port, once it is bound.
    package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let quiet = Logger(label: "reseal.api") { _ in SwiftLogNoOpLogHandler() }
        let plain = HTTPServerBuilder { responder in
            VerbChannel(base: HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(60))))
        }
        let application = Application(
            responder: responder, server: try ServerTLS.wrap(plain, configuration.tls),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: quiet)
        // Not a child of this task, or it would be cut off together with it.
        let serving = Task { try await application.run() }
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

/// The address that a request came from.
struct APIContext: InitializableFromSource {
    let address: String

    init(source: ApplicationRequestContextSource) { address = source.channel.remoteAddress?.ipAddress ?? "local" }
}

/// Between HTTP and the API: limits, verbs, bodies.
struct APIResponder: HTTPResponder {
    private static let longestBody = 2 << 20
    private static let longestWait = Duration.seconds(30)
    private static let verbs: [HTTPRequest.Method: APIRequest.Verb] = [
        .get: .read, .post: .write, .put: .write, .patch: .patch, .delete: .delete,
    ]

    let api: VaultAPI
    let failures: FailureGuard
    let clock: WallClock
    let inFlight = InFlight(limit: 1024)

    init(api: VaultAPI, failures: FailureGuard, clock: WallClock) {
        self.api = api
        self.failures = failures
        self.clock = clock
    }

    @Sendable func respond(to request: Request, context: APIContext) async throws -> Response {
        guard inFlight.enter() else {
            return response(.errors(503, "the server is about to end, or has too much to do"), closing: true)
        }
        defer { inFlight.leave() }
        if let wait = failures.admit(context.address, at: clock.now()) {
            var reply = APIReply.errors(429, "too many requests")
            reply.headers["retry-after"] = "\(wait)"
            return response(reply)
        }
        do {
            return response(try await answer(request, context))
        } catch {
            return response(.errors(500, "internal error: \(UnexpectedFailure.wrapping(error).code)"))
        }
    }

    private func answer(_ request: Request, _ context: APIContext) async throws -> APIReply {
        guard let verb = verb(of: request) else { return .errors(405, "unsupported operation") }
        guard let path = Self.path(request.uri.path) else { return .errors(404) }
        let body: [UInt8]
        do {
            body = try await Self.read(request.body)
        } catch is TimeoutFailure {
            return .errors(408, "the body took too long")
        } catch {
            return .errors(413, "the body is too large")
        }
        var query: [String: String] = [:]
        for (key, value) in request.uri.queryParameters { query[String(key)] = String(value) }
        let headers = request.headers
        let api = APIRequest(
            verb: verb, path: path, query: query,
            header: { name in HTTPField.Name(name).flatMap { headers[$0] } }, body: body,
            caller: Caller(
                address: context.address, userAgent: String((headers[.userAgent] ?? "").prefix(200)),
                requestID: try Self.freshID()))
        let reply = await self.api.answer(api)
        if reply.isAuthenticationFailure { failures.noteFailure(context.address, at: clock.now()) }
        return reply.reply
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

    private struct TimeoutFailure: Error {}

    private static func read(_ body: RequestBody) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await body.collect(upTo: longestBody) }
            group.addTask {
                try await Task.sleep(for: longestWait)
                throw TimeoutFailure()
            }
            defer { group.cancelAll() }
            return try await group.next().map { Array($0.readableBytesView) } ?? []
        }
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

    private func response(_ reply: APIReply, closing: Bool = false) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if closing { headers[.connection] = "close" }
        guard let body = reply.body else { return Response(status: .init(code: reply.status), headers: headers) }
        headers[.contentType] = "application/json"
        let buffer = body.withUnsafeBytes { ByteBuffer(bytes: $0) }
        return Response(
            status: .init(code: reply.status), headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
}
