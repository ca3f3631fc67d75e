internal import Dispatch
internal import Synchronization

/// Runs calls that block on a few threads of their own, so that they never occupy those of Swift's cooperative pool.
package final class BlockingPool: Sendable {
    private let queues: [DispatchQueue]
    private let next = Mutex(0)

    package init(label: String, width: Int) {
        queues = (0..<max(1, width)).map { DispatchQueue(label: "\(label).\($0)") }
    }

    package func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let queue = next.withLock { index in
            index = (index + 1) % queues.count
            return queues[index]
        }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
