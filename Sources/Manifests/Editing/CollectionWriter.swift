internal import ResealCore

/// Adds and removes items of lists and entries of mappings, in flow and in block style, without touching anything else.
///
/// What it writes is checked by whoever calls it: the file is read again, and must say what was asked for.
struct CollectionWriter {
    let parsed: ParsedFile
    private let layout: TextLayout
    private var tree: YAMLTree { parsed.tree }

    init(_ parsed: ParsedFile) {
        self.parsed = parsed
        layout = TextLayout(parsed.text)
    }

    /// An item of a list, or an entry of a mapping from its key to the end of its value.
    private struct Member {
        let start: Int
        let end: Int
    }

    // MARK: Adding

    /// Puts an item behind the last one of a list.
    func append(item text: String, to list: NodeID, _ patch: inout BytePatch) throws(ManifestFailure) {
        try append([text], introducedBy: "- ", to: list, &patch)
    }

    /// Puts an entry behind the last one of a mapping. Lines after the first are indented in block style, and joined to
    /// it in flow style.
    func append(entry lines: [String], to mapping: NodeID, _ patch: inout BytePatch) throws(ManifestFailure) {
        try append(lines, introducedBy: "", to: mapping, &patch)
    }

    private func append(
        _ lines: [String], introducedBy mark: String, to collection: NodeID, _ patch: inout BytePatch
    ) throws(ManifestFailure) {
        try requireEditable(collection)
        let flowText = lines.joined(separator: " ")
        guard let last = members(of: collection).last else {
            // Only a collection in flow style can be empty.
            return patch.insert(Array(flowText.utf8), at: Int(tree[collection].start) + 1)
        }
        if tree[collection].style == .flow { return appendInFlow(flowText, behind: last, in: collection, &patch) }
        let indent = [UInt8](repeating: 0x20, count: layout.column(of: Int(tree[collection].start)))
        var text: [UInt8] = []
        for (number, line) in lines.enumerated() {
            text += layout.newLine + indent + Array((number == 0 ? mark + line : line).utf8)
        }
        patch.insert(text, at: layout.lineEnd(last.end))
    }

    /// A list with an item on each line gets another line; the comment behind the last item stays with that item.
    private func appendInFlow(_ text: String, behind last: Member, in collection: NodeID, _ patch: inout BytePatch) {
        let comma = layout.comma(behind: last.end, before: Int(tree[collection].end) - 1)
        let end = comma.map { $0 + 1 } ?? last.end
        guard layout.isAlone(from: last.start, to: end) else {
            return patch.insert(Array((comma == nil ? ", \(text)" : " \(text),").utf8), at: end)
        }
        if comma == nil { patch.insert([0x2c], at: last.end) }
        let line = layout.newLine + layout.indent(of: last.start) + Array(text.utf8) + (comma == nil ? [] : [0x2c])
        patch.insert(line, at: layout.lineEnd(end))
    }

    // MARK: Removing

    /// Takes the item at `place` out of a list, with its comment where it has a line of its own. `key` is what the list
    /// stands behind.
    func remove(item place: Int, from list: NodeID, of key: NodeID, _ patch: inout BytePatch) throws(ManifestFailure) {
        try remove(place, from: list, of: key, empty: " []", &patch)
    }

    /// Takes the entry at `place` out of a mapping, likewise.
    func remove(entry place: Int, from mapping: NodeID, of key: NodeID, _ patch: inout BytePatch)
        throws(ManifestFailure)
    {
        try remove(place, from: mapping, of: key, empty: " {}", &patch)
    }

    private func remove(
        _ place: Int, from collection: NodeID, of key: NodeID, empty: String, _ patch: inout BytePatch
    ) throws(ManifestFailure) {
        try requireEditable(collection)
        let members = members(of: collection)
        if tree[collection].style == .flow { return removeInFlow(place, members, in: collection, &patch) }
        if members.count == 1 {
            guard let colon = layout.colon(behind: Int(tree[key].end)) else { throw .unsafe }
            patch.insert(Array(empty.utf8), at: colon + 1)
        }
        removeLines(of: members[place], &patch)
    }

    private func removeInFlow(_ place: Int, _ members: [Member], in collection: NodeID, _ patch: inout BytePatch) {
        let member = members[place]
        let limit = place + 1 < members.count ? members[place + 1].start : Int(tree[collection].end) - 1
        let comma = layout.comma(behind: member.end, before: limit)
        if layout.isAlone(from: member.start, to: comma.map { $0 + 1 } ?? member.end) {
            removeLines(of: member, &patch)
        } else if let comma {
            patch.replace(member.start..<layout.behindBlanks(comma + 1, before: limit), with: [])
        } else if place > 0, layout.lineStart(members[place - 1].end) == layout.lineStart(member.start) {
            patch.replace(members[place - 1].end..<member.end, with: [])
        } else {
            // A comma that stays behind the last item is allowed.
            patch.replace(member.start..<member.end, with: [])
        }
    }

    /// The whole lines of a member, with the comment behind it.
    private func removeLines(of member: Member, _ patch: inout BytePatch) {
        let start = layout.lineStart(member.start)
        let end = layout.lineEnd(member.end)
        if let next = layout.nextLine(behind: end) { return patch.replace(start..<next, with: []) }
        // At the end of a file without a last line break, the one in front goes instead.
        patch.replace(layout.lineBreak(before: start)..<end, with: [])
    }

    // MARK: Places

    private func requireEditable(_ collection: NodeID) throws(ManifestFailure) {
        guard tree[collection].kind != .scalar, !tree[collection].isAlias else { throw .unsafe }
    }

    private func members(of collection: NodeID) -> [Member] {
        if tree[collection].kind == .mapping {
            return tree.entries(collection).map { Member(start: Int(tree[$0.key].start), end: lastByte(of: $0.value)) }
        }
        let isFlow = tree[collection].style == .flow
        return tree.items(collection).map { item in
            let start = Int(tree[item].start)
            return Member(start: isFlow ? start : layout.dash(before: start), end: lastByte(of: item))
        }
    }

    /// Behind the last byte of a node. libyaml ends a block collection, and a block scalar, on a later line.
    private func lastByte(of node: NodeID) -> Int {
        var last = node
        while tree[last].kind != .scalar, tree[last].style != .flow, !tree[last].isAlias {
            var child = tree.firstChild(last)
            guard child.exists else { break }
            while tree[child].next.exists { child = tree[child].next }
            last = child
        }
        return layout.withoutBlanks(Int(tree[last].start)..<Int(tree[last].end)).upperBound
    }
}
