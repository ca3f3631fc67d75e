package import ResealCore
internal import ResealManifests
package import ResealSealing
package import ResealVault

/// Rotations on a queue of their own, since each waits for other systems.
package actor RotationService {
    private let rotator: Rotator
    private let executor = QueueExecutor(label: "reseal.rotation")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(_ rotator: Rotator) { self.rotator = rotator }

    package func rotate(
        _ id: SecretID, to value: SecretBytes?, field: FieldPath?, by context: ActionContext
    ) throws -> RotationReport { try rotator.rotate(id, to: value, field: field, by: context) }

    package func run(_ ids: [SecretID], by context: ActionContext) -> RotationRun { rotator.run(ids, by: context) }
    package func runDue(by context: ActionContext) throws -> RotationRun { try rotator.runDue(by: context) }
    package func cancel(_ id: SecretID, by context: ActionContext) throws { try rotator.cancel(id, by: context) }
    package func writeBack(_ id: SecretID, by context: ActionContext) throws -> WriteBackOutcome? {
        try rotator.writeBack(id, by: context)
    }
}
