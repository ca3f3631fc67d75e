/// Turns libyaml's positions, which count Unicode scalars, into byte offsets. Positions come nearly in order, so the
/// last one is a good place to count from.
struct ByteOffsets {
    let isASCII: Bool
    /// Offset of the first byte that libyaml was given.
    let base: Int
    private var lastIndex = 0
    private var lastOffset: Int

    init(isASCII: Bool, base: Int) {
        self.isASCII = isASCII
        self.base = base
        lastOffset = base
    }

    mutating func offset(of index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if isASCII { return base + index }
        while lastIndex < index, lastOffset < bytes.count {
            repeat { lastOffset += 1 } while lastOffset < bytes.count && bytes[lastOffset] & 0xc0 == 0x80
            lastIndex += 1
        }
        while lastIndex > index, lastOffset > base {
            repeat { lastOffset -= 1 } while lastOffset > base && bytes[lastOffset] & 0xc0 == 0x80
            lastIndex -= 1
        }
        return lastOffset
    }
}
