package import ResealCore
package import ResealSealing

/// Durable, transactional storage of the vault. Knows rows, not meaning: keys, audit and policy live above it.
///
/// Implementations promise: a transaction is all or nothing, also across a crash; ``write(_:)`` returns after the effect
/// is durable; writers are serialised across processes; a reader sees one consistent snapshot. Calls block, so they are
/// made from a queue of their own.
package protocol Store: Sendable {
    /// Runs `body` on one consistent snapshot.
    func read<R>(_ body: (any StoreReader) throws -> R) throws -> R
    /// Runs `body` in a transaction that is durable on return, and undone when `body` throws.
    func write<R>(_ body: (any StoreTransaction) throws -> R) throws -> R
    /// Checks the storage's own structure; the findings, or nothing when it is sound.
    func integrityProblems() throws -> [String]
    /// Forgets what destroyed versions left behind in files beside the store.
    func scrub() throws
}

/// Queries.
package protocol StoreReader {
    func metadata(_ key: MetadataKey) throws -> [UInt8]?
    func keyring() throws -> [KeyringEntry]
    /// The id of the newest KEK; `nil` before the vault is initialised.
    func currentKEK() throws -> Int64?

    func secret(_ id: SecretID) throws -> SecretRecord?
    func secret(rowID: Int64) throws -> SecretRecord?
    /// Every active secret, in order of row, without what is in it.
    func forEachMark(_ body: (SecretMark) throws -> Void) throws
    /// Every secret of an organization (`nil`: of all) whose name starts with `prefix`, in order of id.
    func forEachSecret(
        organization: String?, prefix: String, _ body: (SecretRecord) throws -> Void) throws
    func secretCount() throws -> (active: Int, managed: Int, deleted: Int)
    func driftedSecrets() throws -> [SecretRecord]
    func versions(of rowID: Int64) throws -> [VersionRecord]
    /// Those with a number above `number`, oldest first.
    func versions(of rowID: Int64, above number: Int64) throws -> [VersionRecord]
    /// The numbers of previous versions, up to `number`.
    func previousVersions(of rowID: Int64, upTo number: Int64) throws -> [Int64]
    func version(_ number: Int64, of rowID: Int64) throws -> VersionRecord?
    /// `nil` when the version was destroyed.
    func sealedValue(_ number: Int64, of rowID: Int64) throws -> SealedValue?
    /// Secrets and versions whose time to be destroyed has come.
    func duePurges(at now: Timestamp) throws -> [PurgeItem]

    /// The journal of a secret's rotation; `nil` when there is nothing to remember.
    func rotation(of rowID: Int64) throws -> RotationRecord?
    /// Every journal, in order of secret.
    func rotations() throws -> [RotationRecord]

    func sources() throws -> [SourceRecord]
    func applied(_ key: ResourceKey) throws -> AppliedRecord?
    func applied(source: Int64, path: String) throws -> [AppliedRecord]
    func forEachApplied(source: Int64, _ body: (AppliedRecord) throws -> Void) throws
    func applied(kind: ResourceKind, source: Int64) throws -> [AppliedRecord]
    func appliedSecretCount(source: Int64) throws -> Int
    func appliedNames(kind: ResourceKind, organization: String) throws -> [String]
    func referenceSet(_ id: Int64) throws -> [ReferenceTarget]
    /// The resources of a source that refer to `target`.
    func referrers(to target: ReferenceTarget, source: Int64) throws -> [AppliedRecord]

    /// What the KV API keeps beside a secret; `nil` for nothing.
    func kvSettings(of rowID: Int64) throws -> [UInt8]?
    func token(_ digest: Digest256) throws -> TokenRecord?
    func token(accessor: String) throws -> TokenRecord?
    /// In order of their making.
    func tokens() throws -> [TokenRecord]
    /// An answer that is kept, whether its time is over or not.
    func wrapping(_ digest: Digest256) throws -> (record: WrappingRecord, sealed: [UInt8])?
    /// How many answers of a principal are kept whose time is not over, and how many bytes they have.
    func wrappings(of asker: Asker, at time: Timestamp) throws -> (count: Int, bytes: Int)
    func hasWrappings(endedBy time: Timestamp) throws -> Bool

    func lastAuditRecord() throws -> AuditRecord?
    /// The signed heads of the trail. More than one means that somebody meddled with them.
    func auditHeads() throws -> [AuditHead]
    func forEachAuditRecord(_ filter: AuditFilter, _ body: (AuditRecord) throws -> Void) throws
    /// The subjects of records behind `sequence` that tell of a change of a secret, each once.
    func changedSubjects(after sequence: Int64) throws -> [String]
    /// The last record that a reader of that name has; `nil` for one that has not begun.
    func auditCursor(_ name: String) throws -> Int64?
}

