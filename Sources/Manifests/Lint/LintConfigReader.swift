internal import ResealCore

/// Reads a ``LintConfig``, with a place for each error.
struct LintConfigReader {
    private(set) var config = LintConfig()
    private(set) var log: DiagnosticLog
    private let tree: YAMLTree
    private let text: SourceText
    private let documents: [NodeID]

    private static let keys = ["rules", "exclude", "entropy", "expiringWithin", "maximumFileBytes"]
    private static let entropyKeys = ["threshold", "minimumLength"]

    init(_ file: ManifestFile) {
        let limits = YAMLLimits()
        log = DiagnosticLog(limit: limits.diagnostics)
        if file.bytes.count > LintConfig.fileBytes {
            log.add(
                Diagnostic(
                    code: "yaml.too-large", "the file is larger than \(LintConfig.fileBytes) bytes",
                    at: SourceSpan(file: file.path, commit: file.commit)))
        }
        let bytes = file.bytes.count > LintConfig.fileBytes ? [] : file.bytes
        text = SourceText(file: file.path, commit: file.commit, bytes: bytes, maximumDefects: limits.diagnostics + 1)
        let reading = YAMLReader.read(text, limits: limits, log: &log)
        tree = reading.tree
        documents = reading.documents.map(\.root).filter { [tree = reading.tree] in tree[$0].meaning != .null }
    }

    mutating func read() {
        for (i, root) in documents.enumerated() {
            guard i == 0, tree[root].kind == .mapping else {
                report("config.not-a-mapping", "the settings of lint are one mapping", at: root)
                continue
            }
            for (key, value) in entries(root, known: Self.keys, what: "setting") { take(key, value) }
        }
    }

    private mutating func take(_ key: String, _ node: NodeID) {
        switch key {
        case "rules": rules(node)
        case "exclude": exclude(node)
        case "entropy": entropy(node)
        case "expiringWithin":
            guard let span = scalar(node).flatMap({ TimeSpan($0) }) else {
                return value("`expiringWithin` is a time such as 30d", at: node)
            }
            config.update { $0.expiringWithin = span }
        default:
            guard let count = integer(node), (1...64 << 20).contains(count) else {
                return value("`maximumFileBytes` is a number from 1 to \(64 << 20)", at: node)
            }
            config.update { $0.maximumFileBytes = count }
        }
    }

    private mutating func rules(_ node: NodeID) {
        for (name, value) in entries(node, known: LintRule.allCases.map(\.id), what: "rule") {
            guard let rule = LintRule(rawValue: name) else { continue }
            let word = scalar(value)
            if word == "off" {
                config.set(rule, nil)
            } else if let level = word.flatMap(LintLevel.init(rawValue:)) {
                config.set(rule, level)
            } else {
                self.value("the level of `\(name)` is one of off, note, warning, error", at: value)
            }
        }
    }

    private mutating func exclude(_ node: NodeID) {
        guard tree[node].kind == .sequence else {
            return report("config.not-a-list", "`exclude` is a list of patterns", at: node)
        }
        for item in tree.items(node) {
            guard tree[item].kind == .scalar else {
                value("a pattern of `exclude` is one text", at: item)
                continue
            }
            if let problem = Glob.problem(tree.string(item)) {
                value("a pattern of `exclude` \(problem)", hint: "for example \"tests/fixtures/**\"", at: item)
            } else if let glob = Glob(tree.string(item)) {
                config.add(glob)
            }
        }
    }

    private mutating func entropy(_ node: NodeID) {
        for (name, value) in entries(node, known: Self.entropyKeys, what: "setting of entropy") {
            if name == "threshold" {
                guard let bits = scalar(value).flatMap(Double.init), (1...6).contains(bits) else {
                    self.value("`threshold` is a number of bits from 1 to 6", at: value)
                    continue
                }
                config.update { $0.entropy = bits }
            } else {
                guard let count = integer(value), (16...256).contains(count) else {
                    self.value("`minimumLength` is a number from 16 to 256", at: value)
                    continue
                }
                config.update { $0.minimumLength = count }
            }
        }
    }

    // MARK: Nodes

    /// The entries whose keys are known; the others are reported.
    private mutating func entries(_ node: NodeID, known: [String], what: String) -> [(String, NodeID)] {
        guard tree[node].kind == .mapping else {
            report("config.not-a-mapping", "a mapping of keys to values is wanted here", at: node)
            return []
        }
        var found: [(String, NodeID)] = []
        for (key, value) in tree.entries(node) {
            let word = tree.string(key)
            if known.contains(word) {
                found.append((word, value))
                continue
            }
            let nearest = NearestName.suggestion(for: word, in: known)
            let shown = nearest == nil ? tree.keyName(key) : quoted(word)
            report(
                "config.unknown-key", "unknown \(what)" + (shown.map { " \($0)" } ?? ""),
                hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \(known.joined(separator: ", "))", at: key)
        }
        return found
    }

    private func scalar(_ node: NodeID) -> String? {
        tree[node].kind == .scalar ? tree.string(node) : nil
    }

    private func integer(_ node: NodeID) -> Int? {
        tree[node].kind == .scalar && tree[node].meaning == .integer ? Int(tree.canonicalNumber(node)) : nil
    }

    private mutating func value(_ message: String, hint: String? = nil, at node: NodeID) {
        report("config.value", message, hint: hint, at: node)
    }

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at node: NodeID) {
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: Int(tree[node].start))))
    }
}
