internal import ResealCore

/// A document, or an entry of a mapping, as a piece of text that merges as a whole or by the entries in it.
struct MergePart {
    /// Tells the parts of one mapping, or the documents of one file, apart.
    let key: String
    /// Comments and blank lines in front of it; of a document its `---` too.
    let leading: ArraySlice<UInt8>
    let body: ArraySlice<UInt8>
    /// Blank lines behind it that another entry follows on; of a document, all that stands behind its last entry.
    var trailing: ArraySlice<UInt8> = []
    /// A block mapping; `nil` for anything else, which is one piece.
    let mapping: Mapping?
    /// The armor, if the part is one sealed value.
    var sealed: [UInt8]?

    struct Mapping {
        /// Up to the line of its first entry and what belongs to that.
        let head: ArraySlice<UInt8>
        /// The column of its keys.
        let column: Int
        let parts: [MergePart]
    }

    var whole: [UInt8] { Array(leading) + body + trailing }

    func isSame(as other: MergePart) -> Bool {
        leading == other.leading && body == other.body && trailing == other.trailing
    }

    /// True if the two differ in blank lines behind them at most, which come and go with what follows.
    func saysTheSame(as other: MergePart) -> Bool {
        leading == other.leading && body == other.body
            && (trailing == other.trailing || hasBlankEnd && other.hasBlankEnd)
    }

    var hasBlankEnd: Bool { trailing.allSatisfy(\.isSpaceOrBreak) }

    /// Of a document: its text begins with `---`, comments and the like aside.
    var hasMarker: Bool {
        leading.split(separator: 0x0a).contains { $0.starts(with: "---".utf8) } || body.starts(with: "---".utf8)
    }
}

/// A file as documents that merge. Comments, order and blanks are all in the parts: put together, they are the file.
struct MergeFile {
    let parts: [MergePart]
    private let parsed: ParsedFile

    /// `nil` for a file that has errors of YAML, or a document without a name of its own.
    init?(_ text: MergeText, limits: ManifestLimits) {
        guard let parsed = try? ParsedFile(ManifestFile(path: "", bytes: text.bytes), limits: limits) else {
            return nil
        }
        let reader = MergePartReader(parsed: parsed, layout: TextLayout(parsed.text))
        guard let parts = reader.documents() else { return nil }
        self.parsed = parsed
        self.parts = parts
    }

    /// What the file says, by document and keys.
    var leaves: MergeLeaves { MergeLeaves(parsed) }
}

/// Cuts a file into parts.
private struct MergePartReader {
    let parsed: ParsedFile
    let layout: TextLayout
    private var bytes: [UInt8] { parsed.text.bytes }
    private var tree: YAMLTree { parsed.tree }

    func documents() -> [MergePart]? {
        let documents = parsed.yaml.documents
        // Nothing but comments and blanks.
        if documents.isEmpty { return bytes.allSatisfy(\.isSpaceOrBreak) ? [] : nil }
        var starts: [Int] = []
        for document in documents {
            guard let start = segmentStart(Int(tree[document.root].start), behind: starts.last) else { return nil }
            starts.append(start)
        }
        starts[0] = 0
        var parts: [MergePart] = []
        for (place, document) in documents.enumerated() {
            let end = place + 1 < starts.count ? starts[place + 1] : bytes.count
            guard let key = MergeLeaves.key(of: document, tree),
                let part = part(of: document.root, key, starts[place]..<end)
            else { return nil }
            parts.append(part)
        }
        return Set(parts.map(\.key)).count == parts.count ? parts : nil
    }

    /// The last `---` in front of a document's root; `nil` if it is the one of the document before.
    private func segmentStart(_ root: Int, behind previous: Int?) -> Int? {
        var found = 0
        var next = parsed.text.documentStart(from: previous.map { $0 + 1 } ?? 0)
        while let marker = next, marker <= root {
            found = marker
            next = parsed.text.documentStart(from: marker + 1)
        }
        return previous.map { found > $0 } ?? true ? found : nil
    }

