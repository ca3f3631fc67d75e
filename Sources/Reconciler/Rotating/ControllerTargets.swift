internal import ResealCore
internal import ResealEngines
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// The handlers that manifests ask for, as far as the controller's own configuration allows. Hosts and programs come from
/// files in the vault's folder, never from Git: `endpoints/NAME.yaml` and `commands/NAME.yaml`.
package struct ControllerTargets: Sendable {
    let files: TargetFiles
    let core: VaultCore

    package init(_ home: VaultHome, core: VaultCore) {
        files = TargetFiles(home)
        self.core = core
    }

    /// Throws ``HandlerFailure`` when there is no such endpoint or command.
    func handler(_ spec: HandlerSpec, for id: SecretID, by context: ActionContext) throws -> any RotationHandler {
        switch spec {
        case .postgresql(let connection, let role, let alternate):
            return PostgreSQLHandler(
                try postgresql(connection, for: id, by: context), role: role, alternate: alternate)
        case .exec(let name, let timeout):
            let command = try files.command(name)
            return ExecHandler(
                name: name, program: command.program, arguments: command.arguments, timeout: timeout)
        case .http(let connection, let path, let method, let timeout):
            return HTTPHandler(
                try http(connection, path: path, timeout: timeout, for: id, by: context), method: method)
        case .oauth(let connection, let scopes):
            return OAuthHandler(try oauth(connection, for: id, by: context), scopes: scopes)
        }
    }

    func connection(
        _ name: String, engine: String, for id: SecretID
    ) throws -> (spec: ConnectionSpec, endpoint: String) {
        let key = ResourceKey(.connection, name, organization: id.organization)
        guard let applied = try core.store.read({ try $0.applied(key) }), let manifest = StoredManifest.read(applied),
            case .connection(let connection) = manifest.spec
        else {
            throw HandlerFailure(
                .notConfigured, "the vault knows no Connection `\(name)`",
                hint: "apply the commit that has its manifest")
        }
        guard connection.engine == engine, let endpoint = connection.endpoint else {
            throw HandlerFailure(
                .unsuitable, "the Connection `\(name)` is of another engine than the handler needs",
                hint: "set `engine: \(engine)`")
        }
        return (connection, endpoint)
    }

    // MARK: Databases

    private func postgresql(
        _ name: String, for id: SecretID, by context: ActionContext
    ) throws -> PostgreSQLTarget {
        let (connection, endpoint) = try self.connection(name, engine: "postgresql", for: id)
        guard let credentials = connection.credentials else {
            throw HandlerFailure(
                .unsuitable, "the Connection `\(name)` has no login", hint: "set `credentialsFrom`")
        }
        let path = files.endpointPath(endpoint)
        let settings = try files.texts(
            path, keys: ["host", "port", "tls", "ca-file"], what: "endpoint `\(endpoint)`")
        guard let host = settings["host"], let port = Int(settings["port"] ?? "5432"), (1...65_535).contains(port)
        else {
            throw HandlerFailure(
                .notConfigured, "\(path) names no host, or no valid port", hint: "set `host` and `port`")
        }
        let tls = settings["tls"] ?? "verify-full"
        guard PostgreSQLTarget.tlsModes.contains(tls) else {
            throw HandlerFailure(
                .notConfigured, "\(path) has an unknown `tls`",
                hint: "one of \(PostgreSQLTarget.tlsModes.joined(separator: ", "))")
        }
        return PostgreSQLTarget(
            host: host, port: port, tls: tls, authorityFile: settings["ca-file"],
            database: connection.database ?? "postgres", timeout: connection.timeout ?? TimeSpan(seconds: 10),
            logins: try logins(credentials, organization: id.organization, by: context))
    }

    /// What the credentials' secret holds, and in front of it what a rotation of that secret is about to bring: until
    /// that is over, either may be valid.
    func logins(
        _ credentials: CredentialsReference, organization: String, by context: ActionContext
    ) throws -> [(user: String, password: SecretBytes)] {
        let id = SecretID(credentials.secret, organization: organization)
        return try core.audited(.secretRead, ResourceKey(id).description, by: context) { transaction in
            let secret = try transaction.existing(id)
            let (version, current) = try transaction.read(secret)
            try transaction.audit.record(
                .secretRead, ResourceKey(id).description, version: version.number, detail: "for a rotation", by: context
            )
            var values = [current]
            if let rotation = try transaction.store.rotation(of: secret.rowID), rotation.step.isUnpromoted {
                values.insert(try transaction.openValue(of: secret, version: rotation.candidate), at: 0)
            }
            return try values.map { value in
                guard let user = value.leaf(at: credentials.usernameField)?.bytes.revealText(),
                    let password = value.leaf(at: credentials.passwordField)
                else {
                    throw HandlerFailure(
                        .unsuitable,
                        "the secret \(id) has no `\(credentials.usernameField)` and `\(credentials.passwordField)`",
                        hint: "name its fields in `credentialsFrom` of the Connection")
                }
                return (user, password.bytes)
            }
        }
    }
}
