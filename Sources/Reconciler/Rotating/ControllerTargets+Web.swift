internal import ResealCore
internal import ResealEngines
internal import ResealHTTP
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

extension ControllerTargets {
    func http(
        _ name: String, path: String, timeout: TimeSpan, for id: SecretID, by context: ActionContext
    ) throws -> HTTPTarget {
        let (connection, place) = try self.connection(name, engine: "http", for: id)
        let endpoint = try files.webEndpoint(place, timeout: timeout)
        let key = try connection.signingKey.map { try secret($0, organization: id.organization, by: context) }
        guard let key = key ?? endpoint.signingKey else {
            throw HandlerFailure(
                .notConfigured, "nothing signs the requests to the Connection `\(name)`",
                hint: "set `signing-key-file` in \(endpoint.path), or `signingKeyFrom` in the Connection")
        }
        guard !endpoint.address.target.contains("?") else {
            throw HandlerFailure(
                .notConfigured, "the address in \(endpoint.path) has a query, so no path can follow it",
                hint: "leave out the `?` and what comes after it")
        }
        let address = try endpoint.address.appending(String(path.drop { $0 == "/" }))
        return HTTPTarget(
            address: address, settings: endpoint.settings, signature: try WebhookSignature(key: key),
            login: try login(connection.credentials, organization: id.organization, by: context))
    }

    func oauth(_ name: String, for id: SecretID, by context: ActionContext) throws -> OAuthTarget {
        let (connection, place) = try self.connection(name, engine: "oauth", for: id)
        let endpoint = try files.webEndpoint(place, keys: ["client-authentication"], timeout: connection.timeout)
        let word = endpoint.options["client-authentication"] ?? OAuthTarget.Authentication.basic.rawValue
        guard let authentication = OAuthTarget.Authentication(rawValue: word) else {
            throw HandlerFailure(
                .notConfigured, "\(endpoint.path) has an unknown `client-authentication`", hint: "basic or post")
        }
        guard let client = try login(connection.credentials, organization: id.organization, by: context) else {
            throw HandlerFailure(
                .unsuitable, "the Connection `\(name)` has no client", hint: "set `credentialsFrom`")
        }
        return OAuthTarget(
            address: endpoint.address, settings: endpoint.settings,
            client: client, authentication: authentication)
    }

    /// The first login of those that may be valid; `nil` where there are no credentials.
    func login(
        _ credentials: CredentialsReference?, organization: String, by context: ActionContext
    ) throws -> WebLogin? {
        try credentials.flatMap { try logins($0, organization: organization, by: context).first }.map {
            WebLogin(user: $0.user, password: $0.password)
        }
    }

    /// One field of a secret of this vault. Its reading is recorded.
    func secret(
        _ reference: FieldReference, organization: String, by context: ActionContext
    ) throws -> SecretBytes {
        let id = SecretID(reference.secret, organization: organization)
        return try core.audited(.secretRead, ResourceKey(id).description, by: context) { transaction in
            let (version, value) = try transaction.read(try transaction.existing(id))
            try transaction.audit.record(
                .secretRead, ResourceKey(id).description, version: version.number, detail: "to sign", by: context)
            let leaf = reference.field.map { value.leaf(at: $0) } ?? (value.leaves.count == 1 ? value.leaves[0] : nil)
            guard let leaf else {
                throw HandlerFailure(
                    .unsuitable, "the secret \(id) has no field that could be the key",
                    hint: "name it with `field` in `signingKeyFrom`")
            }
            return leaf.bytes
        }
    }
}
