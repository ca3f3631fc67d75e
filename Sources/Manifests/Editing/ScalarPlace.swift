/// Where a scalar stands, in the parts that an edit replaces.
struct ScalarPlace {
    /// To the end of the last line with text. libyaml's own mark is behind the blank lines that follow a block.
    let range: Range<Int>
    let isBlock: Bool
    /// Of a block: behind its indicator, such as `|2-`, and any tag or anchor in front of it.
    let indicatorEnd: Int
    /// Of a block: the line break behind the indicator and its comment.
    let headerEnd: Int

    init(_ node: YAMLNode, in layout: TextLayout) {
        let start = Int(node.start)
        isBlock = !node.isAlias && (node.style == .literal || node.style == .folded)
        guard isBlock else {
            range = start..<Int(node.end)
            (indicatorEnd, headerEnd) = (range.upperBound, range.upperBound)
            return
        }
        headerEnd = layout.indicatorLineEnd(start)
        indicatorEnd = layout.blockIndicatorEnd(start)
        let text = layout.withoutBlanks(headerEnd..<max(headerEnd, Int(node.end)))
        range = start..<layout.lineEnd(text.upperBound)
    }
}

/// A scalar in the very bytes of its file, so that it can be put back as it was.
package struct ScalarSource: Sendable {
    enum Form: Sendable {
        /// The indicator, and the lines with a line break in front of each.
        case block(indicator: [UInt8], lines: [UInt8])
        case inline([UInt8])
    }

    let form: Form
    /// What it means.
    let text: [UInt8]
    /// White space stands in front of it.
    let isApart: Bool
    /// It need not be text.
    let isWord: Bool

    /// A number, a truth value or nothing, as it stands on a line.
    package init(word text: [UInt8]) {
        form = .inline(text)
        self.text = text
        isApart = true
        isWord = true
    }

    init(_ node: NodeID, in parsed: ParsedFile) {
        let bytes = parsed.text.bytes
        let place = ScalarPlace(parsed.tree[node], in: TextLayout(parsed.text))
        form =
            place.isBlock
            ? .block(
                indicator: Array(bytes[place.range.lowerBound..<place.indicatorEnd]),
                lines: Array(bytes[place.headerEnd..<place.range.upperBound]))
            : .inline(Array(bytes[place.range]))
        text = parsed.tree.bytes(node)
        isWord = false
        isApart = place.range.lowerBound == 0 || bytes[place.range.lowerBound - 1].isSpaceOrBreak
    }
}

extension TextLayout {
    /// Behind the tags and anchors in front of a node.
    func behindProperties(_ start: Int) -> Int {
        var position = start
        while let byte = self[position], byte == UInt8(ascii: "!") || byte == UInt8(ascii: "&") {
            while let byte = self[position], !byte.isSpaceOrBreak { position += 1 }
            while let byte = self[position], byte.isSpaceOrBreak { position += 1 }
        }
        return position
    }

    /// The end of the line with the indicator of the block scalar at `start`.
    fileprivate func indicatorLineEnd(_ start: Int) -> Int { lineEnd(behindProperties(start)) }

    fileprivate func blockIndicatorEnd(_ start: Int) -> Int {
        var position = behindProperties(start)
        while let byte = self[position], !byte.isSpaceOrBreak { position += 1 }
        return position
    }

    /// True if the node at `start` has an anchor or is an alias: others depend on it.
    func isShared(_ start: Int) -> Bool {
        var position = start
        while let byte = self[position], byte == UInt8(ascii: "!") {
            while let byte = self[position], !byte.isSpaceOrBreak { position += 1 }
            while let byte = self[position], byte.isSpaceOrBreak { position += 1 }
        }
        return self[position] == UInt8(ascii: "&") || self[position] == UInt8(ascii: "*")
    }
}

extension UInt8 {
    var isSpaceOrBreak: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}
