import ResealCore
import ResealManifests
import TestSupport
import Testing

@Suite struct DetectionTests {
    struct Case: Sendable, CustomStringConvertible {
        let text: String
        var file = "settings.yaml"
        var rule: LintRule?
        var description: String { "\(file): \(text.prefix(60))" }
    }

    static let found: [Case] = [
        // Shapes of known credentials, in any file.
        Case(text: "token = \(Sample.githubToken)", file: "main.c", rule: .knownToken),
        Case(text: "see \(Sample.githubToken).", file: "README.md", rule: .knownToken),
        Case(text: "x:\(Sample.awsKey)", file: "package-lock.json", rule: .knownToken),
        Case(text: "AIza" + Sample.letters(Sample.alphanumeric, 35), file: "a.kt", rule: .knownToken),
        Case(text: "glpat-" + Sample.letters(Sample.alphanumeric, 20), file: ".gitlab-ci.yml", rule: .knownToken),
        Case(
            text: "xoxb-" + Sample.letters(Sample.digits, 12) + "-" + Sample.letters(Sample.alphanumeric, 24),
            file: "a.rb", rule: .knownToken),
        Case(
            text: "https://hooks.slack.com/services/T" + Sample.letters(Sample.upper, 8) + "/B"
                + Sample.letters(Sample.upper, 8) + "/" + Sample.letters(Sample.alphanumeric, 24), file: "a.py",
            rule: .knownToken),
        Case(text: "sk_" + "live_" + Sample.letters(Sample.alphanumeric, 24), file: "a.ts", rule: .knownToken),
        Case(text: "GOCSPX-" + Sample.letters(Sample.alphanumeric, 28), file: "a.json", rule: .knownToken),
        Case(text: "Authorization: Bearer \(Sample.webToken)", file: "a.http", rule: .knownToken),
        Case(text: "DATABASE_URL=postgres://orders:h4rd2guess@db.internal/orders", file: ".env", rule: .knownToken),
        Case(text: #"url = "amqp://svc:Tr0ub4dor@mq.internal""#, file: "a.go", rule: .knownToken),
        // Keys.
        Case(text: Sample.pem(), file: "server.key", rule: .privateKey),
        Case(text: Sample.pem("RSA PRIVATE KEY"), file: "a.txt", rule: .privateKey),
        Case(text: Sample.pem("OPENSSH PRIVATE KEY"), file: "id_ed25519", rule: .privateKey),
        Case(
            text: #"{"key": ""# + Sample.pem().replacing("\n", with: #"\n"#) + #""}"#, file: "sa.json",
            rule: .privateKey),
        Case(text: "# created\n\(Sample.ageIdentity)\n", file: "key.txt", rule: .privateKey),
        // Names.
        Case(text: "password: letmein", rule: .plainSecret),
        Case(text: "DB_PASSWORD=hunter2", file: ".env", rule: .plainSecret),
        Case(text: "export DB_PASSWORD=hunter2", file: "deploy.sh", rule: .plainSecret),
        Case(text: #"{"clientSecret": "s3cr3tv4lue"}"#, file: "a.json", rule: .plainSecret),
        Case(text: #"const apiKey = "q9w8e7r6t5";"#, file: "a.ts", rule: .plainSecret),
        Case(text: #"private_key = 'k3yk3yk3y'"#, file: "a.toml", rule: .plainSecret),
        Case(text: "password: |\n  hunter2hunter2\n", rule: .plainSecret),
        Case(text: "data:\n  password: aHVudGVyMg==\n", rule: .plainSecret),
        Case(
            text: "aws_secret_access_key = \(Sample.letters(Sample.base64, 40, seed: 3))", file: "credentials",
            rule: .plainSecret),
        Case(text: "passphrase: 'correct horse battery 9'", rule: .plainSecret),
        // Chance.
        Case(text: "salt: \(Sample.random)", rule: .randomText),
        Case(text: "let seed = \"\(Sample.random)\"", file: "a.swift", rule: .randomText),
    ]

    @Test(arguments: found)
    func whatIsASecretIsFound(sample: Case) {
        let findings = FileLint.findings(sample.text, file: sample.file)
        #expect(findings.map(\.rule) == [sample.rule], "\(findings)")
    }

    static let harmless: [Case] = [
        Case(text: "password: changeme"), Case(text: "password: ${DB_PASSWORD}"), Case(text: "password: $PASSWORD"),
        Case(text: "password: '{{ .Values.password }}'"), Case(text: "password: <your password>"),
        Case(text: "password:"), Case(text: "password: ''"), Case(text: "password: null"), Case(text: "password: ~"),
        Case(text: "password: example-password-1"), Case(text: "password: xxxxxxxx"),
        Case(text: "password: '********'"),
        Case(text: "passwordFile: /run/secrets/db1"), Case(text: "password: /run/secrets/db-password1"),
        Case(text: "secretName: orders-db-2"), Case(text: "credentialsFrom: {secret: prod/orders-db2}"),
        Case(text: "id-token: write"), Case(text: "token_ttl: 3600s1"), Case(text: "tokens: 12345678"),
        Case(text: "secret: my-secret-1"), Case(text: "imagePullSecrets: [registry-2]"),
        Case(text: "secrets: inherit"), Case(text: "password: ENC[AES256_GCM,data:abc1,iv:x,tag:y,type:str]"),
        Case(text: "token: ${{ secrets.GITHUB_TOKEN }}"), Case(text: "publicKey: abc123def456"),
        Case(text: "password_hash: abc123def456"), Case(text: "password: op://vault/item/1"),
        Case(text: "let password = readPassword1()", file: "a.swift"),
        Case(text: "if password == other2 {", file: "a.c"),
        Case(text: #"func f(token: String = "X-Auth-Token")"#, file: "a.swift"),
        Case(text: #"password: "Enter the password: ""#, file: "a.js"), Case(text: #"token: "token""#, file: "a.js"),
        Case(text: "password = input['password2']", file: "a.py"),
        Case(text: "the password: see above", file: "README.md"),
        // Public things.
        Case(text: "controller: age1ywg2d40m9teynk0cx99yhg8jpd4u36qdrdxrczy2450kfcpws3wsa7d5v8"),
        Case(
            text: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ" + Sample.letters(Sample.base64, 42) + " ada@host",
            file: "keys.pub"),
        Case(text: "commit: " + Sample.letters(Sample.hex, 40)), Case(text: "sha256:" + Sample.letters(Sample.hex, 64)),
        Case(text: "integrity: sha512-" + Sample.letters(Sample.base64, 86) + "=="),
        Case(text: "id: 5d0c7d0e-1c9b-4a6f-8e2d-3b7a90f1c6e4"),
        Case(text: "SHA256:" + Sample.letters(Sample.base64, 43)),
        Case(text: "h1:" + Sample.letters(Sample.base64, 43) + "=", file: "go.sum"),
        Case(text: Sample.armor, file: "value.age"), Case(text: Sample.pem("CERTIFICATE"), file: "ca.pem"),
        Case(text: Sample.pem("PUBLIC KEY"), file: "a.pem"), Case(text: Sample.pem("SSH SIGNATURE"), file: "a.sig"),
        Case(text: #"if text.hasPrefix("-----BEGIN PRIVATE KEY-----") {"#, file: "a.swift"),
        Case(text: "AK" + "IAIOSFODNN7EXAMPLE"), Case(text: "ghp" + "_" + String(repeating: "x", count: 36)),
        Case(text: "postgres://user:password@localhost/db", file: ".env"),
        Case(text: "https://user:${TOKEN}@git.internal/x", file: ".env"),
        Case(text: "http://host:8080/a@b", file: ".env"),
        Case(text: "src: url(data:font/woff2;base64,\(Sample.letters(Sample.base64, 900)))", file: "a.css"),
        Case(text: "func testAES256GCMEncryptsWithAssociatedData2ndVersion() {}", file: "a.swift"),
        Case(text: "Sources/Manifests/Lint/PlainValue2Tests/AndMore1.swift", file: "list.txt"),
        Case(text: "\"x\": \"\(Sample.random)\"", file: "package-lock.json"),
        Case(text: "https://docs.google.com/d/\(Sample.letters(Sample.alphanumeric, 44))/edit", file: "README.md"),
    ]

    @Test(arguments: harmless)
    func whatIsNoneIsNot(sample: Case) {
        let findings = FileLint.findings(sample.text, file: sample.file)
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test func aFindingNamesPlaceKindAndLengthOnly() throws {
        let text = "ä: 1\nkey: \"é\" # \(Sample.githubToken)\n"
        let finding = try #require(FileLint.findings(text).first)
        #expect(finding.span == SourceSpan(file: "settings.yaml", line: 2, column: 12))
        #expect(finding.message == "a GitHub personal access token stands here (40 characters)")
        let plain = try #require(FileLint.findings("a:\n  dbPassword: hunter22\n").first)
        #expect(plain.span.description == "settings.yaml:2:15")
        #expect(plain.message == "a password stands here in plain text (8 characters)")
    }

    @Test func fingerprintsDoNotMoveWithTheLines() {
        let before = FileLint.findings("password: hunter22\npassword: hunter23\n").map(\.fingerprint)
        let after = FileLint.findings("# more\n\npassword: hunter22\npassword: hunter23\n").map(\.fingerprint)
        #expect(before == after && Set(before).count == 2)
        // Nor do they depend on the secret, which could be guessed from them.
        #expect(FileLint.findings("password: otherpw1\npassword: hunter23\n").map(\.fingerprint) == before)
    }

    @Test func binaryAndLargeFilesAreLeftAlone() throws {
        #expect(FileLint.rules("password: hunter2\n\u{0}") == [])
        let config = try LintConfig(ManifestFile(path: "x", bytes: Array("maximumFileBytes: 10".utf8)))
        #expect(FileLint.rules("password: hunter2\n", config: config) == [.fileTooLarge])
    }

    /// What a hostile file can cost: everything is bounded by its size.
    @Test(arguments: [
        "-----BEGIN A-----\n", "password=", "eyJ-", "glpat-", "password=\"", "a://b:c1@", "# reseal-lint: ", "=",
        "- a: 1\n",
        "Ab3", "# reseal-lint: ignore plain-secret -- x\n",
    ])
    func repetitionCostsLittle(part: String) {
        let text = String(repeating: part, count: 400_000 / part.utf8.count)
        let clock = ContinuousClock()
        let time = clock.measure { _ = FileLint.findings(text) }
        #expect(time < .seconds(60), "\(time)")
    }
}
