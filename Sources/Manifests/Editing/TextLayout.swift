/// Lines, columns and blanks around an offset of a file.
struct TextLayout {
    private let bytes: [UInt8]

    init(_ text: SourceText) { bytes = text.bytes }

    /// The byte at `offset`; `nil` outside of the file.
    subscript(offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }

    /// The line break that the file uses.
    var newLine: [UInt8] {
        guard let first = bytes.firstIndex(of: 0x0a), first > 0, bytes[first - 1] == 0x0d else { return [0x0a] }
        return [0x0d, 0x0a]
    }

    func lineStart(_ offset: Int) -> Int { bytes[..<offset].lastIndex(of: 0x0a).map { $0 + 1 } ?? 0 }

    /// The offset of the line break that ends the line of `offset`, or the end of the file.
    func lineEnd(_ offset: Int) -> Int {
        let end = bytes[min(offset, bytes.count)...].firstIndex(of: 0x0a) ?? bytes.count
        return end > offset && bytes[end - 1] == 0x0d ? end - 1 : end
    }

    /// The start of the line that follows on the line break at `lineEnd`; `nil` at the end of the file.
    func nextLine(behind lineEnd: Int) -> Int? { bytes[lineEnd...].firstIndex(of: 0x0a).map { $0 + 1 } }

    /// Where the line break begins that the line starting at `lineStart` follows on.
    func lineBreak(before lineStart: Int) -> Int {
        guard lineStart > 0 else { return 0 }
        return lineStart > 1 && bytes[lineStart - 2] == 0x0d ? lineStart - 2 : lineStart - 1
    }

    /// From 0, in bytes.
    func column(of offset: Int) -> Int { offset - lineStart(offset) }

    /// The blanks that the line of `offset` begins with.
    func indent(of offset: Int) -> [UInt8] { Array(bytes[lineStart(offset)...].prefix { $0 == 0x20 || $0 == 0x09 }) }

    /// The `-` that introduces the item at `offset`.
    func dash(before offset: Int) -> Int {
        bytes[lineStart(offset)..<offset].lastIndex(of: UInt8(ascii: "-")) ?? offset
    }

    /// The `:` behind a key.
    func colon(behind offset: Int) -> Int? {
        let found = behindBlanks(offset, before: bytes.count)
        return found < bytes.count && bytes[found] == UInt8(ascii: ":") ? found : nil
    }

    /// The `,` that follows on `offset`, comments and white space aside.
    func comma(behind offset: Int, before limit: Int) -> Int? {
        var position = offset
        while position < limit {
            switch bytes[position] {
            case UInt8(ascii: ","): return position
            case UInt8(ascii: "#"): position = lineEnd(position)
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return nil
            }
        }
        return nil
    }

    /// Behind spaces and tabs.
    func behindBlanks(_ offset: Int, before limit: Int) -> Int {
        var position = offset
        while position < limit, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
        return position
    }

    /// Without blanks and line breaks at its end.
    func withoutBlanks(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[end - 1]) { end -= 1 }
        return range.lowerBound..<end
    }

    /// True if nothing else stands on the lines of a range but white space and a comment behind it.
    func isAlone(from start: Int, to end: Int) -> Bool {
        let behind = behindBlanks(end, before: bytes.count)
        return bytes[lineStart(start)..<start].allSatisfy { $0 == 0x20 || $0 == 0x09 }
            && (behind == bytes.count || [UInt8(ascii: "#"), 0x0a, 0x0d].contains(bytes[behind]))
    }
}
