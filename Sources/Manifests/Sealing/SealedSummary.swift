package import ResealAge
internal import ResealCore
internal import ResealSealing

/// What can be told of a sealed value without a key, on one line.
package enum SealedSummary {
    /// `<sealed 8f14e45fceea167a #3, 2 recipients: controller, alice>`, where `#3` is the counter.
    ///
    /// The sixteen digits are the beginning of a hash of the sealed bytes; white space at their end does not count.
    package static func line(_ sealed: [UInt8], names: RecipientNames) -> String {
        let end = (sealed.lastIndex { !$0.isSpaceOrBreak } ?? -1) + 1
        let name = Hex.encode(Digest256(hashing: Array(sealed[..<end])).bytes.prefix(8))
        guard let file = try? SealedFile(parsing: sealed) else { return "<sealed \(name), damaged>" }
        return line(name, file.header.stanzas, names)
    }

    private static func line(_ name: String, _ stanzas: [Stanza], _ names: RecipientNames) -> String {
        guard let binding = try? Binding.find(in: stanzas) else {
            return "<sealed \(name), \(recipients(stanzas))>"
        }
        let count = count(wraps(stanzas))
        let people = binding.recipients.map { visible(names.name($0) ?? names.text($0).map(shortened) ?? $0) }.sorted()
        return "<sealed \(name) #\(binding.counter), \(count): \(people.joined(separator: ", "))>"
    }

    /// Number and kinds of those whom a value is sealed for, as far as its header tells: `2 recipients: X25519 ×2`.
    package static func recipients(_ stanzas: [Stanza]) -> String {
        "\(count(wraps(stanzas))): \(described(wraps(stanzas)))"
    }

    private static func wraps(_ stanzas: [Stanza]) -> [Stanza] {
        stanzas.filter { $0.type != Binding.stanzaType && !$0.type.hasSuffix("-grease") }
    }

    private static func count(_ wraps: [Stanza]) -> String {
        "\(wraps.count) \(wraps.count == 1 ? "recipient" : "recipients")"
    }

    /// Kinds of stanzas and, where a stanza has one, the tag that tells its recipient.
    private static func described(_ stanzas: [Stanza]) -> String {
        var counts: [String: Int] = [:]
        for stanza in stanzas {
            let hasTag = stanza.type.hasPrefix("ssh-") || stanza.type.hasSuffix("tag")
            let tag = hasTag ? stanza.arguments.first.map { " \($0.prefix(16))" } : nil
            counts["\(stanza.type.prefix(32))\(tag ?? "")", default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { $1 == 1 ? $0 : "\($0) ×\($1)" }.joined(separator: ", ")
    }

    private static func shortened(_ text: String) -> String { RecipientNames.shortened(text) }

    /// A name comes from a comment, which may hold anything.
    private static func visible(_ text: String) -> String {
        YAMLText.isVisible(Array(text.utf8)) ? text : String(decoding: YAMLText.quoted(Array(text.utf8)), as: UTF8.self)
    }
}

/// A file as a person compares it: each sealed value is one line.
package enum SealedOutline {
    /// The file with every sealed value replaced by its ``SealedSummary``, and all else as it is. Any other file, and
    /// one that cannot be read, comes back unchanged.
    package static func text(of bytes: [UInt8], names: RecipientNames) -> [UInt8] {
        if (try? SealedFile(parsing: bytes)) != nil {
            return Array((SealedSummary.line(bytes, names: names) + "\n").utf8)
        }
        guard let parsed = try? ParsedFile(ManifestFile(path: "", bytes: bytes), limits: .standard) else {
            return bytes
        }
        let layout = TextLayout(parsed.text)
        var patch = BytePatch(bytes)
        for node in parsed.tree.nodes.indices.map({ NodeID(index: Int32($0)) }) {
            guard parsed.tree[node].isArmor, !parsed.tree[node].isAlias else { continue }
            let place = ScalarPlace(parsed.tree[node], in: layout)
            let line = Array(SealedSummary.line(parsed.tree.bytes(node), names: names).utf8)
            let start = layout.behindProperties(place.range.lowerBound)
            // A comment behind the indicator of a block stays.
            patch.replace(start..<place.indicatorEnd, with: line)
            patch.replace(place.headerEnd..<place.range.upperBound, with: [])
        }
        return patch.result()
    }

    /// The names of recipients that a file with a Recipients manifest gives them; `nil` for any other file.
    package static func names(in file: ManifestFile) -> RecipientNames? {
        for manifest in ManifestReader.read(file).manifests {
            guard case .recipients(let spec) = manifest.spec, let rules = try? RecipientRules(spec) else { continue }
            return RecipientNames(rules, file: file)
        }
        return nil
    }
}
