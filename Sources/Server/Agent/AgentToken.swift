internal import ResealCore
internal import ResealSealing
internal import ResealVault
internal import Synchronization

/// The token that an agent asks with, from where somebody else may renew it.
final class AgentToken: Sendable {
    struct Current: Sendable {
        let text: SecretBytes
        /// Grows with each other token.
        let generation: Int
    }

    private let state: Mutex<Current>
    private let read: @Sendable () throws -> SecretBytes
    private let pool = BlockingPool(label: "reseal.agent.token", width: 1)

    /// - Parameter read: looks it up, again and again.
    init(_ read: @escaping @Sendable () throws -> SecretBytes) throws {
        self.read = read
        state = Mutex(Current(text: try read(), generation: 1))
    }

    var current: Current { state.withLock { $0 } }

    /// Looks it up again. A source that cannot be read now, as a file that is just being replaced, leaves the token as it is.
    ///
    /// - Returns: true when there is another one.
    @discardableResult
    func reload() async -> Bool {
        guard let text = try? await pool.run({ [read] in try read() }), !text.isEmpty else { return false }
        return state.withLock { current in
            guard !text.isEqual(to: current.text) else { return false }
            current = Current(text: text, generation: current.generation + 1)
            return true
        }
    }
}
