internal import ResealClient
internal import ResealCore
internal import ResealVault

/// Secrets, in the vault of this machine or behind a server: what the commands need of either.
protocol SecretAccess: Sendable {
    func get(_ name: String, version: Int64?) async throws -> SecretReading
    func getMany(_ names: [String]) async throws -> [SecretReading]
    /// - Parameter field: the one to write; the value is a scalar then.
    func set(_ name: String, field: FieldPath, to value: SecretValue) async throws -> SecretWriting
    func list(prefix: String, includingDeleted: Bool) async throws -> [SecretInfo]
    func versions(of name: String) async throws -> [VersionInfo]
    func rollback(_ name: String, to version: Int64?) async throws -> SecretWriting
    func delete(_ name: String, destroying: Bool) async throws -> SecretWriting
}

/// Those of a vault whose root key we hold.
struct LocalSecrets: SecretAccess {
    let vault: Vault
    let context: ActionContext
    /// `nil` for all, which only lists can be of.
    let organization: String?

    private func id(_ name: String) throws -> SecretID {
        try SecretID(validating: name, organization: organization ?? SecretID.defaultOrganization)
    }

    func get(_ name: String, version: Int64?) async throws -> SecretReading {
        try await vault.get(id(name), version: version, by: context)
    }

    func getMany(_ names: [String]) async throws -> [SecretReading] {
        try await vault.getMany(names.map(id), by: context)
    }

    func set(_ name: String, field: FieldPath, to value: SecretValue) async throws -> SecretWriting {
        guard field != .whole else { return try await vault.set(id(name), to: value, by: context) }
        let leaf = SecretValue.Leaf(path: field.segments, type: value.leaves[0].type, bytes: value.leaves[0].bytes)
        return try await vault.set(id(name), field: leaf, by: context)
    }

    func list(prefix: String, includingDeleted: Bool) async throws -> [SecretInfo] {
        try await vault.list(
            organization: organization, prefix: prefix, includingDeleted: includingDeleted, by: context)
    }

    func versions(of name: String) async throws -> [VersionInfo] {
        try await vault.versions(of: id(name), by: context)
    }

    func rollback(_ name: String, to version: Int64?) async throws -> SecretWriting {
        try await vault.rollback(id(name), to: version, by: context)
    }

    func delete(_ name: String, destroying: Bool) async throws -> SecretWriting {
        try await vault.delete(id(name), destroying: destroying, by: context)
    }
}

/// Those that a server shows to the holder of a token.
struct RemoteSecrets: SecretAccess {
    let client: SecretClient

    func get(_ name: String, version: Int64?) async throws -> SecretReading {
        try await client.get(name, version: version)
    }

    func getMany(_ names: [String]) async throws -> [SecretReading] { try await client.getMany(names) }

    func set(_ name: String, field: FieldPath, to value: SecretValue) async throws -> SecretWriting {
        guard field != .whole else { return try await client.set(name, to: value) }
        return try await client.set(name, field: field.description, to: value)
    }

    func list(prefix: String, includingDeleted: Bool) async throws -> [SecretInfo] {
        try await client.list(prefix: prefix, includingDeleted: includingDeleted)
    }

    func versions(of name: String) async throws -> [VersionInfo] { try await client.versions(of: name) }

    func rollback(_ name: String, to version: Int64?) async throws -> SecretWriting {
        try await client.rollback(name, to: version)
    }

    func delete(_ name: String, destroying: Bool) async throws -> SecretWriting {
        try await client.delete(name, destroying: destroying)
    }
}
