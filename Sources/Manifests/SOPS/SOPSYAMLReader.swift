internal import ResealCore

/// Reads the documents of a YAML file of SOPS, comments included.
///
/// SOPS writes comments on lines of their own in front of what they belong to. A comment that follows on the last entry
/// of a mapping belongs to the deepest mapping or list that it is indented as far as.
struct SOPSYAMLReader {
    private let source: SourceText
    private let tree: YAMLTree
    private var comments: ArraySlice<YAMLComment>

    /// The documents with their metadata still among their entries. Throws ``DiagnosticsFailure`` with every error of
    /// the syntax.
    static func read(_ source: SourceText, limits: YAMLLimits) throws -> [SOPSNode<SOPSScalar>] {
        var log = DiagnosticLog(limit: limits.diagnostics)
        let reading = YAMLReader.read(source, limits: limits, log: &log)
        guard log.errors == 0 else { throw DiagnosticsFailure(log.diagnostics) }
        var reader = SOPSYAMLReader(source, reading.tree)
        return try reading.documents.map { document in
            let end = source.documentStart(from: Int(reading.tree[document.root].end)) ?? source.bytes.count
            return try reader.document(document.root, end: end)
        }
    }

    private init(_ source: SourceText, _ tree: YAMLTree) {
        self.source = source
        self.tree = tree
        comments = YAMLComments.find(in: source, tree)[...]
    }

    private mutating func document(_ root: NodeID, end: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        switch tree[root].kind {
        case .mapping: return try mapping(root, outer: 0, end: end)
        case .scalar where tree[root].meaning == .null:
            return .mapping(takeComments { $0.offset < end }.map { .comment($0) })
        default:
            throw ManifestFailure(
                .sopsFormat, "a document of SOPS is a mapping, not \(tree.typeName(root))", at: span(root))
        }
    }

    // MARK: Collections

