internal import ResealCore

/// Compares one document with its shape and collects every difference.
struct SchemaCheck {
    let tree: YAMLTree
    let text: SourceText
    let organization: String
    var log: DiagnosticLog
    private(set) var references: [ManifestReference] = []
    /// The key of the list whose item is being checked, for messages.
    private var listName = NodeID.none

    init(tree: YAMLTree, text: SourceText, organization: String, log: DiagnosticLog) {
        self.tree = tree
        self.text = text
        self.organization = organization
        self.log = log
    }

    /// `name` is the key that the node belongs to, for messages.
    mutating func check(_ node: NodeID, _ shape: Shape, name: NodeID) {
        switch shape {
        case .string(let rule): string(node, rule, name)
        case .integer(let range): integer(node, range, name)
        case .boolean: _ = expect(node, .boolean, "true or false", name)
        case .scalar(let bytes): scalar(node, bytes, name)
        case .list(let rule): list(node, rule, name)
        case .map(let rule): map(node, rule, name)
        case .object(let rule): object(node, rule, name)
        case .choice(let rule): choice(node, rule, name)
        case .variants(let rule): variants(node, rule, name)
        case .value: break
        }
    }

    // MARK: Collections

    /// `siblings` are given when the object is one of several variants: their keys deserve a better word than "unknown".
    mutating func object(_ node: NodeID, _ rule: ObjectRule, _ name: NodeID, siblings: VariantRule? = nil) {
        guard expect(node, .mapping, name) else { return }
        var seen: UInt64 = 0
        for (key, value) in tree.entries(node) where !log.isFull {
            if let index = rule.fields.firstIndex(where: { tree.isText(key, $0.name) }) {
                seen |= 1 << UInt64(index)
                check(value, rule.fields[index].shape, name: key)
            } else if let owners = siblings?.owners(of: key, in: tree), !owners.isEmpty {
                report(
                    "manifest.unknown-key", "the key `\(tree.string(key))` does not apply here",
                    hint: "it belongs to \(owners.joined(separator: ", "))", at: key)
            } else {
                unknown(key, rule)
            }
        }
        let missing = rule.required & ~seen
        guard missing != 0 else { return }
        for (index, field) in rule.fields.enumerated() where missing >> UInt64(index) & 1 == 1 {
            report(
                "manifest.missing-key", "the key `\(field.nameText)` is missing in \(subject(name))",
                hint: field.description, at: holder(node, name))
        }
    }

    private mutating func choice(_ node: NodeID, _ rule: ObjectRule, _ name: NodeID) {
        object(node, rule, name)
        guard tree[node].kind == .mapping, tree[node].count != 2 else { return }
        let names = rule.fields.map { "`\($0.nameText)`" }.joined(separator: ", ")
        report(
            "manifest.one-of", "\(subject(name)) needs exactly one of \(names)",
            hint: tree[node].count == 0 ? nil : "keep one of them", at: holder(node, name))
    }

    private mutating func variants(_ node: NodeID, _ rule: VariantRule, _ name: NodeID) {
        guard expect(node, .mapping, name) else { return }
        guard let selector = tree.value(node, rule.selector) else {
            let names = rule.variants.map(\.name).joined(separator: ", ")
            report(
                "manifest.missing-key", "the key `\(rule.selector)` is missing in \(subject(name))",
                hint: "one of \(names)", at: holder(node, name))
            return
        }
        let chosen = tree[selector].kind == .scalar ? tree.string(selector) : ""
        guard let variant = rule.variants.first(where: { $0.name == chosen }), tree[selector].meaning == .string else {
            let key = tree.entries(node).first { tree.isText($0.key, rule.selector) }?.key ?? name
            string(selector, rule.choices, key)
            return
        }
        object(node, variant.object, name, siblings: rule)
    }