/// Says that a part of a transaction failed when some of it was done.
package struct BrokenPart: Error {
    /// Why it failed.
    package let reason: any Error
}

/// Effects, each visible to later queries of the same transaction.
package protocol StoreTransaction: StoreReader {
    /// True when a secret, a version, or what Git said of one is not what it was before the transaction.
    var hasChangedSecrets: Bool { get }
    /// The same of tokens.
    var hasChangedTokens: Bool { get }
    /// Runs `body`. Where it throws before it has changed anything, the transaction can go on without it. Otherwise throws
    /// ``BrokenPart``: then only the whole transaction can be undone.
    func attempt<R>(_ body: () throws -> R) throws -> R

    func setMetadata(_ key: MetadataKey, _ value: [UInt8]) throws
    func insert(_ entry: KeyringEntry) throws
    func update(_ entry: KeyringEntry) throws
    func removeKeyringEntry(_ id: Int64) throws
    /// Replaces the wrapped DEK of every version that has one.
    func rewrapDEKs(_ body: (StoredDEK) throws -> StoredDEK) throws

    /// Inserts a secret and gives back its row id.
    func insert(_ secret: SecretRecord) throws -> Int64
    func update(_ secret: SecretRecord) throws
    func insert(_ version: VersionRecord, value: SealedValue, of rowID: Int64) throws
    /// The current version becomes a previous one that is destroyed at `purgeAt`.
    func retire(_ version: Int64, of rowID: Int64, purgeAt: Timestamp) throws
    /// A pending version becomes the current one.
    func promote(_ version: Int64, of rowID: Int64) throws
    /// Inserts or replaces the journal of one secret.
    func save(_ rotation: RotationRecord) throws
    func removeRotation(of rowID: Int64) throws
    /// Removes key and ciphertext of a version; its record stays. After the next ``Store/scrub()`` the wrapped key stands
    /// nowhere in the store's files, so that what may be left of the ciphertext is noise.
    func destroy(_ version: Int64, of rowID: Int64, at now: Timestamp) throws

    /// Inserts (id 0) or updates; the id.
    func save(_ source: SourceRecord) throws -> Int64
    func save(_ applied: AppliedRecord) throws
    func removeApplied(_ key: ResourceKey) throws
    /// The id of exactly this set of targets; equal sets share one.
    func referenceSetID(_ targets: [ReferenceTarget]) throws -> Int64

    func saveKVSettings(_ document: [UInt8], of rowID: Int64) throws
    /// Inserts or replaces a token.
    func save(_ token: TokenRecord) throws
    /// Forgets the tokens that expired or were revoked before `time`.
    func removeTokens(endedBefore time: Timestamp) throws
    func insert(_ wrapping: WrappingRecord, sealed: [UInt8]) throws
    func removeWrapping(_ digest: Digest256) throws
    /// Forgets the answers whose time is over at `time`.
    func removeWrappings(endedBy time: Timestamp) throws

    func saveAuditCursor(_ name: String, _ sequence: Int64) throws
    func append(_ record: AuditRecord) throws
    /// Puts `head` in the place of the head before.
    func save(_ head: AuditHead) throws
}

/// The single values that the store keeps by name.
package enum MetadataKey: String, Sendable {
    case vaultID = "vault-id"
    case rootKey = "root-key"
    case createdAt = "created-at"
    /// Rises by one with each transaction that changes the vault; reads do not count.
    case serial
    /// Rises with each change of a token; the store sees to it.
    case tokenSerial = "token-serial"
    case auditPublicKey = "audit-public-key"
}

/// Something that a manifest can refer to.
package enum ReferenceTarget: Sendable, Hashable, Comparable {
    case resource(ResourceKey)
    /// A file of the repository that holds a value.
    case file(String)

    package static func < (a: ReferenceTarget, b: ReferenceTarget) -> Bool { a.text < b.text }

    /// `<kind>.<organization>/<name>` or `file:<path>`; the stored form.
    package var text: String {
        switch self {
        case .resource(let key): key.description
        case .file(let path): "file:\(path)"
        }
    }

    package init?(text: String) {
        if text.hasPrefix("file:") {
            self = .file(String(text.dropFirst(5)))
            return
        }
        guard let dot = text.firstIndex(of: "."), let kind = ResourceKind(rawValue: String(text[..<dot])),
            let slash = text[dot...].firstIndex(of: "/")
        else { return nil }
        let organization = String(text[text.index(after: dot)..<slash])
        self = .resource(ResourceKey(kind, String(text[text.index(after: slash)...]), organization: organization))
    }
}

/// A secret or one of its versions that is kept no longer.
package struct PurgeItem: Sendable {
    package var secret: SecretRecord
    package var versions: [Int64]
}
