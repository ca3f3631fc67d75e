internal import ArgumentParser
internal import ResealClient
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Which server, and how either side proves who it is.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask a server (`reseal serve`), or by unix:///PATH an agent, instead of a vault of this machine. Default: "
                + "$RESEAL_ADDR, or where `reseal login` was.", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "File whose first line is the token for the server. Default: $RESEAL_TOKEN_FILE, $RESEAL_TOKEN.",
            valueName: "file"), completion: .file())
    var tokenFile: String?

    @OptionGroup var authority: AuthorityOption

    @Option(
        help: ArgumentHelp(
            "The server's public key, sha256//…, as it logs it. Default: $RESEAL_PIN.", valueName: "pin"))
    var pin: String?

    /// The server that the command line or the environment names; `nil` for none.
    func named(_ environment: [String: String]) -> String? { server ?? Self.set("RESEAL_ADDR", environment) }

    /// How the server is asked that is named here, or else the one where somebody logged in before; `nil` for neither.
    /// What is not said here comes from that login, if it is the same server.
    func login(_ environment: [String: String], orStored isStoredTaken: Bool) throws -> ServerLogin? {
        let named = named(environment)
        guard named != nil || isStoredTaken else { return nil }
        if let named, ServerConnection.isAgent(named) { return try agent(named) }
        let stored = try ServerLogin.stored(environment).flatMap { (named ?? $0.server) == $0.server ? $0 : nil }
        guard let address = named ?? stored?.server else { return nil }
        guard let token = try token(environment) ?? stored?.token else {
            throw UsageFailure(
                "a server answers only whom it knows",
                hint: "name the file with your token with --token-file, or `reseal login --server \(address)`")
        }
        var trust = trust(environment)
        // Whoever says one of them has not said that the other counts no more.
        trust.authorityFile = trust.authorityFile ?? stored?.trust.authorityFile
        trust.pin = trust.pin ?? stored?.trust.pin
        return ServerLogin(server: address, token: token, trust: trust)
    }

    /// An agent of this machine asks with its own token. What variables say of servers is not meant for it.
    private func agent(_ address: String) throws -> ServerLogin {
        if let proof = proofOption {
            throw UsageFailure("\(proof) is for a server, and \(address) is an agent", hint: "leave it out")
        }
        return ServerLogin(server: address, token: SecretBytes([]), trust: SecretClient.Trust())
    }

    /// An option that means nothing where no server is asked.
    var stray: String? {
        server != nil ? "--server" : proofOption
    }

    /// One of those by which either side proves who it is.
    private var proofOption: String? {
        if tokenFile != nil { return "--token-file" }
        if authority.caFile != nil { return "--ca-file" }
        return pin != nil ? "--pin" : nil
    }

    func trust(_ environment: [String: String]) -> SecretClient.Trust {
        SecretClient.Trust(
            authorityFile: (authority.caFile ?? Self.set("RESEAL_CA_FILE", environment)).map(FileProbe.absolute),
            pin: pin ?? Self.set("RESEAL_PIN", environment))
    }

    /// `nil` where none is given.
    func token(_ environment: [String: String]) throws -> SecretBytes? {
        if let file = tokenFile ?? Self.set("RESEAL_TOKEN_FILE", environment) {
            return try ValueInput.firstLine(ofFile: file)
        }
        return Self.set("RESEAL_TOKEN", environment).map { SecretBytes(utf8: $0) }
    }

    static func set(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Whose secrets: those of a vault of this machine, or of a server.
struct SecretsOptions: ParsableArguments {
    @OptionGroup var vault: VaultOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// - Parameter organization: in which names are looked up; `nil` for all. A server knows it by the token.
    func open(_ organization: String?) throws -> any SecretAccess {
        if let remote = try openRemote(organization) { return remote }
        return LocalSecrets(vault: try vault.openVault(), context: try vault.context(), organization: organization)
    }

    /// `nil` for a vault of this machine.
    func openRemote(_ organization: String?) throws -> RemoteSecrets? {
        guard let login = try remote() else { return nil }
        guard organization == nil || organization == SecretID.defaultOrganization else {
            throw UsageFailure("--organization is for a vault of this machine", hint: "the token decides at a server")
        }
        guard vault.principal == nil else {
            throw UsageFailure("--as is for a vault of this machine", hint: "the token says who asks at a server")
        }
        return RemoteSecrets(client: try login.client())
    }

    /// What is said plainest counts: an option, then a variable, then what was stored.
    private func remote() throws -> ServerLogin? {
        let environment = Terminal.environment()
        let isLocal = vault.location.home != nil
        let isLocalByDefault = ServerOptions.set("RESEAL_HOME", environment) != nil
        if !isLocal, let login = try server.login(environment, orStored: !isLocalByDefault) { return login }
        // Whoever says how a server is to prove itself must not be answered by something else.
        if let stray = server.stray {
            throw UsageFailure(
                isLocal ? "\(stray) and --home exclude each other" : "\(stray) is for a server, and none is named",
                hint: isLocal ? "leave one of them out" : "name it with --server")
        }
        return nil
    }
}
