/// The SHA-1 name of a Git object.
package struct ObjectID: Sendable, Hashable, Comparable, CustomStringConvertible {
    // Two words and a half instead of an array: a hundred thousand of these are held at once.
    private let a: UInt64
    private let b: UInt64
    private let c: UInt32

    /// Takes exactly 20 bytes; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        let id = bytes.withContiguousStorageIfAvailable { ObjectID(twentyBytes: UnsafeRawBufferPointer($0)) }
        self = id ?? Array(bytes).withUnsafeBytes { ObjectID(twentyBytes: $0) }
    }

    private init(twentyBytes bytes: UnsafeRawBufferPointer) {
        a = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        b = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        c = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    /// Takes 40 hexadecimal digits of either case.
    package init?(hex: String) {
        guard hex.utf8.count == 40, let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { bytes, count in
            let raw = UnsafeMutableRawBufferPointer(bytes)
            raw.storeBytes(of: a.bigEndian, toByteOffset: 0, as: UInt64.self)
            raw.storeBytes(of: b.bigEndian, toByteOffset: 8, as: UInt64.self)
            raw.storeBytes(of: c.bigEndian, toByteOffset: 16, as: UInt32.self)
            count = 20
        }
    }

    package var description: String { Hex.encode(bytes) }
    /// The first ten digits, for people.
    package var short: String { String(description.prefix(10)) }

    package static func < (x: ObjectID, y: ObjectID) -> Bool { (x.a, x.b, x.c) < (y.a, y.b, y.c) }
}

extension ObjectID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ObjectID(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an object id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension ObjectID {
    /// Forty zeros, which no object has.
    package init(zero: Void) {
        a = 0
        b = 0
        c = 0
    }
}
