import ResealCore
import ResealSealing
import ResealVault

/// All that an apply decides of a vault, in a form that two vaults can be compared in.
struct VaultDump: Equatable, CustomStringConvertible {
    var lines: [String]
    var description: String { lines.joined(separator: "\n") }

    /// - Parameter active: only what a vault without a past could have too.
    init(_ core: VaultCore, onlyActive: Bool) throws {
        var lines: [String] = []
        try core.store.read { store in
            for source in try store.sources() {
                lines.append(
                    "source \(source.path) \(source.repositoryID) \(source.commit) \(source.tree?.description ?? "-") "
                        + String(decoding: source.policy, as: UTF8.self))
                try store.forEachApplied(source: source.id) { record in
                    lines.append(try Self.line(record, store))
                }
            }
            try store.forEachSecret(organization: nil, prefix: "") { secret in
                if onlyActive, secret.state == .deleted || !secret.isManaged { return }
                lines.append(try Self.line(secret, store, core, onlyActive: onlyActive))
            }
        }
        self.lines = lines
    }

    private static func line(_ record: AppliedRecord, _ store: any StoreReader) throws -> String {
        let references = try store.referenceSet(record.referenceSet).map(\.text).joined(separator: ",")
        return "applied \(record.key) \(record.position.span) \(record.position.blob?.description ?? "-") "
            + "\(record.specDigest) \(record.fingerprint?.description ?? "-") [\(references)] "
            + String(decoding: record.spec, as: UTF8.self)
    }

    private static func line(
        _ secret: SecretRecord, _ store: any StoreReader, _ core: VaultCore, onlyActive: Bool
    ) throws -> String {
        var line = "secret \(secret.id) \(secret.state.rawValue) managed=\(secret.isManaged) "
        line += "protected=\(secret.deletionProtection) keep=\(secret.keepPrevious) "
        line += "drift=\(secret.drift?.rawValue ?? "-") " + String(decoding: secret.spec, as: UTF8.self)
        // A value that Git once gave and then left out stays in the vault: only a vault with a past can have it.
        if onlyActive, try store.applied(ResourceKey(secret.id))?.fingerprint == nil { return line }
        line += " \(secret.fingerprint?.description ?? "-") "
        line += secret.fields.present.map { "\($0.field)=\(String($0.fingerprint, radix: 16))" }.joined(separator: ",")
        if secret.currentVersion > 0, let sealed = try store.sealedValue(secret.currentVersion, of: secret.rowID) {
            let value = try SecretValue(
                decoding: core.keyring.open(sealed, for: secret.id, version: secret.currentVersion))
            line += " " + (value.revealJSON().revealText() ?? "")
        }
        if onlyActive { return line }
        let versions = try store.versions(of: secret.rowID).map {
            "\($0.number):\($0.state.rawValue):\($0.origin.rawValue)"
        }
        return "\(line) versions=\(versions.joined(separator: ",")) fields=\(secret.fields.map(\.counter))"
    }
}

extension VaultCore {
    func serial() throws -> Int64 { try store.read { try $0.integer(.serial) } }
    func auditCount() throws -> Int64 { try store.read { try $0.auditHeads().last?.sequence ?? 0 } }
    func secret(_ name: String) throws -> SecretRecord? { try store.read { try $0.secret(SecretID(name)) } }

    /// The findings of a full check of the audit trail and of the file.
    func problems() throws -> [String] {
        let trail = try store.read { store in
            try AuditVerifier.verify(store, vaultID: keyring.vaultID, publicKey: keyring.auditKey.publicKey)
        }
        return try trail.problems + store.integrityProblems()
    }

    /// The current value as JSON.
    func value(_ name: String) throws -> String? {
        try write { transaction in
            guard let secret = try transaction.store.secret(SecretID(name)) else { return nil }
            return try transaction.read(secret).1.revealJSON().revealText()
        }
    }
}
