internal import ResealCore

/// One list of a Recipients manifest that names recipients.
package enum RecipientsPlace: Sendable, Hashable, CustomStringConvertible {
    case group(String)
    /// From 1, in the order of the manifest.
    case rule(Int)

    package var description: String {
        switch self {
        case .group(let name): "group \(name)"
        case .rule(let number): "rule \(number)"
        }
    }
}

/// What an edit did to a Recipients manifest.
package struct RecipientsEdit: Sendable {
    package let bytes: [UInt8]
    /// The lists that changed. Empty if there was nothing to do.
    package let places: [RecipientsPlace]
    /// Groups that lost their last member, and so are gone, with the mentions of them.
    package var emptiedGroups: [String] = []
}

/// Adds and removes recipients in place: every other byte of the file stays, comments included.
package struct RecipientsEditor {
    private let file: ManifestFile
    private let before: RecipientsSpec
    private var bytes: [UInt8]

    /// `spec` is what the file says.
    package init(_ file: ManifestFile, spec: RecipientsSpec) {
        self.file = file
        before = spec
        bytes = file.bytes
    }

    // MARK: Adding

    /// Names `recipient` (or `group:NAME`, in rules) in each of `places`. A group that is not there is made.
    package mutating func add(_ recipient: String, to places: [RecipientsPlace]) throws(ManifestFailure)
        -> RecipientsEdit
    {
        var wanted = before
        var changed: [RecipientsPlace] = []
        for place in places where try Self.add(recipient, to: place, of: &wanted) {
            try edit { (document, patch) throws(ManifestFailure) in
                try Self.insert(recipient, place, document, &patch)
            }
            changed.append(place)
        }
        try verify(wanted)
        return RecipientsEdit(bytes: bytes, places: changed)
    }

    /// False if it is there already.
    private static func add(
        _ recipient: String, to place: RecipientsPlace, of spec: inout RecipientsSpec
    ) throws(ManifestFailure) -> Bool {
        switch place {
        case .group(let name):
            guard spec.groups[name]?.contains(recipient) != true else { return false }
            spec.groups[name, default: []].append(recipient)
        case .rule(let number):
            let rule = try rule(number, of: spec)
            guard !rule.recipients.contains(recipient) else { return false }
            spec.rules[number - 1] = rule.naming(rule.recipients + [recipient])
        }
        return true
    }

    private static func rule(_ number: Int, of spec: RecipientsSpec) throws(ManifestFailure) -> RecipientsSpec.Rule {
        guard spec.rules.indices.contains(number - 1) else {
            throw ManifestFailure(
                .noSuchPlace, "there is no rule \(number); the manifest has \(spec.rules.count)",
                hint: "`reseal recipients list` shows them with their numbers")
        }
        return spec.rules[number - 1]
    }

    private static func insert(
        _ recipient: String, _ place: RecipientsPlace, _ document: RecipientsDocument, _ patch: inout BytePatch
    ) throws(ManifestFailure) {
        let writer = CollectionWriter(document.parsed)
        let text = scalar(recipient)
        switch place {
        case .group(let name):
            if let list = document.group(name) { return try writer.append(item: text, to: list, &patch) }
            let entry = "\(scalar(name)): [\(text)]"
            if let groups = document.groups { return try writer.append(entry: [entry], to: groups, &patch) }
            let isFlow = document.parsed.tree[document.spec].style == .flow
            let lines = isFlow ? ["groups: {\(entry)}"] : ["groups:", "  " + entry]
            try writer.append(entry: lines, to: document.spec, &patch)
        case .rule(let number):
            guard let list = document.recipients(ofRule: number - 1) else { throw .unsafe }
            try writer.append(item: text, to: list, &patch)
        }
    }

    /// In double quotes unless it means the same without them, in every style and to every reader.
    private static func scalar(_ text: String) -> String {
        let letters = ASCIISet("A-Za-z0-9+/=._@ -")
        let isPlain =
            text.utf8.allSatisfy(letters.contains) && !text.hasPrefix("-") && !text.hasSuffix(" ")
            && text.utf8.first.map { !ASCIISet("0-9+=@. ").contains($0) } == true
            && Array(text.utf8).withUnsafeBufferPointer { ScalarMeaning(plain: $0) } == .string
        if isPlain { return text }
        var out: [UInt8] = []
        JSON.quote(text.utf8, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: Removing

    /// Takes a recipient, by the texts that stand for it, out of `places`, or out of all lists. A group that has no other
    /// member goes too, for an empty one is not valid.
    package mutating func remove(
        _ recipients: Set<String>, from places: Set<RecipientsPlace>? = nil
    ) throws(ManifestFailure) -> RecipientsEdit {
        var wanted = before
        var changed: [RecipientsPlace] = []
        for (name, members) in before.groups.sorted(by: { $0.key < $1.key })
        where places?.contains(.group(name)) ?? true && members.contains(where: recipients.contains) {
            wanted.groups[name] = members.filter { !recipients.contains($0) }
            changed.append(.group(name))
        }
        for (index, rule) in before.rules.enumerated()
        where places?.contains(.rule(index + 1)) ?? true && rule.recipients.contains(where: recipients.contains) {
            wanted.rules[index] = rule.naming(rule.recipients.filter { !recipients.contains($0) })
            changed.append(.rule(index + 1))
        }
        let emptied = wanted.groups.filter(\.value.isEmpty).map(\.key).sorted()
        for name in emptied { wanted.groups[name] = nil }
        for index in wanted.rules.indices {
            let rule = wanted.rules[index]
            wanted.rules[index] = rule.naming(
                rule.recipients.filter { text in !emptied.contains { text == "group:\($0)" } })
        }
        try cut(recipients, changed, emptied)
        try verify(wanted)
        return RecipientsEdit(bytes: bytes, places: changed, emptiedGroups: emptied)
    }

    /// One item at a time, since the places of the others move.
    private mutating func cut(
        _ recipients: Set<String>, _ places: [RecipientsPlace], _ emptied: [String]
    ) throws(ManifestFailure) {
        for place in places {
            if case .group(let name) = place, emptied.contains(name) {
                try cutGroup(name)
                for rule in before.rules.indices { try cut(["group:\(name)"], from: .rule(rule + 1)) }
            } else {
                try cut(recipients, from: place)
            }
        }
    }

    private mutating func cut(_ texts: Set<String>, from place: RecipientsPlace) throws(ManifestFailure) {
        var isDone = false
        while !isDone {
            try edit { (document, patch) throws(ManifestFailure) in
                let tree = document.parsed.tree
                guard let (key, list) = document.list(of: place),
                    let item = tree.items(list).enumerated().first(where: { texts.contains(tree.string($0.element)) })
                else {
                    isDone = true
                    return
                }
                try CollectionWriter(document.parsed).remove(item: item.offset, from: list, of: key, &patch)
            }
        }
    }

    private mutating func cutGroup(_ name: String) throws(ManifestFailure) {
        try edit { (document, patch) throws(ManifestFailure) in
            let tree = document.parsed.tree
            guard let groups = document.groups, let key = tree.key(document.spec, "groups"),
                let place = tree.entries(groups).enumerated().first(where: { tree.string($0.element.key) == name })
            else { throw .unsafe }
            try CollectionWriter(document.parsed).remove(entry: place.offset, from: groups, of: key, &patch)
        }
    }

    // MARK: Checking

    private mutating func edit(
        _ change: (RecipientsDocument, inout BytePatch) throws(ManifestFailure) -> Void
    ) throws(ManifestFailure) {
        let document = try RecipientsDocument(ManifestFile(path: file.path, bytes: bytes, commit: file.commit))
        var patch = BytePatch(bytes)
        try change(document, &patch)
        bytes = patch.result()
    }

    /// The file, read again, says what was wanted, and every other document what it said before.
    private func verify(_ wanted: RecipientsSpec) throws(ManifestFailure) {
        let old = ManifestReader.read(file)
        let new = ManifestReader.read(ManifestFile(path: file.path, bytes: bytes, commit: file.commit))
        for (reading, what) in [(old, "cannot be edited while it has errors"), (new, "would become invalid")] {
            guard let error = reading.diagnostics.first(where: { $0.severity == .error }) else { continue }
            throw ManifestFailure(.unreadable, "the file \(what): \(error.message)", hint: error.hint, at: error.span)
        }
        guard old.manifests.map(\.key) == new.manifests.map(\.key) else { throw .unsafe }
        for (before, after) in zip(old.manifests, new.manifests) {
            if case .recipients(let spec) = after.spec {
                guard spec.says(wanted) else { throw .unsafe }
            } else {
                guard before.publicForm == after.publicForm, before.documentIndex == after.documentIndex else {
                    throw .unsafe
                }
            }
        }
    }
}

extension RecipientsSpec.Rule {
    fileprivate func naming(_ recipients: [String]) -> Self {
        Self(paths: paths, names: names, pathPattern: pathPattern, recipients: recipients)
    }
}

extension RecipientsSpec {
    /// Equal, wherever in the file the mention of a `.sops.yaml` stands.
    fileprivate func says(_ other: RecipientsSpec) -> Bool {
        var (mine, theirs) = (self, other)
        (mine.sopsConfig, theirs.sopsConfig) = (nil, nil)
        return mine == theirs && sopsConfig?.path == other.sopsConfig?.path
    }
}

extension RecipientsDocument {
    /// The list at a place, and the key that it stands behind.
    fileprivate func list(of place: RecipientsPlace) -> (key: NodeID, list: NodeID)? {
        let tree = parsed.tree
        switch place {
        case .group(let name):
            guard let groups, let entry = tree.entries(groups).first(where: { tree.string($0.key) == name }) else {
                return nil
            }
            return (entry.key, entry.value)
        case .rule(let number):
            guard let rules, let rule = tree.items(rules).dropFirst(number - 1).first(where: { _ in true }),
                let key = tree.key(rule, "recipients"), let list = tree.value(rule, "recipients")
            else { return nil }
            return (key, list)
        }
    }
}

extension YAMLTree {
    /// The key of an entry of a mapping.
    fileprivate func key(_ mapping: NodeID, _ key: StaticString) -> NodeID? {
        entries(mapping).first { isText($0.key, key) }?.key
    }
}
