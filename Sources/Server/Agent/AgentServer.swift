internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
package import ResealCore
package import ResealHTTP
package import ResealSealing
internal import ResealVault

/// Answers the programs of one machine at a socket: with what a server of secrets says to the agent's token, and for a while
/// also when that server cannot be asked.
package struct AgentServer: Sendable {
    package struct Configuration: Sendable {
        /// An absolute path, where nothing is.
        package var socket: String
        package var server: WebAddress
        /// How the server is talked to.
        package var web: WebSettings
        /// Of the program.
        package var version: String
        package var fresh: TimeSpan
        package var keep: TimeSpan
        /// How many answers are kept.
        package var entries: Int

        package init(
            socket: String, server: WebAddress, web: WebSettings, version: String, fresh: TimeSpan,
            keep: TimeSpan, entries: Int
        ) {
            self.socket = socket
            self.server = server
            self.web = web
            self.version = version
            self.fresh = fresh
            self.keep = keep
            self.entries = entries
        }
    }

    private static let largestMemory = 32 << 20
    private static let largestConnectionCount = 256
    private static let sweep = Duration.seconds(10)

    private let configuration: Configuration
    private let token: AgentToken
    private let reads: AgentReads
    private let listener: ChangeListener
    private let renewal: TokenRenewal
    private let clients: [WebClient]

    /// - Parameters:
    ///   - token: looks up the agent's token, again and again: somebody else may renew it.
    ///   - report: hears of what is worth a line.
    /// - Throws: what `token` throws the first time.
    package init(
        _ configuration: Configuration, token: @escaping @Sendable () throws -> SecretBytes,
        report: @escaping @Sendable (AgentEvent) -> Void
    ) throws {
        self.configuration = configuration
        self.token = try AgentToken(token)
        // A question that somebody waits for, and one that waits for something to happen.
        let patience: [(silence: Int64, whole: Int64)] = [(5, 15), (45, 60)]
        clients = patience.map { silence, whole in
            var web = configuration.web
            web.connectTimeout = TimeSpan(seconds: 3)
            web.readTimeout = TimeSpan(seconds: silence)
            web.timeout = TimeSpan(seconds: whole)
            return WebClient(web)
        }
        let upstream = Upstream(base: configuration.server, client: clients[0], token: self.token)
        reads = AgentReads(
            upstream,
            AnswerCache.Limits(
                entries: configuration.entries, bytes: Self.largestMemory,
                fresh: .seconds(configuration.fresh.seconds), keep: .seconds(configuration.keep.seconds)), report)
        listener = ChangeListener(
            upstream: Upstream(base: configuration.server, client: clients[1], token: self.token), reads: reads,
            report: report)
        renewal = TokenRenewal(upstream: upstream, report: report)
    }

    /// Forgets every answer and looks the token up again.
    package func reload() async {
        await token.reload()
        await reads.dropAll()
    }

    /// Serves until the task is cancelled; requests that are being answered then are answered to their end. Throws
    /// ``ServerFailure`` where it cannot listen.
    ///
    /// - Parameter onListening: hears of the socket, once it is there.
    package func run(onListening: @escaping @Sendable () -> Void) async throws {
        let helpers = [
            Task { await listener.run() }, Task { await renewal.run() }, Task { await forgetOld() },
        ]
        do {
            try await serve(onListening)
        } catch {
            guard Task.isCancelled else {
                await end(helpers)
                throw ServerFailure(
                    "cannot listen at \(configuration.socket)", hint: "check the folder's permissions")
            }
        }
        await end(helpers)
    }

    private func serve(_ onListening: @escaping @Sendable () -> Void) async throws {
        let responder = AgentResponder(reads: reads, version: configuration.version, clock: .system)
        let connections = InFlight(limit: Self.largestConnectionCount, ofAddress: Self.largestConnectionCount)
        let channel = APIChannel(
            connections: connections, clock: .system,
            limits: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100),
            answer: { request, executor, deliver in
                Task.immediate(executorPreference: executor) { deliver(await responder.answer(request)) }
            })
        let place = ApplicationConfiguration(address: .unixDomainSocket(path: configuration.socket), serverName: nil)
        try await DrainedServer.run(responder.inFlight) { tell in
            let application = Application(
                responder: responder, server: channel.builder(), configuration: place,
                onServerRunning: { channel in
                    tell(channel)
                    onListening()
                }, logger: Logger(label: "reseal.agent") { _ in SwiftLogNoOpLogHandler() })
            try await application.run()
        }
    }

    private func forgetOld() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.sweep)
            await reads.dropOld()
        }
    }

    private func end(_ helpers: [Task<Void, Never>]) async {
        for helper in helpers { helper.cancel() }
        await reads.dropAll()
        for client in clients { await client.shutdown() }
        for helper in helpers { await helper.value }
    }
}
