internal import ResealCore
internal import ResealSealing

/// Changes that somebody makes, at the vault itself or through the API.
extension VaultTransaction {
    func writeByHand(
        _ value: SecretValue, to secret: inout SecretRecord, isNew: Bool, by context: ActionContext
    ) throws {
        try addVersion(value, to: &secret, ValueWrite(origin: .manual, author: context.principal))
        try noteDrift(.value, in: &secret)
        try store.update(secret)
        try audit.record(
            isNew ? .secretCreate : .secretWrite, ResourceKey(secret.id).description, version: secret.currentVersion,
            by: context)
    }

    /// Does nothing where it is deleted already.
    func deleteByHand(_ secret: inout SecretRecord) throws {
        guard secret.state == .active else { return }
        try noteDrift(.deleted, in: &secret)
        try softDelete(&secret)
    }

    /// Compares with what Git last said: a hand-made change that ends at Git's own value is no drift.
    func noteDrift(_ drift: SecretRecord.Drift, in secret: inout SecretRecord) throws {
        guard secret.isManaged, let applied = try store.applied(ResourceKey(secret.id)) else { return }
        // Without a value in Git there is nothing that a value could drift from.
        let agrees = applied.fingerprint == nil || applied.fingerprint == secret.fingerprint
        secret.drift = drift != .deleted && agrees ? nil : drift
    }

    private func rollbackTarget(of secret: SecretRecord, wasDeleted: Bool) throws -> Int64 {
        let usable = try store.versions(of: secret.rowID).filter { version in
            version.state != .destroyed && version.state != .pending
                && (wasDeleted || version.number != secret.currentVersion)
        }
        guard let newest = usable.last else {
            throw VaultFailure(
                .versionNotFound, "\(secret.id) has no older version to go back to",
                hint: "`reseal versions \(secret.id.name)` shows what is left")
        }
        return newest.number
    }

    func destroyAll(of secret: inout SecretRecord, by context: ActionContext) throws {
        for version in try store.versions(of: secret.rowID) where version.state != .destroyed {
            try destroy(version.number, of: &secret, by: context)
        }
        secret.purgeAt = nil
        try store.update(secret)
    }

    /// Makes an older value current again, as a new version. A deleted secret comes back.
    ///
    /// - Parameter version: the one before the current (or, of a deleted secret, the last) unless given.
    func rollBack(_ secret: inout SecretRecord, to version: Int64?, by context: ActionContext) throws {
        let wasDeleted = secret.state == .deleted
        if wasDeleted { try undelete(&secret) }
        let target = try version ?? rollbackTarget(of: secret, wasDeleted: wasDeleted)
        let (_, value) = try read(secret, version: target)
        try addVersion(
            value, to: &secret, ValueWrite(origin: .rollback, restoredFrom: target, author: context.principal))
        try noteDrift(wasDeleted ? .restored : .value, in: &secret)
        try store.update(secret)
        try audit.record(
            .secretRollback, ResourceKey(secret.id).description, version: secret.currentVersion,
            detail: "to version \(target)", by: context)
    }

    /// Deletes a secret softly, or destroys all of its values.
    func delete(_ secret: inout SecretRecord, destroying: Bool, by context: ActionContext) throws {
        guard !secret.deletionProtection else {
            throw VaultFailure(
                .protected, "\(secret.id) has deletion protection",
                hint: "remove `deletionProtection` from its manifest and apply that first")
        }
        guard destroying || secret.state == .active else {
            throw VaultFailure(
                .deleted, "\(secret.id) is deleted already", hint: "--destroy removes its values for good")
        }
        try deleteByHand(&secret)
        try audit.record(
            .secretDelete, ResourceKey(secret.id).description, version: secret.currentVersion, by: context)
        if destroying { try destroyAll(of: &secret, by: context) }
    }
}

extension SecretValue {
    /// A value with one field replaced or added; one of just this field where there was none.
    static func replacing(_ leaf: Leaf, in current: SecretValue?, of id: SecretID) throws -> SecretValue {
        guard let current else { return try SecretValue(leaves: [leaf]) }
        guard !current.isScalar else {
            throw VaultFailure(
                .invalidValue, "\(id) holds a scalar, which has no fields",
                hint: "set it without a field, or delete it first")
        }
        return try current.setting(leaf)
    }
}
