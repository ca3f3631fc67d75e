internal import ResealCore

/// 32 bytes of digest in place, without the heap object of an array: plans hold several for each of 100,000 secrets.
package struct Digest256: Sendable, Hashable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        let digest = bytes.withContiguousStorageIfAvailable { digest in
            Digest256 { $0.copyMemory(from: UnsafeRawBufferPointer(digest)) }
        }
        self = digest ?? Digest256 { $0.copyBytes(from: bytes) }
    }

    /// SHA-256 of `data`.
    package init(hashing data: [UInt8]) {
        self.init { digest in data.withUnsafeBytes { SHA256.hash($0, into: digest) } }
    }

    /// Lets `fill` write the 32 bytes.
    init<E: Error>(fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        // In memory the words stand in the digest's own order, whatever the order of bytes of the machine.
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let outcome: Result<Void, E> = withUnsafeMutableBytes(of: &words) { bytes in
            Result { () throws(E) in try fill(bytes) }
        }
        try outcome.get()
        self.words = words
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// The first 8 bytes as a big-endian number: a short fingerprint.
    package var leading: UInt64 { UInt64(bigEndian: words.0) }

    /// 64 hexadecimal digits.
    package var description: String { withUnsafeBytes(of: words) { Hex.encode($0) } }

    package static func == (a: Digest256, b: Digest256) -> Bool { a.words == b.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
