internal import NIOCore
internal import NIOHTTP1

/// Answers requests that come whole, in one reading of the socket, on the thread that read them. All others, whose bodies
/// are large, slow or of unknown length, it leaves to the library behind it, which reads them as streams.
///
/// Nearly every request comes whole, and streams would take half of its time.
final class WholeRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart
    /// Calls back on the loop, at once or later.
    typealias Answer =
        @Sendable (IncomingRequest, LoopExecutor, _ deliver: @escaping @Sendable (OutgoingReply) -> Void) -> Void

    private typealias Bound = NIOLoopBound<(handler: WholeRequestHandler, context: ChannelHandlerContext)>

    private enum State {
        case idle
        /// The rest may come in the same reading.
        case gathering(HTTPRequestHead, ByteBuffer)
        /// What comes meanwhile is held.
        case answering
        /// So many answers are still to come from the library.
        case passing(Int)
        /// What was asked behind the last answer is not done.
        case closed
    }

    private enum Held {
        case part(NIOAny)
        case event(Any)
        case failure(any Error)
    }

    private static let longestBody = 64 << 10
    private let answer: Answer
    private let date: HTTPDate
    private let idle: IdleHandler
    /// Takes bytes, where those of the library's answers leave its encoder.
    private let wire: ChannelHandlerContext
    private let executor: LoopExecutor
    private let address: String
    private var state = State.idle
    private var held = CircularBuffer<Held>()
    private var hasDeferredRead = false
    /// Whether the library has heard of anything in this reading of the socket.
    private var hasPassed = false
    private var isResuming = false

    init(
        _ channel: any Channel, idle: IdleHandler, wire: ChannelHandlerContext, _ date: HTTPDate,
        answer: @escaping Answer
    ) {
        self.idle = idle
        self.wire = wire
        self.answer = answer
        self.date = date
        executor = LoopExecutor.of(channel.eventLoop)
        address = channel.clientAddress
    }

    private var isAnswering: Bool { if case .answering = state { true } else { false } }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.answering, _): held.append(.part(data))
        case (.closed, _): break
        case (.idle, .head(let head)) where Self.mayComeWhole(head): state = .gathering(head, ByteBuffer())
        case (.gathering(let head, var body), .body(var part)):
            body.writeBuffer(&part)
            state = .gathering(head, body)
        case (.gathering(let head, let body), .end(nil)): begin(head, body, context)
        case (_, let part):
            pass(context)
            if case .head = part { note(1) }
            hasPassed = true
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pass(context)
        guard hasPassed else { return }
        hasPassed = false
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard !isAnswering else { return held.append(.event(event)) }
        pass(context)
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isAnswering else { return held.append(.failure(error)) }
        pass(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }

    /// Whoever sends more while he waits for an answer is not read any more until he has got it.
    func read(context: ChannelHandlerContext) {
        if isAnswering, !held.isEmpty {
            hasDeferredRead = true
        } else {
            context.read()
        }
    }

    /// Not what closes the connection or asks for something before the body, and no HTTP/1.0.
    private static func mayComeWhole(_ head: HTTPRequestHead) -> Bool {
        guard head.version == .http1_1, head.uri.utf8.first == UInt8(ascii: "/"), head.method != .HEAD,
            !head.uri.utf8.contains(UInt8(ascii: "#"))
        else { return false }
        var length = 0
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 10 where name.lowercased() == "connection" && value.lowercased() != "keep-alive": return false
            case 6 where name.lowercased() == "expect": return false
            case 7 where name.lowercased() == "upgrade": return false
            case 17 where name.lowercased() == "transfer-encoding": return false
            case 14 where name.lowercased() == "content-length":
                guard let count = Int(value) else { return false }
                length = count
            default: break
            }
        }
        return length <= longestBody
    }

    // MARK: What the library answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { note(-1) }
        context.write(data, promise: promise)
    }

    private func pass(_ context: ChannelHandlerContext) {
        guard case .gathering(let head, let body) = state else { return }
        state = .idle
        note(1)
        hasPassed = true
        context.fireChannelRead(wrapInboundOut(.head(head)))
        if body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(body))) }
    }

    private func note(_ change: Int) {
        if case .closed = state { return }
        var count = change
        if case .passing(let before) = state { count += before }
        state = count > 0 ? .passing(count) : .idle
    }

    // MARK: What is answered here

    private func begin(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        state = .answering
        let request = IncomingRequest(
            head, body: Array(body.readableBytesView), channel: context.channel, address: address)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        answer(request, executor) { outgoing in bound.value.handler.send(outgoing, bound) }
    }

    private func send(_ outgoing: OutgoingReply, _ bound: Bound) {
        guard let next = outgoing.reply.parts else { return end(outgoing, bound.value.context) }
        Task.immediate(executorPreference: executor) {
            do {
                try await bound.value.handler.start(outgoing, bound.value.context).get()
                while let part = await next() {
                    try await bound.value.handler.send(part, bound.value.context).get()
                }
            } catch { /* Nobody is there any more, which the channel finds out by itself. */  }
            bound.value.handler.end(outgoing, bound.value.context)
        }
    }

    private func start(_ outgoing: OutgoingReply, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(wrapOutboundOut(.head(outgoing.head(date: date.text()))))
    }

    private func send(_ part: [UInt8], _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: part)))))
    }

    /// Sends the answer, or its end. Nothing else is done before the other end has taken it, so that whoever asks and does
    /// not read fills no memory, and nobody closes the connection on an answer that is on its way. For how long that may be
    /// so is for ``IdleHandler`` to say.
    private func end(_ outgoing: OutgoingReply, _ context: ChannelHandlerContext) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.finish(outgoing, context) }
        if outgoing.reply.parts != nil {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
        } else {
            idle.noteAnswer(at: context.eventLoop.now)
            wire.writeAndFlush(NIOAny(outgoing.message(date: date.text())), promise: sent)
        }
    }

    private func finish(_ outgoing: OutgoingReply, _ context: ChannelHandlerContext) {
        outgoing.place?.giveBack()
        guard isAnswering else { return }
        guard !outgoing.isClosing else {
            close()
            return context.close(promise: nil)
        }
        state = .idle
        resume(context)
    }

    private func close() {
        state = .closed
        held.removeAll()
    }

    /// Goes on with what came meanwhile.
    private func resume(_ context: ChannelHandlerContext) {
        // What is answered at once, while this goes on, must not pile up on the stack.
        guard !held.isEmpty, !isResuming else { return }
        isResuming = true
        defer { isResuming = false }
        while !isAnswering, let next = held.popFirst() {
            switch next {
            case .part(let data): channelRead(context: context, data: data)
            case .event(let event): userInboundEventTriggered(context: context, event: event)
            case .failure(let error): errorCaught(context: context, error: error)
            }
        }
        channelReadComplete(context: context)
        if hasDeferredRead, held.isEmpty {
            hasDeferredRead = false
            context.read()
        }
    }
}
