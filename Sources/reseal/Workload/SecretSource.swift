internal import ResealCore
internal import ResealVault

/// Where the values come from that programs of this machine are given.
protocol SecretSource: Sendable {
    /// The current values, all or none, in the order asked for. Each look at a vault, here or behind a server, is recorded
    /// in its audit trail.
    func read(_ ids: [SecretID]) async throws -> [SecretReading]
}

/// A vault on this machine, opened with its root key.
actor LocalSecretSource: SecretSource {
    private let open: @Sendable () throws -> VaultCore
    private let context: ActionContext
    private var vault: Vault?
    /// Opening may derive the root key from a passphrase, which takes a second.
    private let executor = QueueExecutor(label: "reseal.secret-source")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(by context: ActionContext, open: @escaping @Sendable () throws -> VaultCore) {
        self.context = context
        self.open = open
    }

    func read(_ ids: [SecretID]) async throws -> [SecretReading] {
        do {
            return try await unlocked().getMany(ids, by: context)
        } catch let failure as VaultFailure where failure.kind == .serialMoved {
            // Its keys were rotated meanwhile.
            vault = nil
            return try await unlocked().getMany(ids, by: context)
        }
    }

    private func unlocked() throws -> Vault {
        if let vault { return vault }
        let opened = Vault(core: try open())
        vault = opened
        return opened
    }
}

/// A server of secrets, or an agent of this machine.
struct RemoteSecretSource: SecretSource {
    let secrets: RemoteSecrets

    func read(_ ids: [SecretID]) async throws -> [SecretReading] {
        let readings = try await secrets.getMany(ids.map(\.name))
        // The token decides on the organization, which the command line does not name.
        return zip(ids, readings).map { id, reading in
            SecretReading(id: id, version: reading.version, createdAt: reading.createdAt, value: reading.value)
        }
    }
}
