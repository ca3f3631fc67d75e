package import ResealCore

extension SecretInfo {
    init(_ record: SecretRecord) {
        self.init(
            id: record.id, isActive: record.state == .active, currentVersion: record.currentVersion,
            isManaged: record.isManaged, drift: record.drift?.rawValue, updatedAt: record.updatedAt, spec: record.spec)
    }
}

extension VersionInfo {
    init(_ record: VersionRecord) {
        self.init(
            number: record.number, state: record.state.rawValue, origin: record.origin.rawValue,
            createdAt: record.createdAt, createdBy: record.createdBy, source: record.source.map(\.span.description),
            restoredFrom: record.restoredFrom, keptUntil: record.purgeAt, destroyedAt: record.destroyedAt)
    }
}

/// The state of a vault, in numbers.
package struct VaultStatus: Sendable {
    package let serial: Int64
    package let active: Int
    package let managed: Int
    package let deleted: Int
    package let sources: [SourceRecord]
    package let drifted: [SecretID]
    package let rotations: [RotationRecord]
    package let auditHead: String
    /// When the present KEK was made.
    package let kekCreatedAt: Timestamp?
}
