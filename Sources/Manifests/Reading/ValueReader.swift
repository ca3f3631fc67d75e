internal import ResealCore

/// Reads `spec.value`: the leaves, or the reference to a file.
struct ValueReader {
    private var check: SchemaCheck
    private let limits: ManifestLimits
    private let marks: SealMarkPolicy
    private var leaves: [ValueLeaf] = []
    /// Leaves seen, unusable ones included.
    private var fields = 0

    /// Reads `node`, reporting into `check`. `nil` if there is no value, or not one that can be used.
    static func read(
        _ node: NodeID, name: NodeID, limits: ManifestLimits, marks: SealMarkPolicy, check: inout SchemaCheck
    ) -> ValueSpec? {
        var reader = ValueReader(check: check, limits: limits, marks: marks)
        defer { check = reader.check }
        return reader.value(node, name)
    }

    private init(check: SchemaCheck, limits: ManifestLimits, marks: SealMarkPolicy) {
        self.check = check
        self.limits = limits
        self.marks = marks
    }

    private mutating func value(_ node: NodeID, _ name: NodeID) -> ValueSpec? {
        let span = check.text.span(at: Int(check.tree[node].start))
        switch check.tree[node].kind {
        case .scalar:
            if check.tree[node].meaning == .null { return nil }
            leaf(node, .whole, name)
            return ValueSpec(source: .inline(leaves), isScalar: true, span: span)
        case .sequence:
            refuseList(node, name)
            return nil
        case .mapping:
            if let path = check.tree.value(node, "fromFile") { return fromFile(node, path, span) }
            if let path = check.tree.value(node, "fromSOPS") { return fromSOPS(node, path, span) }
            mapping(node, .whole, name)
            return ValueSpec(source: .inline(leaves), isScalar: false, span: span)
        }
    }

    private mutating func mapping(_ node: NodeID, _ path: FieldPath, _ name: NodeID) {
        let tree = check.tree
        if tree[node].count == 0 {
            check.report(
                "manifest.empty-value", "\(check.subject(name)) has no fields", hint: "remove the key, or add a field",
                at: node)
        }
        for (key, value) in tree.entries(node) where !check.log.isFull {
            check.content(key, Self.fieldName, name, isKey: true)
            let field = path.appending(tree.string(key))
            switch tree[value].kind {
            case .mapping: nested(value, field, key)
            case .sequence: refuseList(value, key)
            case .scalar: leaf(value, field, key)
            }
        }
    }

    private mutating func nested(_ node: NodeID, _ field: FieldPath, _ name: NodeID) {
        let words: [StaticString] = ["fromFile", "fromSOPS"]
        if let word = words.first(where: { check.tree.value(node, $0) != nil }) {
            check.report(
                "manifest.nested-file", "`\(word)` stands for the whole value, not for a field",
                hint: "write value: {\(word): …}, or seal the field", at: node)
        }
        mapping(node, field, name)
    }

    private mutating func leaf(_ node: NodeID, _ field: FieldPath, _ name: NodeID) {
        fields += 1
        guard fields <= limits.fields else {
            if fields == limits.fields + 1 {
                check.report("manifest.too-many-fields", "the value has more than \(limits.fields) fields", at: node)
            }
            return
        }
        let found = check.tree[node]
        guard Int(found.count) <= limits.valueBytes else {
            return check.report(
                "manifest.value-too-large", "\(check.subject(name)) is larger than \(limits.valueBytes) bytes",
                hint: "raise limits.valueBytes of the Repository, or keep a reference instead", at: node)
        }
        guard let content = content(node, name) else { return }
        leaves.append(
            ValueLeaf(
                field: field, span: check.text.span(at: Int(found.start)), content: content, mark: found.mark,
                byteRange: Int(found.start)..<Int(found.end)))
    }

    private mutating func content(_ node: NodeID, _ name: NodeID) -> ValueLeaf.Content? {
        if let mark = check.tree[node].mark { return marked(node, mark, name) }
        if check.tree[node].isArmor {
            guard check.tree.withText(node, ArmorMark.ends) else {
                check.report(
                    "manifest.armor",
                    "the sealed value of \(check.subject(name)) is cut short or damaged: it does not end with \(ArmorMark.end)",
                    hint: "restore it from Git, or seal the value again; every line needs the same indent", at: node)
                return nil
            }
            return .sealed(check.tree.bytes(node))
        }
        guard let scalar = check.tree.plainScalar(node) else {
            check.report("manifest.base64", "\(check.subject(name)) is not base64, as !!binary says", at: node)
            return nil
        }
        return .plain(scalar)
    }

    private mutating func marked(_ node: NodeID, _ mark: SealMark, _ name: NodeID) -> ValueLeaf.Content? {
        guard marks == .accepted else {
            refuseMarked(node, mark, name)
            return nil
        }
        if check.tree[node].isArmor {
            check.report(
                "manifest.marked-armor", "\(check.subject(name)) is marked to be sealed, and is sealed already",
                hint: "remove the tag", at: node)
            return nil
        }
        if check.tree[node].count == 0, check.tree[node].style == .plain {
            check.report(
                "manifest.marked-empty",
                "\(check.subject(name)) is marked to be sealed, and nothing stands behind the tag",
                hint: "write the value behind the tag; an empty one as \"\"", at: node)
            return nil
        }
        guard mark == .base64 else { return .plain(PlainScalar(kind: .string, text: check.tree.bytes(node))) }
        guard let bytes = check.tree.base64(node) else {
            check.report("manifest.base64", "\(check.subject(name)) is not base64, as its tag says", at: node)
            return nil
        }
        return .plain(PlainScalar(kind: .binary, text: bytes))
    }

