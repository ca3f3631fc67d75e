internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// Lets the verbs LIST and SCAN through, which clients of Vault send and no parser of HTTP knows.
///
/// They become LINK and BIND, which are of the same length and mean nothing else here, so that nothing of the message moves.
struct VerbChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value
    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(VerbHandler())
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Looks at the first bytes behind each response: there the next request begins.
private final class VerbHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let verbs: [(from: [UInt8], to: [UInt8])] = [
        (Array("LIST /v1/".utf8), Array("LINK".utf8)), (Array("SCAN /v1/".utf8), Array("BIND".utf8)),
    ]
    private var isAtStart = true
    private var held: ByteBuffer?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard isAtStart else { return context.fireChannelRead(wrapInboundOut(buffer)) }
        if var start = held {
            start.writeBuffer(&buffer)
            buffer = start
            held = nil
        }
        let bytes = buffer.readableBytesView
        for verb in Self.verbs {
            // The beginning of a beginning: the rest is on its way.
            if bytes.count < verb.from.count, verb.from.starts(with: bytes) {
                held = buffer
                return
            }
            if bytes.starts(with: verb.from) { buffer.setBytes(verb.to, at: buffer.readerIndex) }
        }
        isAtStart = false
        context.fireChannelRead(wrapInboundOut(buffer))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        isAtStart = true
        context.write(data, promise: promise)
    }
}
