internal import Synchronization

/// Keys behind a passphrase: unlocked at the first use, and only once. A failure stays, too, so that a wrong passphrase
/// is not asked for again for each of many files.
final class LockedKeys<Keys: Sendable>: Sendable {
    private let outcome = Mutex<Result<Keys, AgeFailure>?>(nil)
    private let unlock: @Sendable () throws(AgeFailure) -> Keys

    init(_ unlock: @escaping @Sendable () throws(AgeFailure) -> Keys) { self.unlock = unlock }

    /// Waits while another thread is asking.
    func keys() throws(AgeFailure) -> Keys {
        let result = outcome.withLock { outcome in
            if let outcome { return outcome }
            let result = Result { () throws(AgeFailure) in try unlock() }
            outcome = result
            return result
        }
        return try result.get()
    }
}
