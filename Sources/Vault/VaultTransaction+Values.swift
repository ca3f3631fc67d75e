package import ResealCore
package import ResealSealing

/// What distinguishes one way of writing a value from another.
package struct ValueWrite {
    package var origin: Origin
    package var source: SourcePosition?
    package var restoredFrom: Int64?
    package var author: Principal

    package init(origin: Origin, source: SourcePosition? = nil, restoredFrom: Int64? = nil, author: Principal) {
        self.origin = origin
        self.source = source
        self.restoredFrom = restoredFrom
        self.author = author
    }
}

extension VaultTransaction {
    /// The secret, or ``VaultFailure/Kind/secretNotFound`` with the nearest name.
    package func existing(_ id: SecretID) throws -> SecretRecord {
        if let secret = try store.secret(id) { return secret }
        var names: [String] = []
        try store.forEachSecret(organization: id.organization, prefix: "") { names.append($0.id.name) }
        let nearest = NearestName.suggestion(for: id.name, in: names)
        throw VaultFailure(
            .secretNotFound, "there is no secret \(id)",
            hint: nearest.map { "did you mean `\($0)`?" } ?? "`reseal list` shows the secrets of this vault")
    }

    /// Opens a version; the current one unless `number` is given.
    package func read(_ secret: SecretRecord, version number: Int64? = nil) throws -> (VersionRecord, SecretValue) {
        if secret.state == .deleted {
            throw VaultFailure(
                .deleted, "\(secret.id) is deleted",
                hint: secret.purgeAt.map { "`reseal rollback \(secret.id.name)` brings it back until \($0)" })
        }
        guard number != nil || secret.currentVersion > 0 else {
            throw VaultFailure(
                .noValue, "\(secret.id) has no value yet", hint: "seal one into its manifest, or `reseal set`")
        }
        let wanted = number ?? secret.currentVersion
        let version = try self.version(wanted, of: secret)
        guard version.state != .pending else {
            throw VaultFailure(
                .versionPending, "version \(wanted) of \(secret.id) belongs to a rotation that is not finished",
                hint: "`reseal rotation list` shows how far it came")
        }
        return (version, try openValue(of: secret, version: wanted))
    }

    package func version(_ number: Int64, of secret: SecretRecord) throws -> VersionRecord {
        if let version = try store.version(number, of: secret.rowID) { return version }
        throw VaultFailure(
            .versionNotFound, "\(secret.id) has no version \(number)",
            hint: secret.latestVersion > 0 ? "its versions are 1 to \(secret.latestVersion)" : "it has no value yet")
    }

    /// A record for a secret that does not exist yet; not stored.
    package func newSecret(_ id: SecretID) -> SecretRecord {
        SecretRecord(
            rowID: 0, id: id, state: .active, spec: [], specDigest: Digest256(hashing: []), currentVersion: 0,
            latestVersion: 0, fingerprint: nil, fields: [], isManaged: false, deletionProtection: false,
            keepPrevious: TimeSpan(seconds: 7 * 86_400), drift: nil, createdAt: now, updatedAt: now, deletedAt: nil,
            purgeAt: nil)
    }

    /// Stores an already sealed value as the next version and makes it current; the one before stays for
    /// `keepPrevious`. `secret` is changed in place but stored only when it is new (row id 0).
    package func addVersion(
        _ sealed: SealedValue, number: Int64, fingerprint: Digest256, fields: [FieldState],
        to secret: inout SecretRecord, _ write: ValueWrite
    ) throws {
        guard number == secret.latestVersion + 1 else {
            throw VaultFailure(.serialMoved, "\(secret.id) got another version meanwhile", hint: "plan again")
        }
        if secret.currentVersion > 0 {
            try store.retire(secret.currentVersion, of: secret.rowID, purgeAt: now.adding(secret.keepPrevious))
        }
        let version = VersionRecord(
            number: number, state: .current, origin: write.origin, createdAt: now, createdBy: write.author,
            fingerprint: fingerprint, fields: fields, source: write.source, restoredFrom: write.restoredFrom,
            purgeAt: nil, destroyedAt: nil)
        secret.currentVersion = number
        secret.latestVersion = number
        secret.fingerprint = fingerprint
        secret.fields = fields.remembering(secret.fields)
        secret.updatedAt = now
        if secret.rowID == 0 { secret.rowID = try store.insert(secret) }
        try store.insert(version, value: sealed, of: secret.rowID)
        markChanged()
    }

