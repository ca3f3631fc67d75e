package import ResealCore
package import ResealHTTP
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// A token endpoint of the controller's configuration, and who we are there.
package struct OAuthTarget: Sendable {
    package enum Authentication: String, Sendable, CaseIterable {
        /// In the header, RFC 6749's first choice.
        case basic
        /// In the form, for servers that know no other way.
        case post
    }
    package var address: WebAddress
    package var settings: WebSettings
    package var client: WebLogin
    package var authentication: Authentication

    package init(address: WebAddress, settings: WebSettings, client: WebLogin, authentication: Authentication) {
        self.address = address
        self.settings = settings
        self.client = client
        self.authentication = authentication
    }
}

/// Renews tokens by a refresh token (RFC 6749, section 6). The server makes the new value, and may make the present
/// refresh token invalid by doing so.
package struct OAuthHandler: IssuingHandler {
    private let target: OAuthTarget
    private let scopes: [String]
    private let clock: WallClock
    private let client: WebClient

    package init(_ target: OAuthTarget, scopes: [String], clock: WallClock = .system) {
        self.target = target
        self.scopes = scopes
        self.clock = clock
        client = WebClient(target.settings)
    }

    // The answer of the endpoint is the proof that the tokens are valid, and there is nobody to tell of them.
    package var retires: Bool { false }
    package func companions(of field: FieldPath, in previous: SecretValue?) throws -> [SecretValue.Leaf] { [] }
    package func handOver(_ job: RotationJob) throws {}
    package func verify(_ job: RotationJob) throws {}
    package func retire(_ job: RotationJob) throws {}

    package func rollBack(_ job: RotationJob) throws {
        func token(_ value: SecretValue?) -> SecretBytes? {
            value.flatMap { OAuthFields($0).leaf(.accessToken)?.bytes }
        }
        guard let new = token(job.value), token(job.previous)?.isEqual(to: new) != true else { return }
        throw HandlerFailure(
            .unsuitable,
            "the tokens of \(job.id) were renewed, which cannot be taken back: the old ones may be invalid",
            hint: "`reseal rotate \(job.id.name)` makes the new ones current")
    }

    // MARK: Tokens

    package func issue(_ current: SecretValue, for id: SecretID) throws -> [SecretValue.Leaf] {
        let fields = OAuthFields(current)
        guard let refresh = fields.leaf(.refreshToken), !refresh.bytes.isEmpty else {
            throw HandlerFailure(
                .unsuitable, "the value of \(id) has no field `refresh_token`",
                hint: "log in at the provider, and store what it gives: reseal set \(id.name) --field refresh_token")
        }
        let asked = clock.now()
        let response: WebResponse
        do { response = try client.sendAndWait(request(refresh.bytes)) } catch let failure as HTTPFailure
            where !failure.isUnsent
        {
            throw lost(id, failure.message)
        }
        guard response.status == 200 else { throw refusal(response, id) }
        guard let answer = response.body.withUnsafeBytes({ try? JSON(parsing: Array($0)) }),
            let access = answer[OAuthFields.Name.accessToken.rawValue]?.stringValue, !access.isEmpty
        else { throw lost(id, "\(target.address.place) answered with no token that can be read") }
        return leaves(answer, access: access, fields, asked)
    }

    private func request(_ refresh: SecretBytes) -> WebRequest {
        var form: [(name: String, value: SecretBytes)] = [
            ("grant_type", SecretBytes(utf8: "refresh_token")), ("refresh_token", refresh),
        ]
        if !scopes.isEmpty { form.append(("scope", SecretBytes(utf8: scopes.joined(separator: " ")))) }
        var headers: [(name: String, value: String)] = [
            ("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"),
        ]
        switch target.authentication {
        case .basic: headers.append(("authorization", target.client.oauthBasic))
        case .post:
            form.append(("client_id", SecretBytes(utf8: target.client.user)))
            if !target.client.password.isEmpty { form.append(("client_secret", target.client.password)) }
        }
        return WebRequest("POST", target.address, headers: headers, body: .secret(PercentEncoding.form(form)))
    }

    /// Without a new refresh token, the present one goes on (RFC 6749, section 6).
    private func leaves(
        _ answer: JSON, access: String, _ fields: OAuthFields, _ asked: Timestamp
    ) -> [SecretValue.Leaf] {
        var leaves = [fields.replacing(.accessToken, with: access)]
        if let refresh = answer[OAuthFields.Name.refreshToken.rawValue]?.stringValue, !refresh.isEmpty {
            leaves.append(fields.replacing(.refreshToken, with: refresh))
        }
        let lifetime = answer["expires_in"]
        if let seconds = lifetime?.integerValue ?? lifetime?.stringValue.flatMap(Int64.init), seconds > 0 {
            let expiry = asked.adding(TimeSpan(seconds: seconds))
            leaves.append(fields.replacing(.expiresAt, with: expiry.description))
        }
        for name in [OAuthFields.Name.scope, .tokenType, .idToken] where fields.leaf(name) != nil {
            if let text = answer[name.rawValue]?.stringValue { leaves.append(fields.replacing(name, with: text)) }
        }
        return leaves
    }

    // MARK: Failures

    private func lost(_ id: SecretID, _ reason: String) -> HandlerFailure {
        HandlerFailure(
            .answerLost, "new tokens of \(id) were asked for, and did not arrive: \(reason)",
            hint: "the next attempt shows whether the refresh token is still valid", retry: .later)
    }

    /// RFC 6749, section 5.2. Only its own words are shown.
    private static let knownErrors: Set<String> = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope",
    ]

    private func refusal(_ response: WebResponse, _ id: SecretID) -> HandlerFailure {
        let error = response.body.withUnsafeBytes { try? JSON(parsing: Array($0)) }?["error"]?.stringValue
        let code = error.flatMap { Self.knownErrors.contains($0) ? $0 : nil }
        if code == "invalid_grant" {
            return HandlerFailure(
                .loginNeeded, "\(target.address.place) does not accept the refresh token of \(id) any more",
                hint: "log in at the provider, and store what it gives: reseal set \(id.name) --field refresh_token")
        }
        // A server, or a proxy before it, that fails may have renewed the tokens first.
        if response.status >= 500 {
            return lost(id, "\(target.address.place) answered with status \(response.status)")
        }
        return HandlerFailure(
            .requestFailed,
            "\(target.address.place) answered with status \(response.status)" + (code.map { " (\($0))" } ?? ""),
            hint: code == "invalid_client" ? "check the credentials of the Connection" : nil,
            retry: response.isTemporary ? .later : .afterFix)
    }
}
