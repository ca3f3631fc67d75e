internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
package import ResealCore
internal import ResealSealing

/// The part of a running controller that answers over HTTP: health, metrics, push webhooks, and for CI the plans of
/// commits. It holds no secret of the vault and can change nothing but when a source is looked at next.
package struct ControllerServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// PEM files of certificate chain and private key; `nil` for plain HTTP.
        package var tls: (certificate: String, key: String)?
        /// By the name of the source.
        package var webhooks: [String: Webhook]

        package init(
            host: String, port: Int, tls: (certificate: String, key: String)? = nil, webhooks: [String: Webhook] = [:]
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.webhooks = webhooks
        }
    }

    /// What the answers are made of.
    package struct Answers: Sendable {
        /// The state of the sources as JSON, and whether all are ready.
        package var readiness: @Sendable () -> (isReady: Bool, document: JSON)
        /// Text in the format of Prometheus.
        package var metrics: @Sendable () -> String
        /// Has a source looked at now; false for an unknown name.
        package var trigger: @Sendable (String) -> Bool
        /// `nil` where no source has a token for it.
        package var sources: SourceService?

        package init(
            readiness: @escaping @Sendable () -> (isReady: Bool, document: JSON),
            metrics: @escaping @Sendable () -> String, trigger: @escaping @Sendable (String) -> Bool,
            sources: SourceService? = nil
        ) {
            self.sources = sources
            self.readiness = readiness
            self.metrics = metrics
            self.trigger = trigger
        }
    }

    /// GitHub sends up to 25 MiB.
    private static let longestBody = 25 << 20
    private let configuration: Configuration
    private let answers: Answers
    private let seen = SeenDeliveries()
    /// Each takes as much memory as its body.
    private let deliveries = InFlight(limit: 8, ofAddress: 4)

    package init(_ configuration: Configuration, _ answers: Answers) {
        self.configuration = configuration
        self.answers = answers
    }

    /// Serves until the task is cancelled. Throws ``ServerFailure`` where it cannot listen.
    ///
    /// - Parameter onListening: hears of the port, once it is bound.
    package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let quiet = Logger(label: "reseal.http") { _ in SwiftLogNoOpLogHandler() }
        let connections = ConnectionLimit.gate()
        let plain = HTTPServerBuilder { responder in
            let channel = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(60)))
            return GatedChannel(base: channel, connections: connections)
        }
        let server = try ServerTLS.wrap(
            plain, configuration.tls.map { ServerCertificates(certificate: $0.certificate, key: $0.key) })
        let place = ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), serverName: nil)
        do {
            try await Listening.run { noteListening in
                let application = Application(
                    router: router(), server: server, configuration: place,
                    onServerRunning: { channel in
                        noteListening()
                        onListening(channel.localAddress?.port ?? 0)
                    }, logger: quiet)
                try await application.run()
            }
        } catch is CancellationError {
            return
        } catch {
            guard !Task.isCancelled else { return }
            throw ServerFailure(
                "cannot listen at \(configuration.host):\(configuration.port)",
                hint: "another program may use the port; choose another one")
        }
    }

    // MARK: Routes

    private func router() -> Router<ControllerContext> {
        let router = Router(context: ControllerContext.self)
        router.get("healthz") { _, _ in Response(status: .ok, text: "ok\n") }
        router.get("readyz") { _, _ in
            let (isReady, document) = answers.readiness()
            return Response(status: isReady ? .ok : .serviceUnavailable, json: document)
        }
        router.get("metrics") { _, _ in
            Response(status: .ok, text: answers.metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.post("hooks/{source}") { request, context in
            await receive(request, source: context.parameters.get("source") ?? "", from: context.address)
        }
        answers.sources?.addRoutes(to: router)
        return router
    }

    /// Answers alike, and as late, whether the source is unknown, has no webhook, or the signature is wrong.
    private func receive(_ request: Request, source: String, from address: String) async -> Response {
        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
        guard !configuration.webhooks.isEmpty, Webhook.isSigned(header) else { return .refused }
        guard deliveries.enter(address) else {
            return Response(status: .serviceUnavailable, text: "too many deliveries at once\n")
        }
        defer { deliveries.leave(address) }
        let bytes: [UInt8]
        do throws(BodyReader.Failure) {
            bytes = try await BodyReader.read(request.body, upTo: Self.longestBody)
        } catch {
            switch error {
            case .tooSlow: return Response(status: .requestTimeout, text: "the body took too long\n")
            case .tooLarge: return Response(status: .contentTooLarge, text: "the body is too large\n")
            }
        }
        guard let webhook = configuration.webhooks[source] else { return .refused }
        switch webhook.judge(body: bytes, header: header) {
        case .refused: return .refused
        case .ignored: return Response(status: .ok, text: "ignored\n")
        case .accepted: break
        }
        let delivery = Digest256(hashing: Array(source.utf8) + [0] + bytes)
        guard seen.isNew(delivery) else { return Response(status: .conflict, text: "delivered before\n") }
        guard answers.trigger(source) else { return .refused }
        return Response(status: .accepted, text: "accepted\n")
    }
}

/// A request with the address that it came from.
struct ControllerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let address: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.clientAddress
    }
}

/// The controller cannot answer over HTTP.
package struct ServerFailure: UserFacingFailure {
    package let message: String
    package let hint: String?
    package var code: String { "server.listen" }

    init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }
}

extension Response {
    fileprivate init(status: HTTPResponse.Status, text: String, type: String = "text/plain; charset=utf-8") {
        self.init(
            status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    fileprivate init(status: HTTPResponse.Status, json: JSON) {
        self.init(status: status, text: json.canonical + "\n", type: "application/json")
    }

    fileprivate static var refused: Response { Response(status: .forbidden, text: "refused\n") }
}
