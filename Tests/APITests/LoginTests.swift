import Foundation
import ResealCore
import TestSupport
import Testing

/// Logins by tokens of an identity provider.
@Suite struct LoginTests {
    private let issuer: TestIssuer
    private let key: TestKey
    private let api: RunningAPI

    init() throws {
        issuer = try TestIssuer()
        key = try TestKey(.p256, id: "one", in: issuer.folder)
        try issuer.publish(key)
        let user = try Installation()
        try user.repository.write(
            "manifests/roles.yaml",
            """
            apiVersion: reseal/v1
            kind: Repository
            metadata: {name: repository}
            spec: {id: 0123456789abcdef}
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: deployers}
            spec:
              oidc:
                - provider: ci
                  claims: {repository: octo/app, ref: refs/heads/*}
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: auditors}
            spec:
              oidc: [{provider: ci, claims: {repository: octo/*, groups: audit}}]
            ---
            apiVersion: reseal/v1
            kind: Role
            metadata: {name: others}
            spec:
              oidc: [{provider: elsewhere, claims: {repository: octo/app}}]
            """)
        try user.repository.commit()
        try user.check("init")
        try user.check("apply", "--yes", "--identity", user.identity, "--repo", user.repository.path)
        api = try RunningAPI(
            user,
            settings: """
                access:
                  - {names: [app/*], principals: [role:deployers], actions: [read, write]}
                  - {names: [audit/*], principals: [role:auditors], actions: [read, write]}
                  - {names: [other/*], principals: [role:others], actions: [read, write]}
                api:
                  jwt:
                    - name: ci
                      issuer: \(issuer.url)
                      audience: [reseal, https://vault.example.com]
                      ca-file: \(issuer.authorityFile)
                      ttl: 10m
                """)
    }

    private func logIn(
        _ token: String, role: String? = nil, headers: [String] = []
    ) throws -> (status: Int, document: JSON?) {
        var body: [String: JSON] = ["jwt": .string(token)]
        body["role"] = role.map(JSON.string)
        return try api.ask("POST", "auth/jwt/login", JSON.object(body).canonical, token: nil, headers: headers)
    }

    private func enter(_ claims: [String: JSON] = [:], role: String? = nil) throws -> String {
        let reply = try logIn(key.token("ES256", issuer.claims(claims)), role: role)
        #expect(reply.status == 200, "\(reply)")
        return try #require(reply.document?[path: "auth", "client_token"]?.stringValue)
    }

    private func reads(_ name: String, _ token: String) throws -> Bool {
        // Where it may be read, nothing is there.
        try api.ask("GET", "secret/data/\(name)", token: token).status == 404
    }

