package import ResealCore
package import ResealSealing

/// What the vault keeps of one field of a value, so that planning can compare it without decrypting anything.
package struct FieldState: Sendable, Hashable {
    /// Path text of the field; empty for a scalar value.
    package var field: String
    /// The sealing counter of its ciphertext; 0 for a plain or unbound one. Negative where the vault once applied a
    /// higher one than what stands there now has: then the absolute value is that highest counter.
    package var counter: Int64
    /// The first 8 bytes of the field's keyed fingerprint; 0 for a field that is gone, of which only the counter is
    /// kept.
    package var fingerprint: UInt64

    package init(field: String, counter: Int64, fingerprint: UInt64) {
        self.field = field
        self.counter = counter
        self.fingerprint = fingerprint
    }

    package var highestCounter: Int64 { abs(counter) }
    package var isGone: Bool { fingerprint == 0 }
}

extension [FieldState] {
    /// The fields that the value has now.
    package var present: [FieldState] { filter { !$0.isGone } }

    /// The fields of a new value, as they are kept after `old`: the highest counter of each is never forgotten, also of
    /// those that the new value lacks, so that no detour makes room for a replay.
    package func remembering(_ old: [FieldState]) -> [FieldState] {
        var known = Dictionary(old.map { ($0.field, $0.highestCounter) }, uniquingKeysWith: Swift.max)
        let kept = map { field in
            var field = field
            let highest = known.removeValue(forKey: field.field) ?? 0
            if field.counter < highest { field.counter = -highest }
            return field
        }
        let gone = known.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        return kept + gone.map { FieldState(field: $0.key, counter: -$0.value, fingerprint: 0) }
    }
}

/// How a change reached the vault.
package enum Origin: String, Sendable, Codable {
    case git
    case manual
    case rollback
    case rotation
}

/// Where in Git something was written.
package struct SourcePosition: Sendable, Hashable {
    package var commit: ObjectID?
    package var path: String
    package var line: Int32
    package var column: Int32
    package var blob: ObjectID?

    package init(commit: ObjectID?, path: String, line: Int, column: Int, blob: ObjectID?) {
        self.commit = commit
        self.path = path
        self.line = Int32(clamping: line)
        self.column = Int32(clamping: column)
        self.blob = blob
    }

    package var span: SourceSpan {
        SourceSpan(file: path, line: Int(line), column: Int(column), commit: commit)
    }
}

/// Tells whether a secret is as it was, for a fraction of the cost of its record.
package struct SecretMark: Sendable, Hashable {
    package let rowID: Int64
    package let currentVersion: Int64
    /// The beginning of the digest of its manifest.
    package let spec: UInt64
}

/// One secret, without its values.
package struct SecretRecord: Sendable {
    package enum State: String, Sendable { case active, deleted }
    /// A change of the vault that Git does not know.
    package enum Drift: String, Sendable, Codable { case value, deleted, restored }

    package var rowID: Int64
    package var id: SecretID
    package var state: State
    /// The manifest without values, in canonical JSON; empty for a secret that no manifest describes.
    package var spec: [UInt8]
    package var specDigest: Digest256
    /// 0 when the secret has no value yet.
    package var currentVersion: Int64
    package var latestVersion: Int64
    /// Keyed fingerprint of the current value.
    package var fingerprint: Digest256?
    package var fields: [FieldState]
    /// True when a manifest describes the secret.
    package var isManaged: Bool
    package var deletionProtection: Bool
    package var keepPrevious: TimeSpan
    package var drift: Drift?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var deletedAt: Timestamp?
    /// When a deleted secret's values are destroyed.
    package var purgeAt: Timestamp?

    package init(
        rowID: Int64, id: SecretID, state: State, spec: [UInt8], specDigest: Digest256, currentVersion: Int64,
        latestVersion: Int64, fingerprint: Digest256?, fields: [FieldState], isManaged: Bool,
        deletionProtection: Bool, keepPrevious: TimeSpan, drift: Drift?, createdAt: Timestamp, updatedAt: Timestamp,
        deletedAt: Timestamp?, purgeAt: Timestamp?
    ) {
        self.rowID = rowID
        self.id = id
        self.state = state
        self.spec = spec
        self.specDigest = specDigest
        self.currentVersion = currentVersion
        self.latestVersion = latestVersion
        self.fingerprint = fingerprint
        self.fields = fields
        self.isManaged = isManaged
        self.deletionProtection = deletionProtection
        self.keepPrevious = keepPrevious
        self.drift = drift
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.deletedAt = deletedAt
        self.purgeAt = purgeAt
    }
}

/// One version of a secret, without its ciphertext.
package struct VersionRecord: Sendable {
    /// The states of DESIGN: `pending` belongs to a rotation that is not finished.
    package enum State: String, Sendable, Codable { case current, previous, pending, destroyed }

    package var number: Int64
    package var state: State
    package var origin: Origin
    package var createdAt: Timestamp
    package var createdBy: Principal
    package var fingerprint: Digest256
    package var fields: [FieldState]
    package var source: SourcePosition?
    /// For a rollback, the version that was brought back.
    package var restoredFrom: Int64?
    package var purgeAt: Timestamp?
    package var destroyedAt: Timestamp?
}

/// What Git last said about one resource; the inventory that alone may be pruned.
package struct AppliedRecord: Sendable {
    package var key: ResourceKey
    package var source: Int64
    package var position: SourcePosition
    /// Canonical JSON; kept here for every kind but secrets, whose spec stands in their own record.
    package var spec: [UInt8]
    package var specDigest: Digest256
    /// Fingerprint of the value that Git held; `nil` for none.
    package var fingerprint: Digest256?
    /// The set of things that the manifest refers to; see ``StoreReader/referenceSet(_:)``.
    package var referenceSet: Int64

    package init(
        key: ResourceKey, source: Int64, position: SourcePosition, spec: [UInt8], specDigest: Digest256,
        fingerprint: Digest256?, referenceSet: Int64
    ) {
        self.key = key
        self.source = source
        self.position = position
        self.spec = spec
        self.specDigest = specDigest
        self.fingerprint = fingerprint
        self.referenceSet = referenceSet
    }
}

/// One watched place in Git: which commit of it the vault holds.
package struct SourceRecord: Sendable {
    package var id: Int64
    package var location: String
    package var path: String
    package var ref: String
    /// The random id of the Repository manifest; empty until one was applied.
    package var repositoryID: String
    package var commit: ObjectID
    /// The tree of the manifests' folder at that commit.
    package var tree: ObjectID?
    package var appliedAt: Timestamp
    /// What decides how a repository is judged, canonical JSON: settings of the Repository manifest at that commit.
    package var policy: [UInt8]

    package init(
        id: Int64, location: String, path: String, ref: String, repositoryID: String, commit: ObjectID,
        tree: ObjectID?, appliedAt: Timestamp, policy: [UInt8]
    ) {
        self.id = id
        self.location = location
        self.path = path
        self.ref = ref
        self.repositoryID = repositoryID
        self.commit = commit
        self.tree = tree
        self.appliedAt = appliedAt
        self.policy = policy
    }
}
