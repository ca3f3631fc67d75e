internal import ResealCore
public import ResealSealing

/// The value of one version: a scalar, or a mapping whose leaves are named by their path.
///
/// Every leaf is a ``SecretBytes``, the reviewable ones too: the vault does not tell them apart.
public struct SecretValue: Sendable {
    /// The type that a leaf has in YAML and JSON.
    public enum LeafType: UInt8, Sendable {
        case string = 0
        case integer = 1
        case number = 2
        case boolean = 3
        case null = 4
        case binary = 5
    }

    /// One leaf.
    public struct Leaf: Sendable {
        /// Keys from the root; empty for a scalar value.
        public let path: [String]
        /// How to read `bytes`.
        public let type: LeafType
        /// The text (UTF-8), or the bytes themselves for ``LeafType/binary``.
        public let bytes: SecretBytes

        /// A leaf of a mapping, or with an empty path the scalar itself.
        public init(path: [String], type: LeafType = .string, bytes: SecretBytes) {
            self.path = path
            self.type = type
            self.bytes = bytes
        }
    }

    /// Sorted by path, so that equal values have equal encodings whatever order they were written in.
    public let leaves: [Leaf]

    /// A mapping. Throws ``VaultFailure`` when two leaves share a path, one is the parent of another, or the name of one
    /// is longer than 65,535 bytes, dots and all.
    public init(leaves: [Leaf]) throws {
        for leaf in leaves where Self.isTooLong(leaf.path) {
            throw VaultFailure(.invalidValue, "the name of a field is too long", hint: "it has 65,535 bytes at most")
        }
        let sorted = leaves.sorted { $0.path.lexicographicallyPrecedes($1.path) }
        for (a, b) in zip(sorted, sorted.dropFirst()) where b.path.starts(with: a.path) {
            throw VaultFailure(
                .invalidValue, "the field `\(SecretValue.text(of: a.path))` stands twice in the value",
                hint: "a field either is a value or holds further fields")
        }
        self.leaves = sorted
    }

    private static func isTooLong(_ path: [String]) -> Bool {
        // With a dot behind each key, and every byte of it escaped: what nearly every name is within.
        let most = path.reduce(0) { $0 + 2 * $1.utf8.count + 1 }
        return most > UInt16.max && max(path.count, text(of: path).utf8.count) > UInt16.max
    }

    /// A scalar.
    public init(scalar bytes: SecretBytes, type: LeafType = .string) {
        leaves = [Leaf(path: [], type: type, bytes: bytes)]
    }

    /// True for one leaf without a name.
    public var isScalar: Bool { leaves.count == 1 && leaves[0].path.isEmpty }

    /// The leaf that `name` means: the exact key first, then the path joined by dots. `nil` when there is none.
    public func leaf(named name: String) -> Leaf? {
        leaves.first { $0.path == [name] } ?? leaves.first { Self.text(of: $0.path) == name }
            ?? leaves.first { $0.path.joined(separator: ".") == name }
    }

    /// This value with one leaf replaced or added. Throws when the path collides with another leaf.
    public func setting(_ leaf: Leaf) throws -> SecretValue {
        try SecretValue(leaves: leaves.filter { $0.path != leaf.path } + [leaf])
    }

    /// The path as text: keys joined by `.`; a `.` or `\` within a key stands behind a `\`.
    public static func text(of path: [String]) -> String { FieldPath(path).description }
}