    private func lastReason() throws -> String {
        let trail = try api.user.check("audit", "list", "--type", "token.login", "--json").stdout
        let last = try JSON(parsing: try #require(trail.split(separator: 0x0a).last))
        #expect(last["result"] == "refused")
        return last["detail"]?.stringValue?.split(separator: ":").first.map(String.init) ?? ""
    }

    @Test func whoeverFitsGetsTheRolesThatFit() throws {
        let reply = try logIn(key.token("ES256", issuer.claims()))
        let auth = try #require(reply.document?["auth"])
        #expect(auth["renewable"] == false && auth["lease_duration"]?.integerValue ?? 0 > 590)
        #expect(auth["policies"] == ["service:jwt/ci/repo+3Aocto/app+3Aref+3Arefs/heads/main"])
        let token = try #require(auth["client_token"]?.stringValue)
        #expect(try reads("app/x", token))
        #expect(try !reads("audit/x", token) && !reads("other/x", token) && !reads("x", token))
        let child = try api.ask("POST", "auth/token/create", "{}", token: token).document
        #expect(try reads("app/x", try #require(child?[path: "auth", "client_token"]?.stringValue)))
        let trail = try api.user.check("audit", "list", "--type", "token.login").text
        #expect(trail.contains("jwt of ci, roles: deployers"))
        try api.user.check("audit", "verify")
    }

    @Test func aRequestMayAskForOneRole() throws {
        let groups: [String: JSON] = ["groups": ["dev", "audit"]]
        let both = try enter(groups)
        #expect(try reads("app/x", both) && reads("audit/x", both))
        let one = try enter(groups, role: "auditors")
        #expect(try !reads("app/x", one) && reads("audit/x", one))
        #expect(try logIn(key.token("ES256", issuer.claims()), role: "auditors").status == 403)
        #expect(try lastReason() == "login.no-role")
        #expect(try logIn(key.token("ES256", issuer.claims()), role: "others").status == 403)
    }

    @Test func whatGitTakesBackIsGone() throws {
        let token = try enter()
        #expect(try reads("app/x", token))
        let path = "\(api.user.repository.path)/manifests/roles.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try api.user.repository.write("manifests/roles.yaml", text.replacing("octo/app, ref", with: "octo/moved, ref"))
        try api.user.repository.commit()
        try api.user.check("apply", "--yes", "--identity", api.user.identity, "--repo", api.user.repository.path)
        #expect(try !reads("app/x", token))
    }

    @Test(arguments: [
        ("rsa", "RS256"), ("rsa", "RS384"), ("rsa", "RS512"), ("rsa", "PS256"), ("rsa", "PS384"), ("rsa", "PS512"),
        ("p256", "ES256"), ("p384", "ES384"), ("ed25519", "EdDSA"),
    ])
    func everyAlgorithm(_ kind: String, _ algorithm: String) throws {
        let key = try TestKey(try #require(TestKey.Kind(rawValue: kind)), id: "k", in: issuer.folder)
        try issuer.publish(key, self.key)
        let reply = try logIn(key.token(algorithm, issuer.claims()))
        #expect(reply.status == 200, "\(reply)")
    }

    @Test func eachDefectIsRefusedAlike() throws {
        let now = Int64(Date().timeIntervalSince1970)
        let good = try key.token("ES256", issuer.claims())
        #expect(try logIn(good).status == 200)
        let parts = good.split(separator: ".").map(String.init)
        func unsigned(_ header: String) -> String {
            "\(TestKey.base64URL(Array(header.utf8))).\(parts[1])."
        }
        let changed = TestKey.base64URL(issuer.claims(["repository": "octo/other"]).canonicalBytes)
        let other = try TestKey(.p256, id: "one", in: try TemporaryFolder())
        let unknown = try TestKey(.p256, id: "two", in: issuer.folder)
        let hmac = #"{"alg":"HS256","kid":"one"}"#
        let defects: [(String, String)] = [
            ("not a token", "login.malformed"), ("a.b.c", "login.malformed"),
            ("\(parts[0]).\(parts[1])", "login.malformed"), ("\(good).\(parts[2])", "login.malformed"),
            ("\(good)=", "login.malformed"), (String(repeating: "a", count: 20_000), "login.malformed"),
            (unsigned(#"{"alg":"none"}"#), "login.algorithm"), (unsigned(hmac), "login.algorithm"),
            (unsigned(#"{"alg":"ES256","alg":"none"}"#), "login.malformed"),
            (try key.token("ES256", issuer.claims(), header: ["crit": ["x"]]), "login.malformed"),
            ("\(parts[0]).\(changed).\(parts[2])", "login.signature"),
            ("\(parts[0]).\(parts[1]).\(TestKey.base64URL([UInt8](repeating: 0, count: 64)))", "login.signature"),
            ("\(parts[0]).\(parts[1]).", "login.signature"),
            (try other.token("ES256", issuer.claims()), "login.signature"),
            (try unknown.token("ES256", issuer.claims()), "login.unknown-key"),
            (try key.token("ES256", issuer.claims(), header: ["alg": "RS256"]), "login.unknown-key"),
            (try key.token("ES256", issuer.claims(["iss": .string(issuer.url + "/")])), "login.unknown-issuer"),
            (try key.token("ES256", issuer.claims(["iss": 1])), "login.unknown-issuer"),
            (try key.token("ES256", issuer.claims(["aud": "resea"])), "login.audience"),
            (try key.token("ES256", issuer.claims(["aud": .null])), "login.audience"),
            (try key.token("ES256", issuer.claims(["exp": .integer(now - 1)])), "login.expired"),
            (try key.token("ES256", issuer.claims(["exp": .null])), "login.malformed"),
            (try key.token("ES256", issuer.claims(["exp": "soon"])), "login.malformed"),
            (try key.token("ES256", issuer.claims(["nbf": .integer(now + 90)])), "login.not-yet-valid"),
            (try key.token("ES256", issuer.claims(["iat": .integer(now + 90)])), "login.not-yet-valid"),
            (try key.token("ES256", issuer.claims(["sub": ""])), "login.malformed"),
            (try key.token("ES256", issuer.claims(["repository": "octo/other"])), "login.no-role"),
            (try key.token("ES256", issuer.claims(["ref": "refs/tags/v1"])), "login.no-role"),
        ]
        // A guard that counts failures would end the test; each of a few shares one server.
        var count = 0
        var current = api
        for (token, reason) in defects {
            if count == 9 { (current, count) = (try RunningAPI(api.user), 0) }
            count += 1
            let body = JSON.object(["jwt": .string(token)]).canonical
            let reply = try current.ask("POST", "auth/jwt/login", body, token: nil)
            #expect(reply.status == 403 && reply.document == ["errors": ["permission denied"]], "\(reason)")
            #expect(try lastReason() == reason, "\(token.prefix(40))")
        }
        let within = try key.token(
            "ES256", issuer.claims(["nbf": .integer(now + 50), "aud": ["x", "https://vault.example.com"]]))
        #expect(try logIn(within).status == 200)
    }

    @Test func whatIsNoLoginIsNoGuess() throws {
        #expect(try api.ask("POST", "auth/jwt/login", "{}", token: nil).status == 403)
        #expect(try api.ask("POST", "auth/jwt/login", "{", token: nil).status == 400)
        #expect(try api.ask("GET", "auth/jwt/login", token: nil).status == 403)
        #expect(try logIn(key.token("ES256", issuer.claims()), headers: ["X-Vault-Namespace: acme"]).status == 403)
        #expect(try lastReason() == "login.namespace")
        #expect(try logIn(key.token("ES256", issuer.claims()), headers: ["X-Vault-Namespace: default"]).status == 200)
        let large = String(repeating: "x", count: 100_000)
        #expect(try api.ask("POST", "auth/jwt/login", large, token: nil).status == 413)
    }

    @Test func whoeverGuessesIsLockedOut() throws {
        for _ in 0..<10 { #expect(try logIn("a.b.c").status == 403) }
        #expect(try logIn(key.token("ES256", issuer.claims())).status == 429)
    }

    @Test func keysRotate() throws {
        _ = try enter()
        let next = try TestKey(.rsa, id: "two", in: issuer.folder)
        try issuer.publish(next)
        // The issuer is not asked again at once.
        usleep(5_100_000)
        #expect(try logIn(next.token("RS256", issuer.claims())).status == 200)
        #expect(try logIn(key.token("ES256", issuer.claims())).status == 403)
        #expect(try lastReason() == "login.unknown-key")
    }

    @Test func keysOutliveTheIssuer() throws {
        _ = try enter()
        issuer.isDown = true
        _ = try enter()
        let unknown = try TestKey(.p256, id: "two", in: issuer.folder)
        for _ in 0..<5 { #expect(try logIn(unknown.token("ES256", issuer.claims())).status == 403) }
        #expect(issuer.requests.count <= 4, "\(issuer.requests)")
        // Nothing is known yet.
        let fresh = try RunningAPI(api.user)
        let body = JSON.object(["jwt": .string(try key.token("ES256", issuer.claims()))]).canonical
        #expect(try fresh.ask("POST", "auth/jwt/login", body, token: nil).status == 403)
        #expect(try lastReason() == "login.keys-unavailable")
    }

    @Test func aLoginCanBeWrapped() throws {
        let reply = try logIn(key.token("ES256", issuer.claims()), headers: ["X-Vault-Wrap-TTL: 60s"])
        let info = try #require(reply.document?["wrap_info"])
        #expect(info["creation_path"] == "auth/jwt/login" && reply.document?["auth"] == .null)
        let opened = try api.ask("POST", "sys/wrapping/unwrap", token: try #require(info["token"]?.stringValue))
        let token = try #require(opened.document?[path: "auth", "client_token"]?.stringValue)
        #expect(try reads("app/x", token))
    }

    @Test func baoLogsIn() throws {
        let environment = api.user.environment.merging(["BAO_ADDR": api.base]) { $1 }
        let result = try Command.run(
            try Command.find("bao"),
            [
                "write", "-format=json", "auth/jwt/login", "role=deployers",
                "jwt=\(key.token("ES256", issuer.claims()))",
            ],
            environment: environment, directory: api.user.work, timeout: .seconds(60))
        #expect(result.status == 0, "\(result.errorText)")
        let token = try JSON(parsing: result.stdout)[path: "auth", "client_token"]?.stringValue
        #expect(try reads("app/x", try #require(token)))
    }

    @Test func mistakesOfTheSettingsAreReported() throws {
        let one = "name: a, issuer: 'https://a.example', audience: x"
        for (entries, words) in [
            ("[{issuer: 'https://a.example', audience: x}]", "needs `name`"), ("[{\(one), ttl: 2d}]", "out of range"),
            ("[{name: a, issuer: 'http://a.example', audience: x}]", "`issuer` is wrong"),
            ("[{\(one), jwks-url: 'http://a.example/keys'}]", "`jwks-url` is wrong"),
            ("[{\(one)}, {\(one)}]", "the same tokens"), ("[{\(one), organization: A}]", "`organization` is wrong"),
        ] {
            let user = try Installation()
            try user.check("init")
            try Data("api: {jwt: \(entries)}\n".utf8).write(to: URL(fileURLWithPath: "\(user.home)/config.yaml"))
            let result = try user.reseal(["config", "check"])
            #expect(result.status == 1 && result.errorText.contains(words), "\(entries): \(result.errorText)")
        }
    }
}
