internal import Synchronization

/// Servers that follow one another at the same place.
enum Listening {
    private static let attempts = 10
    private static let pause = Duration.milliseconds(100)

    /// Runs `serve`, which calls back once it listens. Where it cannot, it is tried again for a second: the server before it
    /// may be about to leave the place.
    static func run(
        _ serve: @Sendable (_ onListening: @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        let listens = Flag()
        for attempt in 1... {
            do {
                return try await serve { listens.isSet.store(true, ordering: .relaxed) }
            } catch {
                let isOver = attempt == attempts || Task.isCancelled || listens.isSet.load(ordering: .relaxed)
                guard !isOver else { throw error }
            }
            try await Task.sleep(for: pause)
        }
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }
}
