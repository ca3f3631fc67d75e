package import ResealCore
internal import ResealEngines
internal import ResealHTTP
package import ResealManifests
package import ResealNotify
internal import ResealSealing
package import ResealVault

/// The notifiers that manifests define, as far as the controller's own configuration allows: servers and programs come
/// from files in the vault's folder, credentials from secrets of the vault.
package struct ControllerNotifiers: Sendable {
    private let targets: ControllerTargets
    private let core: VaultCore
    private let context: ActionContext

    package init(_ home: VaultHome, core: VaultCore, by context: ActionContext) {
        targets = ControllerTargets(home, core: core)
        self.core = core
        self.context = context
    }

    package struct Notifier: Sendable {
        package let key: ResourceKey
        package let spec: NotifierSpec
    }

    /// Every one that was applied.
    package func all() throws -> [Notifier] {
        try core.store.read { store in
            try store.sources().flatMap { try store.applied(kind: .notifier, source: $0.id) }.compactMap(Self.notifier)
        }
    }

    /// Throws ``NotifyFailure`` for an unknown name.
    package func named(_ name: String, organization: String) throws -> Notifier {
        let key = ResourceKey(.notifier, name, organization: organization)
        if let record = try core.store.read({ try $0.applied(key) }), let found = Self.notifier(record) { return found }
        let names = try core.store.read { try $0.appliedNames(kind: .notifier, organization: organization) }
        throw NotifyFailure(
            .notConfigured, "the vault knows no Notifier `\(name)`",
            hint: NearestName.suggestion(for: name, in: names).map { "did you mean `\($0)`?" }
                ?? "apply the commit that has its manifest")
    }

    private static func notifier(_ record: AppliedRecord) -> Notifier? {
        guard case .notifier(let spec)? = StoredManifest.read(record)?.spec else { return nil }
        return Notifier(key: record.key, spec: spec)
    }

    /// Those that are told of an event: those that the secret's manifest names, or where it names none, all of its
    /// organization, as of an alert about something of it; of either, the ones that want such events.
    package func receivers(of event: NotificationEvent) throws -> [Notifier] {
        var wanted = try all().filter { $0.spec.wants(event.kind.rawValue) }
        switch event.subject {
        case .secret(let id):
            let record = try core.store.read { try $0.secret(id) }
            let named = record.flatMap { RotationSubject($0) }?.rotation?.notify ?? []
            wanted = wanted.filter { notifier in
                notifier.key.organization == id.organization
                    && (named.isEmpty || named.contains(notifier.key.name))
            }
        case .alert(_, let organization?): wanted = wanted.filter { $0.key.organization == organization }
        case .source, .notifier, .alert(_, nil): break
        }
        return wanted
    }

    // MARK: Channels

    /// Sends one message at once, and once.
    package func send(_ event: NotificationEvent, to notifier: Notifier) async throws {
        try await channel(notifier).send(NotificationMessage(event, id: Self.freshID()))
    }

    static func freshID() throws -> String { "msg_" + Hex.encode(try SystemRandom.bytes(16)) }

    /// Throws a failure that says what the configuration lacks.
    package func channel(_ notifier: Notifier) throws -> any NotificationChannel {
        let organization = notifier.key.organization
        switch notifier.spec.channel {
        case .webhook(let name, let reference):
            let endpoint = try targets.files.webEndpoint(name, timeout: nil)
            let key = try reference.map { try targets.secret($0, organization: organization, by: context) }
            guard let key = key ?? endpoint.signingKey else {
                throw NotifyFailure(
                    .notConfigured, "nothing signs the messages of the Notifier `\(notifier.key.name)`",
                    hint: "set `signing-key-file` in \(endpoint.path), or `signingKeyFrom` in the Notifier")
            }
            return WebhookChannel(
                endpoint.address, endpoint.settings, signature: try WebhookSignature(key: key), clock: core.clock)
        case .slack(let name):
            let endpoint = try targets.files.webEndpoint(name, timeout: nil)
            return SlackChannel(endpoint.address, endpoint.settings, template: notifier.spec.template)
        case .smtp(let name, let receivers, let credentials):
            let (server, from) = try mailServer(name, credentials, organization: organization)
            return MailChannel(
                server, from: from, to: receivers, subject: notifier.spec.subject, template: notifier.spec.template)
        case .exec(let name):
            let command = try targets.files.command(name)
            return ExecChannel(name: name, program: command.program, arguments: command.arguments)
        }
    }

    private func mailServer(
        _ name: String, _ credentials: CredentialsReference?, organization: String
    ) throws -> (MailServer, from: String) {
        let path = targets.files.endpointPath(name)
        let settings = try targets.files.texts(
            path, keys: ["host", "port", "tls", "ca-file", "from"], what: "endpoint `\(name)`")
        guard let security = MailServer.Security(rawValue: settings["tls"] ?? "starttls") else {
            throw NotifyFailure(
                .notConfigured, "\(path) has an unknown `tls`",
                hint: "one of \(MailServer.Security.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let usual = security == .implicit ? "465" : "587"
        guard let host = settings["host"], let port = UInt16(settings["port"] ?? usual), port > 0,
            let from = settings["from"], Self.isMailAddress(from)
        else {
            throw NotifyFailure(
                .notConfigured, "\(path) names no host, no valid port, or no sender",
                hint: "set `host`, `port` and `from`")
        }
        let server = MailServer(
            host: host, port: Int(port), security: security, authorityFile: settings["ca-file"],
            login: try targets.login(credentials, organization: organization, by: context))
        guard security != .none || server.isLocal else {
            throw NotifyFailure(
                .notConfigured, "\(path) sends mail in plain text to another machine", hint: "set `tls: starttls`")
        }
        return (server, from)
    }

    /// It stands in a command of the protocol and in a header, so nothing in it may end either.
    private static func isMailAddress(_ text: String) -> Bool {
        text.count(where: { $0 == "@" }) == 1
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && ![0x3c, 0x3e, 0x2c, 0x22].contains($0) }
    }
}
