internal import ResealCore

/// Why a hook could not be installed or taken away.
struct HookFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// git is missing, or there is no work tree.
        case git = "hook.git"
        /// Another hook stands in the way and cannot be kept beside ours.
        case foreign = "hook.foreign"
        /// The folder of hooks is not the repository's own.
        case shared = "hook.shared"
        case file = "hook.file"
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
