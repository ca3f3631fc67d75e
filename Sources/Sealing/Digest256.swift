internal import ResealCore

/// 32 bytes of digest in place, without the heap object of an array: plans hold several for each of 100,000 secrets.
package struct Digest256: Sendable, Hashable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var iterator = bytes.makeIterator()
        func word() -> UInt64 { (0..<8).reduce(0) { sum, _ in sum << 8 | UInt64(iterator.next() ?? 0) } }
        words = (word(), word(), word(), word())
    }

    /// SHA-256 of `data`.
    package init(hashing data: [UInt8]) {
        let hash = SHA256.hash(data)
        self = Digest256(hash) ?? Digest256(zero: ())
    }

    private init(zero: Void) { words = (0, 0, 0, 0) }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }

    /// 64 hexadecimal digits.
    package var description: String { Hex.encode(bytes) }

    package static func == (a: Digest256, b: Digest256) -> Bool { a.words == b.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
