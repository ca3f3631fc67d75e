internal import ArgumentParser
internal import ResealCore
internal import ResealVault

/// How long a command waits for whoever rotates.
struct RotationLockOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to wait while a controller or another command rotates (30s, 5m; 0s: not at all).",
            valueName: "duration"))
    var lockTimeout = "60s"

    func validate() throws {
        guard TimeSpan(lockTimeout) != nil else {
            throw ValidationError("--lock-timeout \(lockTimeout) is no length of time; write 30s or 5m")
        }
    }

    func take(_ home: VaultHome) async throws -> VaultLock {
        try await VaultLock.waiting(
            home, for: .rotating, patience: .seconds(TimeSpan(lockTimeout)?.seconds ?? 0))
    }
}
