internal import ResealCore

/// The bytes of one file and what is needed to name places in them.
///
/// Positions inside this module are byte offsets; lines and columns are computed only for what is reported.
struct SourceText: Sendable {
    let file: String
    let commit: ObjectID?
    let bytes: [UInt8]
    /// Offset of the first byte of each line.
    private(set) var lineStarts: [Int32] = [0]
    private(set) var isASCII = true
    /// Where YAML begins: behind a byte order mark, if there is one.
    private(set) var start = 0
    private(set) var defects: [Defect] = []
    /// False if there are so many defects that the rest was not looked at.
    private(set) var isWholeScanned = false

    /// Scalars before every ``stride``th byte, so that a column costs little on a long line too; empty for ASCII.
    private var scalarCounts: [Int32] = []
    private static let stride = 1024
    /// Lines that begin with `%` in front of one document. libyaml compares each `%TAG` with all others, and nobody
    /// needs any.
    static let maximumDirectives = 16

    /// Bytes that no YAML file of ours may hold.
    struct Defect: Sendable, Equatable {
        enum Kind: Sendable { case invalidUTF8, control, loneCarriageReturn, lineSeparator, bidirectional, directives }
        let kind: Kind
        let offset: Int
    }

    /// Takes files of less than 2 GiB. `tolerated` defects count as none.
    init(
        file: String, commit: ObjectID?, bytes: [UInt8], maximumDefects: Int,
        tolerating tolerated: Set<Defect.Kind> = []
    ) {
        self.file = file
        self.commit = commit
        self.bytes = bytes
        lineStarts.reserveCapacity(bytes.count / 32 + 4)
        scan(maximumDefects: maximumDefects, tolerating: tolerated)
        if !isASCII { countScalars() }
    }

    func span(at offset: Int) -> SourceSpan {
        let (line, column) = position(of: offset)
        return SourceSpan(file: file, line: line, column: column, commit: commit)
    }

    /// 1-based line, and 1-based column in Unicode scalars.
    func position(of offset: Int) -> (line: Int, column: Int) {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(lineStarts[middle]) <= offset { low = middle } else { high = middle }
        }
        let begin = max(Int(lineStarts[low]), low == 0 ? start : 0)
        let end = min(max(offset, begin), bytes.count)
        if isASCII { return (low + 1, end - begin + 1) }
        return (low + 1, scalars(before: end) - scalars(before: begin) + 1)
    }

    private func scalars(before offset: Int) -> Int {
        let block = offset / Self.stride
        return Int(scalarCounts[block]) + Self.scalars(in: bytes[block * Self.stride..<offset])
    }

    private static func scalars(in bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    }

    private mutating func countScalars() {
        scalarCounts.reserveCapacity(bytes.count / Self.stride + 1)
        var count = 0
        for start in Swift.stride(from: 0, through: bytes.count, by: Self.stride) {
            scalarCounts.append(Int32(count))
            count += Self.scalars(in: bytes[start..<min(start + Self.stride, bytes.count)])
        }
    }

    /// One pass over all bytes: finds line starts and defects.
    ///
    /// libyaml takes NEL, LS, PS and a lone CR for line breaks while viewers of a diff show them inside a line; behind a
    /// `#` they would hide a key from its reviewer. The same holds for characters that reorder text on the screen.
    private mutating func scan(maximumDefects: Int, tolerating tolerated: Set<Defect.Kind>) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            start = 3
            isASCII = false
        }
        var offset = start
        bytes.withUnsafeBufferPointer { p in
            var directives = 0
            noteDirective(p, start, &directives)
            while offset < p.count, defects.count < maximumDefects {
                let byte = p[offset]
                if byte >= 0x20, byte < 0x7f {
                    offset += 1
                    continue
                }
                let (kind, width) = Self.inspect(p, offset)
                if let kind, !tolerated.contains(kind) { defects.append(Defect(kind: kind, offset: offset)) }
                offset += width
                if byte == 0x0a { lineStarts.append(Int32(offset)) }
                if byte >= 0x80 { isASCII = false }
                if byte == 0x0a || kind == .lineSeparator { noteDirective(p, offset, &directives) }
            }
            isWholeScanned = offset >= p.count
        }
    }

    /// Looks at the line that begins at `offset`; `count` is that of the document so far.
    private mutating func noteDirective(_ p: UnsafeBufferPointer<UInt8>, _ offset: Int, _ count: inout Int) {
        guard offset < p.count else { return }
        if p[offset] == UInt8(ascii: "-"), isDocumentMarker(at: offset) { count = 0 }
        guard p[offset] == UInt8(ascii: "%") else { return }
        count += 1
        if count == Self.maximumDirectives + 1 { defects.append(Defect(kind: .directives, offset: offset)) }
    }

    private static func inspect(_ p: UnsafeBufferPointer<UInt8>, _ offset: Int) -> (Defect.Kind?, width: Int) {
        switch p[offset] {
        case 0x09, 0x0a: return (nil, 1)
        case 0x0d:
            let isPair = offset + 1 < p.count && p[offset + 1] == 0x0a
            return (isPair ? nil : .loneCarriageReturn, 1)
        case 0..<0x80: return (.control, 1)
        default:
            guard let (scalar, width) = decode(p, offset) else { return (.invalidUTF8, 1) }
            switch scalar {
            case 0x85, 0x2028, 0x2029: return (.lineSeparator, width)
            case 0x80..<0xa0, 0xfeff, 0xfffe, 0xffff: return (.control, width)
            case 0x202a...0x202e, 0x2066...0x2069: return (.bidirectional, width)
            default: return (nil, width)
            }
        }
    }

    /// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
    private static func decode(_ p: UnsafeBufferPointer<UInt8>, _ offset: Int) -> (scalar: UInt32, width: Int)? {
        let lead = p[offset]
        let width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
        guard (0xc2...0xf4).contains(lead), offset + width <= p.count else { return nil }
        var scalar = UInt32(lead) & (0x7f >> UInt32(width))
        for i in 1..<width {
            guard p[offset + i] & 0xc0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(p[offset + i] & 0x3f)
        }
        let smallest: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
        guard scalar >= smallest[width], scalar <= 0x10ffff, !(0xd800..<0xe000).contains(scalar) else { return nil }
        return (scalar, width)
    }

    /// The offset of the first line at or behind `offset` that starts a document (`---`), if there is one.
    func documentStart(from offset: Int) -> Int? {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if Int(lineStarts[middle]) < offset { low = middle + 1 } else { high = middle }
        }
        return lineStarts[low...].lazy.map(Int.init).first(where: isDocumentMarker)
    }

    private func isDocumentMarker(at offset: Int) -> Bool {
        guard offset + 3 <= bytes.count, bytes[offset..<offset + 3].allSatisfy({ $0 == UInt8(ascii: "-") }) else {
            return false
        }
        return offset + 3 == bytes.count || [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset + 3])
    }
}
