internal import Glibc
internal import ResealCore
internal import Synchronization

/// The present moment as a header of HTTP has it (RFC 9110, 5.6.7), written once a second.
final class HTTPDate: Sendable {
    private let clock: WallClock
    private let last = Mutex((second: Int64.min, text: ""))

    init(_ clock: WallClock) { self.clock = clock }

    func text() -> String {
        let second = clock.now().milliseconds / 1000
        return last.withLock { last in
            if last.second != second { last = (second, Self.text(second)) }
            return last.text
        }
    }

    private static func text(_ second: Int64) -> String {
        var second = time_t(second)
        var parts = tm()
        gmtime_r(&second, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let count = strftime(buffer.baseAddress, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}
