internal import Glibc

/// Names one node of a ``YAMLTree``.
struct NodeID: Hashable, Sendable {
    let index: Int32
    static let none = NodeID(index: -1)
    var exists: Bool { index >= 0 }
}

/// One scalar, mapping or list, small because a file may have hundreds of thousands.
struct YAMLNode: Sendable {
    enum Kind: UInt8, Sendable { case scalar, mapping, sequence }
    enum Style: UInt8, Sendable { case plain, singleQuoted, doubleQuoted, literal, folded, block, flow }

    var kind: Kind
    var style: Style
    /// What the text of a scalar means.
    var meaning = ScalarMeaning.string
    /// Levels below this node, itself included.
    var height: UInt8 = 1
    var isAlias = false
    /// The text begins like an age armor.
    var isArmor = false
    /// The tag that says what to do about the text of a leaf.
    var mark: SealMark?
    /// Byte offsets in the file; `end` is behind the last byte.
    var start: Int32
    var end: Int32
    /// The next child of the same parent.
    var next = NodeID.none
    /// A scalar's offset in the text of the tree, or a collection's first child.
    var first: Int32 = -1
    /// A scalar's bytes, or a collection's children (a mapping has two for each entry).
    var count: Int32 = 0
    /// What it costs to visit it with all aliases written out: the number of nodes, where a scalar counts one more for
    /// each ``bytesPerWeight`` of its text.
    var weight: Int32 = 1

    static let bytesPerWeight = 64
}

/// The nodes of all documents of a file. Children of a mapping alternate between key and value.
struct YAMLTree: Sendable {
    var nodes: [YAMLNode] = []
    var text: [UInt8] = []

    subscript(id: NodeID) -> YAMLNode {
        _read { yield nodes[Int(id.index)] }
        _modify { yield &nodes[Int(id.index)] }
    }

    /// Lends the text of a scalar; of any other node, no bytes.
    @inline(__always)
    func withText<R>(_ id: NodeID, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let node = self[id]
        let range = node.kind == .scalar ? Int(node.first)..<Int(node.first + node.count) : 0..<0
        return text.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    func bytes(_ id: NodeID) -> [UInt8] { withText(id) { Array($0) } }

    func string(_ id: NodeID) -> String { withText(id) { String(decoding: $0, as: UTF8.self) } }

    /// True if the scalar's text is `word`.
    func isText(_ id: NodeID, _ word: StaticString) -> Bool {
        withText(id) { text in
            guard text.count == word.utf8CodeUnitCount, let base = text.baseAddress else { return false }
            return memcmp(base, word.utf8Start, text.count) == 0
        }
    }

    /// True if two scalars have the same text.
    func isEqualText(_ a: NodeID, _ b: NodeID) -> Bool { compareText(a, b) == 0 }

    /// Orders the texts of two scalars by their bytes: negative, zero or positive.
    func compareText(_ a: NodeID, _ b: NodeID) -> Int {
        withText(a) { x in
            withText(b) { y in
                guard let p = x.baseAddress, let q = y.baseAddress else { return x.count - y.count }
                let order = memcmp(p, q, min(x.count, y.count))
                return order == 0 ? x.count - y.count : Int(order)
            }
        }
    }

    func firstChild(_ id: NodeID) -> NodeID {
        let node = self[id]
        return node.kind == .scalar ? .none : NodeID(index: node.first)
    }

    /// The children of a list; none of any other node.
    func items(_ id: NodeID) -> Items {
        Items(tree: self, current: self[id].kind == .sequence ? firstChild(id) : .none)
    }

    /// The keys and values of a mapping; none of any other node.
    func entries(_ id: NodeID) -> Entries {
        Entries(tree: self, current: self[id].kind == .mapping ? firstChild(id) : .none)
    }

    /// The value of `key` in a mapping; `nil` for any other node.
    func value(_ mapping: NodeID, _ key: StaticString) -> NodeID? {
        guard self[mapping].kind == .mapping else { return nil }
        var child = firstChild(mapping)
        while child.exists {
            let value = self[child].next
            if isText(child, key) { return value }
            child = self[value].next
        }
        return nil
    }

    struct Items: Sequence, IteratorProtocol {
        let tree: YAMLTree
        var current: NodeID
        mutating func next() -> NodeID? {
            guard current.exists else { return nil }
            defer { current = tree[current].next }
            return current
        }
    }

    struct Entries: Sequence, IteratorProtocol {
        let tree: YAMLTree
        var current: NodeID
        mutating func next() -> (key: NodeID, value: NodeID)? {
            guard current.exists else { return nil }
            let key = current
            let value = tree[key].next
            current = tree[value].next
            return (key, value)
        }
    }
}
