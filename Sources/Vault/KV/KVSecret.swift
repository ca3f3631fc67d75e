package import ResealCore

/// One version as the KV API tells of it.
package struct KVVersion: Sendable, Hashable {
    package var number: Int64
    package var createdAt: Timestamp
    /// When it was, or will be, deleted; `nil` for never.
    package var deletionAt: Timestamp?
    package var isDestroyed: Bool
    /// True when a manifest describes the secret.
    package var isManaged: Bool
    package var custom: [String: String]
}

/// A secret as the KV API tells of it.
package struct KVSecret: Sendable {
    package let record: SecretRecord
    package let settings: KVSettings
    /// Oldest first; without candidates of rotations, and without what is beyond the number of versions kept. Where only
    /// one was asked for, at most that one.
    package let versions: [VersionRecord]
    /// Where the manifest stands that describes it; `nil` for none.
    package let place: String?

    /// Which versions are looked up.
    enum Selection {
        case none, all
        /// The current one.
        case current
        case number(Int64)
    }

    /// `nil` where there is nothing: no such secret, or one that was erased.
    init?(_ id: SecretID, _ selection: Selection = .all, in store: any StoreReader) throws {
        try self.init(ifNotErased: store.secret(id), selection, in: store)
    }

    /// As above for a record that was looked up.
    init?(ifNotErased record: SecretRecord?, _ selection: Selection, in store: any StoreReader) throws {
        guard let record, !(record.state == .deleted && record.purgeAt == nil) else { return nil }
        try self.init(record, selection, in: store)
    }

    /// Of a record that is as it is stored.
    ///
    /// - Parameter settings: as they are stored; looked up unless given.
    init(
        _ record: SecretRecord, _ selection: Selection = .all, settings: KVSettings? = nil, in store: any StoreReader
    ) throws {
        self.record = record
        let settings = try settings ?? KVSettings(stored: store.kvSettings(of: record.rowID))
        self.settings = settings
        place = record.isManaged ? try store.applied(ResourceKey(record.id))?.position.span.description : nil
        if case .none = selection, record.currentVersion > 0 {
            (versions, currentVersion) = ([], record.currentVersion)
            return
        }
        if record.currentVersion > 0, let number = selection.number(current: record.currentVersion) {
            currentVersion = record.currentVersion
            let isKept = number > currentVersion - settings.effectiveMaxVersions
            let found = isKept ? try store.version(number, of: record.rowID) : nil
            versions = found.map { $0.state == .pending ? [] : [$0] } ?? []
            return
        }
        // One more than are kept: the latest may be a candidate.
        let latest = record.currentVersion > 0 ? record.currentVersion : record.latestVersion
        let all = try store.versions(of: record.rowID, above: latest - settings.effectiveMaxVersions - 1)
            .filter { $0.state != .pending }
        let current = record.currentVersion > 0 ? record.currentVersion : all.last?.number ?? 0
        let oldest = current - settings.effectiveMaxVersions
        versions = all.filter { $0.number > oldest }
        currentVersion = current
    }

    package let currentVersion: Int64

    /// With what a manifest's secret is marked by, so that other tools keep off it.
    package var custom: [String: String] {
        guard let place else { return settings.custom }
        return settings.custom.merging(["managed-by": "reseal", "reseal-manifest": place]) { $1 }
    }

    package func version(_ number: Int64) -> KVVersion? {
        versions.first { $0.number == number }.map(describe)
    }

    package func describe(_ version: VersionRecord) -> KVVersion {
        describe(version.number, createdAt: version.createdAt, isDestroyed: version.state == .destroyed)
    }

    func describe(_ number: Int64, createdAt: Timestamp, isDestroyed: Bool = false) -> KVVersion {
        KVVersion(
            number: number, createdAt: createdAt, deletionAt: deletion(of: number), isDestroyed: isDestroyed,
            isManaged: record.isManaged, custom: custom)
    }

    /// A secret that was deleted otherwise than through this API is deleted with all its versions.
    private func deletion(of number: Int64) -> Timestamp? {
        let isCurrent = number == record.currentVersion
        if record.state == .deleted, isCurrent || settings.deleted[record.currentVersion] == nil {
            return record.deletedAt
        }
        // What came back as the current version is not deleted any more.
        let deleted = isCurrent ? nil : settings.deleted[number]
        return deleted ?? settings.expires[number]
    }
}

extension KVVersion {
    package func isReadable(at now: Timestamp) -> Bool { !isDestroyed && deletionAt.map { now < $0 } ?? true }
}

extension KVSecret.Selection {
    /// `nil` for more than one.
    fileprivate func number(current: Int64) -> Int64? {
        switch self {
        case .none, .all: nil
        case .current: current
        case .number(let number): number == 0 ? current : number
        }
    }
}
