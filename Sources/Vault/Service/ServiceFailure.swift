internal import ResealCore

/// Why a caller of the API gets something else than he asked for.
package struct ServiceFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// Nothing allows it. Says the same whatever there is.
        case denied = "access.denied"
        /// Allowed, but a manifest in Git decides about the secret.
        case managedByGit = "access.managed-by-git"
        case protected = "access.deletion-protected"
        case notFound = "api.not-found"
        case badRequest = "api.bad-request"
        /// The secret is at another version than the caller believes.
        case versionMismatch = "api.version-mismatch"
        /// A cursor that nothing can be said about.
        case changesGone = "api.changes-gone"
    }

    package let kind: Kind
    package let message: String
    package var hint: String? { nil }

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package static let denied = ServiceFailure(.denied, "permission denied")
    package static let versionMismatch = ServiceFailure(
        .versionMismatch, "check-and-set parameter did not match the current version")
    package static let notFound = ServiceFailure(.notFound, "there is nothing")

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
