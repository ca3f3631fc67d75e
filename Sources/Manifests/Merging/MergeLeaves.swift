internal import ResealCore

/// What a file says, leaf by leaf, to check a merge against. A list counts as one leaf.
struct MergeLeaves {
    struct Leaf: Equatable {
        let isSealed: Bool
        let text: [UInt8]
    }

    let leaves: [[String]: Leaf]

    init(_ parsed: ParsedFile) {
        var leaves: [[String]: Leaf] = [:]
        for document in parsed.yaml.documents {
            let key = Self.key(of: document, parsed.tree) ?? "\(document.index)"
            Self.collect(document.root, [key], parsed.tree, &leaves)
        }
        self.leaves = leaves
    }

    /// `nil` for a document without kind and name.
    static func key(of document: YAMLDocument, _ tree: YAMLTree) -> String? {
        guard let kind = tree.value(document.root, "kind"), let metadata = tree.value(document.root, "metadata"),
            let name = tree.value(metadata, "name"), tree[kind].kind == .scalar, tree[name].kind == .scalar
        else { return nil }
        let organization = tree.value(metadata, "organization").map(tree.string) ?? SecretID.defaultOrganization
        return "\(tree.string(kind)) \(organization) \(tree.string(name))"
    }

    private static func collect(
        _ node: NodeID, _ path: [String], _ tree: YAMLTree, _ leaves: inout [[String]: Leaf]
    ) {
        guard tree[node].kind == .mapping, tree[node].count > 0 else {
            var text: [UInt8] = []
            describe(node, tree, &text)
            leaves[path] = Leaf(isSealed: tree[node].isArmor, text: text)
            return
        }
        for (key, value) in tree.entries(node) { collect(value, path + [tree.string(key)], tree, &leaves) }
    }

    /// Something that is the same for two nodes only if they mean the same.
    private static func describe(_ node: NodeID, _ tree: YAMLTree, _ text: inout [UInt8]) {
        switch tree[node].kind {
        case .scalar:
            let bytes = tree.bytes(node)
            // Line breaks behind an armor mean nothing.
            let end = tree[node].isArmor ? (bytes.lastIndex { $0 != 0x0a } ?? -1) + 1 : bytes.count
            text += "\(tree[node].meaning) \(tree[node].mark.map { "\($0)" } ?? "") \(end):".utf8 + bytes[..<end]
        case .mapping:
            text += "{\(tree[node].count):".utf8
            for (key, value) in tree.entries(node) {
                describe(key, tree, &text)
                describe(value, tree, &text)
            }
        case .sequence:
            text += "[\(tree[node].count):".utf8
            for item in tree.items(node) { describe(item, tree, &text) }
        }
    }

    /// True if a file that says `self` can be what becomes of the two sides: nothing that one of them changed alone is
    /// lost, and every sealed leaf is one of theirs.
    func isMerge(base: MergeLeaves, ours: MergeLeaves, theirs: MergeLeaves) -> Bool {
        let all = Set(leaves.keys).union(base.leaves.keys).union(ours.leaves.keys).union(theirs.leaves.keys)
        return all.allSatisfy { path in
            let (b, o, t, found) = (base.leaves[path], ours.leaves[path], theirs.leaves[path], leaves[path])
            if o == t { return found == o }
            if b == o { return found == t }
            if b == t { return found == o }
            // Changed by both: lines of one plain text can be brought together.
            return found == o || found == t || (found != nil && o?.isSealed == false && t?.isSealed == false)
        }
    }
}
