internal import Glibc

extension Collection<UInt8> {
    /// True where `word` stands somewhere in the bytes. By the C library: the standard library's search is generic code,
    /// which took longer than all decryption of a large repository.
    func holds(_ word: [UInt8]) -> Bool {
        let found = withContiguousStorageIfAvailable { bytes in
            word.withUnsafeBufferPointer { Self.find(UnsafeRawBufferPointer($0), in: UnsafeRawBufferPointer(bytes)) }
        }
        return found ?? Array(self).holds(word)
    }

    private static func find(_ word: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let wanted = word.baseAddress, let first = word.first, let start = bytes.baseAddress else {
            return word.isEmpty
        }
        var offset = 0
        while bytes.count - offset >= word.count {
            let span = bytes.count - offset - word.count + 1
            guard let hit = memchr(start + offset, Int32(first), span) else { return false }
            if memcmp(hit, wanted, word.count) == 0 { return true }
            offset = UnsafeRawPointer(hit) - start + 1
        }
        return false
    }
}
