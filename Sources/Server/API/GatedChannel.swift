internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// Limits connections, in all and of each address. One too many is closed as soon as it is there. What is done for one is
/// done on the thread of its own event loop, which would be woken for every read and write otherwise.
struct GatedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = TakenConnection<Base>
    let base: Base
    let connections: InFlight

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture { [connections] in
            try channel.pipeline.syncOperations.addHandler(GateHandler(connections))
        }.flatMap { [base] in
            base.setup(channel: channel, logger: logger).map { TakenConnection(base, $0, logger) }
        }
    }

    func handle(value: Value, logger: Logger) async { await value.handle() }
}

/// A connection that was accepted.
///
/// A server that ends may never come to handle its last ones. NIO ends the process where what stands for such a channel is
/// dropped, so it is closed first, and handled to that end.
final class TakenConnection<Base: ServerChildChannel>: ServerChildChannelValue {
    private let base: Base
    private let value: Base.Value
    private let logger: Logger
    private let isHandled = Atomic(false)

    fileprivate init(_ base: Base, _ value: Base.Value, _ logger: Logger) {
        self.base = base
        self.value = value
        self.logger = logger
    }

    deinit {
        guard !isHandled.load(ordering: .acquiring) else { return }
        value.channel.close(promise: nil)
        Task { [base, value, logger] in await base.handle(value: value, logger: logger) }
    }

    var channel: any Channel { value.channel }

    /// Ends early when the task is cancelled. The library then shuts down one half of the connection, which NIO does not take
    /// of one that is not active yet: such a one is closed.
    fileprivate func handle() async {
        isHandled.store(true, ordering: .releasing)
        let channel = value.channel
        let work = Task(executorPreference: LoopExecutor.of(channel.eventLoop)) { [base, value, logger] in
            await base.handle(value: value, logger: logger)
        }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            channel.eventLoop.execute {
                if channel.isActive { work.cancel() } else { channel.close(promise: nil) }
            }
        }
    }
}

/// How many connections a server takes.
enum ConnectionLimit {
    private static let largest = 4096
    private static let ofAddress = 256

    /// No more than half of the files that the process may open, so that the vault can always open its own.
    static func gate() -> InFlight {
        var files = rlimit(rlim_cur: 0, rlim_max: 0)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        let limit = min(largest, max(64, Int(clamping: files.rlim_cur) / 2))
        return InFlight(limit: limit, ofAddress: min(ofAddress, limit / 2))
    }
}

private final class GateHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connections: InFlight
    /// Set while it is counted.
    private var address: String?

    init(_ connections: InFlight) { self.connections = connections }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.channel.clientAddress
        let isIn = connections.enter(address)
        if isIn { self.address = address }
        context.fireChannelActive()
        if !isIn { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let address { connections.leave(address) }
        address = nil
        context.fireChannelInactive()
    }
}

extension Channel {
    /// Where the other end is.
    var clientAddress: String { remoteAddress?.ipAddress ?? "local" }
}
