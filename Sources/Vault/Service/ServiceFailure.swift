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
    }

    package let kind: Kind
    package let message: String
    package var hint: String? { nil }

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package static let denied = ServiceFailure(.denied, "permission denied")
    package static let notFound = ServiceFailure(.notFound, "there is nothing")

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