    /// Seals and stores a value written by hand, brought back, or put together. Where it has no counters of its own, those
    /// that were applied are remembered, so that an old ciphertext is still known as old.
    package func addVersion(
        _ value: SecretValue, to secret: inout SecretRecord, _ write: ValueWrite, counters: [String: Int64] = [:]
    ) throws {
        let number = secret.latestVersion + 1
        let encoded = value.encoded()
        let fields = try keyring.fieldStates(of: value, in: secret.id) { counters[$0] ?? 0 }
        try addVersion(
            try keyring.seal(encoded, for: secret.id, version: number), number: number,
            fingerprint: try keyring.fingerprint(encoded, of: secret.id), fields: fields, to: &secret, write)
    }

    /// Stores an already sealed value that does not become current, to be kept as long as a replaced one.
    package func addPreviousVersion(
        _ sealed: SealedValue, number: Int64, fingerprint: Digest256, fields: [FieldState],
        to secret: inout SecretRecord, _ write: ValueWrite
    ) throws {
        guard number == secret.latestVersion + 1 else {
            throw VaultFailure(.serialMoved, "\(secret.id) got another version meanwhile", hint: "plan again")
        }
        let version = VersionRecord(
            number: number, state: .previous, origin: write.origin, createdAt: now, createdBy: write.author,
            fingerprint: fingerprint, fields: fields, source: write.source, restoredFrom: nil,
            purgeAt: now.adding(secret.keepPrevious), destroyedAt: nil)
        secret.latestVersion = number
        try store.insert(version, value: sealed, of: secret.rowID)
        markChanged()
    }

    /// Marks a secret as deleted. Its values stay for `keepPrevious`, then ``destroyDue(by:)`` removes them.
    package func softDelete(_ secret: inout SecretRecord) throws {
        secret.state = .deleted
        secret.deletedAt = now
        secret.updatedAt = now
        secret.purgeAt = now.adding(secret.keepPrevious)
        try store.update(secret)
        markChanged()
    }

    /// Undoes ``softDelete(_:)`` as far as values are left; not stored. What a manifest that is gone said of the secret
    /// is forgotten.
    package func undelete(_ secret: inout SecretRecord) throws {
        if !secret.isManaged {
            secret.spec = []
            secret.specDigest = Digest256(hashing: [])
        }
        secret.state = .active
        secret.deletedAt = nil
        secret.purgeAt = nil
        secret.updatedAt = now
        if secret.currentVersion > 0, try store.sealedValue(secret.currentVersion, of: secret.rowID) == nil {
            secret.currentVersion = 0
            secret.fingerprint = nil
        }
        markChanged()
    }

    /// Destroys one version: key and ciphertext go, its record and the audit trail stay.
    package func destroy(_ number: Int64, of secret: inout SecretRecord, by context: ActionContext) throws {
        try store.destroy(number, of: secret.rowID, at: now)
        if secret.currentVersion == number {
            secret.currentVersion = 0
            secret.fingerprint = nil
            // Git holds a value that the vault lacks from now on; planning looks where something is noted.
            if secret.state == .active { try noteDrift(.value, in: &secret) }
            try store.update(secret)
            try forgetUnwritten(of: secret, by: context)
        }
        try audit.record(.secretDestroy, ResourceKey(secret.id).description, version: number, by: context)
        markChanged()
    }

    /// Destroys what is kept no longer: previous versions and deleted secrets past `keepPrevious`. The number of
    /// versions destroyed.
    package func destroyDue(by context: ActionContext) throws -> Int {
        let due = try store.duePurges(at: now)
        for item in due {
            var secret = item.secret
            for version in item.versions { try destroy(version, of: &secret, by: context) }
            if let purgeAt = secret.purgeAt, purgeAt <= now {
                secret.purgeAt = nil
                try store.update(secret)
            }
        }
        return due.reduce(0) { $0 + $1.versions.count }
    }
}

extension Keyring {
    /// The states of all fields of a value, in its order.
    package func fieldStates(
        of value: SecretValue, in id: SecretID, counter: (String) -> Int64
    ) throws -> [FieldState] {
        try value.leaves.map { leaf in
            let field = SecretValue.text(of: leaf.path)
            let digest = try fingerprint(leaf.bytes, of: id, field: "\(leaf.type.rawValue)\0\(field)")
            return FieldState(field: field, counter: counter(field), fingerprint: digest.leading)
        }
    }
}