    private mutating func refuseMarked(_ node: NodeID, _ mark: SealMark, _ name: NodeID) {
        guard mark != .unopened else {
            return check.report(
                "manifest.placeholder",
                "\(check.subject(name)) holds the mark of a value that `reseal edit` could not open",
                hint: "restore the sealed value from Git", at: node)
        }
        // A hint is there to be copied, so nothing of the file may stand in it that a shell acts on.
        let file = check.text.file.utf8.allSatisfy(Self.pathCharacters.contains) ? check.text.file : "FILE"
        check.report(
            "manifest.unsealed", "\(check.subject(name)) is marked to be sealed, and still stands there in plain text",
            hint: "reseal seal --file \(file); a value that was ever pushed has to be changed as well", at: node)
    }

    private static let pathCharacters = ASCIISet("A-Za-z0-9._/-")

    private mutating func refuseList(_ node: NodeID, _ name: NodeID) {
        check.report(
            "manifest.list-value", "\(check.subject(name)) is a list; a value has scalars and mappings only",
            hint: "give each item a key of its own, or join the items in one string", at: node)
    }

    private mutating func fromFile(_ node: NodeID, _ path: NodeID, _ span: SourceSpan) -> ValueSpec? {
        let before = check.log.errors
        check.object(node, Self.fromFileRule, .none)
        guard check.log.errors == before else { return nil }
        let resolved = refer(path)
        return ValueSpec(
            source: .file(path: resolved, span: check.text.span(at: Int(check.tree[path].start))), isScalar: true,
            span: span)
    }

    private mutating func fromSOPS(_ node: NodeID, _ path: NodeID, _ span: SourceSpan) -> ValueSpec? {
        let before = check.log.errors
        check.object(node, Self.fromSOPSRule, .none)
        guard check.log.errors == before else { return nil }
        let key = check.tree.value(node, "key")
        let document = check.tree.value(node, "document")
        let reader = SpecReader(tree: check.tree, text: check.text)
        let part = SOPSPart(
            document: reader.integer(node, "document"),
            key: key.flatMap { FieldPath(check.tree.string($0)) } ?? .whole)
        let reference = SOPSReference(
            path: refer(path), part: part, span: reader.span(path), partSpan: (key ?? document).map(reader.span))
        return ValueSpec(source: .sops(reference), isScalar: false, span: span)
    }

    private mutating func refer(_ path: NodeID) -> String {
        let resolved = RelativePath.resolve(check.tree.string(path), in: check.text.file)
        check.refer(toFile: resolved, at: path)
        return resolved
    }

    static let fieldName = StringRule(.format(.fieldName))
    static let fromFileRule = ObjectRule([
        Field("fromFile", .format(.relativePath), "File with the value, sealed with age.", required: true)
    ])
    static let fromSOPSRule = ObjectRule([
        Field("fromSOPS", .format(.relativePath), "Document of SOPS with age recipients.", required: true),
        Field(
            "key", .format(.fieldPath),
            "Keys that lead to the part to take, joined by dots (`\\.` for a dot in a key, positions from 0 in lists); the whole document by default."
        ),
        Field("document", .integer(1...1000), "Which of several YAML documents of the file, from 1."),
    ])
}

extension YAMLTree {
    /// The value of a plain leaf; `nil` if it claims to be base64 and is not.
    func plainScalar(_ node: NodeID) -> PlainScalar? {
        switch self[node].meaning {
        case .string: return PlainScalar(kind: .string, text: bytes(node))
        case .null: return PlainScalar(kind: .null, text: [])
        case .integer: return PlainScalar(kind: .integer, text: Array(canonicalNumber(node).utf8))
        case .float: return PlainScalar(kind: .float, text: Array(canonicalNumber(node).utf8))
        case .boolean: return PlainScalar(kind: .bool, text: Array((isTrue(node) ? "true" : "false").utf8))
        case .binary: return base64(node).map { PlainScalar(kind: .binary, text: $0) }
        }
    }

    /// The bytes that the text of a scalar stands for; white space does not count.
    func base64(_ node: NodeID) -> [UInt8]? {
        let letters = withText(node) { text in text.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } }
        return Base64.decode(letters, padded: true)
    }

    func isTrue(_ node: NodeID) -> Bool {
        withText(node) { $0.first == UInt8(ascii: "t") || $0.first == UInt8(ascii: "T") }
    }

    /// A number as JSON writes it.
    func canonicalNumber(_ node: NodeID) -> String {
        withText(node) { text in
            ScalarMeaning.integer(text).map { "\($0)" } ?? ScalarMeaning.float(text) ?? "0"
        }
    }
}
