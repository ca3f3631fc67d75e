internal import ResealCore

extension ManifestSchema {
    static let role = Shape.object([
        description,
        Field("members", .list(.format(.member), count: 0...10_000), "Users and services: user:NAME, service:NAME."),
        Field(
            "oidc",
            .list(
                .object([
                    Field(
                        "provider", .configName, "Identity provider of the controller's configuration.", required: true),
                    Field(
                        "claims",
                        .map(MapRule(key: StringRule(.any, bytes: 1...128), value: .text(1024), count: 1...32)),
                        "Claims that must all have these values (`*` within a value matches any text).", required: true),
                ]), count: 0...256, unique: false), "Holders of tokens whose claims match."),
        Field(
            "certificates", .list(.text(253), count: 0...256),
            "Names (common name or subject alternative name) of client certificates."),
    ])

    static let repository = Shape.object([
        Field(
            "id", .format(.repositoryID),
            "Random id that sealed values are bound to, so that none can be moved to another repository. Make one with `reseal init`, and never change it.",
            required: true),
        description,
        Field("environment", .format(.label), "Environment of all secrets in here, such as production."),
        Field("requireBinding", .boolean, "Refuse sealed values that are not bound to their place.", default: false),
        Field(
            "driftPolicy", driftPolicy,
            "What to do about changes made in the vault: `revert` them, `report` them, or `adopt` them into Git (needs write-back).",
            default: "report"),
        Field(
            "limits",
            .object([
                Field(
                    "massDeletion",
                    .object([
                        Field("count", .integer(0...1_000_000), "Deletions of secrets.", default: 10),
                        Field(
                            "percent", .integer(0...100), "Deletions in percent of all secrets, from the fourth on.",
                            default: 20),
                    ]), "A plan that deletes more than either stops before anything is done."),
                Field("fileBytes", .integer(1024...(64 << 20)), "Size of one manifest file.", default: 4_194_304),
                Field("valueBytes", .integer(1024...(16 << 20)), "Size of one value.", default: 1_048_576),
            ]), "Bounds that protect against accidents."),
    ])

    static let recipients = Shape.object([
        Field(
            "controller", .format(.recipient),
            "The controller's own recipient, always among those of every sealed value.", required: true),
        Field(
            "groups",
            .map(
                MapRule(
                    key: StringRule(.format(.configName)), value: .list(.format(.recipient), count: 1...256),
                    count: 0...256)), "Named lists of recipients."),
        Field(
            "rules",
            .list(
                .object([
                    Field(
                        "paths", .list(.format(.glob), count: 1...256), "Files, by patterns from the repository's root."
                    ),
                    Field("names", .list(.format(.glob), count: 1...256), "Secrets, by patterns of their names."),
                    Field(
                        "pathRegex", .format(.pathRegex),
                        "Files, by a regular expression that some part of the path fits, as in .sops.yaml."),
                    Field(
                        "below", .format(.repositoryPath),
                        "Folder whose files `pathRegex` is for, and from which it counts; the repository's root by default."
                    ),
                    Field(
                        "recipients", .list(.format(.recipientOrGroup), count: 0...256),
                        "Recipients beside the controller: age1… or group:NAME.", required: true),
                ]), count: 0...1000, unique: false),
            "Who may open what. The first rule that fits decides; a rule without patterns fits everything; where none fits, only the controller can open a value."
        ),
        Field(
            "fromSOPSConfig", .format(.repositoryPath),
            "A .sops.yaml, from the repository's root, whose creation rules follow on the rules above."),
    ])
}
