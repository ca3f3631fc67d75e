/// A local tag on a leaf of a value: text that is to be sealed, or what stands for a sealed value while it is edited.
package enum SealMark: UInt8, Sendable {
    /// Text. `!seal` in a manifest, `!sealed` in what an editor shows; both are understood everywhere.
    case text
    /// Bytes in base64.
    case base64
    /// A sealed value that could not be opened for editing; the text behind the tag names it.
    case unopened

    init?(tag: String) {
        switch tag {
        case "!seal", "!sealed": self = .text
        case "!seal/base64", "!sealed/base64": self = .base64
        case "!unopened": self = .unopened
        default: return nil
        }
    }

    /// As an editor shows it.
    var shown: String {
        switch self {
        case .text: "!sealed"
        case .base64: "!sealed/base64"
        case .unopened: "!unopened"
        }
    }
}

/// What becomes of a leaf with a ``SealMark``.
package enum SealMarkPolicy: Sendable {
    /// It is an error: what a manifest still holds in plain text is neither planned nor applied.
    case refused
    /// It is read, for whoever seals it.
    case accepted
}
