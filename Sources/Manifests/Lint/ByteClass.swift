/// Tables over bytes, for loops that look at every byte of a repository.
struct ByteClass: Sendable {
    private let members: [Bool]

    init(_ text: String) {
        let set = ASCIISet(text)
        members = (0...255).map { set.contains(UInt8($0)) }
    }

    @inline(__always) func contains(_ byte: UInt8) -> Bool { members[Int(byte)] }

    static let letters = ByteClass("A-Za-z")
    static let upper = ByteClass("A-Z")
    static let lower = ByteClass("a-z")
    static let digits = ByteClass("0-9")
    static let alphanumeric = ByteClass("A-Za-z0-9")
    static let lowerHex = ByteClass("0-9a-f")
    static let hex = ByteClass("0-9a-fA-F")
    static let base64 = ByteClass("A-Za-z0-9+/")
    static let base64URL = ByteClass("A-Za-z0-9_-")
    static let base32Upper = ByteClass("A-Z2-7")
    static let upperDigits = ByteClass("A-Z0-9")
    /// What tokens, identifiers and encoded bytes are made of; a run of these is looked at as one.
    static let run = ByteClass("A-Za-z0-9+/_.~-")
    static let name = ByteClass("A-Za-z0-9_.-")
}

/// Bytes of a file under the eyes of a scanner.
typealias FileBytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
    /// True if the bytes at `offset` are `text`.
    @inline(__always)
    func has(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, offset + length <= count else { return false }
        let letters = text.utf8Start
        for i in 0..<length where self[offset + i] != letters[i] { return false }
        return true
    }

    /// How many bytes from `offset` on belong to `set`, at most up to `end`.
    @inline(__always)
    func length(of set: ByteClass, from offset: Int, upTo end: Int) -> Int {
        var position = offset
        while position < end, set.contains(self[position]) { position += 1 }
        return position - offset
    }

    /// The end of the line of `offset`, without its line break; at most `reach` bytes away, since lines may be long.
    func lineEnd(_ offset: Int, within reach: Int) -> Int {
        var position = offset
        let limit = Swift.min(count, offset + reach)
        while position < limit, self[position] != 0x0a { position += 1 }
        return position > offset && self[position - 1] == 0x0d ? position - 1 : position
    }

    /// Likewise, the start of the line.
    func lineStart(_ offset: Int, within reach: Int) -> Int {
        var position = offset
        let limit = Swift.max(0, offset - reach)
        while position > limit, self[position - 1] != 0x0a { position -= 1 }
        return position
    }

    func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }
}
