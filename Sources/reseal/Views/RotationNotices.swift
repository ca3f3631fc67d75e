internal import Glibc
internal import ResealCore
internal import ResealNotify
internal import ResealReconciler
internal import ResealVault

/// Tells the notifiers of what a command rotated, as a controller does for what it rotates itself.
struct RotationNotices {
    private let notifiers: ControllerNotifiers

    init(_ home: VaultHome, core: VaultCore, by context: ActionContext) {
        notifiers = ControllerNotifiers(home, core: core, by: context)
    }

    /// How many could not be told. Each is named, and so is everyone who was.
    func tell(_ id: SecretID, failure: (any UserFacingFailure)? = nil) async throws -> Int {
        var event = NotificationEvent(
            failure == nil ? .rotated : .rotationFailed, .secret(id), at: WallClock.system.now())
        event.code = failure?.code
        var failures = 0
        for notifier in try notifiers.receivers(of: event) {
            do {
                try await notifiers.send(event, to: notifier)
                Terminal.note("told \(notifier.key.name)")
            } catch {
                failures += 1
                Terminal.note("not told: \(notifier.key.name)")
                let failure = UnexpectedFailure.wrapping(error)
                Terminal.note(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
            }
        }
        return failures
    }
}
