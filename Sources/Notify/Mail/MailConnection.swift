internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ResealCore

/// An answer of a mail server: its code and its lines (RFC 5321, section 4.2).
struct MailReply: Sendable {
    let code: Int
    let lines: [String]

    var isGood: Bool { (200...399).contains(code) }
}

/// One connection to a mail server. What the server says is cut into replies and limited.
struct MailConnection: Sendable {
    private let channel: any Channel
    private let replies: AsyncThrowingStream<MailReply, any Error>

    /// - Parameter tls: for a server that speaks TLS from the first byte.
    static func open(
        host: String, port: Int, tls: NIOSSLContext?, connectTimeout: TimeSpan
    ) async throws -> MailConnection {
        let (replies, continuation) = AsyncThrowingStream<MailReply, any Error>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(max(1, connectTimeout.seconds)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(Self.handler(tls, host))
                    }
                    try channel.pipeline.syncOperations.addHandler(MailReplyReader(continuation))
                }
            }
            .connect(host: host, port: port).get()
        return MailConnection(channel: channel, replies: replies)
    }

    /// Addresses have no name to send.
    private static func handler(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    func reply() async throws -> MailReply {
        var iterator = replies.makeAsyncIterator()
        guard let reply = try await iterator.next() else { throw ChannelError.eof }
        return reply
    }

    /// What becomes of it shows in the reply, also why a connection ended.
    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Goes on in TLS. What the server, or somebody between, has said in plain text beyond its replies is refused.
    ///
    /// - Parameter count: of the replies that there should have been.
    func startTLS(_ context: NIOSSLContext, host: String, after count: Int) async throws {
        try await channel.eventLoop.submit { [channel] in
            let operations = channel.pipeline.syncOperations
            guard try operations.handler(type: MailReplyReader.self).hasNoMore(than: count) else {
                throw NotifyFailure(
                    .mailTLS, "the mail server at \(host) says more in plain text than it may",
                    hint: "somebody between may be adding to the connection")
            }
            try operations.addHandler(try Self.handler(context, host), position: .first)
        }.get()
    }

    func close() async { try? await channel.close().get() }
}

/// Cuts what comes into replies.
private final class MailReplyReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// RFC 5321 asks for 512 bytes a line; real servers list many extensions.
    private static let limit = 64 << 10
    private let continuation: AsyncThrowingStream<MailReply, any Error>.Continuation
    private var pending = ByteBuffer()
    private var lines: [String] = []

    init(_ continuation: AsyncThrowingStream<MailReply, any Error>.Continuation) { self.continuation = continuation }

    private var count = 0

    func hasNoMore(than replies: Int) -> Bool {
        count == replies && lines.isEmpty && pending.readableBytes == 0
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        pending.writeBuffer(&part)
        while let end = pending.readableBytesView.firstIndex(of: 0x0a) {
            let count = end - pending.readerIndex + 1
            guard let bytes = pending.readBytes(length: count) else { break }
            take(String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }, context)
        }
        pending.discardReadBytes()
        if pending.readableBytes > Self.limit || lines.count > 200 { fail(context) }
    }

    private func take(_ line: String, _ context: ChannelHandlerContext) {
        guard let code = Int(line.prefix(3)), (200...599).contains(code) else { return fail(context) }
        lines.append(String(line.dropFirst(4)))
        guard !line.dropFirst(3).hasPrefix("-") else { return }
        count += 1
        continuation.yield(MailReply(code: code, lines: lines))
        lines = []
    }

    private func fail(_ context: ChannelHandlerContext) {
        continuation.finish(throwing: ChannelError.eof)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
}
