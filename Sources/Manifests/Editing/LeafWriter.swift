internal import ResealCore

/// Finds where a leaf stands, or should stand, and writes it there.
struct LeafWriter {
    let parsed: ParsedFile
    let edit: ManifestEdit

    private var tree: YAMLTree { parsed.tree }
    private var text: SourceText { parsed.text }

    func write(to patch: inout BytePatch) throws(ManifestFailure) {
        let root = try parsed.document(of: edit.secret).root
        guard let spec = tree.value(root, "spec"), tree[spec].kind == .mapping else {
            throw notALeaf("the secret has no `spec`", at: root)
        }
        var keys = ["value"] + edit.field.segments
        var mapping = spec
        var indent = keyIndent(spec, parent: keyIndent(root, parent: nil))
        var isFlow = tree[root].style == .flow || tree[spec].style == .flow
        while let key = keys.first {
            keys.removeFirst()
            guard let entry = tree.entries(mapping).first(where: { tree.string($0.key) == key }) else {
                return try insert([key] + keys, into: mapping, indent: indent, isFlow: isFlow, &patch)
            }
            let node = entry.value
            if keys.isEmpty { return try replace(node, indent: indent, isFlow: isFlow, &patch) }
            guard tree[node].kind == .mapping else {
                guard tree[node].kind == .scalar, tree[node].meaning == .null, !tree[node].isAlias else {
                    throw notALeaf("\(quoted(key)) has no fields", at: node)
                }
                return fill(node, with: keys, indent: indent, isFlow: isFlow, &patch)
            }
            if key == "value", mapping == spec { try refuseFile(node) }
            isFlow = isFlow || tree[node].style == .flow
            indent = keyIndent(node, parent: indent)
            mapping = node
        }
    }

    // MARK: The three ways

    /// A scalar takes the place of another.
    private func replace(_ node: NodeID, indent: Int, isFlow: Bool, _ patch: inout BytePatch) throws(ManifestFailure) {
        guard tree[node].kind == .scalar else {
            throw notALeaf("the value has fields", at: node)
        }
        let range = Int(tree[node].start)..<Int(tree[node].end)
        let old = tree[node]
        let space: [UInt8] = range.isEmpty && needsSpace(before: range.lowerBound) ? [0x20] : []
        let behind = isBlock(old) ? contentEnd(range, lineEnd(range.lowerBound)) : lineEnd(range.upperBound)
        guard !isFlow, let block = blockLines(indent: clearIndent(bodyIndent(node, indent), behind: behind)) else {
            return patch.replace(
                scalarRange(range, old), with: space + inline() + (isBlock(old) ? tail(range, old) : []))
        }
        if isBlock(old) {
            // A comment behind the block indicator stays.
            let headerEnd = lineEnd(range.lowerBound)
            patch.replace(range.lowerBound..<indicatorEnd(range.lowerBound), with: block.indicator)
            patch.replace(headerEnd..<behind, with: block.lines)
        } else {
            patch.replace(range, with: space + block.indicator)
            patch.insert(block.lines, at: behind)
        }
    }

    /// Missing keys go behind the last entry of their mapping, or in front of the first where what is behind the last
    /// one belongs to its text.
    private func insert(
        _ keys: [String], into mapping: NodeID, indent: Int, isFlow: Bool, _ patch: inout BytePatch
    ) throws(ManifestFailure) {
        guard !tree[mapping].isAlias else { throw .unsafe }
        guard !isFlow else { return insertFlow(keys, into: mapping, &patch) }
        guard let last = tree.entries(mapping).map(\.value).last.map(lastLeaf) else { throw .unsafe }
        if isOpenEnded(last) {
            let start = Int(tree[tree.firstChild(mapping)].start)
            let entry = entryLines(keys, indent: indent, behind: start).drop { $0 == 0x20 }
            return patch.insert(entry + newLine + [UInt8](repeating: 0x20, count: indent), at: start)
        }
        let end = lastLineEnd(of: last)
        patch.insert(newLine + entryLines(keys, indent: indent, behind: end), at: end)
    }

    /// An empty value becomes a mapping.
    private func fill(_ node: NodeID, with keys: [String], indent: Int, isFlow: Bool, _ patch: inout BytePatch) {
        let range = Int(tree[node].start)..<Int(tree[node].end)
        let space: [UInt8] = needsSpace(before: range.lowerBound) ? [0x20] : []
        guard !isFlow, range.isEmpty else { return patch.replace(range, with: space + flowMapping(keys)) }
        let end = lineEnd(range.upperBound)
        patch.insert(newLine + entryLines(keys, indent: indent + step, behind: end), at: end)
    }

