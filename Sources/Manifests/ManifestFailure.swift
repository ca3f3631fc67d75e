package import ResealCore

/// Why a value could not be bound, sealed or edited. Its text never holds a value.
package struct ManifestFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The note that binds a sealed value to its place is malformed, or stands there twice.
        case binding = "binding.malformed"
        /// The note has a version that this program does not know.
        case bindingVersion = "binding.version"
        /// A binding that does not name those for whom a value is sealed.
        case sealing = "seal.recipients"
        /// The file, or the document, has errors; they have to go before it is edited.
        case unreadable = "edit.unreadable"
        /// The file has no such secret.
        case noSuchSecret = "edit.no-such-secret"
        /// The field is not one scalar of the manifest: it has fields, or stands in another file.
        case notALeaf = "edit.not-a-leaf"
        /// The Recipients manifest has no such rule or group.
        case noSuchPlace = "recipients.no-such-place"
        /// The edit would have changed something else as well, and was not made.
        case unsafe = "edit.unsafe"
        /// The file is no document of SOPS, or breaks its format.
        case sopsFormat = "sops.format"
        /// A kind of file or key that SOPS knows and Reseal does not.
        case sopsUnsupported = "sops.unsupported"
        /// The document was changed after SOPS wrote it, or has no MAC.
        case sopsMAC = "sops.mac"
        /// No identity opens the document's data key.
        case sopsNoMatch = "sops.no-match"
        /// The document has no such key, or no such document.
        case sopsNoSuchKey = "sops.no-such-key"
        /// A value that SOPS's formats cannot hold.
        case sopsUnwritable = "sops.unwritable"
        /// A regular expression that RE2 would not take, or that is too large.
        case pattern = "pattern.invalid"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?
    package let span: SourceSpan?

    package init(_ kind: Kind, _ message: String, hint: String? = nil, at span: SourceSpan? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.span = span
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
