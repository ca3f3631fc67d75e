internal import ResealCore

/// Typed access to a document that passed ``SchemaCheck``: whatever is there has the right form.
struct SpecReader {
    let tree: YAMLTree
    let text: SourceText

    func node(_ mapping: NodeID?, _ key: StaticString) -> NodeID? { mapping.flatMap { tree.value($0, key) } }

    func string(_ mapping: NodeID?, _ key: StaticString) -> String? { node(mapping, key).map(tree.string) }

    func flag(_ mapping: NodeID?, _ key: StaticString) -> Bool? { node(mapping, key).map(tree.isTrue) }

    func integer(_ mapping: NodeID?, _ key: StaticString) -> Int? {
        node(mapping, key).flatMap { tree.withText($0) { ScalarMeaning.integer($0) } }.map(Int.init)
    }

    func duration(_ mapping: NodeID?, _ key: StaticString) -> TimeSpan? {
        string(mapping, key).flatMap { TimeSpan($0) }
    }

    func time(_ mapping: NodeID?, _ key: StaticString) -> Timestamp? { string(mapping, key).flatMap { Timestamp($0) } }

    func field(_ mapping: NodeID?, _ key: StaticString) -> FieldPath? {
        string(mapping, key).map { FieldPath([$0]) }
    }

    func strings(_ mapping: NodeID?, _ key: StaticString) -> [String] {
        guard let list = node(mapping, key) else { return [] }
        return tree.items(list).map(tree.string)
    }

    func principals(_ mapping: NodeID?, _ key: StaticString) -> [Principal] {
        guard let list = node(mapping, key) else { return [] }
        return tree.items(list).compactMap { Principal(tree.string($0)) }
    }

    func globs(_ mapping: NodeID?, _ key: StaticString) -> [Glob] { strings(mapping, key).compactMap { Glob($0) } }

    func word<T: RawRepresentable<String>>(_ mapping: NodeID?, _ key: StaticString, as type: T.Type) -> T? {
        string(mapping, key).flatMap(T.init(rawValue:))
    }

    /// A mapping of scalars; numbers and truth values as JSON writes them.
    func dictionary(_ mapping: NodeID?, _ key: StaticString) -> [String: String] {
        guard let node = node(mapping, key) else { return [:] }
        var found: [String: String] = [:]
        for (key, value) in tree.entries(node) {
            found[tree.string(key)] = tree.plainScalar(value).map { String(decoding: $0.text, as: UTF8.self) }
        }
        return found
    }

    func span(_ node: NodeID) -> SourceSpan { text.span(at: Int(tree[node].start)) }
}
