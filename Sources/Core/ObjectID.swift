/// The SHA-1 name of a Git object.
package struct ObjectID: Sendable, Hashable, Comparable, CustomStringConvertible {
    // Two words and a half instead of an array: a hundred thousand of these are held at once.
    private let a: UInt64
    private let b: UInt64
    private let c: UInt32

    /// Takes exactly 20 bytes; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        var iterator = bytes.makeIterator()
        func word(_ count: Int) -> UInt64 {
            (0..<count).reduce(0) { sum, _ in sum << 8 | UInt64(iterator.next() ?? 0) }
        }
        a = word(8)
        b = word(8)
        c = UInt32(word(4))
    }

    /// Takes 40 hexadecimal digits of either case.
    package init?(hex: String) {
        guard hex.utf8.count == 40, let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: a >> (56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: b >> (56 - 8 * $0)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: c >> (24 - 8 * $0)) }
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
