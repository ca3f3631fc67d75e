internal import ResealCore

/// A part of a new manifest, in the order in which it is written.
indirect enum ScaffoldValue: Equatable {
    /// Text, written so that it stays text.
    case text(String)
    /// A number, a truth value, or another scalar that is written as it is.
    case literal(String)
    case list([ScaffoldValue])
    case map([Entry])
    /// Nothing yet.
    case empty

    struct Entry: Equatable {
        let key: String
        let value: ScaffoldValue
    }

    /// As a person would write what he typed: numbers and truth values as such.
    static func typed(_ text: String) -> ScaffoldValue {
        let meaning = Array(text.utf8).withUnsafeBufferPointer { ScalarMeaning(plain: $0) }
        return [.integer, .float, .boolean].contains(meaning) ? .literal(text) : .text(text)
    }

    /// Block style, two spaces for each level; lists of words on one line.
    func lines(indent: Int = 0) -> [String] {
        guard case .map(let entries) = self else { return [] }
        let spaces = String(repeating: " ", count: indent)
        return entries.flatMap { entry -> [String] in
            let key = "\(spaces)\(Self.scalar(entry.key)):"
            switch entry.value {
            case .empty: return [key]
            case .text, .literal: return ["\(key) \(entry.value.inline)"]
            case .map(let inner) where inner.isEmpty: return ["\(key) {}"]
            case .map: return [key] + entry.value.lines(indent: indent + 2)
            case .list(let items):
                let isFlat = items.allSatisfy { if case .text(let text) = $0 { text.utf8.count < 40 } else { false } }
                guard !isFlat else { return ["\(key) [\(items.map(\.inline).joined(separator: ", "))]"] }
                return [key] + items.flatMap { $0.item(indent: indent + 2) }
            }
        }
    }

    private func item(indent: Int) -> [String] {
        let spaces = String(repeating: " ", count: indent)
        guard case .map = self else { return ["\(spaces)- \(inline)"] }
        let lines = lines(indent: indent + 2)
        return lines.enumerated().map { $0 == 0 ? "\(spaces)- \($1.dropFirst(indent + 2))" : $1 }
    }

    private var inline: String {
        switch self {
        case .text(let text): Self.scalar(text)
        case .literal(let text): text
        case .list, .map, .empty: ""
        }
    }

    private static func scalar(_ text: String) -> String {
        String(decoding: YAMLText.readable(Array(text.utf8)), as: UTF8.self)
    }
}
