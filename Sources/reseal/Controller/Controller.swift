internal import CMalloc
internal import Glibc
internal import ResealCore
internal import ResealGit
internal import ResealReconciler
internal import ResealSealing
internal import ResealServer
internal import ResealVault

/// Runs the loops of all sources and the server beside them, until it is told to stop.
struct Controller: Sendable {
    let home: VaultHome
    let context: ActionContext
    let openVault: @Sendable () throws -> VaultCore
    let rounds: ReconcileRounds
    let state: ControllerState
    let metrics: ControllerMetrics
    let log: ControllerLog
    let notifier: ServiceNotifier
    let notifications: ControllerNotifications
    /// Has rotations looked at.
    let rotationsDue = Wakeup()
    /// Reads the configuration anew.
    let settings: @Sendable () throws -> ControllerSettings

    /// Returns after a signal to stop. Throws what keeps it from starting.
    func run() async throws {
        let signals = Signals()
        defer { signals.cancel() }
        var current = try settings()
        var isFirst = true
        try await notifications.deliver(within: .seconds(5)) {
            while let next = try await watch(current, signals.stream, isFirst: isFirst) {
                (current, isFirst) = (next, false)
            }
            notifier.stopping()
        }
        state.remove()
        log.write(.info, "stopped")
    }

    /// One look at each source; `nil` when all went well.
    func runOnce(_ settings: ControllerSettings) async throws -> ExitStatus? {
        let loops = try makeLoops(settings)
        let rotations = makeRotations(rotationObserver {})
        try await notifications.deliver(within: .seconds(60)) {
            for name in settings.sources.map(\.name) { _ = await loops[name]?.round() }
            _ = await rotations.round()
            // Writes back what was rotated.
            for source in settings.sources where source.writeBack != nil { _ = await loops[source.name]?.round() }
        }
        state.remove()
        let active = state.sources.filter { !$0.isSuspended }
        let ready = active.count { $0.isReady }
        return ready == active.count ? nil : ready == 0 ? .failed : .partial
    }

    private enum End: Sendable { case stop, reload(ControllerSettings), over }

    /// Runs until a signal comes. Returns the configuration to go on with, or `nil` to stop.
    private func watch(
        _ settings: ControllerSettings, _ signals: AsyncStream<Signals.Signal>, isFirst: Bool
    ) async throws -> ControllerSettings? {
        let loops = try makeLoops(settings)
        let server = try makeServer(settings, loops)
        let observe = rotationObserver { for loop in loops.values { loop.trigger() } }
        let api = try settings.api.map {
            try APIHost(home, open: openVault, log, counts: metrics.api, onRotation: observe).server(
                $0, access: settings.access, auditReaders: settings.audit.readers)
        }
        let auditing = AuditHost(
            home: home, settings: settings.audit, open: openVault, counts: metrics.auditSinks, log: log
        ) { notifications.raise($0) }
        let rotations = makeRotations(observe)
        return try await withThrowingTaskGroup(of: End.self) { group in
            func add(_ work: @escaping @Sendable () async throws -> Void) {
                group.addTask {
                    try await work()
                    return .over
                }
            }
            for loop in loops.values { add { await loop.run() } }
            if let server { add { try await serve(server) } }
            if let api { add { try await api.run() } }
            add { await keepAlive() }
            add { await rotations.run() }
            add { await auditing.run() }
            group.addTask { await end(signals) }
            announce(settings, isFirst: isFirst)
            defer { group.cancelAll() }
            while let end = try await group.next() {
                switch end {
                case .over: continue
                case .stop: return nil
                case .reload(let next): return next
                }
            }
            return nil
        }
    }

