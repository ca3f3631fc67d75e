internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import ResealCore

/// How the requests of one server are taken off the wire.
struct APIChannel: Sendable {
    private static let idleTime = TimeAmount.seconds(60)

    let connections: InFlight
    let clock: WallClock
    let limits: HTTP1Channel.Configuration.DecoderConfiguration
    /// Answers what came whole. Everything else is answered by the responder of the library.
    let answer: WholeRequestHandler.Answer

    func builder() -> HTTPServerBuilder {
        let date = HTTPDate(clock)
        return HTTPServerBuilder { responder in
            // Idle connections are closed by those who see all requests.
            let base = HTTP1Channel(
                responder: responder, configuration: .init(idleTimeout: nil, httpDecoderConfiguration: limits))
            let whole = WholeRequestChannel(base: base) { channel, wire in
                let idle = IdleHandler(Self.idleTime)
                return [idle, WholeRequestHandler(channel, idle: idle, wire: wire, date, answer: answer)]
            }
            return GatedChannel(base: VerbChannel(base: whole), connections: connections)
        }
    }
}

/// Puts handlers between the parser of requests and what a library does with them.
private struct WholeRequestChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value
    let base: Base
    /// - Parameter wire: of the encoder of answers.
    let handlers: @Sendable (any Channel, _ wire: ChannelHandlerContext) -> [any ChannelHandler]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { [handlers] value in
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let wire = try pipeline.context(handlerType: HTTPResponseEncoder.self)
            try pipeline.addHandlers(handlers(channel, wire), position: .after(parser))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
