/// Replacements in an array of bytes, all given in offsets of the original.
struct BytePatch {
    private let original: [UInt8]
    private var changes: [(range: Range<Int>, bytes: [UInt8], order: Int)] = []

    init(_ original: [UInt8]) { self.original = original }

    mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        changes.append((range, bytes, changes.count))
    }

    mutating func insert(_ bytes: [UInt8], at offset: Int) { replace(offset..<offset, with: bytes) }

    /// The bytes with all changes; insertions at one place keep the order in which they were made.
    func result() -> [UInt8] {
        var out: [UInt8] = []
        var position = 0
        for change in changes.sorted(by: { ($0.range.lowerBound, $0.order) < ($1.range.lowerBound, $1.order) }) {
            // Two changes of the same bytes: the verification behind this finds that one of them got lost.
            guard change.range.lowerBound >= position else { continue }
            out += original[position..<change.range.lowerBound]
            out += change.bytes
            position = change.range.upperBound
        }
        return out + original[position...]
    }
}