    /// Waits for a signal. A configuration with mistakes is reported, and the old one stays.
    private func end(_ signals: AsyncStream<Signals.Signal>) async -> End {
        for await signal in signals {
            guard signal == .reload else { return .stop }
            notifier.reloading()
            do {
                let next = try settings()
                _ = try (makeWebhooks(next), makeTokens(next))
                return .reload(next)
            } catch {
                report(
                    error as? any UserFacingFailure ?? UsageFailure("the configuration cannot be read"),
                    "the configuration is left as it was")
                notifier.ready("configuration refused")
            }
        }
        return .stop
    }

    private func announce(_ settings: ControllerSettings, isFirst: Bool) {
        log.write(
            .info, isFirst ? "started" : "reloaded",
            [
                ("version", .string(ResealVersion.current)), ("sources", .integer(Int64(settings.sources.count))),
                ("home", .string(home.path)),
            ])
        notifier.ready("watching \(settings.sources.count) sources")
    }

    // MARK: Loops

    private func makeLoops(_ settings: ControllerSettings) throws -> [String: SourceLoop] {
        state.keep(settings.sources.map(\.name))
        let suspensions = Suspensions(home)
        return Dictionary(
            uniqueKeysWithValues: try settings.sources.map { source in
                let loopSource = LoopSource(
                    name: source.name, timing: source.timing,
                    fetch: { [mirrors = home.mirrorsPath] in
                        try CheckoutResolver(settings: source.git, mirrors: mirrors, showsProgress: false)
                            .resolve(workTree: false)
                    },
                    identities: { try source.git.identities() }, trust: source.git.trust,
                    writeBack: try makeWriteBack(source),
                    isSuspended: { source.isSuspended || suspensions.contains(source.name) })
                return (source.name, SourceLoop(loopSource, rounds) { observe($0, $1, $2, source) })
            })
    }

    /// - Parameter onRotated: has the sources write back.
    private func makeRotations(_ observe: @escaping @Sendable (RotationEvent) -> Void) -> RotationLoop {
        RotationLoop(home, by: context, wakeup: rotationsDue, open: openVault, observe: observe)
    }

    private func rotationObserver(_ onRotated: @escaping @Sendable () -> Void) -> @Sendable (RotationEvent) -> Void {
        { [metrics, log, notifications] event in
            metrics.observe(event)
            log.write(event)
            notifications.observe(event)
            if case .rotated = event { onRotated() }
        }
    }

    /// `nil` where the configuration leaves new values to somebody else.
    private func makeWriteBack(
        _ source: ControllerSettings.Source
    ) throws -> (@Sendable ([WriteBackItem], ObjectID, String, String) throws -> BranchWriteBackOutcome?)? {
        guard let settings = source.writeBack else { return nil }
        let resolver = CheckoutResolver(settings: source.git, mirrors: home.mirrorsPath, showsProgress: false)
        let (mirror, branch) = try resolver.writableMirror()
        let deadline = try resolver.timeout()
        let git = source.git
        let review = settings.review.map {
            ReviewBranch(
                name: $0.branch, options: $0.pushOptions, folder: home.reviewsPath, source: source.name)
        }
        return { items, head, folder, auditHead in
            let writeBack = BranchWriteBack(
                mirror, branch: branch, credentials: try git.credentials(), deadline: deadline,
                author: (settings.name, settings.email),
                signer: settings.signingKey.map { SSHCommitSigner(keyFile: $0) }, access: git.repositoryAccess,
                review: review)
            return try writeBack.write(
                items, onto: head, folder: folder, auditHead: auditHead, at: WallClock.system.now(),
                transport: TransportRunner())
        }
    }

    private func observe(
        _ event: LoopEvent, _ status: SourceStatus, _ duration: Duration, _ source: ControllerSettings.Source
    ) {
        let wasSuspended = state.sources.first { $0.name == status.name }?.isSuspended
        state.update(status)
        metrics.observe(event, status, duration)
        log.write(event, status, duration)
        notifications.observe(event, status, source.commitStatus)
        if case .applied(let report) = event {
            // A commit may have changed what is due.
            rotationsDue.wake()
            // What a large one needed would otherwise stay with this process for as long as it lives.
            if report.applied.values.reduce(0, +) > Self.manyChanges { malloc_trim(0) }
        }
        if case .suspended = event, wasSuspended == false {
            log.write(.warning, "suspended", [("source", .string(status.name))])
        }
        guard event.isSettled, let failure = state.save() else { return }
        report(failure, "the state for `reseal status` cannot be written")
    }

