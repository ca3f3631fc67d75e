internal import ResealCore

/// Finds where a leaf stands, or should stand, and writes it there.
struct LeafWriter {
    private let parsed: ParsedFile
    private let edit: ManifestEdit
    private let layout: TextLayout
    private let content: LeafText

    init(parsed: ParsedFile, edit: ManifestEdit) {
        self.parsed = parsed
        self.edit = edit
        layout = TextLayout(parsed.text)
        content = LeafText(
            content: edit.content, newLine: layout.newLine, isFileEnded: parsed.text.bytes.last == 0x0a)
    }

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
        let place = ScalarPlace(tree[node], in: layout)
        let range = withSpace(place.range)
        let space: [UInt8] = needsSpace(range) ? [0x20] : []
        let behind = layout.lineEnd(range.upperBound)
        guard !isFlow, let block = content.block(indent: clearIndent(bodyIndent(place, indent), behind: behind)) else {
            // The comment behind a block indicator stays behind what stands in its place.
            let tail = place.isBlock ? Array(text.bytes[place.indicatorEnd..<place.headerEnd]) : []
            return patch.replace(range, with: space + content.inline(isFlow: isFlow) + tail)
        }
        if place.isBlock {
            patch.replace(range.lowerBound..<place.indicatorEnd, with: space + block.indicator)
            patch.replace(place.headerEnd..<range.upperBound, with: block.lines)
        } else {
            patch.replace(range, with: space + block.indicator)
            patch.insert(block.lines, at: behind)
        }
    }

    /// What stood right behind its colon stands there again when it is put back.
    private func withSpace(_ range: Range<Int>) -> Range<Int> {
        guard case .original(let source) = edit.content, !source.isApart, range.lowerBound > 0,
            text.bytes[range.lowerBound - 1] == 0x20
        else { return range }
        return range.lowerBound - 1..<range.upperBound
    }

    private func needsSpace(_ range: Range<Int>) -> Bool {
        guard let before = layout[range.lowerBound - 1], !before.isSpaceOrBreak else { return false }
        // Quotes and brackets may follow on a colon in flow style; an indicator or a tag may not.
        switch edit.content {
        case .marked: return true
        case .original(let source): return source.isApart
        case .sealed, .plain: return range.isEmpty
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
            return patch.insert(entry + layout.newLine + [UInt8](repeating: 0x20, count: indent), at: start)
        }
        let end = layout.lineEnd(ScalarPlace(tree[last], in: layout).range.upperBound)
        patch.insert(layout.newLine + entryLines(keys, indent: indent, behind: end), at: end)
    }

    /// An empty value becomes a mapping.
    private func fill(_ node: NodeID, with keys: [String], indent: Int, isFlow: Bool, _ patch: inout BytePatch) {
        let range = Int(tree[node].start)..<Int(tree[node].end)
        let space: [UInt8] = needsSpace(range) ? [0x20] : []
        guard !isFlow, range.isEmpty else { return patch.replace(range, with: space + flowMapping(keys)) }
        let end = layout.lineEnd(range.upperBound)
        patch.insert(layout.newLine + entryLines(keys, indent: indent + step, behind: end), at: end)
    }

    private func insertFlow(_ keys: [String], into mapping: NodeID, _ patch: inout BytePatch) {
        let body =
            Array(Self.key(keys[0]).utf8) + [0x3a, 0x20]
            + (keys.count == 1 ? content.inline(isFlow: true) : flowMapping(Array(keys.dropFirst())))
        if let last = tree.entries(mapping).map({ $0 }).last {
            let end = max(Int(tree[last.key].end), Int(tree[last.value].end))
            patch.insert([0x2c, 0x20] + body, at: end)
        } else {
            patch.insert(body, at: Int(tree[mapping].end) - 1)
        }
    }

    private func flowMapping(_ keys: [String]) -> [UInt8] {
        var body = content.inline(isFlow: true)
        for key in keys.reversed() { body = [0x7b] + Array(Self.key(key).utf8) + [0x3a, 0x20] + body + [0x7d] }
        return body
    }

    // MARK: Text

    /// Lines that are to stand in front of what follows on `offset`.
    private func entryLines(_ keys: [String], indent: Int, behind offset: Int) -> [UInt8] {
        var out: [UInt8] = []
        var indent = indent
        for (i, key) in keys.enumerated() {
            out += [UInt8](repeating: 0x20, count: indent) + Array(Self.key(key).utf8) + [0x3a]
            if i < keys.count - 1 { out += layout.newLine }
            indent += step
        }
        out.append(0x20)
        if let block = content.block(indent: clearIndent(indent, behind: offset)) {
            return out + block.indicator + block.lines
        }
        return out + content.inline(isFlow: false)
    }

    /// A key, in double quotes if it might be read as something else.
    private static func key(_ key: String) -> String {
        let letters = ASCIISet("A-Za-z0-9_.-")
        let bytes = Array(key.utf8)
        let isPlain =
            bytes.allSatisfy(letters.contains) && bytes.first.map { $0 != UInt8(ascii: "-") } == true
            && bytes.withUnsafeBufferPointer { ScalarMeaning(plain: $0) } == .string
        if isPlain { return key }
        return String(decoding: YAMLText.quoted(bytes), as: UTF8.self)
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

    /// Indent of the lines of a block scalar in this place.
    private func bodyIndent(_ place: ScalarPlace, _ indent: Int) -> Int {
        guard place.isBlock else { return indent + step }
        let first = place.headerEnd + layout.newLine.count
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

    /// A block scalar whose text goes on behind its last visible line: it keeps the blank lines (`|+`), they hold spaces,
    /// or there is no line break at the end of the file.
    private func isOpenEnded(_ leaf: NodeID) -> Bool {
        let place = ScalarPlace(tree[leaf], in: layout)
        guard place.isBlock, !tree[leaf].isArmor else { return false }
        let isKept = text.bytes[place.range.lowerBound..<place.indicatorEnd].suffix(2).contains(UInt8(ascii: "+"))
        let end = place.range.upperBound
        return isKept || end == text.bytes.count
            || text.bytes[end..<max(end, min(Int(tree[leaf].end), text.bytes.count))].contains(0x20)
    }
}
