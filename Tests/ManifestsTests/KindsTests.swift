import ResealCore
import Testing

@testable import ResealManifests

/// What each kind decodes to, from samples that have every key.
@Suite struct KindsTests {
    private func specs(_ kind: ResourceKind) throws -> [ManifestSpec] {
        try Samples.all.filter { $0.kind == kind }.map { try #require(read($0.text).manifests.first?.spec, "\($0)") }
    }

    private func secrets() throws -> [SecretSpec] {
        try specs(.secret).map {
            guard case .secret(let spec) = $0 else { throw Missing() }
            return spec
        }
    }

    private struct Missing: Error {}

    @Test func aRepository() throws {
        guard case .repository(let spec) = try specs(.repository)[0] else { throw Missing() }
        var expected = RepositorySpec(id: "0123456789abcdef-orders")
        expected.description = "All secrets of orders"
        expected.environment = "production"
        expected.requireBinding = true
        expected.driftPolicy = .revert
        expected.limits.massDeletionCount = 5
        expected.limits.massDeletionPercent = 10
        expected.limits.fileBytes = 1_048_576
        expected.limits.valueBytes = 65_536
        #expect(spec == expected)
    }

    @Test func repositoryDefaultsAreThoseOfTheSchema() throws {
        let text = "apiVersion: reseal/v1\nkind: Repository\nmetadata: {name: a}\nspec: {id: 0123456789abcdef}\n"
        guard case .repository(let spec)? = read(text).manifests.first?.spec else { throw Missing() }
        #expect(spec == RepositorySpec(id: "0123456789abcdef"))
        let schema = JSONSchema.document()["definitions"]?["Repository"]?["properties"]
        let limits = schema?["limits"]?["properties"]
        #expect(schema?["driftPolicy"]?["default"]?.stringValue == spec.driftPolicy.rawValue)
        #expect(schema?["requireBinding"]?["default"]?.boolValue == spec.requireBinding)
        #expect(limits?["fileBytes"]?["default"]?.integerValue == Int64(spec.limits.fileBytes))
        #expect(limits?["valueBytes"]?["default"]?.integerValue == Int64(spec.limits.valueBytes))
        let deletion = limits?["massDeletion"]?["properties"]
        #expect(deletion?["count"]?["default"]?.integerValue == Int64(spec.limits.massDeletionCount))
        #expect(deletion?["percent"]?["default"]?.integerValue == Int64(spec.limits.massDeletionPercent))
    }

    @Test func someRecipients() throws {
        guard case .recipients(let spec) = try specs(.recipients)[0] else { throw Missing() }
        let path = try #require(Glob("manifests/prod/**"))
        let name = try #require(Glob("prod/*"))
        var expected = RecipientsSpec(controller: Key.controller)
        expected.groups = ["ops": [Key.alice, Key.bob]]
        expected.rules = [
            .init(
                paths: [path], names: [name], pathPattern: .init(regex: "[.]ya?ml$", folder: "manifests/prod"),
                recipients: ["group:ops"]),
            .init(paths: [], names: [], recipients: [Key.alice]),
        ]
        #expect(spec.sopsConfig?.path == ".sops.yaml")
        expected.sopsConfig = spec.sopsConfig
        #expect(spec == expected)
    }

    @Test func aRole() throws {
        guard case .role(let spec) = try specs(.role)[0] else { throw Missing() }
        #expect(
            spec
                == RoleSpec(
                    description: "On call", members: ["user:alice", "service:orders"].compactMap { Principal($0) },
                    oidc: [.init(provider: "github", claims: ["repository": "acme/orders", "ref": "refs/heads/*"])],
                    certificates: ["orders.internal"]))
    }

