internal import ResealCore
package import ResealManifests
package import ResealSealing

/// The settings of a Repository manifest that decide how changes are judged.
package struct RepositoryPolicy: Sendable, Equatable {
    package var repositoryID: String
    package var requireBinding: Bool
    package var driftPolicy: DriftPolicy
    package var massDeletionCount: Int64
    package var massDeletionPercent: Int64
    package var valueBytes: Int64

    package static let defaultMassDeletionCount: Int64 = 20
    package static let defaultMassDeletionPercent: Int64 = 25
    package static let defaultValueBytes: Int64 = 1 << 20

    package init(
        repositoryID: String = "", requireBinding: Bool = false, driftPolicy: DriftPolicy = .report,
        massDeletionCount: Int64 = defaultMassDeletionCount, massDeletionPercent: Int64 = defaultMassDeletionPercent,
        valueBytes: Int64 = defaultValueBytes
    ) {
        self.repositoryID = repositoryID
        self.requireBinding = requireBinding
        self.driftPolicy = driftPolicy
        self.massDeletionCount = massDeletionCount
        self.massDeletionPercent = massDeletionPercent
        self.valueBytes = valueBytes
    }

    /// The stored form: canonical JSON.
    package var encoded: [UInt8] {
        JSON.object([
            "repository_id": .string(repositoryID), "require_binding": .bool(requireBinding),
            "drift_policy": .string(driftPolicy.rawValue), "mass_deletion_count": .integer(massDeletionCount),
            "mass_deletion_percent": .integer(massDeletionPercent), "value_bytes": .integer(valueBytes),
        ]).canonicalBytes
    }

    /// `nil` for bytes that ``encoded`` does not produce.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let id = json["repository_id"]?.stringValue,
            let binding = json["require_binding"]?.boolValue,
            let drift = json["drift_policy"]?.stringValue.flatMap(DriftPolicy.init),
            let count = json["mass_deletion_count"]?.integerValue,
            let percent = json["mass_deletion_percent"]?.integerValue, let bytes = json["value_bytes"]?.integerValue
        else { return nil }
        self.init(
            repositoryID: id, requireBinding: binding, driftPolicy: drift, massDeletionCount: count,
            massDeletionPercent: percent, valueBytes: bytes)
    }

    package var digest: Digest256 { Digest256(hashing: encoded) }
}
