package import ResealCore

/// A small YAML file of settings. Shares the manifests' reader, so its errors have places and hints too, and all of them
/// are reported together.
package enum SettingsFile {
    package static let maximumBytes = 1 << 20

    /// Reads a file whose root is one mapping with no other keys than `keys`. An empty file is an empty mapping.
    ///
    /// Throws ``DiagnosticsFailure`` for bad YAML, unknown and duplicate keys, and whatever `body` finds wrong.
    package static func read<R>(
        _ bytes: [UInt8], name: String, commit: ObjectID? = nil, keys: [String], _ body: (SettingsMapping) -> R
    ) throws(DiagnosticsFailure) -> R {
        guard bytes.count <= maximumBytes else {
            throw DiagnosticsFailure([
                Diagnostic(
                    code: "yaml.too-large", "the file is larger than \(maximumBytes) bytes",
                    at: SourceSpan(file: name, commit: commit))
            ])
        }
        let limits = YAMLLimits()
        let text = SourceText(file: name, commit: commit, bytes: bytes, maximumDefects: limits.diagnostics + 1)
        var log = DiagnosticLog(limit: limits.diagnostics)
        let reading = YAMLReader.read(text, limits: limits, log: &log)
        let file = SettingsText(text: text, tree: reading.tree, log: log)
        let roots = reading.documents.map(\.root).filter { reading.tree[$0].meaning != .null }
        for root in roots.dropFirst() {
            file.report("config.not-a-mapping", "settings are one mapping of keys to values", at: root)
        }
        let result = body(SettingsMapping(file, roots.first, keys: keys))
        guard file.log.errors == 0 else { throw DiagnosticsFailure(file.log.diagnostics) }
        return result
    }

    /// Reads a file that has nothing but single values. Throws as ``read(_:name:keys:_:)`` does.
    package static func texts(
        _ bytes: [UInt8], name: String, keys: [String]
    ) throws(DiagnosticsFailure) -> [String: String] {
        try read(bytes, name: name, keys: keys) { file in
            var texts: [String: String] = [:]
            for key in keys { texts[key] = file.text(key) }
            return texts
        }
    }
}

/// One file while it is read; collects what is wrong in it.
final class SettingsText {
    let text: SourceText
    let tree: YAMLTree
    private(set) var log: DiagnosticLog

    init(text: SourceText, tree: YAMLTree, log: DiagnosticLog) {
        self.text = text
        self.tree = tree
        self.log = log
    }

    func report(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }
}

/// A mapping of a settings file. A key with an empty value, or `~`, is as if it were not there.
package struct SettingsMapping {
    private let file: SettingsText
    private let node: NodeID?
    private let values: [String: NodeID]

    init(_ file: SettingsText, _ node: NodeID?, keys: [String], of what: String = "setting") {
        self.file = file
        self.node = node
        var values: [String: NodeID] = [:]
        let tree = file.tree
        if let node, tree[node].kind != .mapping {
            file.report("config.not-a-mapping", "settings are one mapping of keys to values", at: node)
        } else if let node {
            for (key, value) in tree.entries(node) where !file.log.isFull {
                let word = tree.string(key)
                if !keys.contains(word) {
                    Self.reportUnknown(what, key, word, keys, file)
                } else if tree[value].meaning != .null {
                    values[word] = value
                }
            }
        }
        self.values = values
    }

    /// The words of a file that may hold anything are repeated only where they resemble a known key.
    private static func reportUnknown(
        _ what: String, _ key: NodeID, _ word: String, _ keys: [String], _ file: SettingsText
    ) {
        let nearest = NearestName.suggestion(for: word, in: keys)
        let shown = nearest == nil ? file.tree.keyName(key) : quoted(word)
        file.report(
            "config.unknown-key", "unknown \(what)" + (shown.map { " \($0)" } ?? ""),
            hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \(keys.joined(separator: ", "))", at: key)
    }

    package func has(_ key: String) -> Bool { values[key] != nil }

    /// The text of a scalar; `nil` where the key is missing, or reported for holding something else.
    package func text(_ key: String) -> String? {
        guard let value = values[key] else { return nil }
        return scalar(value, "`\(key)` takes one value")
    }

    /// `read` makes something of the text; where it gives nothing, the value is reported as wrong with `hint`.
    package func value<R>(_ key: String, hint: String, _ read: (String) -> R?) -> R? {
        guard let text = text(key) else { return nil }
        if let result = read(text) { return result }
        report(key, "`\(key)` is wrong", hint: hint)
        return nil
    }

    package func flag(_ key: String) -> Bool? { choice(key, of: ["true", "false"]).map { $0 == "true" } }

    package func choice(_ key: String, of words: [String]) -> String? {
        value(key, hint: "one of \(words.joined(separator: ", "))") { words.contains($0) ? $0 : nil }
    }

    package func span(_ key: String) -> TimeSpan? {
        value(key, hint: "write a length of time, for example 90s, 5m or 1h") { TimeSpan($0) }
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key, hint: "write a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The texts of a list; one scalar stands for a list of one.
    package func list(_ key: String) -> [String]? { list(key, hint: "") { $0 } }

    /// What `read` makes of the texts of a list; an item that gives nothing is reported as wrong with `hint`.
    package func list<R>(_ key: String, hint: String, _ read: (String) -> R?) -> [R]? {
        guard let value = values[key] else { return nil }
        guard file.tree[value].kind != .mapping else {
            file.report("config.not-a-list", "`\(key)` takes a list", at: value)
            return nil
        }
        let items = file.tree[value].kind == .scalar ? [value] : Array(file.tree.items(value))
        return items.filter { file.tree[$0].meaning != .null }.compactMap { item in
            guard let text = scalar(item, "`\(key)` takes a list of single values") else { return nil }
            let result = read(text)
            if result == nil { file.report("config.bad-value", "an item of `\(key)` is wrong", hint: hint, at: item) }
            return result
        }
    }

    /// - Parameter what: what a key of the mapping names, for messages.
    package func mapping(_ key: String, keys: [String], of what: String = "setting") -> SettingsMapping? {
        values[key].map { SettingsMapping(file, $0, keys: keys, of: what) }
    }

    /// The entries of a list of mappings.
    package func mappings(_ key: String, keys: [String]) -> [SettingsMapping] {
        guard let value = values[key] else { return [] }
        guard file.tree[value].kind == .sequence else {
            file.report("config.not-a-list", "`\(key)` takes a list", at: value)
            return []
        }
        return file.tree.items(value).map { SettingsMapping(file, $0, keys: keys) }
    }

    /// Says that the value of `key`, or the mapping itself where it is missing, is wrong.
    package func report(_ key: String, _ message: String, hint: String) {
        guard let place = values[key] ?? node else { return }
        file.report("config.bad-value", message, hint: hint, at: place)
    }

    private func scalar(_ value: NodeID, _ complaint: String) -> String? {
        guard file.tree[value].kind == .scalar else {
            file.report("config.not-a-scalar", complaint, at: value)
            return nil
        }
        return file.tree.string(value)
    }
}
