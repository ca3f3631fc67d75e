/// Reads the fields of SSH's binary formats (RFC 4251, section 5) from bytes that it borrows.
struct SSHReader {
    /// The bytes end too early, or a field is not written as it has to be.
    struct Malformed: Error {}

    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func bytes(_ count: Int) throws(Malformed) -> UnsafeRawBufferPointer {
        guard count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropping(count) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }

    mutating func uint32() throws(Malformed) -> Int { try bytes(4).reduce(0) { $0 << 8 | Int($1) } }

    mutating func string() throws(Malformed) -> UnsafeRawBufferPointer { try bytes(uint32()) }

    /// A string that is a name: short and of visible characters.
    mutating func name() throws(Malformed) -> String {
        let bytes = try string()
        guard bytes.count <= 64, bytes.allSatisfy(Stanza.isVisible) else { throw Malformed() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A positive `mpint`, without the zero that keeps it from being taken for a negative one.
    mutating func number() throws(Malformed) -> UnsafeRawBufferPointer {
        let bytes = try string()
        guard let first = bytes.first, first & 0x80 == 0 else { throw Malformed() }
        guard first == 0 else { return bytes }
        // One spelling for each number, since the bytes are hashed.
        guard bytes.count > 1, bytes[1] & 0x80 != 0 else { throw Malformed() }
        return bytes.dropping(1)
    }

    func end() throws(Malformed) { if !rest.isEmpty { throw Malformed() } }
}
