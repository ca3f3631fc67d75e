internal import ResealCore
internal import ResealSealing

/// Random text in secret memory.
enum RandomText {
    /// `count` characters of `alphabet` (2 to 256 distinct bytes), each equally likely whatever its size.
    static func uniform(_ alphabet: [UInt8], count: Int) throws(SealingFailure) -> SecretBytes {
        // A byte beyond the last whole multiple would favour the first letters.
        let limit = 256 - 256 % alphabet.count
        return try SecretBytes(count: count) { (out) throws(SealingFailure) in
            var filled = 0
            while filled < count {
                let drawn = try SystemRandom.secret(64)
                drawn.withUnsafeBytes { drawn in
                    for byte in drawn where Int(byte) < limit && filled < count {
                        out[filled] = alphabet[Int(byte) % alphabet.count]
                        filled += 1
                    }
                }
            }
        }
    }

    /// `count` random bytes as text, written by `encode`.
    static func encoded(
        bytes count: Int, _ encode: (UnsafeRawBufferPointer) -> [UInt8]
    ) throws(SealingFailure) -> SecretBytes {
        let raw = try SystemRandom.secret(count)
        var text = raw.withUnsafeBytes(encode)
        return SecretBytes(consuming: &text)
    }
}
