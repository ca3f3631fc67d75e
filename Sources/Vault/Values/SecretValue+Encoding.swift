package import ResealSealing
internal import ResealCore

// The stored form of a value, before encryption:
//   0x01, leaf count (u32), then for each leaf: key count (u16), each key as length (u16) and UTF-8, type (u8),
//   byte count (u32), bytes. Integers are big-endian. Built in one buffer of secure memory, with no text in between.
extension SecretValue {
    private static let formatVersion: UInt8 = 1

    package func encoded() -> SecretBytes {
        let size = leaves.reduce(5) { sum, leaf in
            sum + 7 + leaf.bytes.count + leaf.path.reduce(0) { $0 + 2 + $1.utf8.count }
        }
        return SecretBytes(count: size) { buffer in
            var writer = BufferWriter(buffer: buffer)
            writer.put(Self.formatVersion)
            writer.put(UInt32(leaves.count))
            for leaf in leaves {
                writer.put(UInt16(leaf.path.count))
                for key in leaf.path {
                    writer.put(UInt16(key.utf8.count))
                    for byte in key.utf8 { writer.put(byte) }
                }
                writer.put(leaf.type.rawValue)
                writer.put(UInt32(leaf.bytes.count))
                leaf.bytes.withUnsafeBytes { writer.put($0) }
            }
        }
    }

    /// Throws ``VaultFailure/Kind/corrupt`` for anything that ``encoded()`` does not produce.
    package init(decoding secret: SecretBytes) throws {
        let leaves = try secret.withUnsafeBytes { bytes in
            var reader = BufferReader(bytes: bytes)
            guard try reader.integer(UInt8.self) == Self.formatVersion else { throw BufferReader.malformed }
            var leaves: [Leaf] = []
            for _ in 0..<(try reader.integer(UInt32.self)) { leaves.append(try reader.leaf(of: secret)) }
            guard reader.isAtEnd else { throw BufferReader.malformed }
            return leaves
        }
        try self.init(leaves: leaves)
        guard zip(leaves, self.leaves).allSatisfy({ $0.path == $1.path }) else { throw BufferReader.malformed }
    }
}

private struct BufferWriter {
    let buffer: UnsafeMutableRawBufferPointer
    var position = 0

    mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { put($0) }
    }

    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + bytes.count]).copyMemory(from: bytes)
        position += bytes.count
    }
}

private struct BufferReader {
    static let malformed = VaultFailure(.corrupt, "a stored value has an unknown form")
    let bytes: UnsafeRawBufferPointer
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    /// - Parameter secret: what is read, whose memory the leaf shares.
    mutating func leaf(of secret: SecretBytes) throws -> SecretValue.Leaf {
        var path: [String] = []
        for _ in 0..<(try integer(UInt16.self)) {
            guard let key = String(validating: try take(Int(integer(UInt16.self))), as: UTF8.self) else {
                throw Self.malformed
            }
            path.append(key)
        }
        guard let type = SecretValue.LeafType(rawValue: try integer(UInt8.self)) else { throw Self.malformed }
        let count = try take(Int(integer(UInt32.self))).count
        return SecretValue.Leaf(path: path, type: type, bytes: secret.slice(position - count..<position))
    }

    mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= bytes.count - position else { throw Self.malformed }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func integer<T: FixedWidthInteger>(_: T.Type) throws -> T {
        T(bigEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }
}