    private func part(of root: NodeID, _ key: String, _ range: Range<Int>) -> MergePart? {
        guard let entries = entries(root, from: range.lowerBound), let first = entries.first else {
            return MergePart(key: key, leading: [], body: bytes[range], mapping: nil)
        }
        let column = layout.column(of: keyStart(root))
        // What stands in front of the first key is the document's own.
        let start = first.body.startIndex
        let end = entries.last?.body.endIndex ?? start
        guard range.lowerBound <= start, end <= range.upperBound else { return nil }
        let parts = [first.withoutLeading] + entries.dropFirst()
        return MergePart(
            key: key, leading: bytes[range.lowerBound..<start], body: bytes[start..<end],
            trailing: bytes[end..<range.upperBound],
            mapping: MergePart.Mapping(head: [], column: column, parts: parts))
    }

    private func keyStart(_ mapping: NodeID) -> Int { Int(tree[tree.firstChild(mapping)].start) }

    /// The entries of a block mapping, the first of which takes all from `start`; `nil` for any other node, and where
    /// an entry does not have its lines for itself.
    private func entries(_ node: NodeID, from start: Int) -> [MergePart]? {
        guard tree[node].kind == .mapping, tree[node].style == .block, !tree[node].isAlias, tree[node].count > 0 else {
            return nil
        }
        var parts: [MergePart] = []
        var position = start
        let column = layout.column(of: keyStart(node))
        let entries = Array(tree.entries(node))
        for (place, (key, value)) in entries.enumerated() {
            let keyStart = Int(tree[key].start)
            let line = layout.lineStart(keyStart)
            guard line >= position, keyStart - line == column, layout.indent(of: keyStart).count == column else {
                return nil
            }
            let end = lineBehind(max(contentEnd(value), Int(tree[key].end)))
            let body = bytes[line..<end]
            let next = place + 1 < entries.count ? Int(tree[entries[place + 1].key].start) : end
            let blankEnd = blankLines(from: end, before: next)
            parts.append(
                MergePart(
                    key: tree.string(key), leading: bytes[position..<line], body: body,
                    trailing: bytes[end..<max(end, blankEnd)], mapping: mapping(value, key: key, in: body),
                    sealed: tree[value].isArmor && !tree[value].isAlias ? tree.bytes(value) : nil))
            position = max(end, blankEnd)
        }
        return parts
    }

    /// Behind the lines from `start` on in which nothing stands.
    private func blankLines(from start: Int, before limit: Int) -> Int {
        var position = start
        while position < limit, bytes[position..<layout.lineEnd(position)].allSatisfy(\.isSpaceOrBreak) {
            position = lineBehind(position)
        }
        return min(position, layout.lineStart(limit))
    }

    private func mapping(_ value: NodeID, key: NodeID, in body: ArraySlice<UInt8>) -> MergePart.Mapping? {
        let headEnd = lineBehind(Int(tree[key].end))
        guard headEnd < body.endIndex, let parts = entries(value, from: headEnd) else { return nil }
        return MergePart.Mapping(
            head: bytes[body.startIndex..<headEnd], column: layout.column(of: keyStart(value)), parts: parts)
    }

    /// The start of the line that follows on the one of `offset`.
    private func lineBehind(_ offset: Int) -> Int { layout.nextLine(behind: layout.lineEnd(offset)) ?? bytes.count }

    /// Behind the last byte of a node. libyaml puts the end of a block collection where the next token begins.
    private func contentEnd(_ node: NodeID) -> Int {
        guard !tree[node].isAlias, tree[node].kind != .scalar else {
            return ScalarPlace(tree[node], in: layout).range.upperBound
        }
        guard tree[node].style == .block else { return Int(tree[node].end) }
        var last = Int(tree[node].start)
        var child = tree.firstChild(node)
        while child.exists {
            if !tree[child].next.exists { last = contentEnd(child) }
            last = max(last, Int(tree[child].start))
            child = tree[child].next
        }
        return last
    }
}

extension MergePart {
    fileprivate var withoutLeading: MergePart {
        MergePart(key: key, leading: [], body: body, trailing: trailing, mapping: mapping, sealed: sealed)
    }
}
