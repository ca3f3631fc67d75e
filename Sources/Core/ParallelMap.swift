internal import Dispatch
internal import Synchronization

/// Work on many items by all cores. The order of the results does not depend on which core did what.
package enum ParallelMap {
    /// - Parameters:
    ///   - chunk: how many neighbouring items one core takes at a time.
    ///   - state: what each core has of its own, such as an open repository.
    package static func run<State, Result: Sendable>(
        _ count: Int, workers: Int, chunk: Int = 16, state: @Sendable () throws -> State,
        _ body: @Sendable (inout State, Int) throws -> Result
    ) throws -> [Result] {
        let cursor = Mutex(0)
        let parts = Mutex<[(start: Int, results: [Result])]>([])
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: max(1, min(workers, (count + chunk - 1) / chunk))) { _ in
            do {
                var own = try state()
                while let range = next(cursor, of: count, chunk: chunk), failure.withLock({ $0 == nil }) {
                    let results = try range.map { try body(&own, $0) }
                    parts.withLock { $0.append((range.lowerBound, results)) }
                }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return parts.withLock { $0 }.sorted { $0.start < $1.start }.flatMap(\.results)
    }

    private static func next(_ cursor: borrowing Mutex<Int>, of count: Int, chunk: Int) -> Range<Int>? {
        cursor.withLock { start in
            guard start < count else { return nil }
            let range = start..<min(start + chunk, count)
            start = range.upperBound
            return range
        }
    }
}
