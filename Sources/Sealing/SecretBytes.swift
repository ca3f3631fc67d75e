internal import COpenSSL
internal import Glibc

/// Bytes that must not leak: kept in OpenSSL's secure heap (locked in memory, left out of core dumps), zeroed on
/// release, and `[REDACTED]` in every description, mirror, log, error and encoder.
///
/// Secrets too large for the secure heap get pages of their own with the same protection.
public final class SecretBytes: Sendable {
    // Written only in `init`, before anyone else can hold a reference, and in `deinit`; hence the annotation.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer
    private let home: SecureMemory.Home

    /// The number of bytes.
    public var count: Int { storage.count }
    /// True for a secret of no bytes.
    public var isEmpty: Bool { storage.isEmpty }

    /// Allocates `count` zero bytes and lets `fill` write them. An error in `fill` releases and zeroes them.
    package init<E: Error>(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        (storage, home) = SecureMemory.allocate(count)
        try fill(storage)
    }

    /// Copies `bytes`. The caller's copy stays; where it is no longer needed, use ``init(consuming:)``.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Copies `bytes`. Meant for public or test data; an array cannot be zeroed reliably.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Copies the UTF-8 bytes of `text`.
    public convenience init(utf8 text: String) { self.init(Array(text.utf8)) }

    /// Moves the bytes in and zeroes the array.
    package convenience init(consuming bytes: inout [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
        bytes.withUnsafeMutableBytes { explicitZero($0) }
        bytes = []
    }

    /// The part of `whole`, in its memory.
    private init(_ range: Range<Int>, of whole: SecretBytes) {
        storage = UnsafeMutableRawBufferPointer(rebasing: whole.storage[range])
        home = .part(whole)
    }

    deinit { SecureMemory.release(storage, home) }

    /// Lends the bytes for the time of `body`. Copies made in it are the caller's to protect.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// An unprotected copy, for the one place that hands the secret to whoever asked for it.
    public func revealBytes() -> [UInt8] { Array(storage) }

    /// An unprotected copy as text; `nil` unless the bytes are valid UTF-8.
    public func revealText() -> String? { String(validating: storage, as: UTF8.self) }

    /// True for valid UTF-8. Checked in place, without a `String` that could not be zeroed.
    package var isUTF8: Bool {
        var decoder = UTF8()
        var iterator = storage.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    /// Compares in time that depends on the lengths only.
    public func isEqual(to other: SecretBytes) -> Bool {
        count == other.count
            && (count == 0 || CRYPTO_memcmp(storage.baseAddress, other.storage.baseAddress, count) == 0)
    }

    /// One secret after the other.
    package static func joined(_ parts: [SecretBytes]) -> SecretBytes {
        SecretBytes(count: parts.reduce(0) { $0 + $1.count }) { buffer in
            var start = 0
            for part in parts {
                part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: $0) }
                start += part.count
            }
        }
    }

    /// The part `range`, in the same memory, which stays as long as any part of it is held.
    package func slice(_ range: Range<Int>) -> SecretBytes { SecretBytes(range, of: self) }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, Encodable {
    /// What every rendering of a secret shows.
    public static let redacted = "[REDACTED]"
    /// `[REDACTED]`.
    public var description: String { Self.redacted }
    /// `[REDACTED]`.
    public var debugDescription: String { Self.redacted }
    /// A mirror without children, so that `dump` and debuggers show nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
    /// Encodes the word `[REDACTED]`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.redacted)
    }
}

/// Zeroes memory in a way that the compiler may not leave out.
package func explicitZero(_ bytes: UnsafeMutableRawBufferPointer) {
    if let base = bytes.baseAddress { OPENSSL_cleanse(base, bytes.count) }
}

/// Where ``SecretBytes`` get their memory.
enum SecureMemory {
    enum Home {
        case empty, heap, pages
        /// Released with the last part of it.
        case part(SecretBytes)
    }

    /// 4 MiB fits the default limit of locked memory (8 MiB) of an ordinary user. Initialised once; where locking is
    /// refused, the heap still zeroes and stays out of core dumps.
    private static let isReady: Bool = CRYPTO_secure_malloc_init(4 << 20, 64) > 0
    private static let largestOnHeap = 128 << 10
    /// OpenSSL keeps private keys in the same heap and fails when there is no room, so a quarter is left to them.
    private static let ownShare = 3 << 20

    static func allocate(_ count: Int) -> (UnsafeMutableRawBufferPointer, Home) {
        guard count > 0 else { return (UnsafeMutableRawBufferPointer(start: nil, count: 0), .empty) }
        if isReady, count <= largestOnHeap, CRYPTO_secure_used() < ownShare, let base = reseal_secure_malloc(count) {
            memset(base, 0, count)
            return (UnsafeMutableRawBufferPointer(start: base, count: count), .heap)
        }
        let base = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { preconditionFailure("out of memory for a secret of \(count) bytes") }
        mlock(base, count)  // Best effort: the limit of locked memory may be lower.
        madvise(base, count, MADV_DONTDUMP)
        return (UnsafeMutableRawBufferPointer(start: base, count: count), .pages)
    }

    static func release(_ storage: UnsafeMutableRawBufferPointer, _ home: Home) {
        switch home {
        case .empty, .part: break
        case .heap: reseal_secure_free(storage.baseAddress, storage.count)
        case .pages:
            explicitZero(storage)
            munmap(storage.baseAddress, storage.count)
        }
    }
}
