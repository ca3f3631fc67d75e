internal import ResealCore
internal import ResealGit
internal import ResealReconciler
internal import ResealServer
internal import ResealVault
internal import Synchronization

/// Answers what CI asks of the sources: plans, one at a time, and what became of a commit.
actor PlanDesk {
    private let home: VaultHome
    private let sources: [String: GitSettings]
    private let rounds: ReconcileRounds
    private let context: ActionContext
    private let status: @Sendable (String) -> SourceStatus?
    private let executor = QueueExecutor(label: "reseal.plans")
    private let isBusy = Mutex(false)

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Besides the time that a fetch may take, which has a limit of its own.
    private static let deadline = Duration.seconds(300)

    init(
        _ home: VaultHome, _ sources: [ControllerSettings.Source], _ rounds: ReconcileRounds, by context: ActionContext,
        status: @escaping @Sendable (String) -> SourceStatus?
    ) {
        self.home = home
        self.sources = Dictionary(sources.map { ($0.name, $0.git) }, uniquingKeysWith: { $1 })
        self.rounds = rounds
        self.context = context
        self.status = status
    }

    // MARK: Plans

    /// - Parameters:
    ///   - order: `ref`, and perhaps `allow_mass_deletion`.
    ///   - address: of whoever asks, for the audit trail.
    nonisolated func plan(_ source: String, _ order: JSON, from address: String) async -> SourceService.Answer {
        guard let ref = order["ref"]?.stringValue else {
            return SourceService.failure(400, "request.invalid", "the body names no `ref`")
        }
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { return SourceService.failure(429, "request.busy", "another plan is being made") }
        let allowsMassDeletion = order["allow_mass_deletion"]?.boolValue ?? false
        return await withCheckedContinuation { continuation in
            let first = FirstAnswer(continuation)
            // Not a child of the request: what has begun is finished, also when nobody waits for it any more.
            Task {
                let answer = await self.compute(source, ref, allowsMassDeletion, address)
                self.isBusy.withLock { $0 = false }
                first.give(answer)
            }
            Task {
                try? await Task.sleep(for: Self.deadline)
                first.give(SourceService.failure(504, "request.late", "the plan takes too long"))
            }
        }
    }

    private func compute(
        _ source: String, _ ref: String, _ allowsMassDeletion: Bool, _ address: String
    ) async -> SourceService.Answer {
        let context = ActionContext(principal: context.principal, source: address, userAgent: context.userAgent)
        do {
            guard let settings = sources[source] else { return Self.unknown }
            let resolver = CheckoutResolver(settings: settings, mirrors: home.mirrorsPath, showsProgress: false)
            let checkout = try resolver.resolve(requested: ref)
            var options = ReconcileOptions()
            options.trust = settings.trust
            options.allowsMassDeletion = allowsMassDeletion
            let reconciler = try await rounds.reconciler(options, identities: settings.identities())
            let prepared = try await reconciler.plan(checkout, by: context)
            return SourceService.Answer(200, PlanJSONView().document(prepared))
        } catch { return Self.failed(error) }
    }

    // MARK: What became of a commit

    nonisolated func applied(_ source: String, _ text: String) async -> SourceService.Answer {
        guard let commit = ObjectID(hex: text) else {
            return SourceService.failure(400, "request.invalid", "`commit` is no full commit id")
        }
        return await look(source, commit)
    }

    private func look(_ source: String, _ commit: ObjectID) async -> SourceService.Answer {
        do {
            guard let settings = sources[source] else { return Self.unknown }
            let resolver = CheckoutResolver(settings: settings, mirrors: home.mirrorsPath, showsProgress: false)
            let (location, path) = try resolver.knownRepository()
            let folder = try settings.folder()
            // Before the first fetch there is no mirror, and nothing can have been applied from it.
            let arrival =
                FileProbe.exists(path)
                ? try await rounds.arrival(of: commit, location: location, folder: folder, repositoryPath: path) : nil
            return SourceService.Answer(200, try document(source, commit, arrival, path))
        } catch { return Self.failed(error) }
    }

    private func document(
        _ source: String, _ commit: ObjectID, _ arrival: CommitArrival?, _ path: String
    ) throws -> JSON {
        func text(_ value: (some CustomStringConvertible)?) -> JSON { value.map { .string("\($0)") } ?? .null }
        let status = status(source)
        let failure = arrival == nil ? try failure(of: commit, status, path) : nil
        return [
            "source": .string(source), "commit": .string(commit.description),
            "state": .string(arrival != nil ? "applied" : failure != nil ? "failed" : "pending"),
            "applied_at": text(arrival?.appliedAt), "applied_with": text(arrival?.appliedWith),
            "plan_id": text(arrival?.planID), "head": text(arrival?.current ?? status?.applied),
            "suspended": .bool(status?.isSuspended ?? false),
            "error": failure.map {
                ["code": .string($0.code), "message": .string($0.message), "hint": $0.hint.map(JSON.string) ?? .null]
            } ?? .null,
        ]
    }

    /// Why the source cannot come to the commit before somebody does something.
    private func failure(of commit: ObjectID, _ status: SourceStatus?, _ path: String) throws -> Diagnostic? {
        guard let status, status[.stalled] != nil, let seen = status.seen, FileProbe.exists(path) else { return nil }
        let repository = try GitRepository(opening: path, searchingParents: true)
        let isSeen =
            try seen == commit || repository.hasCommit(commit) && repository.isAncestor(commit, of: seen)
        return isSeen ? status.failure : nil
    }

    // MARK: Failures

    private static var unknown: SourceService.Answer {
        SourceService.failure(404, "request.no-source", "there is no such source")
    }

    private static func failed(_ error: any Error) -> SourceService.Answer {
        let failure = UnexpectedFailure.wrapping(error)
        return SourceService.Answer(failure.retry == .later ? 503 : 422, DiagnosticView.json(failure))
    }
}

/// Passes the first of several answers on.
private final class FirstAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<SourceService.Answer, Never>?>

    init(_ continuation: CheckedContinuation<SourceService.Answer, Never>) { self.continuation = Mutex(continuation) }

    func give(_ answer: SourceService.Answer) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: answer)
    }
}
