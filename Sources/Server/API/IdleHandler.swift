internal import NIOCore
internal import NIOHTTP1

/// Closes connections that ask for nothing, or go on with nothing that they have begun to ask.
final class IdleHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let time: TimeAmount
    /// When something was read, or an answer was complete.
    private var lastChange = NIODeadline.distantPast
    private var isReading = false
    private var answersToCome = 0
    private var timer: Scheduled<Void>?

    init(_ time: TimeAmount) { self.time = time }

    func handlerAdded(context: ChannelHandlerContext) {
        lastChange = context.eventLoop.now
        wait(until: lastChange + time, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastChange = context.eventLoop.now
        switch unwrapInboundIn(data) {
        case .head:
            isReading = true
            answersToCome += 1
        case .body: break
        case .end: isReading = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { noteAnswer(at: context.eventLoop.now) }
        context.write(data, promise: promise)
    }

    /// Somebody has answered a request otherwise than by what is written through here.
    func noteAnswer(at now: NIODeadline) {
        answersToCome -= 1
        lastChange = now
    }

    private func wait(until end: NIODeadline, _ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: end) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        // An answer may take as long as it needs, also where the next request is not all there yet.
        let end = answersToCome > (isReading ? 1 : 0) ? now + time : lastChange + time
        if end <= now {
            context.close(promise: nil)
        } else {
            wait(until: end, context)
        }
    }
}
