internal import ResealCore

/// Compares a file before and after an edit, leaf by leaf.
enum EditVerification {
    /// One scalar, or an empty mapping or list, with the keys and positions that lead to it.
    private struct Leaf: Equatable {
        let path: [String]
        let kind: YAMLNode.Kind
        let meaning: ScalarMeaning
        let text: [UInt8]
    }

    /// Throws ``ManifestFailure/Kind/unsafe`` unless the leaves of `edits` have their new text and nothing else changed.
    static func check(_ edits: [ManifestEdit], before: ParsedFile, after: ParsedFile) throws(ManifestFailure) {
        guard before.yaml.documents.map(\.index) == after.yaml.documents.map(\.index) else { throw .unsafe }
        var wanted: [(path: [String], edit: ManifestEdit)] = []
        for edit in edits {
            let root = try before.document(of: edit.secret)
            guard let document = before.yaml.documents.first(where: { $0.root == root }) else { throw .unsafe }
            let path = ["\(document.index)", "spec", "value"] + edit.field.segments
            // Of two edits of one field, the last counts.
            wanted.removeAll { $0.path == path }
            wanted.append((path, edit))
        }
        let old = leaves(of: before).filter { leaf in !wanted.contains { Self.gives(way: leaf, to: $0.path) } }
        var new = leaves(of: after)
        for (path, edit) in wanted {
            guard let place = new.firstIndex(where: { $0.path == path }), new[place].kind == .scalar,
                new[place].meaning == .string, holds(new[place].text, edit)
            else { throw .unsafe }
            new.remove(at: place)
        }
        guard old == new else { throw .unsafe }
    }

    /// The leaf itself, or an empty one where its mapping now stands.
    private static func gives(way leaf: Leaf, to path: [String]) -> Bool {
        leaf.path == path || (leaf.text.isEmpty || leaf.meaning == .null) && path.starts(with: leaf.path)
    }

    private static func holds(_ text: [UInt8], _ edit: ManifestEdit) -> Bool {
        guard case .sealed = edit.content else { return text == edit.text }
        // An armor may lose its last line break where the file has none at its end.
        return text == edit.text || text + [0x0a] == edit.text
    }

    private static func leaves(of file: ParsedFile) -> [Leaf] {
        var found: [Leaf] = []
        for document in file.yaml.documents { collect(document.root, ["\(document.index)"], file.tree, &found) }
        return found
    }

    private static func collect(_ node: NodeID, _ path: [String], _ tree: YAMLTree, _ found: inout [Leaf]) {
        switch tree[node].kind {
        case .scalar where true, .mapping where tree[node].count == 0, .sequence where tree[node].count == 0:
            found.append(
                Leaf(path: path, kind: tree[node].kind, meaning: tree[node].meaning, text: tree.bytes(node)))
        case .mapping:
            for (key, value) in tree.entries(node) { collect(value, path + [tree.string(key)], tree, &found) }
        default:
            for (i, item) in tree.items(node).enumerated() { collect(item, path + ["\(i)"], tree, &found) }
        }
    }
}
