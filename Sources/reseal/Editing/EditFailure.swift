internal import ResealCore

/// Why there is no place for decrypted text, or no way to edit it.
struct EditFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// No folder lies in memory.
        case noMemory = "edit.no-memory"
        /// The folder for the text cannot be made, guarded or read.
        case folder = "edit.folder"
        case noEditor = "edit.no-editor"
        /// The editor could not be started, or did not end well.
        case editor = "edit.editor-failed"
        case givenUp = "edit.given-up"
        /// A value would stand in Git unencrypted, and nobody said that it may.
        case exposed = "edit.exposed"
    }

    let kind: Kind
    let message: String
    let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    var code: String { kind.rawValue }
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
