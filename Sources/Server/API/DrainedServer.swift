/// Runs servers that end only when everybody has got an answer.
enum DrainedServer {
    private static let longest = Duration.seconds(10)

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end.
    static func run(_ inFlight: InFlight, _ serve: @escaping @Sendable () async throws -> Void) async throws {
        // Not a child of this task, or it would be cut off together with it.
        let serving = Task { try await serve() }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            Task {
                await inFlight.drain(upTo: longest)
                serving.cancel()
            }
        }
    }
}
