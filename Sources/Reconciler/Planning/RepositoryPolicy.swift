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

    package init(
        repositoryID: String = "", requireBinding: Bool = false, driftPolicy: DriftPolicy = .report,
        massDeletionCount: Int64 = Int64(RepositorySpec.Limits().massDeletionCount),
        massDeletionPercent: Int64 = Int64(RepositorySpec.Limits().massDeletionPercent),
        valueBytes: Int64 = Int64(RepositorySpec.Limits().valueBytes)
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

    /// True when a plan that deletes `count` of `managed` secrets has to stop. A share says nothing about a handful.
    func limitsDeletion(of count: Int64, among managed: Int64) -> Bool {
        count > massDeletionCount || (count > Self.handful && count * 100 > managed * massDeletionPercent)
    }

    /// False when so few deletions pass whatever the number of secrets.
    func needsTotal(forDeletionOf count: Int64) -> Bool { count > min(massDeletionCount, Self.handful) }

    private static let handful: Int64 = 3

    /// True when something passes by these rules that `old` would have stopped.
    func isWeaker(than old: RepositoryPolicy) -> Bool {
        (old.requireBinding && !requireBinding) || massDeletionCount > old.massDeletionCount
            || massDeletionPercent > old.massDeletionPercent || valueBytes > old.valueBytes
            || (old.driftPolicy == .revert && driftPolicy != .revert)
    }
}
