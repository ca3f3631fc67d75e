package import ResealCore

package enum SecretType: String, Sendable, CaseIterable, Codable {
    case generic
    case apiKey = "api-key"
    case database
    case certificate
    case signingKey = "signing-key"
    case oauthToken = "oauth-token"
    case config
}

/// The spec of a Secret, with defaults filled in.
package struct SecretSpec: Sendable {
    package static let defaultKeepPrevious = TimeSpan(seconds: 7 * 86_400)

    package var type = SecretType.generic
    package var description: String?
    package var service: String?
    package var environment: String?
    /// Free metadata; numbers and truth values as text.
    package var metadata: [String: String] = [:]
    /// `nil` while the secret is declared and has no value in Git.
    package var value: ValueSpec?
    package var permissions = Permissions()
    package var rotation: RotationSpec?
    package var keepPrevious = SecretSpec.defaultKeepPrevious
    package var expiresAt: Timestamp?
    package var autoRenew = false
    package var sensitive = false
    /// Names of SyncTargets.
    package var sync: [String] = []
    package var deletionProtection = false
    /// `nil`: the repository's.
    package var driftPolicy: DriftPolicy?
}

/// Who may do what with a secret.
package struct Permissions: Sendable, Hashable {
    package var read: [Principal] = []
    package var write: [Principal] = []
    package var rotate: [Principal] = []
    package var delete: [Principal] = []

    package init(
        read: [Principal] = [], write: [Principal] = [], rotate: [Principal] = [], delete: [Principal] = []
    ) {
        self.read = read
        self.write = write
        self.rotate = rotate
        self.delete = delete
    }
}