    @Test func aSecret() throws {
        let spec = try secrets()[0]
        #expect(spec.type == .database && spec.description == "Orders, primary" && spec.service == "orders")
        #expect(spec.environment == "production" && spec.metadata == ["owner": "team-orders", "tier": "1"])
        #expect(spec.value?.leaves.map(\.shown) == ["string db.internal"])
        #expect(spec.value?.leaf(FieldPath(["host"]))?.isSealed == false && spec.value?.isScalar == false)
        func list(_ texts: String...) -> [Principal] { texts.compactMap { Principal($0) } }
        #expect(
            spec.permissions
                == Permissions(
                    read: list("role:backend", "service:orders"), write: list("role:sre"), rotate: list("user:alice"),
                    delete: list("user:bob")))
        #expect(spec.keepPrevious == TimeSpan("7d") && spec.expiresAt == Timestamp("2031-01-31T08:00:00Z"))
        #expect(!spec.autoRenew && spec.sensitive && spec.deletionProtection)
        #expect(spec.sync == ["cluster"] && spec.driftPolicy == .report)
    }

    @Test func aRotation() throws {
        let rotation = try #require(try secrets()[0].rotation)
        #expect(
            rotation.every == TimeSpan("30d") && rotation.splay == TimeSpan("30m") && rotation.notify == ["on-call"])
        #expect(rotation.window?.duration == TimeSpan("2h") && rotation.window?.opens.description == "0 3 * * 1-5")
        #expect(rotation.generate == nil && rotation.handler == nil)
    }

    @Test func aSecretWithDefaults() throws {
        let spec = try #require(read(secret("{}")).manifests.first?.secretSpec)
        #expect(spec.type == .generic && spec.value == nil && spec.permissions == Permissions())
        #expect(spec.keepPrevious == SecretSpec.defaultKeepPrevious && spec.driftPolicy == nil && !spec.sensitive)
    }

    @Test func allGenerators() throws {
        let kinds = try secrets().compactMap { $0.rotation?.generate }
        #expect(
            kinds.map(\.name) == ["password", "bytes", "uuid", "passphrase", "ssh", "rsa", "ec", "ed25519", "x509"])
        let certificate = GeneratorSpec.CertificateRequest(
            commonName: "orders.internal", dnsNames: ["orders.internal", "*.orders.internal"],
            ipAddresses: ["10.0.0.1", "fd00::1"], validity: TimeSpan(seconds: 90 * 86_400), key: .ec, bits: 3072,
            curve: "p256", issuer: "ca/internal")
        #expect(
            kinds.map(\.kind) == [
                .password(length: 40, symbols: "-_", exclude: "lIO0"), .bytes(length: 64, encoding: "hex"), .uuid,
                .passphrase(words: 6, separator: " "), .ssh(algorithm: "rsa", bits: 4096, comment: "deploy"),
                .key(.rsa, bits: 2048, curve: "p256"), .key(.ec, bits: 3072, curve: "p384"),
                .key(.ed25519, bits: 3072, curve: "p256"), .x509(certificate),
            ])
        #expect(kinds[0].field == FieldPath(["password"]) && kinds[4].publicField == FieldPath(["public"]))
        #expect(kinds[8].certificateField == FieldPath(["certificate"]))
        #expect(kinds[8].csrField == FieldPath(["csr"]))
    }

    @Test func allHandlers() throws {
        #expect(
            try secrets().compactMap { $0.rotation?.handler } == [
                .postgresql(connection: "orders-admin", role: "orders", alternateRole: "orders_b"),
                .exec(command: "reload-orders", timeout: TimeSpan(seconds: 45)),
                .http(connection: "api", path: "/v1/rotate", method: "PUT", timeout: TimeSpan(seconds: 5)),
                .oauth(connection: "idp", scopes: ["read", "write"]),
            ])
    }

    @Test func allConnections() throws {
        let all = try specs(.connection).map {
            guard case .connection(let spec) = $0 else { throw Missing() }
            return spec
        }
        #expect(all.map(\.engine) == ["postgresql", "http", "oauth", "ssh", "aws", "kubernetes", "github"])
        #expect(all.map(\.endpoint) == ["main", "api", "idp", "bastion", "local", "cluster", "ghe"])
        let credentials = CredentialsReference(
            secret: "admin", usernameField: FieldPath(["user"]), passwordField: FieldPath(["pass"]))
        #expect(all.allSatisfy { $0.credentials == credentials })
        #expect(all[0].database == "orders" && all[0].timeout == TimeSpan("5s") && all[4].region == "eu-central-1")
    }

    @Test func allDynamicSecrets() throws {
        let all = try specs(.dynamicSecret).map {
            guard case .dynamicSecret(let spec) = $0 else { throw Missing() }
            return spec
        }
        #expect(
            all.map(\.engine) == [
                .postgresql(
                    connection: "orders-admin",
                    creation: [#"CREATE ROLE "{{name}}" LOGIN"#, #"GRANT orders TO "{{name}}""#], renewal: ["SELECT 1"],
                    revocation: [#"DROP ROLE "{{name}}""#]),
                .aws(connection: "aws", roleARN: "arn:aws:iam::123456789012:role/x", sessionPolicy: "{}"),
                .ssh(issuer: "ca/ssh", principals: ["deploy"], extensions: ["permit-pty"]),
            ])
        #expect(all.allSatisfy { $0.ttl == TimeSpan("30m") && $0.maxTTL == TimeSpan("4h") && $0.service == "orders" })
        #expect(
            all[0].generate.map(\.description) == ["role:backend"] && all[0].revoke.map(\.description) == ["role:sre"])
    }

    /// Kinds without a type of their own are read from their public form.
    @Test(arguments: Samples.all) func publicFormsHoldTheWholeSpec(_ sample: Samples.Sample) throws {
        let manifest = try #require(read(sample.text).manifests.first)
        let form = try JSON(parsing: manifest.publicForm)
        #expect(form.canonicalBytes == manifest.publicForm)
        let metadata: JSON = ["labels": ["team": "orders"], "annotations": ["note": "for people"]]
        #expect(form["metadata"] == metadata)
        #expect(manifest.labels == ["team": "orders"])
        let keys = Outline(sample.text)[["spec"]]?.keys ?? []
        #expect(form["spec"]?.objectValue?.keys.sorted() == keys.sorted())
    }

    @Test(arguments: Samples.all) func readingIsDeterministic(_ sample: Samples.Sample) {
        let forms = (0..<3).map { _ in read(sample.text).manifests.map(\.publicForm) }
        #expect(forms[0] == forms[1] && forms[1] == forms[2])
    }
}
