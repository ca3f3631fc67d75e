internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealServer
internal import ResealVault
internal import ResealWire

/// Does what the API is asked to rotate, as `reseal rotate` does it. A controller of the same vault writes it back.
struct APIRotator: SecretRotator {
    /// Whoever asks waits no longer for the rotations of others.
    private static let patience = Duration.seconds(15)

    let home: VaultHome
    let open: @Sendable () throws -> VaultCore
    let observe: @Sendable (RotationEvent) -> Void

    func rotate(
        _ id: SecretID, to value: SecretBytes?, field: FieldPath?, by context: ActionContext
    ) async throws -> SecretRotation {
        let lock = try await VaultLock.waiting(home, for: .rotating, patience: Self.patience)
        defer { withExtendedLifetime(lock) {} }
        let core = try await BlockingPool(label: "reseal.api-rotator", width: 1).run(open)
        let rotator = Rotator(core: core, targets: ControllerTargets(home, core: core), writeBack: nil)
        let report: RotationReport
        do {
            report = try await RotationService(rotator).rotate(id, to: value, field: field, by: context)
        } catch {
            let failure = UnexpectedFailure.wrapping(error)
            observe(.failed(id, Diagnostic(failure: failure)))
            throw failure
        }
        observe(.rotated(report))
        let isPending =
            switch report.outcome {
            case .done, .writtenBack: false
            case .writeBackPending, .writeBackFailed: true
            }
        return SecretRotation(
            id: report.id, version: report.version, isResumed: report.isResumed, isWriteBackPending: isPending,
            retiresAt: report.retiresAt)
    }
}
