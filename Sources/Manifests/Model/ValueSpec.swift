package import ResealCore

/// The value of a secret, as its manifest gives it.
package struct ValueSpec: Sendable {
    package enum Source: Sendable {
        /// Leaves in the order of the file.
        case inline([ValueLeaf])
        /// `fromFile`: the path from the root of the repository, and where it is mentioned.
        case file(path: String, span: SourceSpan)
        /// `fromSOPS`.
        case sops(SOPSReference)
    }

    package let source: Source
    /// One scalar rather than a mapping of fields.
    package let isScalar: Bool
    package let span: SourceSpan

    /// Leaves that stand in the manifest itself.
    package var leaves: [ValueLeaf] {
        if case .inline(let leaves) = source { return leaves }
        return []
    }

    package func leaf(_ field: FieldPath) -> ValueLeaf? { leaves.first { $0.field == field } }
}

/// A mention of a file of SOPS.
package struct SOPSReference: Sendable {
    /// From the root of the repository.
    package let path: String
    package let part: SOPSPart
    /// Where the file is mentioned.
    package let span: SourceSpan
    /// Where the part is, if one is named.
    package let partSpan: SourceSpan?
}

/// One scalar of a value.
package struct ValueLeaf: Sendable {
    package enum Content: Sendable {
        case plain(PlainScalar)
        /// An age file in armor. Not checked beyond its first and last line.
        case sealed([UInt8])
    }

    package let field: FieldPath
    package let span: SourceSpan
    package let content: Content
    /// Given where marked leaves are accepted; their content is then plain.
    package let mark: SealMark?
    /// Bytes of the file that the scalar takes, quotes and block indicator included.
    package let byteRange: Range<Int>

    package var isSealed: Bool {
        if case .sealed = content { return true }
        return false
    }
}

/// A leaf that stands in the file unencrypted. It is a value all the same, so no description shows it.
package struct PlainScalar: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package enum Kind: String, Sendable { case string, integer, float, bool, null, binary }

    package let kind: Kind
    /// Strings as they are, numbers and truth values as JSON writes them, binary decoded, nothing for null.
    package let text: [UInt8]

    package init(kind: Kind, text: [UInt8]) {
        self.kind = kind
        self.text = text
    }

    package var description: String { "[REDACTED]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
