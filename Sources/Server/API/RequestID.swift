internal import Glibc
internal import Synchronization

/// What names one request in its answer and in all records that it leaves: a random UUID (RFC 9562, version 4).
enum RequestID {
    /// As many bytes as the system gives out at once, in any case. A call for each name would take longer than all else.
    private static let stockBytes = 256
    private static let stock = Mutex<[UInt64]>([])

    static func fresh() -> String {
        let (high, low) = stock.withLock { stock in
            if stock.isEmpty { refill(&stock) }
            return (stock.removeLast(), stock.removeLast())
        }
        return text(high & ~0xf000 | 0x4000, low & ~(3 << 62) | 2 << 62)
    }

    /// These names are no secret, but no two may be alike.
    private static func refill(_ stock: inout [UInt64]) {
        stock = [UInt64](repeating: 0, count: stockBytes / 8)
        guard getentropy(&stock, stockBytes) != 0 else { return }
        // The system may forbid that call, where it still has other ways.
        for index in stock.indices { stock[index] = .random(in: 0 ... .max) }
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        func digit(_ index: Int) -> UInt8 {
            let half = index < 16 ? high : low
            let value = UInt8(truncatingIfNeeded: half >> UInt64(60 - index % 16 * 4)) & 15
            return value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
        return String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    text[end] = UInt8(ascii: "-")
                    end += 1
                }
                text[end] = digit(index)
                end += 1
            }
            return end
        }
    }
}
