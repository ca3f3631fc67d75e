import ResealCore
import ResealVault
import Synchronization

/// A clock that stands still until it is told to go on.
final class TestClock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp = Timestamp(seconds: 1_767_225_600)) { time = Mutex(start) }

    var clock: WallClock { WallClock { self.time.withLock { $0 } } }
    var now: Timestamp { time.withLock { $0 } }

    func advance(_ span: String) throws {
        guard let span = TimeSpan(span) else { throw VaultFailure(.invalidValue, "no time span") }
        time.withLock { $0 = $0.adding(span) }
    }
}
