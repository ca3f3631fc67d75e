internal import ResealCore

/// The rules about who holds which identity.
///
/// Recipients are public keys, and nothing in an age file says whose. A Recipients manifest names a holder in the comment
/// behind a recipient, or by a group that has one member only; see ``RecipientNames``.
enum RecipientsLint {
    static func findings(_ file: ManifestFile) -> [RawFinding] {
        guard let document = try? RecipientsDocument(file) else { return [] }
        let tree = document.parsed.tree
        let mentions = document.mentions
        let controller = mentions.first { $0.place == .controller }?.text
        var named: Set<String> = []
        var groups: [String: [String]] = [:]
        for mention in mentions {
            if mention.comment != nil { named.insert(mention.text) }
            if case .group(let name) = mention.place { groups[name, default: []].append(mention.text) }
        }
        for members in groups.values where members.count == 1 { named.formUnion(members) }
        var seen: Set<String> = []
        var findings: [RawFinding] = []
        for mention in mentions where mention.text != controller && !mention.text.hasPrefix("group:") {
            guard !named.contains(mention.text), seen.insert(mention.text).inserted else { continue }
            findings.append(
                finding(
                    .unnamedRecipient,
                    "nothing says who holds the identity of \(quoted(RecipientNames.shortened(mention.text)))",
                    mention.node, tree))
        }
        return findings + unused(document, mentions)
    }

    private static func unused(_ document: RecipientsDocument, _ mentions: [RecipientsDocument.Mention]) -> [RawFinding]
    {
        let used = Set(mentions.map(\.text).filter { $0.hasPrefix("group:") })
        let tree = document.parsed.tree
        guard let groups = document.groups else { return [] }
        return tree.entries(groups).compactMap { key, _ in
            used.contains("group:" + tree.string(key))
                ? nil : finding(.unusedGroup, "no rule uses the group \(quoted(tree.string(key)))", key, tree)
        }
    }

    private static func finding(_ rule: LintRule, _ message: String, _ node: NodeID, _ tree: YAMLTree) -> RawFinding {
        let start = Int(tree[node].start)
        return RawFinding(rule: rule, message: message, range: start..<max(start + 1, Int(tree[node].end)))
    }
}
