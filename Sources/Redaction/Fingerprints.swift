internal import ResealCore
internal import ResealSealing

/// Keyed fingerprints of texts, and the search for them.
///
/// A window of the first bytes goes over what is searched. Where its keyed hash is known, the text of each length that
/// begins so is compared by a keyed digest: one pass, however many texts are known.
struct Fingerprints: ~Copyable {
    static let prefixBytes = 6

    /// Half of an HMAC: enough to tell texts apart, and nothing to find them by.
    private typealias Digest = SIMD2<UInt64>

    private struct Entry {
        let prefix: UInt64
        let length: Int
        let digest: Digest
    }

    private let capacity: Int
    private let key: SecretBytes
    private let salt: (UInt64, UInt64)
    /// False for the forms of a value, true for the value itself.
    private var known: [Digest: Bool] = [:]
    /// By the hash of their first bytes, how many texts of each length there are.
    private var lengths: [UInt64: [Int: Int]] = [:]
    /// In order of their coming; beyond ``capacity`` the oldest are forgotten.
    private var entries: [UInt64: Entry] = [:]
    private var next: UInt64 = 0
    private var oldest: UInt64 = 0

    init(capacity: Int) throws {
        self.capacity = max(1, capacity)
        var bytes = try SystemRandom.bytes(48)
        key = SecretBytes(Array(bytes[16...]))
        salt = bytes.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) | 1)
        }
        bytes.withUnsafeMutableBytes { explicitZero($0) }
    }

    /// True for a value that was inserted as such, and was not forgotten since.
    func holds(value text: UnsafeRawBufferPointer) -> Bool { digest(of: text).flatMap { known[$0] } == true }

    mutating func insert(_ text: SecretBytes, isValue: Bool) {
        guard text.count >= Self.prefixBytes, let digest = text.withUnsafeBytes({ digest(of: $0) }) else { return }
        if let wasValue = known[digest] {
            known[digest] = wasValue || isValue
            return
        }
        let window = text.withUnsafeBytes { bytes in
            bytes.prefix(Self.prefixBytes).reduce(UInt64(0)) { window, byte in window << 8 | UInt64(byte) }
        }
        let entry = Entry(prefix: hash(window), length: text.count, digest: digest)
        known[digest] = isValue
        lengths[entry.prefix, default: [:]][entry.length, default: 0] += 1
        entries[next] = entry
        next += 1
        while entries.count > capacity { forgetOldest() }
    }

    private mutating func forgetOldest() {
        if let entry = entries.removeValue(forKey: oldest) {
            known[entry.digest] = nil
            lengths[entry.prefix]?[entry.length]? -= 1
            if lengths[entry.prefix]?[entry.length] == 0 { lengths[entry.prefix]?[entry.length] = nil }
            if lengths[entry.prefix]?.isEmpty == true { lengths[entry.prefix] = nil }
        }
        oldest += 1
    }

    /// `nil` where there is nothing to mask.
    func mask(_ text: UnsafeRawBufferPointer, with mark: [UInt8]) -> [UInt8]? {
        guard !known.isEmpty, text.count >= Self.prefixBytes else { return nil }
        var out: [UInt8]?
        var copied = 0
        var window: UInt64 = 0
        var filled = 0
        var place = 0
        while place < text.count {
            window = (window << 8 | UInt64(text[place])) & 0xffff_ffff_ffff
            place += 1
            filled += 1
            guard filled >= Self.prefixBytes else { continue }
            let start = place - Self.prefixBytes
            guard let length = longest(at: start, window, in: text) else { continue }
            out = (out ?? []) + text[copied..<start] + mark
            (copied, place, filled) = (start + length, start + length, 0)
        }
        return out.map { $0 + text[copied...] }
    }

    /// The length of the longest known text that begins at a place.
    private func longest(at start: Int, _ window: UInt64, in text: UnsafeRawBufferPointer) -> Int? {
        guard let lengths = lengths[hash(window)] else { return nil }
        return lengths.keys.sorted(by: >).first { length in
            length <= text.count - start
                && digest(of: UnsafeRawBufferPointer(rebasing: text[start..<start + length])).map { known[$0] != nil }
                    == true
        }
    }

    private func digest(of text: UnsafeRawBufferPointer) -> Digest? {
        (try? HMAC.code(text, key: key)).map { code in
            code.withUnsafeBytes {
                Digest($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        }
    }

    private func hash(_ window: UInt64) -> UInt64 {
        var value = (window ^ salt.0) &* salt.1
        value ^= value >> 29
        value = value &* 0xbf58_476d_1ce4_e5b9
        return value ^ value >> 32
    }
}
