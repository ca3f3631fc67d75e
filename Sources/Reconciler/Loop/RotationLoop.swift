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
    /// A survey looks through every secret. Where each second brings an apply, it must not fill a processor: between two,
    /// many times as long passes as one took.
    private static let restPerSurvey = 20
    private static let longestRest = Duration.seconds(300)
    private var rest = Duration.zero

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
            let rested = ContinuousClock.now + rest
            _ = await wakeup.sleep(milliseconds: wait)
            try? await Task.sleep(until: rested)
        }
    }

    /// Does what is due now; returns the milliseconds until something else is.
    package func round() -> Int64 {
        do {
            let core = try open()
            let lock = try VaultLock(home, for: .rotating)
            defer { withExtendedLifetime(lock) {} }
            let rotator = Rotator(core: core, targets: ControllerTargets(home, core: core))
            let items = try survey(core)
            let endings = rotator.runDue(items, by: context).endings
            for (id, ending) in endings {
                switch ending {
                case .rotated(let report): observe(.rotated(report))
                case .retired: observe(.retired(id))
                case .failed(let failure): observe(.failed(id, Diagnostic(failure: failure)))
                }
            }
            return wait(for: endings.isEmpty ? items : try survey(core), at: core.clock.now())
        } catch {
            observe(.stopped(Diagnostic(failure: UnexpectedFailure.wrapping(error))))
            return Self.longestWait / 10
        }
    }

    private func survey(_ core: VaultCore) throws -> [RotationItem] {
        let start = ContinuousClock.now
        defer { rest = min((ContinuousClock.now - start) * Self.restPerSurvey, Self.longestRest) }
        return try RotationSurvey.items(core)
    }

    private func wait(for items: [RotationItem], at now: Timestamp) -> Int64 {
        let next = items.compactMap { item in
            [item.start, item.journal?.retireAt].compactMap { $0 }.min()
        }.min()
        guard let next else { return Self.longestWait }
        return min(max(next.milliseconds - now.milliseconds, Self.shortestWait), Self.longestWait)
    }
}
