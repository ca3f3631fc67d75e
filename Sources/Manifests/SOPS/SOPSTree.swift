internal import ResealCore
package import ResealSealing

/// A part of a SOPS document. The order of everything counts: the MAC covers leaves as they come.
package indirect enum SOPSNode<Leaf: Sendable>: Sendable {
    case leaf(Leaf)
    case mapping([SOPSEntry<Leaf>])
    case list([SOPSItem<Leaf>])
}

/// One line of a mapping: a key with its value, or a comment.
package enum SOPSEntry<Leaf: Sendable>: Sendable {
    case comment(Leaf)
    /// `offset` is where the key stands in the file, in bytes.
    case value(key: String, offset: Int, SOPSNode<Leaf>)
}

/// One element of a list, or a comment between two.
package enum SOPSItem<Leaf: Sendable>: Sendable {
    case comment(Leaf)
    case value(SOPSNode<Leaf>)
}

/// A leaf as it stands in the file: ciphertext, or plain.
package struct SOPSScalar: Sendable {
    package let content: GoScalar
    /// In bytes from the start of the file.
    package let offset: Int

    init(_ content: GoScalar, at offset: Int) {
        self.content = content
        self.offset = offset
    }

    /// What can be compared without a key: the ciphertext, or the value with its type.
    package var look: [UInt8] {
        switch content {
        case .string(let text): text
        default: Array(content.typeName.utf8) + [0] + content.hashed
        }
    }

    /// Bytes of the value; known without a key, too.
    package var plaintextBytes: Int {
        guard case .string(let text) = content else { return content.hashed.count }
        return SOPSCiphertext(parsing: text)?.count ?? text.count
    }
}

/// A leaf that was opened, or that was plain all along.
package struct SOPSValue: Sendable {
    package enum Kind: String, Sendable {
        case string, binary, integer, number, boolean, null, comment
    }

    package let kind: Kind
    /// Text in UTF-8, numbers and truth values as JSON writes them; nothing for null.
    package let bytes: SecretBytes
    /// The file holds it encrypted.
    package let isEncrypted: Bool
    /// In bytes from the start of the file.
    package let offset: Int

    package init(_ kind: Kind, _ bytes: SecretBytes, isEncrypted: Bool, offset: Int = 0) {
        self.kind = kind
        self.bytes = bytes
        self.isEncrypted = isEncrypted
        self.offset = offset
    }
}

extension SOPSNode {
    /// The leaves with the keys that lead to them, comments left out. Elements of a list have their position, from 0,
    /// as key, since a secret's value has mappings only.
    package func leaves(below path: [String] = []) -> [(path: [String], leaf: Leaf)] {
        switch self {
        case .leaf(let leaf): return [(path, leaf)]
        case .mapping(let entries):
            var leaves: [(path: [String], leaf: Leaf)] = []
            for case .value(let key, _, let node) in entries { leaves += node.leaves(below: path + [key]) }
            return leaves
        case .list(let items):
            return Self.elements(of: items).enumerated().flatMap { $1.leaves(below: path + ["\($0)"]) }
        }
    }

    /// The child that a segment of a dotted key names.
    func child(_ segment: String) -> SOPSNode? {
        switch self {
        case .leaf: return nil
        case .mapping(let entries):
            for case .value(let key, _, let node) in entries where key == segment { return node }
            return nil
        case .list(let items):
            guard let index = Int(segment), index >= 0 else { return nil }
            let nodes = Self.elements(of: items)
            return index < nodes.count && "\(index)" == segment ? nodes[index] : nil
        }
    }

    /// What ``child(_:)`` would find.
    var childNames: [String] {
        switch self {
        case .leaf: return []
        case .mapping(let entries):
            return entries.compactMap { if case .value(let key, _, _) = $0 { key } else { nil } }
        case .list(let items): return Self.elements(of: items).indices.map { "\($0)" }
        }
    }

    /// A list without its comments.
    private static func elements(of items: [SOPSItem<Leaf>]) -> [SOPSNode] {
        items.compactMap { if case .value(let node) = $0 { node } else { nil } }
    }
}
