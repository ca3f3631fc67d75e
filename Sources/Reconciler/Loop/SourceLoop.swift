package import ResealAge
package import ResealCore
internal import ResealVault

/// What a loop has to know of its source.
package struct LoopSource: Sendable {
    package let name: String
    package var timing: LoopTiming
    /// Brings the branch over and opens its newest commit. Blocks, until the deadline of the fetch at most.
    package var fetch: @Sendable () throws -> Checkout
    package var identities: @Sendable () throws -> [any Identity]
    /// Whose signatures commits need; `nil` where whoever may push is trusted.
    package var trust: TrustPolicy?
    /// Commits new values; `nil` where that is somebody else's part. Given the items, the commit that the vault holds,
    /// the manifests' folder and the end of the audit chain. Blocks.
    package var writeBack: (@Sendable ([WriteBackItem], ObjectID, String, String) throws -> BranchWriteBackOutcome?)?
    /// Asked before each round.
    package var isSuspended: @Sendable () -> Bool

    package init(
        name: String, timing: LoopTiming, fetch: @escaping @Sendable () throws -> Checkout,
        identities: @escaping @Sendable () throws -> [any Identity], trust: TrustPolicy? = nil,
        writeBack: (@Sendable ([WriteBackItem], ObjectID, String, String) throws -> BranchWriteBackOutcome?)? = nil,
        isSuspended: @escaping @Sendable () -> Bool
    ) {
        self.name = name
        self.timing = timing
        self.fetch = fetch
        self.identities = identities
        self.trust = trust
        self.writeBack = writeBack
        self.isSuspended = isSuspended
    }
}

/// Something that happened in a loop.
package enum LoopEvent: Sendable {
    case began
    case unchanged
    case applied(ApplyReport)
    /// New values went to the branch by this commit.
    case wroteBack(ObjectID, [SecretID])
    /// They wait for people on a branch for review.
    case proposed(ObjectID, branch: String, [SecretID])
    /// They stay in the vault alone for now.
    case writeBackFailed(Diagnostic)
    case failed(Diagnostic)
    case suspended
    case scheduled
}

/// Keeps the vault equal to one branch: fetch, apply, wait, again. A failure is a reason to wait longer, never to stop.
package actor SourceLoop {
    private let source: LoopSource
    private let rounds: ReconcileRounds
    private let clock: WallClock
    private let observe: @Sendable (LoopEvent, SourceStatus, Duration) -> Void
    private let executor: QueueExecutor
    private let wakeup = Wakeup()
    private var status: SourceStatus
    /// Why values cannot be reviewed, as it was told last.
    private var held: String?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter observe: hears of each event, with the state after it and how long the round took so far.
    package init(
        _ source: LoopSource, _ rounds: ReconcileRounds, clock: WallClock = .system,
        observe: @escaping @Sendable (LoopEvent, SourceStatus, Duration) -> Void
    ) {
        self.source = source
        self.rounds = rounds
        self.clock = clock
        self.observe = observe
        executor = QueueExecutor(label: "reseal.source.\(source.name)")
        status = SourceStatus(name: source.name)
    }

    /// Has the next round begin at once.
    package nonisolated func trigger() { wakeup.wake() }

    /// Runs until the task is cancelled; a round that has begun is finished first.
    package func run() async {
        while !Task.isCancelled {
            let wait = await round()
            guard !Task.isCancelled else { return }
            _ = await wakeup.sleep(milliseconds: wait)
        }
    }

    /// One look at the source; returns the milliseconds to wait until the next.
    package func round() async -> Int64 {
        let start = ContinuousClock.now
        func tell(_ event: LoopEvent) { observe(event, status, ContinuousClock.now - start) }
        if source.isSuspended() {
            status.suspend(at: clock.now())
            tell(.suspended)
            return source.timing.waitMilliseconds(failures: 0, chance: 0.5)
        }
        status.begin(at: clock.now())
        tell(.began)
        do {
            let checkout = try source.fetch()
            status.saw(checkout)
            let result = try await rounds.run(
                checkout, named: source.name, trust: source.trust, identities: source.identities)
            status.succeed(drifted: result.drifted, at: clock.now())
            tell(result.report.map(LoopEvent.applied) ?? .unchanged)
            for event in await writeBack(checkout) { tell(event) }
        } catch {
            let failure = UnexpectedFailure.wrapping(error)
            status.fail(failure, at: clock.now())
            tell(.failed(Diagnostic(failure: failure)))
        }
        let wait = source.timing.waitMilliseconds(failures: status.failures, chance: Double.random(in: 0...1))
        status.nextDue = Timestamp(milliseconds: clock.now().milliseconds + wait)
        tell(.scheduled)
        return wait
    }

    /// Brings new values into Git, where there are any. A failure leaves the round a good one: the vault holds the
    /// newest commit, and the values.
    private func writeBack(_ checkout: Checkout) async -> [LoopEvent] {
        do {
            let unwritten = try await rounds.unwritten(checkout)
            let skipped = unwritten.failures.map { LoopEvent.writeBackFailed(Diagnostic(failure: $0)) }
            return skipped + [writeBack(unwritten, checkout)].compactMap { $0 }
        } catch {
            return [.writeBackFailed(Diagnostic(failure: UnexpectedFailure.wrapping(error)))]
        }
    }

    private func writeBack(_ unwritten: UnwrittenValues, _ checkout: Checkout) -> LoopEvent? {
        let items = unwritten.items
        // While values wait for review, that is what the condition says from one look to the next.
        if items.isEmpty || status[.writeBackPending] == nil {
            status.writeBackPending(items, nil, at: clock.now())
        }
        guard let writeBack = source.writeBack, let head = checkout.head else {
            status.writeBackPending(items, nil, at: clock.now())
            return nil
        }
        do {
            return told(try writeBack(items, head, checkout.source.path, unwritten.auditHead), items)
        } catch {
            return told(UnexpectedFailure.wrapping(error), items)
        }
    }

    private func told(_ outcome: BranchWriteBackOutcome?, _ items: [WriteBackItem]) -> LoopEvent? {
        held = nil
        guard !items.isEmpty else { return nil }
        switch outcome {
        case .proposed(let commit, let branch):
            status.underReview(items, on: branch, at: clock.now())
            return .proposed(commit, branch: branch, items.map(\.id))
        case .underReview(let branch):
            status.underReview(items, on: branch, at: clock.now())
            return nil
        case .pushed(let commit):
            status.writeBackPending(items, nil, at: clock.now())
            // The next round applies the commit, and so ends the rotations.
            trigger()
            return .wroteBack(commit, items.map(\.id))
        case nil:
            trigger()
            return nil
        }
    }

    private func told(_ failure: any UserFacingFailure, _ items: [WriteBackItem]) -> LoopEvent? {
        status.writeBackPending(items, failure, at: clock.now())
        if failure.code == ReconcileFailure.Kind.writeBackBehind.rawValue { trigger() }
        let isHeld = [ReconcileFailure.Kind.reviewClosed, .reviewTaken].contains { $0.rawValue == failure.code }
        defer { held = isHeld ? failure.message : nil }
        // Until people do something, each look finds the same; that is told once.
        return isHeld && held == failure.message ? nil : .writeBackFailed(Diagnostic(failure: failure))
    }
}
