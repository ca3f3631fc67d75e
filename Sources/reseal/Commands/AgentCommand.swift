internal import ArgumentParser
internal import ResealClient
internal import ResealCore
internal import ResealServer
internal import ResealVault

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Serve a server's secrets to programs of this machine, also while it is away.",
        discussion: """
            Listens at a Unix socket and answers reads with what the server says to the agent's own token: those of the \
            native API (/v1/reseal/secrets/NAME, /v1/reseal/read) and of Vault's KV version 2 (/v1/secret/data/NAME). Programs \
            need no token; whoever may open the socket may read. Everything that writes is refused.

            An answer is kept in locked memory, and given again without asking for --fresh; what changes at the server is \
            asked for at once. When the server cannot be asked, a kept answer is given for as long as --keep, with the \
            headers Age and x-reseal-stale. What the server refuses (401, 403, 404) is forgotten at once.

            The token comes from where it comes for `get`: --token-file, $RESEAL_TOKEN_FILE, $RESEAL_TOKEN or `reseal \
            login`. It is renewed at two thirds of its life, and read again when it is replaced there.

            SIGHUP forgets all answers and reads the token again. SIGTERM and SIGINT end it when all requests are answered.

            EXAMPLES
              reseal agent --socket /run/reseal/agent.sock
              reseal agent --socket /run/reseal/agent.sock --socket-mode 0660 --fresh 1m --keep 4h
              reseal get prod/orders-db --server unix:///run/reseal/agent.sock
              curl --unix-socket /run/reseal/agent.sock http://agent/v1/reseal/secrets/prod/orders-db
            """)

    private static let modes: [String: UInt32] = ["0600": 0o600, "600": 0o600, "0660": 0o660, "660": 0o660]
    private static let largestCount = 100_000

    @Option(
        help: ArgumentHelp("Where it listens; in a folder that only its user may write.", valueName: "path"),
        completion: .file())
    var socket: String

    @OptionGroup(title: "Server") var server: ServerOptions

    @Option(help: ArgumentHelp("Who may open it: 0600, or 0660 for its group.", valueName: "mode"))
    var socketMode = "0600"

    @Option(
        help: ArgumentHelp("For how long an answer is given again without asking.", valueName: "time"))
    var fresh = "30s"

    @Option(
        help: ArgumentHelp(
            "For how long it is given when the server cannot be asked; 0s for never.", valueName: "time"))
    var keep = "24h"

    @Option(help: ArgumentHelp("How many answers are kept.", valueName: "n"))
    var maxEntries = 1000

    @Option(help: "Lines of JSON, or text for people. Default: json, or text at a terminal.")
    var logFormat: ControllerSettings.LogFormat?

    func run() async throws {
        let log = ControllerLog(logFormat)
        let notifier = ServiceNotifier(environment: Terminal.environment())
        let signals = Signals()
        defer { signals.cancel() }
        let socket = try path()
        let mode = try mode()
        let agent = try agent(at: socket, log)
        let place = try await BlockingPool(label: "reseal.agent.socket", width: 1).run {
            try SocketPlace(socket, mode: mode)
        }
        defer { place.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await agent.run {
                    place.listening()
                    log.write(.info, "agent listening", [("socket", .string(socket))])
                    notifier.ready("serving secrets")
                }
            }
            group.addTask { [stream = signals.stream] in
                for await signal in stream {
                    guard signal == .reload else { return }
                    notifier.reloading()
                    await agent.reload()
                    log.write(.info, "forgot all answers")
                    notifier.ready("serving secrets")
                }
            }
            defer { group.cancelAll() }
            // Either of them may be the first to end.
            _ = try await group.next()
            notifier.stopping()
        }
        log.write(.info, "stopped")
    }

    /// Absolute, and as long as a socket's may be.
    private func path() throws -> String {
        guard let name = socket.split(separator: "/").last, !socket.hasSuffix("/") else {
            throw UsageFailure("--socket names no file", hint: "for example /run/reseal/agent.sock")
        }
        let folder = FileProbe.folder(of: socket)
        let path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
        _ = try ServerConnection("unix://\(path)", SecretClient.Trust())
        return path
    }

    private func agent(at socket: String, _ log: ControllerLog) throws -> AgentServer {
        let (server, environment) = (server, Terminal.environment())
        guard let login = try server.login(environment, orStored: true) else {
            throw UsageFailure("which server is not said", hint: "for example --server https://vault.example.org:8200")
        }
        guard !ServerConnection.isAgent(login.server) else {
            throw UsageFailure("\(login.server) is an agent itself", hint: "name the server that it asks")
        }
        let connection = try ServerConnection(login.server, login.trust)
        return try AgentServer(
            try settings(socket, connection),
            token: {
                guard let login = try server.login(environment, orStored: true) else {
                    throw UsageFailure("nobody is logged in any more", hint: "`reseal login`")
                }
                return login.token
            }, report: { log.write($0) })
    }

    private func settings(_ socket: String, _ connection: ServerConnection) throws -> AgentServer.Configuration {
        guard (1...Self.largestCount).contains(maxEntries) else {
            throw UsageFailure("--max-entries is a number from 1 to \(Self.largestCount)", hint: "for example 1000")
        }
        let (fresh, keep) = (try span(fresh, "--fresh"), try span(keep, "--keep"))
        guard keep.seconds == 0 || keep >= fresh else {
            throw UsageFailure("--keep is shorter than --fresh", hint: "what is not kept cannot be given again")
        }
        return AgentServer.Configuration(
            socket: socket, server: connection.base, web: connection.settings,
            version: ResealVersion.current, fresh: fresh, keep: max(fresh, keep), entries: maxEntries)
    }

    private func mode() throws -> UInt32 {
        guard let mode = Self.modes[socketMode] else {
            throw UsageFailure("`\(socketMode)` is no mode for --socket-mode", hint: "0600, or 0660 for a group")
        }
        return mode
    }

    private func span(_ text: String, _ option: String) throws -> TimeSpan {
        guard let span = TimeSpan(text) else {
            throw UsageFailure("`\(text)` is no time for \(option)", hint: "write for example 30s or 24h")
        }
        return span
    }
}

extension ControllerLog {
    fileprivate func write(_ event: AgentEvent) {
        switch event {
        case .serverLost(let code):
            write(.warning, "the server cannot be asked; kept answers are given", [("code", .string(code))])
        case .serverBack: write(.info, "the server answers again")
        case .tokenReplaced: write(.info, "another token is used now")
        case .tokenRenewed(let seconds): write(.info, "renewed the token", [("seconds", .integer(seconds))])
        case .tokenEnds(let seconds):
            write(.warning, "the token cannot be made to last longer", [("seconds", .integer(seconds))])
        case .tokenRefused: write(.error, "the server refuses the token", [("code", .string("token.invalid"))])
        case .changesRefused: write(.warning, "the server tells of no changes")
        }
    }
}
