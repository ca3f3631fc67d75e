internal import ResealCore

/// A small YAML file of settings: one mapping from known keys to scalars, or to lists of them. Shares the manifests' reader, so its errors
/// have places and hints too.
package struct SettingsFile {
    private let text: SourceText
    private let tree: YAMLTree
    private let keys: [String]
    private let listKeys: [String]
    private var log: DiagnosticLog
    private var settings = Settings()

    package struct Settings: Sendable {
        package fileprivate(set) var texts: [String: String] = [:]
        package fileprivate(set) var lists: [String: [String]] = [:]
    }

    /// The settings that have a value; an empty one, or `~`, is as if it were not there.
    ///
    /// - Parameter lists: keys that take a list; one scalar stands for a list of one.
    /// - Throws: ``DiagnosticsFailure`` for bad YAML, unknown or duplicate keys, and values of another form.
    package static func read(
        _ bytes: [UInt8], name: String, keys: [String], lists: [String] = []
    ) throws -> Settings {
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
        var file = SettingsFile(text: text, tree: reading.tree, keys: keys, lists: lists, log: log)
        file.take(reading.documents.map(\.root).filter { reading.tree[$0].meaning != .null })
        guard file.log.errors == 0 else { throw DiagnosticsFailure(file.log.diagnostics) }
        return file.settings
    }

    private init(text: SourceText, tree: YAMLTree, keys: [String], lists: [String], log: DiagnosticLog) {
        self.text = text
        self.tree = tree
        self.keys = keys
        listKeys = lists
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
        let known = keys + listKeys
        if !known.contains(word) {
            let nearest = NearestName.suggestion(for: word, in: known)
            let shown = nearest == nil ? tree.keyName(key) : quoted(word)
            report(
                "config.unknown-key", "unknown setting" + (shown.map { " \($0)" } ?? ""),
                hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \(known.joined(separator: ", "))", at: key)
        } else if listKeys.contains(word) {
            takeList(word, key, value)
        } else if tree[value].kind != .scalar {
            report("config.not-a-scalar", "`\(word)` takes one value", at: key)
        } else if tree[value].meaning != .null {
            settings.texts[word] = tree.string(value)
        }
    }

    private mutating func takeList(_ word: String, _ key: NodeID, _ value: NodeID) {
        let items = tree[value].kind == .scalar ? [value] : Array(tree.items(value))
        guard tree[value].kind != .mapping, items.allSatisfy({ tree[$0].kind == .scalar }) else {
            return report("config.not-a-list", "`\(word)` takes a list of words", at: key)
        }
        settings.lists[word] = items.filter { tree[$0].meaning != .null }.map(tree.string)
    }

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }
}
