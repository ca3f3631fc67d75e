package import ResealCore
internal import ResealGit
package import ResealManifests
package import ResealSealing

/// Something of a work tree that a person can edit in plain text, and that goes back sealed.
package protocol EditableText: Sendable {
    /// The file that will be written, from the root of the work tree.
    var path: String { get }
    /// What an editor may call it: letters, digits and `._-`.
    var name: String { get }
    var text: SecretBytes { get }
    /// Sealed values that the text does not show, with the reasons.
    var notes: [Diagnostic] { get }

    /// Seals what changed, and judges the result. Writes nothing.
    ///
    /// - Throws: ``DiagnosticsFailure`` with everything that is wrong; its places in a file called ``name`` are those of
    ///   `edited`.
    func prepare(_ edited: SecretBytes, at now: Timestamp) throws -> PreparedEdit
}

/// An edit that is ready to be written.
package struct PreparedEdit: Sendable {
    /// Values that would stand in Git as they are.
    package struct Exposure: Sendable {
        package enum Kind: Sendable {
            /// The tag is gone from a leaf that was sealed.
            case untagged
            /// The text of a value stands somewhere else too, as in a comment.
            case repeated
        }
        package let kind: Kind
        package let leaf: LeafName
        /// The place in the edited text.
        package let span: SourceSpan
    }

    /// `nil` if the file stays as it is.
    let replacement: FileReplacement?
    package private(set) var sealed: [SealedLeaf] = []
    package private(set) var removed: [LeafName] = []
    package private(set) var exposures: [Exposure] = []
    package private(set) var warnings: [Diagnostic] = []

    static let unchanged = PreparedEdit(replacement: nil)

    package var isUnchanged: Bool { replacement == nil }

    private init(replacement: FileReplacement?) { self.replacement = replacement }

    init(
        _ replacement: FileReplacement, sealed: [SealedLeaf], removed: [LeafName] = [], exposures: [Exposure] = [],
        warnings: [Diagnostic] = []
    ) {
        self.init(replacement: replacement)
        self.sealed = sealed
        self.removed = removed
        self.exposures = exposures
        self.warnings = warnings
    }
}

extension EditableText {
    /// A file name out of what the repository calls something.
    static func safeName(_ text: String) -> String {
        let safe = text.unicodeScalars.map { scalar -> Character in
            let isSafe = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isSafe || scalar == "." || scalar == "_" || scalar == "-" ? Character(scalar) : "-"
        }
        let name = String(safe.drop { $0 == "." || $0 == "-" }.suffix(100))
        return name.isEmpty ? "text" : name
    }
}
