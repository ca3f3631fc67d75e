package import ResealCore

/// What callers of the KV API keep beside a secret, which nothing else in the vault knows.
package struct KVSettings: Sendable, Hashable {
    package static let defaultMaxVersions: Int64 = 10

    package var custom: [String: String] = [:]
    /// 0 for the mount's.
    package var maxVersions: Int64 = 0
    package var casRequired = false
    package var metadataCASRequired = false
    package var deleteVersionAfter = TimeSpan(seconds: 0)
    /// Rises with each change of these settings.
    package var number: Int64 = 0
    /// Versions that were deleted softly, and when.
    package var deleted: [Int64: Timestamp] = [:]
    /// Versions that count as deleted from a time on.
    package var expires: [Int64: Timestamp] = [:]

    package init() {}

    package var effectiveMaxVersions: Int64 { maxVersions == 0 ? Self.defaultMaxVersions : maxVersions }

    /// The stored form: canonical JSON.
    var encoded: [UInt8] {
        JSON.object([
            "custom": .object(custom.mapValues(JSON.string)), "max_versions": .integer(maxVersions),
            "cas_required": .bool(casRequired), "metadata_cas_required": .bool(metadataCASRequired),
            "delete_after": .integer(deleteVersionAfter.seconds), "number": .integer(number),
            "deleted": Self.json(deleted), "expires": Self.json(expires),
        ]).canonicalBytes
    }

    /// Throws ``VaultFailure/Kind/corrupt`` for what ``encoded`` does not produce.
    init(stored bytes: [UInt8]?) throws {
        guard let bytes else { return }
        guard let json = try? JSON(parsing: bytes), let custom = json["custom"]?.objectValue,
            let maxVersions = json["max_versions"]?.integerValue, let cas = json["cas_required"]?.boolValue,
            let metadataCAS = json["metadata_cas_required"]?.boolValue,
            let after = json["delete_after"]?.integerValue, let number = json["number"]?.integerValue
        else { throw VaultFailure(.corrupt, "the stored settings of a secret cannot be read") }
        self.custom = custom.compactMapValues(\.stringValue)
        self.maxVersions = maxVersions
        casRequired = cas
        metadataCASRequired = metadataCAS
        deleteVersionAfter = TimeSpan(seconds: after)
        self.number = number
        deleted = Self.times(json["deleted"])
        expires = Self.times(json["expires"])
    }

    private static func json(_ times: [Int64: Timestamp]) -> JSON {
        .object(
            Dictionary(uniqueKeysWithValues: times.map { ("\($0.key)", JSON.integer($0.value.milliseconds)) }))
    }

    private static func times(_ json: JSON?) -> [Int64: Timestamp] {
        var times: [Int64: Timestamp] = [:]
        for (key, value) in json?.objectValue ?? [:] {
            guard let number = Int64(key), let time = value.integerValue else { continue }
            times[number] = Timestamp(milliseconds: time)
        }
        return times
    }
}
