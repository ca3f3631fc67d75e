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

    private let home: VaultHome
    private let open: @Sendable () throws -> VaultCore
    private let observe: @Sendable (RotationEvent) -> Void
    private let pool = BlockingPool(label: "reseal.api-rotator", width: 1)

    /// - Parameter observe: hears of rotations, and of what their targets did not take.
    init(
        _ home: VaultHome, open: @escaping @Sendable () throws -> VaultCore,
        observe: @escaping @Sendable (RotationEvent) -> Void
    ) {
        self.home = home
        self.open = open
        self.observe = observe
    }

    func rotate(
        _ id: SecretID, to value: SecretBytes?, field: FieldPath?, by context: ActionContext
    ) async throws -> SecretRotation {
        let lock = try await VaultLock.waiting(home, for: .rotating, patience: Self.patience)
        defer { withExtendedLifetime(lock) {} }
        let core = try await pool.run(open)
        let rotator = Rotator(core: core, targets: ControllerTargets(home, core: core), writeBack: nil)
        do {
            let report = try await RotationService(rotator).rotate(id, to: value, field: field, by: context)
            await tell(.rotated(report))
            return SecretRotation(report)
        } catch {
            let failure = UnexpectedFailure.wrapping(error)
            if RotationRefusal(failure).isNews { await tell(.failed(id, Diagnostic(failure: failure))) }
            throw failure
        }
    }

    /// Lines of a log may have to wait for whoever reads them.
    private func tell(_ event: RotationEvent) async { try? await pool.run { observe(event) } }
}

extension SecretRotation {
    fileprivate init(_ report: RotationReport) {
        let isPending =
            switch report.outcome {
            case .done, .writtenBack: false
            case .writeBackPending, .writeBackFailed: true
            }
        self.init(
            id: report.id, version: report.version, isResumed: report.isResumed, isWriteBackPending: isPending,
            retiresAt: report.retiresAt)
    }
}