    private func insertFlow(_ keys: [String], into mapping: NodeID, _ patch: inout BytePatch) {
        let body =
            Array(Self.key(keys[0]).utf8) + [0x3a, 0x20]
            + (keys.count == 1 ? inline() : flowMapping(Array(keys.dropFirst())))
        if let last = tree.entries(mapping).map({ $0 }).last {
            let end = max(Int(tree[last.key].end), Int(tree[last.value].end))
            patch.insert([0x2c, 0x20] + body, at: end)
        } else {
            patch.insert(body, at: Int(tree[mapping].end) - 1)
        }
    }

    private func flowMapping(_ keys: [String]) -> [UInt8] {
        var body = inline()
        for key in keys.reversed() { body = [0x7b] + Array(Self.key(key).utf8) + [0x3a, 0x20] + body + [0x7d] }
        return body
    }

    // MARK: Text

    private struct Block {
        let indicator: [UInt8]
        /// A line break in front of each line, none at the end.
        let lines: [UInt8]
    }

    /// The text as a literal block scalar; `nil` if it has none that every reader takes alike.
    private func blockLines(indent: Int) -> Block? {
        var content = edit.text
        if case .plain = edit.content {
            // The last line break of the text would be lost at the end of a file that has none.
            guard content.contains(0x0a), text.bytes.last == 0x0a else { return nil }
        }
        var indicator: [UInt8] = [0x7c]
        if content.last == 0x0a { content.removeLast() } else { indicator.append(UInt8(ascii: "-")) }
        if case .sealed = edit.content { indicator = [0x7c] }
        guard let first = content.first, !first.isSpaceOrBreak, content.last?.isSpaceOrBreak == false,
            content.allSatisfy({ $0 == 0x0a || (0x20...0x7e).contains($0) })
        else { return nil }
        var lines: [UInt8] = []
        for line in content.split(separator: 0x0a, omittingEmptySubsequences: false) {
            lines += newLine
            if !line.isEmpty { lines += [UInt8](repeating: 0x20, count: indent) + line }
        }
        return Block(indicator: indicator, lines: lines)
    }

    /// The text on one line, in double quotes.
    private func inline() -> [UInt8] {
        var out: [UInt8] = []
        JSON.quote(edit.text, to: &out)
        return out
    }

    /// Lines that are to stand in front of what follows on `offset`.
    private func entryLines(_ keys: [String], indent: Int, behind offset: Int) -> [UInt8] {
        var out: [UInt8] = []
        var indent = indent
        for (i, key) in keys.enumerated() {
            out += [UInt8](repeating: 0x20, count: indent) + Array(Self.key(key).utf8) + [0x3a]
            if i < keys.count - 1 { out += newLine }
            indent += step
        }
        out.append(0x20)
        if let block = blockLines(indent: clearIndent(indent, behind: offset)) {
            return out + block.indicator + block.lines
        }
        return out + inline()
    }

