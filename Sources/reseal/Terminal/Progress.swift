internal import Glibc
internal import Synchronization

/// A line on stderr that tells how far long work is; silent where stderr is no terminal.
final class Progress: Sendable {
    private static let step = 500
    private let label: String
    private let isShown: Bool
    private let shown = Mutex(0)

    init(_ label: String) {
        self.label = label
        isShown = Terminal.isTerminal(STDERR_FILENO)
    }

    func update(_ count: Int) {
        guard isShown else { return }
        let isDue = shown.withLock { last in
            guard count >= last + Self.step else { return false }
            last = count
            return true
        }
        if isDue { Terminal.write(Array("\r\(label) \(count) …".utf8), to: STDERR_FILENO) }
    }

    /// Wipes the line. May be called twice.
    func finish() {
        let wasShown = shown.withLock { last in
            defer { last = 0 }
            return last > 0
        }
        guard isShown, wasShown else { return }
        Terminal.write(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO)
    }
}
