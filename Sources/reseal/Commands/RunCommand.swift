internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault
internal import Synchronization

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Keep the vault equal to Git: fetch, apply, wait, again.",
        discussion: """
            Reads the vault's config.yaml, or the file that --config names. One source stands at the top of it \
            (`repo`, `ref`, `path`, `identity` …); several stand in a list under `sources`.

            Every source is looked at once an interval, and at once when its push webhook comes. A failure is logged, \
            shown by `reseal status`, and tried again after a growing wait. SIGHUP reads the configuration again; \
            SIGTERM and SIGINT end the controller after the round that runs.

            What is due of rotations is done (docs/rotation.md); with `write-back`, the new values are sealed into their \
            manifests, committed and pushed, or put on a branch for review.

            With `listen`, it answers GET /healthz, /readyz and /metrics, and POST /hooks/SOURCE; with `plan-token-file`, \
            also what `reseal plan --server` and `reseal wait` ask. With a section `api`, it serves the API too, as \
            `reseal serve` does (docs/api.md).

            EXAMPLES
              reseal run
              reseal run --once
              reseal run --config /etc/reseal/config.yaml --listen 127.0.0.1:9464 --log-format json

            \(ExitStatus.help)
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var config: ConfigFileOption

    @Flag(help: "Look at every source once, and end. Fails when one of them does; with 8, when others did not.")
    var once = false

    @Option(help: ArgumentHelp("Time between two looks, for all sources. Default: 1m.", valueName: "time"))
    var interval: String?

    @Option(help: ArgumentHelp("Where health, metrics and webhooks are answered.", valueName: "host:port"))
    var listen: String?

    @Option(help: "Lines of JSON, or text for people. Default: json, or text at a terminal.")
    var logFormat: ControllerSettings.LogFormat?

    func run() async throws {
        let home = vault.vaultHome
        let settings = try loadSettings()
        let lock = try VaultLock(home, for: .controlling)
        defer { withExtendedLifetime(lock) {} }
        let context = try vault.context()
        let open = vault.opener()
        let rounds = ReconcileRounds(home, by: context, open: open)
        // A vault that does not open is no reason to wait and try again.
        try await rounds.open()
        let log = ControllerLog(logFormat ?? settings.logFormat)
        let metrics = ControllerMetrics()
        let controller = Controller(
            home: home, context: context, openVault: open, rounds: rounds,
            state: ControllerState(home, startedAt: WallClock.system.now()), metrics: metrics, log: log,
            notifier: ServiceNotifier(environment: Terminal.environment()),
            notifications: ControllerNotifications(home, by: context, metrics, log, open: open),
            settings: { try loadSettings() })
        if once {
            if let status = try await controller.runOnce(settings) { throw ExitCode(status.rawValue) }
        } else {
            try await controller.run()
        }
    }

    /// The file, overridden by the command line.
    private func loadSettings() throws -> ControllerSettings {
        var settings = try config.load(vault.vaultHome)
        if let interval {
            guard let span = TimeSpan(interval), span.seconds > 0 else {
                throw UsageFailure("`\(interval)` is no time for --interval", hint: "write for example 30s or 5m")
            }
            for index in settings.sources.indices { settings.sources[index].timing.interval = span }
        }
        if let listen {
            guard var address = ControllerSettings.address(listen) else {
                throw UsageFailure("`\(listen)` is no address for --listen", hint: "write for example 127.0.0.1:9464")
            }
            address.tls = settings.listen?.tls
            guard address.tls != nil || ControllerSettings.isLoopback(address.host) else {
                throw UsageFailure(
                    "\(listen) is open to other machines without TLS",
                    hint: "set `tls-certificate` and `tls-key` in the configuration, or listen at 127.0.0.1")
            }
            settings.listen = address
        }
        return settings
    }
}

/// Which file a controller is configured by.
struct ConfigFileOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The configuration. Default: config.yaml in the vault's folder.", valueName: "file"),
        completion: .file())
    var config: String?

    /// Throws where there is no source to watch.
    ///
    /// - Parameter allowsServing: then settings of `reseal serve`, which watches nothing, are right too.
    func load(_ home: VaultHome, allowsServing: Bool = false) throws -> ControllerSettings {
        let path = config ?? home.configPath
        let settings = try ControllerSettings.load(path)
        guard !settings.sources.isEmpty || allowsServing && settings.api != nil else {
            throw ReconcileFailure(
                .noRepository, "\(path) names no repository to watch",
                hint: "add `repo: …`, or a list of `sources`; docs/controller.md has an example")
        }
        return settings
    }
}

extension ControllerSettings.LogFormat: ExpressibleByArgument {}
