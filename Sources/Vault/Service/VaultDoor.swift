package import ResealCore
internal import Synchronization

/// A vault that stays open for long. When another process rotates its keys, it is opened anew.
package final class VaultDoor: Sendable {
    private let open: @Sendable () throws -> VaultCore
    private let core: Mutex<VaultCore>

    package init(open: @escaping @Sendable () throws -> VaultCore) throws {
        self.open = open
        core = Mutex(try open())
    }

    package var clock: WallClock { core.withLock { $0.clock } }

    /// Runs `body` with the open vault, and once more where its keys turn out to be old.
    package func with<R>(_ body: (VaultCore) throws -> R) throws -> R {
        let current = core.withLock { $0 }
        do {
            return try body(current)
        } catch let failure as VaultFailure where failure.kind == .serialMoved {
            let fresh = try open()
            core.withLock { $0 = fresh }
            return try body(fresh)
        }
    }

    /// Runs `body` on a consistent snapshot.
    package func read<R>(_ body: (any StoreReader, Keyring, Timestamp) throws -> R) throws -> R {
        try with { core in
            try core.store.read { store in
                guard try store.currentKEK() == core.keyring.currentKEK else {
                    throw VaultFailure(.serialMoved, "the vault's keys were rotated meanwhile", hint: "try again")
                }
                return try body(store, core.keyring, core.clock.now())
            }
        }
    }
}
