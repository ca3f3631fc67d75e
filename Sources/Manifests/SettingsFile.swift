package import ResealCore

/// One value of a settings file, with its place.
package struct SettingsNode: Sendable {
    package enum Content: Sendable {
        case scalar(String)
        case list([SettingsNode])
        /// In the order of the file.
        case mapping([(key: String, value: SettingsNode)])
    }

    package let content: Content
    package let span: SourceSpan
}

/// A small YAML file of settings: one mapping from known keys to scalars, and to sections that have a form of their
/// own. Shares the manifests' reader, so its errors have places and hints too.
package struct SettingsFile {
    private let text: SourceText
    private let tree: YAMLTree
    private let keys: [String]
    private var log: DiagnosticLog
    private let sections: [String]
    private var settings: [String: String] = [:]
    private var found: [String: SettingsNode] = [:]

    /// The settings that have a value; an empty one, or `~`, is as if it were not there.
    ///
    /// Throws ``DiagnosticsFailure`` for bad YAML, unknown or duplicate keys, and values that are not scalars.
    ///
    /// - Parameter sections: keys whose values are read elsewhere, by ``section(_:of:name:keys:sections:)``.
    package static func read(
        _ bytes: [UInt8], name: String, keys: [String], sections: [String] = []
    ) throws -> [String: String] {
        try file(bytes, name: name, keys: keys, sections: sections).settings
    }

    /// One section of a file; `nil` where it is not there or empty. Throws as ``read(_:name:keys:sections:)`` does.
    package static func section(
        _ section: String, of bytes: [UInt8], name: String, keys: [String], sections: [String]
    ) throws -> SettingsNode? {
        try file(bytes, name: name, keys: keys, sections: sections).found[section]
    }

    private static func file(
        _ bytes: [UInt8], name: String, keys: [String], sections: [String]
    ) throws -> SettingsFile {
        let limits = YAMLLimits()
        guard bytes.count <= limits.fileBytes else {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "yaml.too-large", "the file is larger than \(limits.fileBytes) bytes",
                    at: SourceSpan(file: name))
            ])
        }
        let text = SourceText(file: name, commit: nil, bytes: bytes, maximumDefects: limits.diagnostics + 1)
        var log = DiagnosticLog(limit: limits.diagnostics)
        let reading = YAMLReader.read(text, limits: limits, log: &log)
        var file = SettingsFile(text: text, tree: reading.tree, keys: keys, sections: sections, log: log)
        file.take(reading.documents.map(\.root).filter { reading.tree[$0].meaning != .null })
        guard file.log.errors == 0 else { throw DiagnosticsFailure(file.log.diagnostics) }
        return file
    }

    private init(text: SourceText, tree: YAMLTree, keys: [String], sections: [String], log: DiagnosticLog) {
        self.text = text
        self.tree = tree
        self.keys = keys
        self.sections = sections
        self.log = log
    }

    private mutating func take(_ roots: [NodeID]) {
        for (i, root) in roots.enumerated() {
            guard i == 0, tree[root].kind == .mapping else {
                report("config.not-a-mapping", "settings are one mapping of keys to values", at: root)
                continue
            }
            for (key, value) in tree.entries(root) where !log.isFull { take(key, value) }
        }
    }

    private mutating func take(_ key: NodeID, _ value: NodeID) {
        let word = tree.string(key)
        if sections.contains(word) {
            if tree[value].meaning != .null { found[word] = node(value) }
        } else if !keys.contains(word) {
            let nearest = NearestName.suggestion(for: word, in: keys + sections)
            let shown = nearest == nil ? tree.keyName(key) : quoted(word)
            report(
                "config.unknown-key", "unknown setting" + (shown.map { " \($0)" } ?? ""),
                hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \((keys + sections).joined(separator: ", "))",
                at: key)
        } else if tree[value].kind != .scalar {
            report("config.not-a-scalar", "`\(word)` takes one value", at: key)
        } else if tree[value].meaning != .null {
            settings[word] = tree.string(value)
        }
    }

    /// Aliases cost as often as they are written out, which the reader has limited.
    private func node(_ id: NodeID) -> SettingsNode {
        let content: SettingsNode.Content =
            switch tree[id].kind {
            case .scalar: .scalar(tree.string(id))
            case .sequence: .list(tree.items(id).map(node))
            case .mapping: .mapping(tree.entries(id).map { (tree.string($0.key), node($0.value)) })
            }
        return SettingsNode(content: content, span: text.span(at: Int(tree[id].start)))
    }

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }
}
