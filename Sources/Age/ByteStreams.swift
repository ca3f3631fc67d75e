internal import ResealSealing

/// Fills the front of a buffer and returns how many bytes came, at least one; 0 at the end of the input.
package typealias ByteReader = (UnsafeMutableRawBufferPointer) throws -> Int
/// Takes all bytes of a buffer.
package typealias ByteWriter = (UnsafeRawBufferPointer) throws -> Void

/// Memory for plaintext and what becomes of it, zeroed when it is given back.
struct ScratchBuffer: ~Copyable {
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        explicitZero(bytes)
        bytes.deallocate()
    }

    func prefix(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
    }
}

/// Reads ahead in an input, so that its beginning can be looked at before it is decided how to read it.
final class LookaheadReader {
    private let source: ByteReader
    private var held: [UInt8] = []
    private var position = 0
    private var hasEnded = false

    init(_ source: @escaping ByteReader) { self.source = source }

    /// What has been read ahead and not been taken.
    var lookahead: ArraySlice<UInt8> { held[position...] }

    /// Reads ahead until `count` bytes are at hand or the input ends.
    func lookAhead(_ count: Int) throws { while lookahead.count < count, try extend() {} }

    /// Reads ahead by one piece. False at the end of the input.
    func extend() throws -> Bool {
        if hasEnded { return false }
        held.removeFirst(position)
        position = 0
        let old = held.count
        let piece = 16 << 10
        held += [UInt8](repeating: 0, count: piece)
        let count = try held.withUnsafeMutableBytes {
            try source(UnsafeMutableRawBufferPointer(rebasing: $0[old...]))
        }
        held.removeLast(piece - count)
        hasEnded = count == 0
        return !hasEnded
    }

    /// Drops `count` bytes of the lookahead.
    func skip(_ count: Int) { position += count }

    /// Fills `out` as far as the input goes, and returns how far that was.
    func fill(_ out: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = min(held.count - position, out.count)
        held.withUnsafeBytes { out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + done])) }
        position += done
        while done < out.count, !hasEnded {
            let count = try source(UnsafeMutableRawBufferPointer(rebasing: out[done...]))
            hasEnded = count == 0
            done += count
        }
        return done
    }
}

/// Takes the armor off an input while it is read.
final class ArmorReader {
    private let source: LookaheadReader
    private var decoder = ArmorDecoder()
    private var decoded: [UInt8] = []
    private var position = 0
    private var hasEnded = false
    private let buffer = ScratchBuffer(count: 32 << 10)

    init(_ source: LookaheadReader) { self.source = source }

    func read(_ out: UnsafeMutableRawBufferPointer) throws -> Int {
        while position == decoded.count {
            if hasEnded { return 0 }
            decoded.removeAll(keepingCapacity: true)
            position = 0
            let count = try source.fill(buffer.bytes)
            if count == 0 {
                try decoder.finish()
                hasEnded = true
            } else {
                try decoder.decode(buffer.prefix(count), into: &decoded)
            }
        }
        let count = min(out.count, decoded.count - position)
        decoded.withUnsafeBytes {
            out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        return count
    }
}
