package import ResealCore

/// What can go wrong with the vault.
package struct VaultFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case notInitialized = "vault.not-initialized"
        case alreadyInitialized = "vault.already-initialized"
        case wrongRootKey = "vault.wrong-root-key"
        case corrupt = "vault.corrupt"
        /// A stored value or key does not authenticate, while the store itself is sound.
        case notAuthentic = "vault.not-authentic"
        case newerSchema = "vault.newer-schema"
        case locked = "vault.locked"
        case diskFull = "vault.disk-full"
        case readOnly = "vault.read-only"
        case storage = "vault.storage"
        case secretNotFound = "vault.secret-not-found"
        case versionNotFound = "vault.version-not-found"
        case versionDestroyed = "vault.version-destroyed"
        /// The candidate of a rotation that is not finished.
        case versionPending = "vault.version-pending"
        case fieldNotFound = "vault.field-not-found"
        case deleted = "vault.secret-deleted"
        case protected = "vault.deletion-protected"
        case noValue = "vault.no-value"
        case invalidValue = "vault.invalid-value"
        case serialMoved = "vault.serial-moved"
        case auditBroken = "audit.broken"
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
    package var retry: RetryAdvice { kind == .locked ? .later : .afterFix }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
