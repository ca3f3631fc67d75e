internal import ResealSealing

/// The payload: a 16-byte nonce, then chunks of 64 KiB, each sealed under a counter and a mark on the last (STREAM).
enum Payload {
    static let nonceBytes = 16
    static let chunkBytes = 64 << 10
    static let sealedChunkBytes = chunkBytes + AEAD.tagBytes

    /// How many chunks `count` bytes of plaintext make; an empty payload has one.
    static func chunks(forPlaintext count: Int) -> Int { max(1, (count + chunkBytes - 1) / chunkBytes) }

    /// How many chunks `count` sealed bytes are cut into.
    static func chunks(forSealed count: Int) -> Int { (count + sealedChunkBytes - 1) / sealedChunkBytes }
}

/// The 12-byte nonce of a chunk: an 11-byte big-endian counter and the mark of the last chunk.
private struct ChunkNonce {
    private(set) var bytes = [UInt8](repeating: 0, count: AEAD.nonceBytes)
    private(set) var isFirst = true

    func marked(last: Bool) -> [UInt8] {
        var copy = bytes
        copy[AEAD.nonceBytes - 1] = last ? 1 : 0
        return copy
    }

    mutating func advance() {
        isFirst = false
        // 2^88 chunks cannot be reached.
        for i in (0..<AEAD.nonceBytes - 1).reversed() {
            bytes[i] &+= 1
            if bytes[i] != 0 { return }
        }
    }
}

/// Seals the chunks of one payload in order.
struct ChunkSealer {
    private let key: SecretBytes
    private var nonce = ChunkNonce()

    init(key: SecretBytes) { self.key = key }

    /// `out` has 16 bytes more than `text`. Every chunk but the last is full.
    mutating func seal(
        _ text: UnsafeRawBufferPointer, isLast: Bool, into out: UnsafeMutableRawBufferPointer
    ) throws(AgeFailure) {
        do throws(SealingFailure) {
            try AEAD.chaCha20Poly1305.seal(text, key: key, nonce: nonce.marked(last: isLast), into: out)
        } catch { throw AgeFailure(.native, error.message) }
        nonce.advance()
    }
}

/// Opens the chunks of one payload in order.
struct ChunkOpener {
    private let key: SecretBytes
    private var nonce = ChunkNonce()

    init(key: SecretBytes) { self.key = key }

    /// Opens one chunk, which is full unless the input ends behind it, into `out`, which has 16 bytes less. True if it
    /// is the last of the payload.
    ///
    /// A full chunk is tried as what its place suggests, then as the other: the caller learns from the answer whether
    /// the payload was cut or lengthened, and the chunk is authentic in either case.
    mutating func open(
        _ sealed: UnsafeRawBufferPointer, inputEnds: Bool, into out: UnsafeMutableRawBufferPointer
    ) throws(AgeFailure) -> Bool {
        guard sealed.count >= AEAD.tagBytes else { throw .payload("it is cut short") }
        guard sealed.count > AEAD.tagBytes || nonce.isFirst else { throw .payload("its last chunk is empty") }
        if try attempt(sealed, isLast: inputEnds, into: out) { return inputEnds }
        if sealed.count == Payload.sealedChunkBytes, try attempt(sealed, isLast: !inputEnds, into: out) {
            return !inputEnds
        }
        throw .payload("a chunk was changed, or the file is cut short")
    }

    private mutating func attempt(
        _ sealed: UnsafeRawBufferPointer, isLast: Bool, into out: UnsafeMutableRawBufferPointer
    ) throws(AgeFailure) -> Bool {
        do throws(SealingFailure) {
            try AEAD.chaCha20Poly1305.open(sealed, key: key, nonce: nonce.marked(last: isLast), into: out)
        } catch {
            if error.kind == .notAuthentic { return false }
            throw AgeFailure(.native, error.message)
        }
        nonce.advance()
        return true
    }
}

extension AgeFailure {
    static func payload(_ what: String) -> AgeFailure {
        AgeFailure(
            .payload, "the age payload does not authenticate: \(what)",
            hint: "restore the file from where it was sealed, or seal it again")
    }
    static var cutAfterChunk: AgeFailure { .payload("the file is cut short behind a whole chunk") }
    static var trailingData: AgeFailure { .payload("data follow its last chunk") }
}
