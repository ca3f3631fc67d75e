public import ResealCore

/// A secret's value as it was read.
public struct SecretReading: Sendable {
    /// Whose value it is.
    public let id: SecretID
    /// Which version.
    public let version: Int64
    /// When that version was written.
    public let createdAt: Timestamp
    /// The value itself.
    public let value: SecretValue

    package init(id: SecretID, version: Int64, createdAt: Timestamp, value: SecretValue) {
        self.id = id
        self.version = version
        self.createdAt = createdAt
        self.value = value
    }
}

/// The outcome of a write.
public struct SecretWriting: Sendable {
    /// What was written.
    public let id: SecretID
    /// Its newest version.
    public let version: Int64
    /// True when a manifest in Git describes the secret, so that the next apply will see drift.
    public let isManaged: Bool

    package init(id: SecretID, version: Int64, isManaged: Bool) {
        self.id = id
        self.version = version
        self.isManaged = isManaged
    }
}

/// The outcome of a rotation.
public struct SecretRotation: Sendable {
    /// What was rotated.
    public let id: SecretID
    /// The version that is current now.
    public let version: Int64
    /// True when it went on with one that had been interrupted or had failed.
    public let isResumed: Bool
    /// True when the vault is newer than Git until the new value is written back.
    public let isWriteBackPending: Bool
    /// When the target is to forget the value before; `nil` where it has, or never knew two.
    public let retiresAt: Timestamp?

    package init(id: SecretID, version: Int64, isResumed: Bool, isWriteBackPending: Bool, retiresAt: Timestamp?) {
        self.id = id
        self.version = version
        self.isResumed = isResumed
        self.isWriteBackPending = isWriteBackPending
        self.retiresAt = retiresAt
    }
}

/// A secret without its value.
public struct SecretInfo: Sendable {
    /// Organization and name.
    public let id: SecretID
    /// False for a deleted secret.
    public let isActive: Bool
    /// 0 when there is no value yet.
    public let currentVersion: Int64
    /// True when a manifest in Git describes it.
    public let isManaged: Bool
    /// What was changed by hand since the last apply: `value`, `deleted` or `restored`; `nil` for nothing.
    public let drift: String?
    /// Last change of value or metadata.
    public let updatedAt: Timestamp
    /// The manifest without values, canonical JSON; empty for a secret that no manifest describes.
    package let spec: [UInt8]

    package init(
        id: SecretID, isActive: Bool, currentVersion: Int64, isManaged: Bool, drift: String?, updatedAt: Timestamp,
        spec: [UInt8]
    ) {
        self.id = id
        self.isActive = isActive
        self.currentVersion = currentVersion
        self.isManaged = isManaged
        self.drift = drift
        self.updatedAt = updatedAt
        self.spec = spec
    }
}

/// One version of a secret, without its value.
public struct VersionInfo: Sendable {
    /// From 1.
    public let number: Int64
    /// `current`, `previous`, `pending` or `destroyed`.
    public let state: String
    /// `git`, `manual`, `rollback` or `rotation`.
    public let origin: String
    /// When it was written.
    public let createdAt: Timestamp
    /// Who wrote it.
    public let createdBy: Principal
    /// The commit, file and position it came from, when it came from Git.
    public let source: String?
    /// For a rollback, the version that was brought back.
    public let restoredFrom: Int64?
    /// When it will be destroyed; `nil` for the current one.
    public let keptUntil: Timestamp?
    /// When it was destroyed.
    public let destroyedAt: Timestamp?

    package init(
        number: Int64, state: String, origin: String, createdAt: Timestamp, createdBy: Principal, source: String?,
        restoredFrom: Int64?, keptUntil: Timestamp?, destroyedAt: Timestamp?
    ) {
        self.number = number
        self.state = state
        self.origin = origin
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.source = source
        self.restoredFrom = restoredFrom
        self.keptUntil = keptUntil
        self.destroyedAt = destroyedAt
    }
}
