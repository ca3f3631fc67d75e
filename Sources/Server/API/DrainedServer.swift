internal import NIOCore

/// Runs servers that end only when everybody has got an answer.
enum DrainedServer {
    private static let longest = Duration.seconds(10)
    /// How long connections may take to close, once all is answered and nobody else is let in. TLS waits up to five seconds for
    /// whoever does not close his end, and all that time nobody would listen.
    private static let closing = Duration.seconds(1)

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end.
    ///
    /// - Parameter serve: serves until its own task is cancelled, and tells of the channel that listens.
    static func run(
        _ inFlight: InFlight,
        _ serve: @escaping @Sendable (_ onListening: @escaping @Sendable (any Channel) -> Void) async throws -> Void
    ) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        let (listeners, listener) = AsyncStream.makeStream(of: (any Channel).self)
        // Not a child of this task, or it would be cut off together with it.
        let serving = Task {
            do {
                try await serve { listener.yield($0) }
                end.yield(.success(()))
            } catch { end.yield(.failure(error)) }
            listener.finish()
        }
        // A stream ends at once for a task that is cancelled, so that another one waits.
        let over = Task { for await result in ends { return try result.get() } }
        try await withTaskCancellationHandler {
            try await over.value
        } onCancel: {
            Task {
                await inFlight.drain(upTo: longest)
                serving.cancel()
                // The next server listens at the same place.
                for await channel in listeners {
                    try? await channel.closeFuture.get()
                    break
                }
                try? await Task.sleep(for: closing)
                end.yield(.success(()))
            }
        }
    }
}