    private mutating func list(_ node: NodeID, _ rule: ListRule, _ name: NodeID) {
        guard expect(node, .sequence, name) else { return }
        let count = Int(tree[node].count)
        if !rule.count.contains(count) {
            let bound =
                count < rule.count.lowerBound ? "at least \(rule.count.lowerBound)" : "at most \(rule.count.upperBound)"
            report("manifest.value", "\(subject(name)) needs \(bound) items, and has \(count)", at: node)
        }
        for item in tree.items(node) where !log.isFull {
            let outer = listName
            listName = name
            check(item, rule.item, name: name)
            listName = outer
        }
        guard rule.isUnique, count > 1 else { return }
        for (_, item) in tree.duplicates(among: tree.items(node).filter { tree[$0].kind == .scalar }) {
            report("manifest.duplicate-item", "an item of \(subject(name)) stands twice", at: item)
        }
    }

    private mutating func map(_ node: NodeID, _ rule: MapRule, _ name: NodeID) {
        guard expect(node, .mapping, name) else { return }
        let count = Int(tree[node].count) / 2
        if !rule.count.contains(count) {
            let bound =
                count < rule.count.lowerBound ? "at least \(rule.count.lowerBound)" : "at most \(rule.count.upperBound)"
            report("manifest.value", "\(subject(name)) needs \(bound) entries, and has \(count)", at: node)
        }
        for (key, value) in tree.entries(node) where !log.isFull {
            content(key, rule.key, name, isKey: true)
            check(value, rule.value, name: key)
        }
    }

    private mutating func unknown(_ key: NodeID, _ rule: ObjectRule) {
        let name = tree.string(key)
        let known = rule.fields.map(\.nameText)
        if let advice = rule.refused.first(where: { $0.names.contains(name) }) {
            return report(advice.code, "\(advice.message) (`\(name)`)", hint: advice.hint, at: key)
        }
        let nearest = tree[key].count > 128 ? nil : NearestName.suggestion(for: name, in: known)
        let shown = nearest == nil ? tree.keyName(key) : quoted(name)
        report(
            "manifest.unknown-key", "unknown key" + (shown.map { " \($0)" } ?? ""),
            hint: nearest.map { "did you mean `\($0)`?" } ?? "known keys: \(known.joined(separator: ", "))", at: key)
    }

    // MARK: Words

    /// What a message is about. A key that may be no name but a value in the wrong place is not shown.
    func subject(_ name: NodeID) -> String {
        guard name.exists else { return "the document" }
        let isKnown = ManifestSchema.keys.contains(tree.string(name))
        let key = isKnown ? "`\(tree.string(name))`" : tree.keyName(name) ?? "this entry"
        return (name == listName ? "an item of " : "") + key
    }

    /// Where a mapping is blamed for what it lacks: at its key, since the mapping itself may begin lines below it.
    private func holder(_ node: NodeID, _ name: NodeID) -> NodeID { name.exists && name != listName ? name : node }

    mutating func report(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }

    mutating func warn(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(.warning, code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }

    mutating func refer(to kind: ResourceKind, _ name: String, _ what: NodeID, at node: NodeID) {
        references.append(
            ManifestReference(
                target: .resource(ResourceKey(kind, name, organization: organization)),
                span: text.span(at: Int(tree[node].start)), what: what.exists ? tree.string(what) : ""))
    }

    mutating func refer(toFile path: String, at node: NodeID) {
        references.append(
            ManifestReference(target: .file(path), span: text.span(at: Int(tree[node].start)), what: "value"))
    }

    private mutating func expect(_ node: NodeID, _ kind: YAMLNode.Kind, _ name: NodeID) -> Bool {
        if tree[node].kind == kind { return true }
        wrongType(node, kind == .mapping ? "a mapping" : "a list", name)
        return false
    }

    mutating func wrongType(_ node: NodeID, _ expected: String, _ name: NodeID, hint: String? = nil) {
        report(
            "manifest.type", "\(subject(name)) must be \(expected), not \(tree.typeName(node))", hint: hint, at: node)
    }
}