    /// A key, in double quotes if it might be read as something else.
    private static func key(_ key: String) -> String {
        let letters = ASCIISet("A-Za-z0-9_.-")
        var bytes = Array(key.utf8)
        let isPlain =
            bytes.allSatisfy(letters.contains) && bytes.first.map { $0 != UInt8(ascii: "-") } == true
            && bytes.withUnsafeBufferPointer { ScalarMeaning(plain: $0) } == .string
        if isPlain { return key }
        var out: [UInt8] = []
        JSON.quote(bytes, to: &out)
        bytes = out
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Places

    private func notALeaf(_ message: String, at node: NodeID) -> ManifestFailure {
        ManifestFailure(
            .notALeaf, message, hint: "name one field with --field", at: text.span(at: Int(tree[node].start)))
    }

    private func refuseFile(_ value: NodeID) throws(ManifestFailure) {
        guard tree.value(value, "fromFile") != nil || tree.value(value, "fromSOPS") != nil else { return }
        throw ManifestFailure(
            .notALeaf, "the value stands in another file", hint: "seal that file instead",
            at: text.span(at: Int(tree[value].start)))
    }

    private func isBlock(_ node: YAMLNode) -> Bool { node.style == .literal || node.style == .folded }

    /// Column of the keys of a mapping; one step inside the parent's if the mapping has none in block style.
    private func keyIndent(_ mapping: NodeID, parent: Int?) -> Int {
        let first = tree.firstChild(mapping)
        guard tree[mapping].style == .block, !tree[mapping].isAlias, first.exists else {
            return parent.map { $0 + step } ?? 0
        }
        return text.position(of: Int(tree[first].start)).column - 1
    }

    /// Spaces that the file indents by: those of `spec` inside its document, if that tells.
    private var step: Int {
        for document in parsed.yaml.documents {
            guard let metadata = tree.value(document.root, "metadata"), tree[metadata].style == .block,
                tree[metadata].kind == .mapping, tree.firstChild(metadata).exists
            else { continue }
            let column = text.position(of: Int(tree[tree.firstChild(metadata)].start)).column - 1
            if (1...8).contains(column) { return column }
        }
        return 2
    }

    /// Indent of the lines of a block scalar that replaces `node`.
    private func bodyIndent(_ node: NodeID, _ indent: Int) -> Int {
        guard isBlock(tree[node]), !tree[node].isAlias else { return indent + step }
        let first = lineEnd(Int(tree[node].start)) + newLine.count
        let spaces = text.bytes[min(first, text.bytes.count)...].prefix { $0 == 0x20 }.count
        return spaces > indent ? spaces : indent + step
    }

    /// The indent for a block scalar that ends in front of `offset`: comments behind it that are indented as deeply would
    /// become part of its text, and so would what blanks are left on empty lines.
    private func clearIndent(_ wanted: Int, behind offset: Int) -> Int {
        var indent = wanted
        var line = offset
        while let lineBreak = text.bytes[line...].firstIndex(of: 0x0a) {
            let spaces = text.bytes[(lineBreak + 1)...].prefix { $0 == 0x20 }.count
            line = lineBreak + 1 + spaces
            guard line < text.bytes.count else { return max(indent, spaces) }
            switch text.bytes[line] {
            case 0x0a, 0x0d: indent = max(indent, spaces)
            case UInt8(ascii: "#"): indent = max(indent, spaces + 1)
            default: return indent
            }
        }
        return indent
    }

    private var newLine: [UInt8] {
        guard text.lineStarts.count > 1 else { return [0x0a] }
        let end = Int(text.lineStarts[1]) - 1
        return end > 0 && text.bytes[end - 1] == 0x0d ? [0x0d, 0x0a] : [0x0a]
    }

    /// The offset of the line break (CR included) that ends the line of `offset`, or the end of the file.
    private func lineEnd(_ offset: Int) -> Int {
        let end = text.bytes[offset...].firstIndex(of: 0x0a) ?? text.bytes.count
        return end > offset && text.bytes[end - 1] == 0x0d ? end - 1 : end
    }

    /// Where the last line with text of a block scalar ends. libyaml's mark is behind the blank lines that follow.
    private func contentEnd(_ range: Range<Int>, _ headerEnd: Int) -> Int {
        var end = min(range.upperBound, text.bytes.count)
        while end > headerEnd, text.bytes[end - 1].isSpaceOrBreak { end -= 1 }
        return end
    }

    private func scalarRange(_ range: Range<Int>, _ node: YAMLNode) -> Range<Int> {
        isBlock(node) ? range.lowerBound..<contentEnd(range, lineEnd(range.lowerBound)) : range
    }

    /// The comment behind a block indicator that goes away with its block.
    private func tail(_ range: Range<Int>, _ node: YAMLNode) -> [UInt8] {
        Array(text.bytes[indicatorEnd(range.lowerBound)..<lineEnd(range.lowerBound)])
    }

    /// Behind a block indicator such as `|2-`, and any tag or anchor in front of it.
    private func indicatorEnd(_ start: Int) -> Int {
        let header = text.bytes[start..<lineEnd(start)]
        let sign = header.firstIndex { $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: ">") } ?? start
        return header[sign...].firstIndex(where: \.isSpaceOrBreak) ?? header.endIndex
    }

    /// The node that a block collection ends with.
    private func lastLeaf(of node: NodeID) -> NodeID {
        var last = node
        while tree[last].style != .flow, !tree[last].isAlias, tree[last].kind != .scalar {
            var child = tree.firstChild(last)
            guard child.exists else { break }
            while tree[child].next.exists { child = tree[child].next }
            last = child
        }
        return last
    }

    private func lastLineEnd(of leaf: NodeID) -> Int {
        let range = Int(tree[leaf].start)..<Int(tree[leaf].end)
        guard isBlock(tree[leaf]), !tree[leaf].isAlias else { return lineEnd(range.upperBound) }
        return contentEnd(range, lineEnd(range.lowerBound))
    }

    /// A block scalar whose text goes on behind its last visible line: it keeps the blank lines (`|+`), they hold spaces,
    /// or there is no line break at the end of the file.
    private func isOpenEnded(_ leaf: NodeID) -> Bool {
        guard isBlock(tree[leaf]), !tree[leaf].isAlias, !tree[leaf].isArmor else { return false }
        let start = Int(tree[leaf].start)
        let header = text.bytes[start..<indicatorEnd(start)]
        let end = lastLineEnd(of: leaf)
        let isKept = header.suffix(2).contains(UInt8(ascii: "+"))
        return isKept || end == text.bytes.count
            || text.bytes[end..<max(end, min(Int(tree[leaf].end), text.bytes.count))].contains(0x20)
    }

    private func needsSpace(before offset: Int) -> Bool {
        offset > 0 && offset <= text.bytes.count && !text.bytes[offset - 1].isSpaceOrBreak
    }
}

extension UInt8 {
    fileprivate var isSpaceOrBreak: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}
