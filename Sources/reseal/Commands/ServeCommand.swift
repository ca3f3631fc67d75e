internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealServer
internal import ResealVault

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the vault's API, without watching Git.",
        discussion: """
            Speaks the API of Vault's KV version 2 under /v1/secret/ to callers with tokens (`reseal token create`). Who \
            may do what stands in the manifests and in the section `access` of the settings; docs/api.md has the paths.

            Always TLS 1.3. Without `tls-certificate` and `tls-key` in the section `api`, it makes a certificate of its own \
            in the folder `tls` of the vault, and logs its pin. Only with --plain-http, and only at 127.0.0.1, it serves \
            without TLS.

            SIGHUP reads settings and certificate again. SIGTERM and SIGINT end it when all requests are answered.

            EXAMPLES
              reseal serve
              reseal serve --listen 0.0.0.0:8200
              reseal serve --listen 127.0.0.1:8200 --plain-http
              reseal serve --metrics 127.0.0.1:9102
            """)

    @OptionGroup var vault: VaultOptions

    @Option(
        help: ArgumentHelp("The settings. Default: config.yaml in the vault's folder.", valueName: "file"),
        completion: .file())
    var config: String?

    @Option(help: ArgumentHelp("Where it listens. Default: 127.0.0.1:8200.", valueName: "host:port"))
    var listen: String?

    @Flag(help: "Without TLS, for programs of this machine.")
    var plainHttp = false

    @Option(
        name: .customLong("metrics"),
        help: ArgumentHelp(
            "Where GET /metrics, /healthz and /readyz are answered, without TLS. Default: nowhere.",
            valueName: "host:port"))
    var metricsListen: String?

    @Option(help: "Lines of JSON, or text for people. Default: json, or text at a terminal.")
    var logFormat: ControllerSettings.LogFormat?

    private enum End: Sendable { case over, beside, stop, reload(ControllerSettings) }

    func run() async throws {
        let home = vault.vaultHome
        let signals = Signals()
        defer { signals.cancel() }
        var settings = try loadSettings()
        let log = ControllerLog(logFormat ?? settings.logFormat)
        let notifier = ServiceNotifier(environment: Terminal.environment())
        let open = vault.opener()
        let metrics = ControllerMetrics()
        // A controller of the same vault tells of what expires.
        let notifications = ControllerNotifications(
            home, by: try vault.context(), metrics, log, tellsOfExpiries: false, open: open)
        let host = APIHost(home, open: open, log, counts: metrics.api) { event in
            log.write(event)
            notifications.observe(event)
        }
        let page = try metricsServer(metrics)
        @Sendable func servePage() async throws {
            try await page?.run { port in log.write(.info, "metrics listening", [("port", .integer(Int64(port)))]) }
        }
        func auditing(_ settings: ControllerSettings) -> AuditHost {
            AuditHost(home: home, settings: settings.audit, open: open, counts: metrics.auditSinks, log: log) {
                notifications.raise($0)
            }
        }
        try await notifications.deliver(within: .seconds(5)) {
            while let next = try await serve(
                settings, host, beside: [auditing(settings).run, servePage], signals.stream, log, notifier)
            {
                settings = next
            }
            notifier.stopping()
        }
        log.write(.info, "stopped")
    }

    /// Serves until a signal comes. Returns the settings to go on with, or `nil` to stop.
    private func serve(
        _ settings: ControllerSettings, _ host: APIHost, beside works: [@Sendable () async throws -> Void],
        _ signals: AsyncStream<Signals.Signal>, _ log: ControllerLog, _ notifier: ServiceNotifier
    ) async throws -> ControllerSettings? {
        let server = try host.server(
            settings.api ?? APISettings(), access: settings.access, auditReaders: settings.audit.readers)
        notifier.ready("serving the API")
        return try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                try await server.run()
                return .over
            }
            group.addTask { await end(signals, log, notifier) }
            defer { group.cancelAll() }
            for work in works {
                group.addTask {
                    try await work()
                    return .beside
                }
            }
            while let end = try await group.next() {
                switch end {
                case .beside: continue
                case .reload(let next): return next
                case .over, .stop: return nil
                }
            }
            return nil
        }
    }

    /// What is watched of the server; `nil` where nobody asked for it.
    private func metricsServer(_ metrics: ControllerMetrics) throws -> ControllerServer? {
        guard let metricsListen else { return nil }
        guard let address = ControllerSettings.address(metricsListen) else {
            throw UsageFailure(
                "`\(metricsListen)` is no address for --metrics", hint: "write for example 127.0.0.1:9102")
        }
        let answers = ControllerServer.Answers(
            readiness: { (true, ["sources": []]) }, metrics: { metrics.text([]) }, trigger: { _ in false })
        return ControllerServer(.init(host: address.host, port: address.port), answers)
    }

    /// Waits for a signal. Settings with mistakes are reported, and the old ones stay.
    private func end(
        _ signals: AsyncStream<Signals.Signal>, _ log: ControllerLog, _ notifier: ServiceNotifier
    ) async -> End {
        for await signal in signals {
            guard signal == .reload else { return .stop }
            notifier.reloading()
            do {
                return .reload(try loadSettings())
            } catch {
                let failure = UnexpectedFailure.wrapping(error)
                log.write(
                    .error, "the configuration is left as it was: \(failure.message)", [("code", .string(failure.code))]
                )
                notifier.ready("configuration refused")
            }
        }
        return .stop
    }

    /// The file, overridden by the command line.
    private func loadSettings() throws -> ControllerSettings {
        let path = config ?? vault.vaultHome.configPath
        var settings = ControllerSettings()
        if config != nil || FileProbe.exists(path) { settings = try ControllerSettings.load(path) }
        var api = settings.api ?? APISettings()
        if let listen {
            guard let address = ControllerSettings.address(listen) else {
                throw UsageFailure("`\(listen)` is no address for --listen", hint: "write for example 127.0.0.1:8200")
            }
            (api.listen.host, api.listen.port) = (address.host, address.port)
        }
        if plainHttp { (api.isPlain, api.listen.tls) = (true, nil) }
        guard !api.isPlain || ControllerSettings.isLoopback(api.listen.host) else {
            throw UsageFailure(
                "without TLS, values would cross the network in the clear",
                hint: "listen at 127.0.0.1, or leave out --plain-http")
        }
        settings.api = api
        return settings
    }
}
