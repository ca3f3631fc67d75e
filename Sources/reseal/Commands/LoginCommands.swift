internal import ArgumentParser
internal import ResealClient
internal import ResealCore

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Remember a server and a token for it.",
        discussion: """
            Checks the token and stores it, with the server's address and proof, in $XDG_CONFIG_HOME/reseal/login.json \
            (0600). From then on get, get-many, list, set, versions, rollback and delete ask that server, unless --server, \
            --home, $RESEAL_ADDR or $RESEAL_HOME names another place.

            The token is read from --token-file, $RESEAL_TOKEN_FILE or $RESEAL_TOKEN, else from stdin or a hidden prompt.

            EXAMPLES
              reseal login --server https://vault.example.org:8200 --pin sha256//…
              reseal login --server https://vault.example.org:8200 --ca-file ca.pem < token
            """)

    @OptionGroup var server: ServerOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let environment = Terminal.environment()
        guard let address = server.named(environment) else {
            throw UsageFailure("which server is not said", hint: "for example --server https://vault.example.org:8200")
        }
        guard !ServerConnection.isAgent(address) else {
            throw UsageFailure("an agent needs no login", hint: "name it with --server or $RESEAL_ADDR")
        }
        let token = try server.token(environment) ?? ValueInput.standardInput(prompt: "Token for \(address)")
        let login = ServerLogin(server: address, token: token, trust: server.trust(environment))
        let client = try login.client()
        let principal = try await client.principal()
        try login.store(environment)
        await client.shutdown()
        if json {
            Terminal.print((["server": .string(address), "principal": .string(principal)] as JSON).canonical)
        } else {
            Terminal.note("logged in at \(SafeText.line(address)) as \(SafeText.line(principal))")
        }
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the server that `reseal login` stored, and end its token.",
        discussion: """
            The stored login is removed even where the server cannot be asked to end the token; then it says so, and ends \
            with 1.

            EXAMPLES
              reseal logout
            """)

    func run() async throws {
        let environment = Terminal.environment()
        guard let login = try ServerLogin.stored(environment) else { return Terminal.note("nobody is logged in") }
        try ServerLogin.forget(environment)
        do {
            let client = try login.client()
            try await client.revokeToken()
            await client.shutdown()
        } catch let failure as ClientFailure where failure.code == "token.invalid" {
            // It had ended already.
        }
        Terminal.note("logged out at \(SafeText.line(login.server))")
    }
}
