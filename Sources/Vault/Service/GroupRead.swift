internal import ResealCore

/// One consistent state of the vault, with the serials that tell whether it is still so.
struct Snapshot {
    let store: any StoreReader
    let keyring: Keyring
    let now: Timestamp
    /// The vault's serial, and that of its tokens.
    let serial: Int64
    let tokenSerial: Int64
}

/// Looks up a few rows for many callers in one snapshot: opening one costs more than a look into it. Whoever needs long has
/// to make a snapshot of his own.
final class GroupRead: Sendable {
    private let group: WorkGroup<Snapshot>

    init(_ door: VaultDoor, width: Int) {
        group = WorkGroup(label: "reseal.group-read", largest: 32, width: width) { body in
            try door.read { store, keyring, now in
                try body(
                    Snapshot(
                        store: store, keyring: keyring, now: now, serial: try store.integer(.serial),
                        tokenSerial: try store.integer(.tokenSerial)))
            }
        }
    }

    /// Calls `then` with what `body` returns, or why it cannot. It may run more than once, and only its last run counts.
    func read<R: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> R,
        then: @escaping @Sendable (Result<R, any Error>) -> Void
    ) {
        group.add(
            WorkGroup.Part(
                run: { snapshot in
                    do {
                        let result = try body(snapshot)
                        return { then(.success(result)) }
                    } catch let failure as any UserFacingFailure {
                        return { then(.failure(failure)) }
                    }
                }, fail: { then(.failure($0)) }))
    }

    func read<R: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            read(body) { continuation.resume(with: $0) }
        }
    }
}
