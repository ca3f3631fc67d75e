/// A way to a receiver.
package protocol NotificationChannel: Sendable {
    /// Sends one message, within a limited time. Throws a ``UserFacingFailure`` whose `retry` says whether the same may
    /// succeed later. May be called again with the same message when it is not known whether it arrived.
    func send(_ message: NotificationMessage) async throws
}
