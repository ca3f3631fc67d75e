internal import ResealCore

/// The shape of every kind of manifest.
enum ManifestSchema {
    static let apiVersion = "reseal/v1"

    /// The keys of every document but `spec`.
    static let metadata = Shape.object([
        Field(
            "name", .format(.resourceName),
            "Name, unique for its kind within the organization, such as prod/orders-db.",
            required: true),
        Field(
            "organization", .format(.organization),
            "Organization that the resource belongs to; nothing of one organization is visible in another.",
            default: .string(SecretID.defaultOrganization)),
        Field(
            "labels", .map(MapRule(key: labelKey, value: .text(256), count: 0...64)),
            "Labels to select resources by."),
        Field(
            "annotations", .map(MapRule(key: labelKey, value: .text(4096), count: 0...64)),
            "Notes for people and other tools; Reseal gives them no meaning."),
    ])

    static let labelKey = StringRule(.format(.label))

    /// The whole document of a kind.
    static func document(_ kind: ResourceKind) -> ObjectRule { documents[index(kind)] }

    static func spec(_ kind: ResourceKind) -> Shape {
        switch kind {
        case .repository: repository
        case .recipients: recipients
        case .role: role
        case .connection: connection
        case .secret: secret
        case .dynamicSecret: dynamicSecret
        case .syncTarget: syncTarget
        case .notifier: notifier
        case .alertRule: alertRule
        case .backupPolicy: backupPolicy
        }
    }

    private static let documents: [ObjectRule] = ResourceKind.allCases.map { kind in
        ObjectRule([
            Field("apiVersion", .oneOf(apiVersion), "Version of this format.", required: true),
            Field("kind", .oneOf(kind.rawValue), "Kind of the resource.", required: true),
            Field("metadata", metadata, "Name and labels.", required: true),
            Field("spec", spec(kind), "What the resource should be.", required: true),
        ])
    }

    private static func index(_ kind: ResourceKind) -> Int { ResourceKind.allCases.firstIndex(of: kind) ?? 0 }

    /// Every key that some manifest may have.
    static let keys: Set<String> = documents.reduce(into: []) { collectKeys(.object($1), &$0) }

    private static func collectKeys(_ shape: Shape, _ keys: inout Set<String>) {
        switch shape {
        case .object(let rule), .choice(let rule):
            for field in rule.fields {
                keys.insert(field.nameText)
                collectKeys(field.shape, &keys)
            }
        case .variants(let rule): for variant in rule.variants { collectKeys(.object(variant.object), &keys) }
        case .list(let rule): collectKeys(rule.item, &keys)
        case .map(let rule): collectKeys(rule.value, &keys)
        case .string, .integer, .boolean, .scalar, .value: break
        }
    }

    // MARK: Fields that several kinds have

    static let describing: [Field] = [
        Field("description", .text(1024), "What it is for, in words."),
        Field("service", .format(.label), "Service that it belongs to."),
        Field("environment", .format(.label), "Environment that it belongs to, such as production."),
        Field(
            "metadata",
            .map(MapRule(key: StringRule(.format(.fieldName)), value: .scalar(bytes: 512), count: 0...64)),
            "Free metadata, served beside the secret (never confidential)."),
    ]

    static let description = Field("description", .text(1024), "What it is for, in words.")
    static let principals = Shape.list(.format(.principal), count: 0...256)
    static let notify = Field("notify", .references(.notifier), "Notifiers to tell.")

    static let statements = Shape.list(.text(16_384), count: 1...64, unique: false)

    /// Credentials stand in a Secret, never in the manifest of what uses them.
    static let credentials = Shape.object([
        Field("secret", .reference(.secret), "Secret that holds the credentials.", required: true),
        Field("usernameField", .format(.fieldName), "Field of the user name.", default: "username"),
        Field("passwordField", .format(.fieldName), "Field of the password, token or key.", default: "password"),
    ])

    static let signingKeyFrom = Field(
        "signingKeyFrom",
        .object([
            Field("secret", .reference(.secret), "Secret with the key.", required: true),
            Field("field", .format(.fieldName), "Field of the key."),
        ]), "Key that signs requests (HMAC-SHA-256).")

    static let noLiteralCredentials = [
        ObjectRule.Refused(
            names: ["password", "token", "secretKey", "apiKey", "privateKey", "credentials", "secret"],
            code: "manifest.literal-credential", message: "credentials may not stand in this manifest",
            hint: "put them into a Secret and refer to it: credentialsFrom: {secret: NAME}"),
        ObjectRule.Refused(
            names: ["host", "hostname", "port", "url", "address", "uri"], code: "manifest.literal-host",
            message: "hosts may not stand in this manifest",
            hint: "define the endpoint in the controller's configuration and name it: endpoint: NAME"),
    ]

    static let noLiteralCommand = [
        ObjectRule.Refused(
            names: ["args", "argv", "shell", "script", "env"], code: "manifest.literal-command",
            message: "command lines may not stand in a manifest",
            hint: "define the command in the controller's configuration and name it: command: NAME")
    ]
}
