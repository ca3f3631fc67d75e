internal import ResealCore
internal import ResealManifests
package import ResealNotify
package import ResealVault

/// Finds out who is told of an event, and hands it to the queue. On a queue of its own, since it asks the vault.
package actor NotificationDispatcher {
    private let home: VaultHome
    private let context: ActionContext
    private let openVault: @Sendable () throws -> VaultCore
    private let queue: MessageQueue
    private let executor = QueueExecutor(label: "reseal.notifications")
    private var core: VaultCore?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(
        _ home: VaultHome, by context: ActionContext, _ queue: MessageQueue,
        open: @escaping @Sendable () throws -> VaultCore
    ) {
        self.home = home
        self.context = context
        self.queue = queue
        openVault = open
    }

    package func dispatch(_ event: NotificationEvent) throws {
        try withNotifiers { notifiers in
            for notifier in try notifiers.receivers(of: event) {
                let id = try ControllerNotifiers.freshID()
                let key = notifier.key
                queue.submit(
                    Delivery(
                        NotificationMessage(event, id: id), to: key.name,
                        window: event.stage == nil ? notifier.spec.minimumInterval : nil
                    ) { try await self.channel(key) })
            }
        }
    }

    /// Tells of what expires, and of each step of it once.
    package func tellOfExpiries() throws {
        for event in try withNotifiers({ _ in try ExpirySurvey.events(try unlocked()) }) { try dispatch(event) }
    }

    /// As the vault and the configuration are now, which may not be as they were when the message was handed in.
    private func channel(_ key: ResourceKey) throws -> any NotificationChannel {
        try withNotifiers { try $0.channel(try $0.named(key.name, organization: key.organization)) }
    }

    private func withNotifiers<R>(_ body: (ControllerNotifiers) throws -> R) throws -> R {
        do { return try body(ControllerNotifiers(home, core: try unlocked(), by: context)) } catch let failure
            as VaultFailure
        {
            // Its keys may have been rotated, or its file replaced.
            core = nil
            throw failure
        }
    }

    private func unlocked() throws -> VaultCore {
        if let core { return core }
        let opened = try openVault()
        core = opened
        return opened
    }
}
