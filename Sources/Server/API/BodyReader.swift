internal import HummingbirdCore
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Reads bodies of requests, of which nothing but their senders decides how long they take.
enum BodyReader {
    enum Failure: Error { case tooLarge, tooSlow }

    static func read(
        _ body: RequestBody, upTo limit: Int, within time: Duration = .seconds(30)
    ) async throws(Failure) -> [UInt8] {
        do {
            return try await collect(body, limit, time)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .tooLarge
        }
    }

    private static func collect(_ body: RequestBody, _ limit: Int, _ time: Duration) async throws -> [UInt8] {
        // That of this connection, where there is one. Its timers end when they are cancelled, which a task that sleeps
        // does only when its time has come.
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let reading = Task(executorPreference: LoopExecutor.of(loop)) { try await body.collect(upTo: limit) }
        let isLate = Atomic(false)
        let timer = loop.scheduleTask(in: TimeAmount(time)) {
            isLate.store(true, ordering: .relaxed)
            reading.cancel()
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            do { return Array(try await reading.value.readableBytesView) } catch {
                throw isLate.load(ordering: .relaxed) ? Failure.tooSlow : error
            }
        } onCancel: {
            reading.cancel()
        }
    }
}

extension IncomingRequest.Body {
    /// `nil` where it has not all come.
    var whole: [UInt8]? {
        switch self {
        case .none: []
        case .whole(let bytes): bytes
        case .coming: nil
        }
    }

    func read(upTo limit: Int, within time: Duration) async throws(BodyReader.Failure) -> [UInt8] {
        if case .coming(let body) = self { return try await BodyReader.read(body, upTo: limit, within: time) }
        let bytes = whole ?? []
        guard bytes.count <= limit else { throw .tooLarge }
        return bytes
    }
}

extension BodyReader.Failure {
    func reply(in dialect: APIDialect) -> APIReply {
        switch self {
        case .tooSlow: dialect.refusal(408, "api.body-late", "the body took too long")
        case .tooLarge: dialect.refusal(413, "api.body-size", "the body is too large")
        }
    }
}
