internal import ResealCore

/// Compares a file before and after an edit, leaf by leaf.
enum EditVerification {
    /// One scalar, or an empty mapping or list, with the keys and positions that lead to it.
    private struct Leaf: Equatable {
        let path: [String]
        let kind: YAMLNode.Kind
        let meaning: ScalarMeaning
        let mark: SealMark?
        let text: [UInt8]

        var isEmpty: Bool { text.isEmpty || meaning == .null }
    }

    /// Throws ``ManifestFailure/Kind/unsafe`` unless the leaves of `edits` have their new text and nothing else changed.
    static func check(_ edits: some Sequence<ManifestEdit>, before: ParsedFile, after: ParsedFile)
        throws(ManifestFailure)
    {
        guard before.yaml.documents.map(\.index) == after.yaml.documents.map(\.index) else { throw .unsafe }
        // Of two edits of one field, the last counts.
        var wanted: [[String]: ManifestEdit] = [:]
        var above: Set<[String]> = []
        for edit in edits {
            let document = try before.document(of: edit.secret)
            let path = ["\(document.index)", "spec", "value"] + edit.field.segments
            wanted[path] = edit
            for count in 3..<path.count { above.insert(Array(path[..<count])) }
        }
        // What the edits replace: the leaf itself, or an empty one where its mapping now stands.
        let old = leaves(of: before).filter { leaf in
            wanted[leaf.path] == nil && !(leaf.isEmpty && above.contains(leaf.path))
        }
        var rest: [Leaf] = []
        for leaf in leaves(of: after) {
            guard let edit = wanted.removeValue(forKey: leaf.path) else {
                rest.append(leaf)
                continue
            }
            guard leaf.kind == .scalar, leaf.meaning == .string || edit.isWord,
                edit.isFulfilled(by: leaf.text, leaf.mark)
            else { throw .unsafe }
        }
        guard wanted.isEmpty, old == rest else { throw .unsafe }
    }

    /// True if a file says all that another one does, and then one document more.
    static func isPrefix(_ before: ParsedFile, of after: ParsedFile) -> Bool {
        let (old, new) = (leaves(of: before), leaves(of: after))
        return after.yaml.documents.count == before.yaml.documents.count + 1 && old == Array(new.prefix(old.count))
    }

    private static func leaves(of file: ParsedFile) -> [Leaf] {
        var found: [Leaf] = []
        for document in file.yaml.documents { collect(document.root, ["\(document.index)"], file.tree, &found) }
        return found
    }

    private static func collect(_ node: NodeID, _ path: [String], _ tree: YAMLTree, _ found: inout [Leaf]) {
        switch tree[node].kind {
        case .scalar where true, .mapping where tree[node].count == 0, .sequence where tree[node].count == 0:
            // Line breaks behind an armor mean nothing, and a file that ended with it has none.
            let text = tree.bytes(node)
            let end = tree[node].isArmor ? (text.lastIndex { $0 != 0x0a } ?? -1) + 1 : text.count
            found.append(
                Leaf(
                    path: path, kind: tree[node].kind, meaning: tree[node].meaning, mark: tree[node].mark,
                    text: Array(text[..<end])))
        case .mapping:
            for (key, value) in tree.entries(node) { collect(value, path + [tree.string(key)], tree, &found) }
        default:
            for (i, item) in tree.items(node).enumerated() { collect(item, path + ["\(i)"], tree, &found) }
        }
    }
}
