/// A comment of a YAML file.
struct YAMLComment {
    /// Of the `#`, in bytes.
    let offset: Int
    /// 1-based, in Unicode scalars.
    let line: Int
    let column: Int
    /// Behind the `#`.
    let text: [UInt8]
    /// Nothing but white space stands in front of it.
    let isAlone: Bool
}

/// Finds the comments, which libyaml leaves out: between two scalars there are only indicators, white space and
/// comments.
enum YAMLComments {
    static func find(in source: SourceText, _ tree: YAMLTree) -> [YAMLComment] {
        var comments: [YAMLComment] = []
        var position = source.start
        for node in tree.nodes where node.kind == .scalar || node.isAlias {
            scan(position..<max(position, Int(node.start)), source, &comments)
            position = max(position, Int(node.end))
        }
        scan(position..<source.bytes.count, source, &comments)
        return comments
    }

    private static func scan(_ gap: Range<Int>, _ source: SourceText, _ comments: inout [YAMLComment]) {
        let bytes = source.bytes
        var offset = gap.lowerBound
        while offset < gap.upperBound {
            guard bytes[offset] == UInt8(ascii: "#"), offset == 0 || bytes[offset - 1].isBlankOrBreak else {
                offset += 1
                continue
            }
            var end = bytes[offset...].firstIndex(of: 0x0a) ?? bytes.count
            let next = end
            if end > offset, bytes[end - 1] == 0x0d { end -= 1 }
            let (line, column) = source.position(of: offset)
            let lineStart = bytes[..<offset].lastIndex(of: 0x0a).map { $0 + 1 } ?? source.start
            comments.append(
                YAMLComment(
                    offset: offset, line: line, column: column, text: Array(bytes[(offset + 1)..<end]),
                    isAlone: bytes[lineStart..<offset].allSatisfy(\.isBlankOrBreak)))
            offset = next
        }
    }
}

extension UInt8 {
    fileprivate var isBlankOrBreak: Bool { [0x20, 0x09, 0x0a, 0x0d].contains(self) }
}
