package import ResealCore
package import ResealVault

/// Something that came of looking at what is due.
package enum RotationEvent: Sendable {
    case rotated(RotationReport)
    case retired(SecretID)
    case failed(SecretID, Diagnostic)
    /// The vault could not be asked.
    case stopped(Diagnostic)
}

/// Does what is due of rotations, and sleeps until the next is.
package actor RotationLoop {
    private let home: VaultHome
    private let open: @Sendable () throws -> VaultCore
    private let context: ActionContext
    private let observe: @Sendable (RotationEvent) -> Void
    private let executor = QueueExecutor(label: "reseal.rotations")
    private let wakeup: Wakeup

    /// However far the next one is: what is due changes with the manifests, and with the clock.
    private static let longestWait: Int64 = 600_000
    private static let shortestWait: Int64 = 1000

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter wakeup: has it look at once, for example after an apply.
    package init(
        _ home: VaultHome, by context: ActionContext, wakeup: Wakeup, open: @escaping @Sendable () throws -> VaultCore,
        observe: @escaping @Sendable (RotationEvent) -> Void
    ) {
        self.home = home
        self.context = context
        self.wakeup = wakeup
        self.open = open
        self.observe = observe
    }

    /// Runs until the task is cancelled; a rotation that has begun comes to its end first.
    package func run() async {
        while !Task.isCancelled {
            let wait = round()
            guard !Task.isCancelled else { return }
            _ = await wakeup.sleep(milliseconds: wait)
        }
    }

    /// Does what is due now; returns the milliseconds until something else is.
    package func round() -> Int64 {
        do {
            let core = try open()
            let lock = try VaultLock(home, for: .rotating)
            defer { withExtendedLifetime(lock) {} }
            let rotator = Rotator(core: core, targets: ControllerTargets(home, core: core))
            for (id, ending) in try rotator.runDue(by: context).endings {
                switch ending {
                case .rotated(let report): observe(.rotated(report))
                case .retired: observe(.retired(id))
                case .failed(let failure): observe(.failed(id, Diagnostic(failure: failure)))
                }
            }
            return try wait(core)
        } catch {
            observe(.stopped(Diagnostic(failure: UnexpectedFailure.wrapping(error))))
            return Self.longestWait / 10
        }
    }

    private func wait(_ core: VaultCore) throws -> Int64 {
        let now = core.clock.now()
        let next = try RotationSurvey.items(core).compactMap { item in
            [item.start, item.journal?.retireAt].compactMap { $0 }.min()
        }.min()
        guard let next else { return Self.longestWait }
        return min(max(next.milliseconds - now.milliseconds, Self.shortestWait), Self.longestWait)
    }
}
