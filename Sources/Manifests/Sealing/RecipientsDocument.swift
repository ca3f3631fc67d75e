internal import ResealCore

/// The Recipients manifest in its file, with the place of every mention of a recipient.
struct RecipientsDocument {
    /// One recipient, or `group:NAME`, as it stands in the file.
    struct Mention {
        enum Place: Hashable {
            case controller
            case group(String)
            /// Position in the list of rules, from 0.
            case rule(Int)
        }
        let place: Place
        let text: String
        /// What stands behind it on its line, without the `#`.
        let comment: String?
        let node: NodeID
    }

    let parsed: ParsedFile
    let spec: NodeID
    /// Position among the documents of the file, from 0.
    let index: Int

    /// Throws ``ManifestFailure/Kind/unreadable`` unless the file has exactly one such document.
    init(_ file: ManifestFile, limits: ManifestLimits = .standard) throws(ManifestFailure) {
        parsed = try ParsedFile(file, limits: limits)
        let tree = parsed.tree
        let found = parsed.yaml.documents.filter { document in
            tree[document.root].kind == .mapping
                && tree.value(document.root, "kind").map { tree.isText($0, "Recipients") } == true
        }
        guard let document = found.first, found.count == 1, let spec = tree.value(document.root, "spec"),
            tree[spec].kind == .mapping
        else {
            throw ManifestFailure(
                .unreadable, "the file does not hold exactly one Recipients manifest",
                at: SourceSpan(file: file.path, commit: file.commit))
        }
        self.spec = spec
        index = document.index
    }

    private var tree: YAMLTree { parsed.tree }

    var groups: NodeID? { mapping("groups") }
    var rules: NodeID? {
        guard let rules = tree.value(spec, "rules"), tree[rules].kind == .sequence else { return nil }
        return rules
    }

    /// The list of a group's members; `nil` if there is no such group.
    func group(_ name: String) -> NodeID? {
        groups.flatMap { groups in tree.entries(groups).first { tree.string($0.key) == name }?.value }
    }

    /// The list of a rule's recipients.
    func recipients(ofRule number: Int) -> NodeID? {
        guard let rules, number >= 0, let rule = tree.items(rules).dropFirst(number).first(where: { _ in true }) else {
            return nil
        }
        return tree.value(rule, "recipients")
    }

    /// All mentions, in the order of the file's lists.
    var mentions: [Mention] {
        var found: [Mention] = []
        if let controller = tree.value(spec, "controller") { found.append(mention(controller, .controller)) }
        if let groups {
            for (key, list) in tree.entries(groups) {
                found += tree.items(list).map { mention($0, .group(tree.string(key))) }
            }
        }
        if let rules {
            for (number, rule) in tree.items(rules).enumerated() {
                guard let list = tree.value(rule, "recipients") else { continue }
                found += tree.items(list).map { mention($0, .rule(number)) }
            }
        }
        return found
    }

    private func mention(_ node: NodeID, _ place: Mention.Place) -> Mention {
        Mention(place: place, text: tree.string(node), comment: comment(behind: Int(tree[node].end)), node: node)
    }

    /// The comment that ends the line of `offset`, if nothing but a comma stands between the two.
    private func comment(behind offset: Int) -> String? {
        let bytes = parsed.text.bytes
        var position = offset
        while position < bytes.count, [0x20, 0x09, 0x2c].contains(bytes[position]) { position += 1 }
        guard position > offset, position < bytes.count, bytes[position] == UInt8(ascii: "#") else { return nil }
        let rest = bytes[(position + 1)...].prefix { $0 != 0x0a && $0 != 0x0d }
        let words = String(decoding: rest, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private func mapping(_ key: StaticString) -> NodeID? {
        guard let node = tree.value(spec, key), tree[node].kind == .mapping else { return nil }
        return node
    }
}
