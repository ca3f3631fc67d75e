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
    /// The first look reads every manifest, and none is for nothing. Where each second brings an apply, they must not fill
    /// a processor: between two, many times as long passes as one took.
    private static let restPerLook = 20
    private static let longestRest = Duration.seconds(300)
    private var rest = Duration.zero
    private var agenda = RotationAgenda()

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
            let first = try look(core)
            guard !first.work.isEmpty else { return wait(until: first.next, at: core.clock.now()) }
            // Somebody rotates by hand; what is due can wait that long.
            guard let lock = try VaultLock.ifFree(home, for: .rotating) else { return Self.shortestWait }
            defer { withExtendedLifetime(lock) {} }
            // Whoever held the lock until now may have done it.
            let work = try look(core).work
            let rotator = Rotator(core: core, targets: ControllerTargets(home, core: core))
            for (id, ending) in rotator.runDue(work, by: context).endings { observe(RotationEvent(id, ending)) }
            return wait(until: try look(core).next, at: core.clock.now())
        } catch {
            observe(.stopped(Diagnostic(failure: UnexpectedFailure.wrapping(error))))
            return Self.longestWait / 10
        }
    }

    private func look(_ core: VaultCore) throws -> (work: [RotationItem], next: Timestamp?) {
        let start = ContinuousClock.now
        defer { rest = min((ContinuousClock.now - start) * Self.restPerLook, Self.longestRest) }
        return try agenda.look(core)
    }

    private func wait(until next: Timestamp?, at now: Timestamp) -> Int64 {
        guard let next else { return Self.longestWait }
        return min(max(next.milliseconds - now.milliseconds, Self.shortestWait), Self.longestWait)
    }
}

extension RotationEvent {
    fileprivate init(_ id: SecretID, _ ending: RotationRun.Ending) {
        self =
            switch ending {
            case .rotated(let report): .rotated(report)
            case .retired: .retired(id)
            case .failed(let failure): .failed(id, Diagnostic(failure: failure))
            }
    }
}
