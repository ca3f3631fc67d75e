import ResealCore

@testable import ResealManifests

/// A document as tests change and write it: scalars are the very text of the file.
indirect enum Outline {
    case scalar(String)
    case list([Outline])
    case map([(key: String, value: Outline)])

    /// Reads one document whose scalars take one line each.
    init(_ text: String) {
        let source = SourceText(file: "sample", commit: nil, bytes: Array(text.utf8), maximumDefects: 1)
        var log = DiagnosticLog(limit: 10)
        let reading = YAMLReader.read(source, limits: YAMLLimits(), log: &log)
        precondition(log.errors == 0 && reading.documents.count == 1, "a bad sample: \(log.diagnostics)")
        self.init(reading.documents[0].root, reading.tree, source)
    }

    private init(_ node: NodeID, _ tree: YAMLTree, _ text: SourceText) {
        switch tree[node].kind {
        case .scalar:
            let range = Int(tree[node].start)..<Int(tree[node].end)
            self = .scalar(String(decoding: text.bytes[range], as: UTF8.self))
        case .sequence: self = .list(tree.items(node).map { Outline($0, tree, text) })
        case .mapping: self = .map(tree.entries(node).map { (tree.string($0.key), Outline($0.value, tree, text)) })
        }
    }

    /// What stands at a path.
    subscript(path: [String]) -> Outline? {
        var node: Outline? = self
        for step in path {
            switch node {
            case .map(let entries): node = entries.first { $0.key == step }?.value
            case .list(let items): node = Int(step).map { items[$0] }
            default: node = nil
            }
        }
        return node
    }

    /// The keys of a mapping.
    var keys: [String] {
        if case .map(let entries) = self { return entries.map(\.key) }
        return []
    }

    /// The document with `value` at a path, or without what stands there.
    func replacing(_ path: ArraySlice<String>, by value: Outline?) -> Outline {
        guard let first = path.first else { return value ?? .scalar("") }
        let rest = path.dropFirst()
        switch self {
        case .scalar: return self
        case .list(var items):
            guard let index = Int(first) else { return self }
            if rest.isEmpty, value == nil {
                items.remove(at: index)
            } else {
                items[index] = items[index].replacing(rest, by: value)
            }
            return .list(items)
        case .map(var entries):
            guard let index = entries.firstIndex(where: { $0.key == first }) else {
                return .map(entries + [(first, value ?? .scalar(""))])
            }
            if rest.isEmpty, value == nil {
                entries.remove(at: index)
            } else {
                entries[index].value = entries[index].value.replacing(rest, by: value)
            }
            return .map(entries)
        }
    }
}

/// The text of an ``Outline`` in block style, and where its parts stand in it.
struct Written {
    private(set) var text = ""
    /// `line:column` of keys, by their path.
    private(set) var keys: [[String]: String] = [:]
    /// `line:column` of values, by their path.
    private(set) var values: [[String]: String] = [:]
    private var line = 1
    private var column = 1

    init(_ outline: Outline) {
        node(outline, [], indent: 0)
        put("\n")
    }

    private mutating func put(_ text: String) {
        self.text += text
        for character in text {
            if character == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        }
    }

    private mutating func node(_ outline: Outline, _ path: [String], indent: Int) {
        if case .scalar = outline {} else { values[path] = "\(line):\(column)" }
        switch outline {
        case .scalar(let text):
            values[path] = "\(line):\(column)"
            put(text)
        case .list(let items) where items.isEmpty: put("[]")
        case .map(let entries) where entries.isEmpty: put("{}")
        case .list(let items):
            for (i, item) in items.enumerated() {
                if i > 0 { put("\n" + String(repeating: " ", count: indent)) }
                put("- ")
                node(item, path + ["\(i)"], indent: indent + 2)
            }
        case .map(let entries):
            for (i, entry) in entries.enumerated() {
                if i > 0 { put("\n" + String(repeating: " ", count: indent)) }
                let path = path + [entry.key]
                keys[path] = "\(line):\(column)"
                put(entry.key + ":")
                if entry.value.isFlat { put(" ") } else { put("\n" + String(repeating: " ", count: indent + 2)) }
                node(entry.value, path, indent: indent + 2)
            }
        }
    }
}

extension Outline {
    /// Written on the line of its key.
    fileprivate var isFlat: Bool {
        switch self {
        case .scalar: true
        case .list(let items): items.isEmpty
        case .map(let entries): entries.isEmpty
        }
    }
}
