internal import ResealCore

/// A value that could not be made.
package struct EngineFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The rules leave nothing to choose from.
        case impossible = "generate.impossible"
        /// It needs what only the controller has, such as the key of a CA.
        case needsController = "generate.needs-controller"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
