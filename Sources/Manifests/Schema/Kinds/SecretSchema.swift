internal import ResealCore

extension ManifestSchema {
    static let secret = Shape.object(
        [
            Field(
                "type", .string(StringRule(.oneOf(SecretType.allCases.map(\.rawValue)))), "What kind of secret it is.",
                default: "generic")
        ] + describing + [
            Field("value", .value, "The value: one scalar, or a mapping of fields. Any leaf may be sealed with age."),
            Field("permissions", permissions, "Who may do what with it."),
            Field("rotation", rotation, "How its value is renewed."),
            Field(
                "keepPrevious", .durationOrZero, "How long a replaced version stays usable for rollback.",
                default: .string(SecretSpec.defaultKeepPrevious.description)),
            Field("expiresAt", .format(.timestamp), "When the value stops being valid."),
            Field("autoRenew", .boolean, "Rotate before `expiresAt`.", default: false),
            Field("sensitive", .boolean, "Ask for a reason at every read.", default: false),
            Field("sync", .references(.syncTarget), "Targets that receive copies."),
            Field(
                "deletionProtection", .boolean, "Stop every plan that would delete the secret.", default: false),
            Field(
                "driftPolicy", driftPolicy, "What to do about changes made in the vault; the repository's by default."),
        ])

    static let permissions = Shape.object([
        Field("read", principals, "Who may read the value."),
        Field("write", principals, "Who may set a new value."),
        Field("rotate", principals, "Who may ask for a rotation."),
        Field("delete", principals, "Who may delete the secret."),
    ])

    static let driftPolicy = Shape.string(StringRule(.oneOf(DriftPolicy.allCases.map(\.rawValue))))

    static let rotation = Shape.object([
        Field("every", .duration, "Age at which the value is rotated."),
        Field("keepPrevious", .durationOrZero, "Same as `spec.keepPrevious`, written beside the schedule."),
        Field(
            "window",
            .object([
                Field("cron", .format(.cron), "When the window opens (UTC).", required: true),
                Field("duration", .duration, "How long it stays open.", required: true),
            ]), "Times at which a rotation may begin."),
        Field("splay", .durationOrZero, "Spread starts over this time, by a hash of the name."),
        Field("generate", generate, "How a new value is made."),
        Field("handler", handler, "Where the new value takes effect before it becomes current."),
        notify,
    ])

    private static let field = Field(
        "field", .format(.fieldName), "Field that receives the new value; needed when the value has several.")
    private static let publicField = Field(
        "publicField", .format(.fieldName), "Field that receives the public part, in plain text.")
    private static let comment = Field("comment", .text(200), "Comment behind the public key.")
    private static let bits = Field("bits", .integer(2048...8192), "Size of the RSA key.", default: 3072)
    private static let curve = Field("curve", .oneOf("p256", "p384", "p521"), "Curve of the key.", default: "p256")

    static let generate = Shape.variants(
        VariantRule(
            by: "kind", "What is generated.", common: [field],
            [
                (
                    "password", "Random characters.",
                    [
                        Field("length", .integer(8...1024), "Characters.", default: 32),
                        Field("symbols", .text(64), "Further characters beside letters and digits."),
                        Field("exclude", .text(64), "Characters to leave out."),
                    ]
                ),
                (
                    "bytes", "Random bytes.",
                    [
                        Field("length", .integer(8...65_536), "Bytes before encoding.", default: 32),
                        Field("encoding", .oneOf("base64", "base64url", "hex", "raw"), "Text form.", default: "base64"),
                    ]
                ),
                ("uuid", "A random UUID (version 4).", []),
                (
                    "passphrase", "Random words.",
                    [
                        Field("words", .integer(4...32), "Words.", default: 8),
                        Field("separator", .text(8), "Text between words.", default: "-"),
                    ]
                ),
                (
                    "ssh", "A key pair in OpenSSH's format.",
                    [
                        publicField, comment, bits,
                        Field("algorithm", .oneOf("ed25519", "rsa", "ecdsa"), "Kind of key.", default: "ed25519"),
                    ]
                ),
                ("rsa", "An RSA key pair (PKCS #8).", [publicField, bits]),
                ("ec", "A key pair on a NIST curve (PKCS #8).", [publicField, curve]),
                ("ed25519", "An Ed25519 key pair (PKCS #8).", [publicField]),
                (
                    "x509", "A key and a certificate for it.",
                    [
                        publicField,
                        Field("certificateField", .format(.fieldName), "Field that receives the certificate."),
                        Field(
                            "csrField", .format(.fieldName),
                            "Field that receives a certification request (PKCS #10) for another authority to sign."),
                        Field("commonName", .text(64), "Common name of the subject.", required: true),
                        Field("dnsNames", .list(.format(.dnsName), count: 0...100), "Host names."),
                        Field("ipAddresses", .list(.format(.ipAddress), count: 0...100), "IP addresses."),
                        Field("validity", .duration, "How long the certificate is valid.", default: "90d"),
                        Field("algorithm", .oneOf("ec", "rsa", "ed25519"), "Kind of key.", default: "ec"),
                        bits, curve,
                        Field(
                            "issuer", .reference(.secret),
                            "Secret with the issuing CA's certificate and key; self-signed without one."),
                    ]
                ),
            ]))

    private static let timeout = Field("timeout", .duration, "How long to wait.", default: "30s")

    static let handler = Shape.choice([
        Field(
            "postgresql",
            .object([
                Field(
                    "connection", .reference(.connection), "Connection with the right to alter the role.",
                    required: true),
                Field("role", .format(.databaseRole), "Role whose password is changed.", required: true),
                Field(
                    "alternateRole", .format(.databaseRole),
                    "Second role; rotations alternate between the two, so that the previous login stays valid."),
            ]), "Changes a role's password in PostgreSQL."),
        Field(
            "exec",
            .object(
                [
                    Field(
                        "command", .configName, "Command that the controller's configuration defines.", required: true),
                    timeout,
                ], refused: noLiteralCommand), "Runs a command of the controller's configuration."),
        Field(
            "http",
            .object([
                Field("connection", .reference(.connection), "Connection to call.", required: true),
                Field("path", .format(.urlPath), "Path behind the connection's endpoint.", required: true),
                Field("method", .oneOf("POST", "PUT", "PATCH"), "Method of the request.", default: "POST"),
                timeout,
            ]), "Sends the new value to an HTTP endpoint."),
        Field(
            "oauth",
            .object([
                Field("connection", .reference(.connection), "Connection to the token endpoint.", required: true),
                Field("scopes", .list(.text(128), count: 0...64), "Scopes to ask for."),
            ]), "Renews tokens by a refresh token (OAuth 2.0)."),
    ])
}
