internal import ResealManifests
internal import ResealServer

/// Where and how the API is served: section `api` of the settings.
struct APISettings {
    static let defaultPort = 8200
    private static let keys = [
        "listen", "tls-certificate", "tls-key", "plain-http", "requests-per-second", "jwt", "client-authority",
        "client-ttl",
    ]

    var listen = ControllerSettings.Listen(host: "127.0.0.1", port: defaultPort)
    /// Without TLS, for programs of the same machine.
    var isPlain = false
    /// Of one address; 0 for no limit.
    var requestsPerSecond = 0
    /// Whose tokens are taken for a login.
    var issuers: [TokenIssuer] = []
    /// PEM certificates of those who sign clients' certificates; `nil` to ask for none.
    var clientAuthority: String?
    /// How long a token lasts that is given for such a certificate.
    var clientTTL = IssuerSettings.standardTTL

    init() {}

    /// `nil` where there is no such section.
    init?(_ file: SettingsMapping) {
        guard let section = file.mapping("api", keys: Self.keys) else { return nil }
        if let address = section.value(
            "listen", hint: "write HOST:PORT, for example 127.0.0.1:8200",
            {
                ControllerSettings.address($0)
            })
        {
            listen = address
        }
        isPlain = section.flag("plain-http") ?? false
        requestsPerSecond = section.integer("requests-per-second", in: 0...1_000_000) ?? 0
        listen.tls = ControllerSettings.tlsFiles(section)
        issuers = IssuerSettings.read(section)
        clientAuthority = section.text("client-authority")
        clientTTL = IssuerSettings.ttl(section, "client-ttl")
        if isPlain, clientAuthority != nil {
            section.report(
                "client-authority", "without TLS, nobody shows a certificate", hint: "remove `plain-http`, or this")
        }
        if isPlain, listen.tls != nil {
            section.report("plain-http", "`plain-http` and a certificate contradict each other", hint: "remove one")
        }
        if isPlain, !ControllerSettings.isLoopback(listen.host) {
            section.report("plain-http", "values would cross the network in the clear", hint: "listen at 127.0.0.1")
        }
    }
}
