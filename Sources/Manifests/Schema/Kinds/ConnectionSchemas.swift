internal import ResealCore

extension ManifestSchema {
    private static let endpoint = Field(
        "endpoint", .configName, "Endpoint (host, port, TLS) that the controller's configuration defines.",
        required: true)

    private static func credentialsFrom(required: Bool) -> Field {
        Field("credentialsFrom", credentials, "Where the credentials are.", required: required)
    }

    static let connection = Shape.variants(
        VariantRule(
            by: "engine", "What is at the other end.", common: [description], refused: noLiteralCredentials,
            [
                (
                    "postgresql", "A PostgreSQL server.",
                    [
                        endpoint, credentialsFrom(required: true),
                        Field("database", .format(.databaseRole), "Database to connect to.", default: "postgres"),
                        Field("timeout", .duration, "How long to wait for the server.", default: "10s"),
                    ]
                ),
                (
                    "http", "An HTTPS service.",
                    [
                        endpoint, credentialsFrom(required: false), signingKeyFrom,
                        Field("timeout", .duration, "How long to wait.", default: "30s"),
                    ]
                ),
                ("oauth", "A token endpoint of OAuth 2.0.", [endpoint, credentialsFrom(required: true)]),
                ("ssh", "A host reached by SSH.", [endpoint, credentialsFrom(required: true)]),
                (
                    "aws", "An account of AWS.",
                    [
                        Field("endpoint", .configName, "Endpoint that replaces the region's own."),
                        Field("region", .format(.region), "Region.", required: true), credentialsFrom(required: false),
                    ]
                ),
                ("kubernetes", "A cluster's API.", [endpoint, credentialsFrom(required: false)]),
                (
                    "github", "GitHub's API.",
                    [
                        Field("endpoint", .configName, "Endpoint, for a GitHub of one's own."),
                        credentialsFrom(required: true),
                    ]
                ),
            ]))

    private static let lifetime = [
        Field("ttl", .duration, "Lifetime of a credential.", default: "1h"),
        Field("maxTTL", .duration, "Longest lifetime after renewals.", default: "24h"),
    ]

    private static let using = Field(
        "connection", .reference(.connection), "Connection that makes the credentials.", required: true)

    static let dynamicSecret = Shape.variants(
        VariantRule(
            by: "engine", "What makes the credentials.",
            common: describing + lifetime + [
                Field(
                    "permissions",
                    .object([
                        Field("generate", principals, "Who may ask for credentials."),
                        Field("revoke", principals, "Who may revoke credentials of others."),
                    ]), "Who may do what with it.")
            ],
            [
                (
                    "postgresql", "A role of PostgreSQL for each caller.",
                    [
                        using,
                        Field(
                            "creation", statements,
                            "SQL that makes the role; {{name}}, {{password}} and {{expiration}} are filled in.",
                            required: true),
                        Field("renewal", statements, "SQL run at a renewal."),
                        Field(
                            "revocation", statements,
                            "SQL that removes the role; by default its rights are revoked and the role is dropped."),
                    ]
                ),
                (
                    "aws", "Temporary credentials of a role of AWS.",
                    [
                        using,
                        Field(
                            "roleARN", .string(StringRule(.any, bytes: 20...2048)), "Role to assume.", required: true),
                        Field("sessionPolicy", .text(2048), "Policy (JSON) that narrows the role."),
                    ]
                ),
                (
                    "ssh", "SSH certificates.",
                    [
                        Field("issuer", .reference(.secret), "Secret with the signing key.", required: true),
                        Field(
                            "principals", .list(.text(128), count: 1...64), "Login names that may be certified.",
                            required: true),
                        Field(
                            "extensions",
                            .list(
                                .oneOf(
                                    "permit-pty", "permit-port-forwarding", "permit-agent-forwarding",
                                    "permit-X11-forwarding", "permit-user-rc")), "Extensions of the certificate."),
                    ]
                ),
            ]))

    static let syncTarget = Shape.variants(
        VariantRule(
            by: "provider", "Where the copies go.",
            common: [
                description,
                Field(
                    "deletionPolicy", .oneOf("delete", "retain"), "What happens to a copy when its secret goes.",
                    default: "retain"),
                Field("refresh", .duration, "How often copies are compared with the vault.", default: "1h"),
                Field(
                    "fields",
                    .map(
                        MapRule(
                            key: StringRule(.format(.fieldName)), value: .string(StringRule(.format(.fieldName))),
                            count: 1...256)), "New names for fields; the others keep theirs."),
            ], refused: noLiteralCredentials,
            [
                (
                    "kubernetes", "Secrets of a cluster.",
                    [
                        Field("connection", .reference(.connection), "Connection to the cluster.", required: true),
                        Field("namespace", .format(.kubernetesName), "Namespace.", required: true),
                        Field("prefix", .format(.kubernetesName), "Text in front of the name."),
                        Field("secretType", .text(128), "Type of the Secret.", default: "Opaque"),
                    ]
                ),
                (
                    "github-actions", "Secrets of a repository or of its environment.",
                    [
                        Field("connection", .reference(.connection), "Connection to GitHub.", required: true),
                        Field("repository", .format(.gitHubRepository), "Repository.", required: true),
                        Field("environment", .format(.label), "Environment of the repository."),
                        Field("prefix", .format(.label), "Text in front of the name."),
                    ]
                ),
                (
                    "aws-secrets-manager", "Secrets of AWS Secrets Manager.",
                    [
                        Field("connection", .reference(.connection), "Connection to AWS.", required: true),
                        Field("prefix", .format(.label), "Text in front of the name."),
                    ]
                ),
                (
                    "file", "Files in a folder of the controller.",
                    [
                        Field(
                            "folder", .configName, "Folder that the controller's configuration defines.", required: true
                        ),
                        Field("format", .oneOf("json", "env", "raw"), "Form of the file.", default: "json"),
                    ]
                ),
            ]))
}
