internal import Dispatch
internal import Synchronization

/// Does together what many callers want at the same time: what comes while a round runs waits for the next one.
///
/// Each caller's part is done or fails on its own. Only what breaks the whole round breaks it for all of them, and then each
/// of several parts is tried once more alone, so that nobody pays for another's fault.
final class WorkGroup<Context>: Sendable {
    /// What one caller waits for.
    struct Part: Sendable {
        /// Does the work, and gives back what tells the caller once the round is over. May run more than once, and only the
        /// last run counts.
        let run: @Sendable (Context) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Part] = []
        var rounds = 0
    }

    private let largest: Int
    private let width: Int
    private let round: @Sendable ((Context) throws -> [@Sendable () -> Void]) throws -> [@Sendable () -> Void]
    private let state = Mutex(State())
    private let queue: DispatchQueue

    /// - Parameters:
    ///   - largest: parts in one round. More would let the first wait too long.
    ///   - width: rounds at the same time. Another one begins when there is enough to do for it.
    ///   - round: calls back with what the parts of a round share, and returns when what they did is done.
    init(
        label: String, largest: Int, width: Int = 1,
        round: @escaping @Sendable ((Context) throws -> [@Sendable () -> Void]) throws -> [@Sendable () -> Void]
    ) {
        self.largest = largest
        self.width = width
        self.round = round
        queue = DispatchQueue(label: label, attributes: width > 1 ? .concurrent : [])
    }

    func add(_ part: Part) {
        let begins = state.withLock { state in
            state.waiting.append(part)
            guard state.rounds == 0 || state.rounds < width && state.waiting.count > largest else { return false }
            state.rounds += 1
            return true
        }
        if begins { queue.async { self.runAll() } }
    }

    private func runAll() {
        while let parts = next() {
            do { try run(parts[...]) } catch {
                guard parts.count > 1 else {
                    parts[0].fail(error)
                    continue
                }
                for index in parts.indices {
                    do { try run(parts[index...index]) } catch { parts[index].fail(error) }
                }
            }
        }
    }

    private func run(_ parts: ArraySlice<Part>) throws {
        let tellings = try round { context in try parts.map { try $0.run(context) } }
        for tell in tellings { tell() }
    }

    private func next() -> [Part]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.rounds -= 1
                return nil
            }
            let parts = Array(state.waiting.prefix(largest))
            state.waiting.removeFirst(parts.count)
            return parts
        }
    }
}