    /// `outer` is the column of the collection around this one, `end` where the next entry of it begins.
    private mutating func mapping(
        _ node: NodeID, outer: Int, end: Int
    ) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        var entries: [SOPSEntry<SOPSScalar>] = []
        let column = column(node)
        var children = tree.entries(node)
        var next = children.next()
        while let (key, value) = next {
            next = children.next()
            let bound = next.map { start($0.key) } ?? end
            let begin = start(key)
            entries += takeComments { $0.offset < begin }.map { .comment($0) }
            entries += takeComments(besides: value, end: bound).map { .comment($0) }
            let child = try self.node(value, outer: column, end: bound)
            entries.append(.value(key: try keyText(key), offset: begin, child))
        }
        entries += takeTail(node, column, outer, end: end).map { .comment($0) }
        return .mapping(entries)
    }

    private mutating func list(_ node: NodeID, outer: Int, end: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        var items: [SOPSItem<SOPSScalar>] = []
        let column = column(node)
        var children = tree.items(node)
        var next = children.next()
        while let item = next {
            next = children.next()
            let bound = next.map(start) ?? end
            let begin = start(item)
            // What stands between the dash and a collection belongs to that collection.
            let isCollection = tree[item].kind != .scalar && tree[item].style == .block
            items += takeComments { $0.offset < begin && (!isCollection || $0.column <= column) }.map { .comment($0) }
            items += takeComments(besides: item, end: bound).map { .comment($0) }
            let child = try self.node(item, outer: column, end: bound)
            items.append(Self.asComment(child).map { .comment($0) } ?? .value(child))
        }
        items += takeTail(node, column, outer, end: end).map { .comment($0) }
        return .list(items)
    }

    /// SOPS writes an encrypted comment of a list as if it were an element.
    private static func asComment(_ node: SOPSNode<SOPSScalar>) -> SOPSScalar? {
        guard case .leaf(let leaf) = node, case .string(let text) = leaf.content,
            SOPSCiphertext(parsing: text)?.kind == .comment
        else { return nil }
        return SOPSScalar(.comment(text), at: leaf.offset)
    }

    private mutating func node(_ node: NodeID, outer: Int, end: Int) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        // The comments of what an alias stands for are elsewhere.
        if tree[node].isAlias { return try aliased(node) }
        switch tree[node].kind {
        case .scalar: return .leaf(SOPSScalar(scalar(node), at: start(node)))
        case .mapping: return try mapping(node, outer: outer, end: end)
        case .sequence: return try list(node, outer: outer, end: end)
        }
    }

    private func aliased(_ node: NodeID) throws(ManifestFailure) -> SOPSNode<SOPSScalar> {
        var plain = self
        plain.comments = []
        switch tree[node].kind {
        case .scalar: return .leaf(SOPSScalar(scalar(node), at: start(node)))
        case .mapping: return try plain.mapping(node, outer: 0, end: source.bytes.count)
        case .sequence: return try plain.list(node, outer: 0, end: source.bytes.count)
        }
    }

    // MARK: Comments

    private mutating func takeComments(while belongs: (YAMLComment) -> Bool) -> [SOPSScalar] {
        let taken = comments.prefix(while: belongs)
        comments = comments.dropFirst(taken.count)
        return taken.map { SOPSScalar(.comment($0.text), at: $0.offset) }
    }

    /// Those on the line of a key or dash, and all around a scalar up to the end of its line.
    private mutating func takeComments(besides value: NodeID, end: Int) -> [SOPSScalar] {
        guard tree[value].kind == .scalar || tree[value].isAlias else {
            let begin = start(value)
            return takeComments { !$0.isAlone && $0.offset < begin }
        }
        let limit = Int(tree[value].end)
        return takeComments { $0.offset < limit || !$0.isAlone && $0.offset < end }
    }

    /// Those behind the last entry of a collection, as far as they are not indented less.
    private mutating func takeTail(_ node: NodeID, _ column: Int, _ outer: Int, end: Int) -> [SOPSScalar] {
        if tree[node].style == .flow {
            let close = Int(tree[node].end)
            return takeComments { $0.offset < close || !$0.isAlone && $0.offset < end }
        }
        return takeComments { $0.offset < end && (outer == 0 || $0.column >= column && $0.column > outer) }
    }

    // MARK: Scalars

    private func start(_ node: NodeID) -> Int { Int(tree[node].start) }
    private func column(_ node: NodeID) -> Int { source.position(of: start(node)).column }
    private func span(_ node: NodeID) -> SourceSpan { source.span(at: start(node)) }

    private func keyText(_ key: NodeID) throws(ManifestFailure) -> String {
        guard case .string(let text) = scalar(key) else {
            throw ManifestFailure(
                .sopsFormat, "a key of a SOPS document is text, not \(tree.typeName(key))", hint: "put it in quotes",
                at: span(key))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func scalar(_ node: NodeID) -> GoScalar {
        guard tree[node].style == .plain, !isTagged(node) else { return tagged(node) }
        return GoScalar(plainYAML: tree.bytes(node))
    }

    /// Quoted scalars and those in blocks are text, unless a tag says otherwise.
    private func tagged(_ node: NodeID) -> GoScalar {
        let text = tree.bytes(node)
        switch tree[node].meaning {
        case .string: return .string(text)
        case .binary: return .string(tree.plainScalar(node)?.text ?? text)
        case .integer, .float, .boolean, .null: return GoScalar(plainYAML: text)
        }
    }

    /// A node with a tag begins with it, or with an anchor in front of it.
    private func isTagged(_ node: NodeID) -> Bool {
        guard !tree[node].isAlias else { return false }
        var rest = source.bytes[start(node)..<Int(tree[node].end)]
        if rest.first == UInt8(ascii: "&") { rest = rest.drop { $0 != 0x20 }.drop { $0 == 0x20 } }
        return rest.first == UInt8(ascii: "!")
    }
}
