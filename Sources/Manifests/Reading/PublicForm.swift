internal import ResealCore

/// Writes the canonical JSON of a manifest without the content of its value; see ``Manifest/publicForm``.
struct PublicForm {
    private let tree: YAMLTree
    private var out: [UInt8] = []

    /// `hidden` is the node of `spec.value`, if there is one.
    static func write(_ tree: YAMLTree, metadata: NodeID, spec: NodeID, hidden: NodeID?) -> [UInt8] {
        var form = PublicForm(tree: tree)
        form.out.reserveCapacity(512)
        form.append("{\"metadata\":{")
        var isFirst = true
        for key in ["annotations", "labels"] as [StaticString] {
            guard let node = tree.value(metadata, key) else { continue }
            form.append(isFirst ? "\"" : ",\"")
            form.append(key)
            form.append("\":")
            form.node(node, hidden: nil)
            isFirst = false
        }
        form.append("},\"spec\":")
        form.node(spec, hidden: hidden)
        form.append("}")
        // Copied to its own size: a hundred thousand of these are held at once.
        return form.out.withUnsafeBytes { Array($0) }
    }

    private init(tree: YAMLTree) { self.tree = tree }

    private mutating func append(_ text: StaticString) {
        out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func node(_ id: NodeID, hidden: NodeID?) {
        if id == hidden { return shape(id) }
        switch tree[id].kind {
        case .scalar: scalar(id)
        case .sequence:
            append("[")
            for (i, item) in tree.items(id).enumerated() {
                if i > 0 { append(",") }
                node(item, hidden: hidden)
            }
            append("]")
        case .mapping:
            append("{")
            for (i, entry) in sortedEntries(id).enumerated() {
                if i > 0 { append(",") }
                quote(entry.key)
                append(":")
                node(entry.value, hidden: hidden)
            }
            append("}")
        }
    }

    /// The outline of a value: which fields there are and which are sealed, nothing of what is in them.
    private mutating func shape(_ id: NodeID) {
        if tree[id].kind == .mapping, tree.value(id, "fromFile") != nil || tree.value(id, "fromSOPS") != nil {
            return node(id, hidden: nil)
        }
        guard tree[id].kind == .mapping else {
            return append(tree[id].isArmor ? "\"sealed\"" : tree[id].meaning == .null ? "null" : "\"plain\"")
        }
        append("{")
        for (i, entry) in sortedEntries(id).enumerated() {
            if i > 0 { append(",") }
            quote(entry.key)
            append(":")
            if tree[entry.value].kind == .mapping {
                shape(entry.value)
            } else {
                append(tree[entry.value].isArmor ? "\"sealed\"" : "\"plain\"")
            }
        }
        append("}")
    }

    private func sortedEntries(_ id: NodeID) -> [(key: NodeID, value: NodeID)] {
        var entries: [(key: NodeID, value: NodeID)] = []
        entries.reserveCapacity(Int(tree[id].count) / 2)
        for entry in tree.entries(id) { entries.append((entry.key, entry.value)) }
        entries.sort { tree.compareText($0.key, $1.key) < 0 }
        return entries
    }

    private mutating func quote(_ id: NodeID) {
        let tree = tree
        tree.withText(id) { JSON.quote(UnsafeRawBufferPointer($0), to: &out) }
    }

    private mutating func scalar(_ id: NodeID) {
        switch tree[id].meaning {
        case .string, .binary: quote(id)
        case .null: append("null")
        case .boolean: append(tree.isTrue(id) ? "true" : "false")
        case .integer, .float: out.append(contentsOf: tree.canonicalNumber(id).utf8)
        }
    }
}