    private static let manyChanges = 500

    private func report(_ failure: any UserFacingFailure, _ effect: String) {
        log.write(
            .error, "\(effect): \(failure.message)",
            [
                ("code", .string(failure.code)), ("hint", failure.hint.map(JSON.string) ?? .null),
                ("place", failure.span.map { .string("\($0)") } ?? .null),
            ])
    }

    /// Tells the service manager that the process is well, as often as it asks for it.
    private func keepAlive() async {
        guard let interval = notifier.watchdogMilliseconds else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(interval / 2))
            guard !Task.isCancelled else { return }
            let ready = state.sources.filter(\.isReady).count
            notifier.alive("\(ready) of \(state.sources.count) sources ready")
        }
    }

    // MARK: Server

    private func makeWebhooks(_ settings: ControllerSettings) throws -> [String: Webhook] {
        try secrets(settings, \.webhookSecretFile, "the webhook secret").mapValues { Webhook(secret: $0) }
    }

    private func makeTokens(_ settings: ControllerSettings) throws -> [String: SecretBytes] {
        try secrets(settings, \.planTokenFile, "the plan token")
    }

    /// By source, what stands in the files of one kind.
    private func secrets(
        _ settings: ControllerSettings, _ file: KeyPath<ControllerSettings.Source, String?>, _ what: String
    ) throws -> [String: SecretBytes] {
        var secrets: [String: SecretBytes] = [:]
        for source in settings.sources {
            guard let path = source[keyPath: file] else { continue }
            let secret = try ValueInput.firstLine(ofFile: path)
            guard secret.count >= 16 else {
                throw UsageFailure(
                    "\(what) in \(path) is shorter than 16 bytes",
                    hint: "take a random one, for example from `openssl rand -hex 32`")
            }
            secrets[source.name] = secret
        }
        return secrets
    }

    private func makeServer(_ settings: ControllerSettings, _ loops: [String: SourceLoop]) throws -> ControllerServer? {
        let webhooks = try makeWebhooks(settings)
        guard let listen = settings.listen else { return nil }
        let configuration = ControllerServer.Configuration(
            host: listen.host, port: listen.port, tls: listen.tls.map { ($0.certificate, $0.key) }, webhooks: webhooks)
        let answers = ControllerServer.Answers(
            readiness: { state.readiness }, metrics: { metrics.text(state.sources) },
            trigger: { name in
                guard let loop = loops[name] else { return false }
                loop.trigger()
                return true
            }, sources: try makeService(settings))
        return ControllerServer(configuration, answers)
    }

    /// `nil` where no source has a token for it.
    private func makeService(_ settings: ControllerSettings) throws -> SourceService? {
        let tokens = try makeTokens(settings)
        guard !tokens.isEmpty else { return nil }
        let desk = PlanDesk(home, settings.sources, rounds, by: context) { name in
            state.sources.first { $0.name == name }
        }
        return SourceService(
            tokens: tokens, plan: { await desk.plan($0, $1, from: $2) }, applied: { await desk.applied($0, $1) })
    }

    private func serve(_ server: ControllerServer) async throws {
        try await server.run { port in log.write(.info, "listening", [("port", .integer(Int64(port)))]) }
    }
}

extension LoopEvent {
    /// True when the state is one that others should read.
    fileprivate var isSettled: Bool {
        switch self {
        case .suspended, .scheduled: true
        case .began, .unchanged, .applied, .wroteBack, .proposed, .writeBackFailed, .failed: false
        }
    }
}
