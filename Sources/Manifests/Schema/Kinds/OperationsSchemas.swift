internal import ResealCore

extension ManifestSchema {
    private static let channel = Field(
        "endpoint", .configName, "Endpoint that the controller's configuration defines.", required: true)

    private static let template =
        "Text of a message; {{NAME}} is filled in, for example {{event}}, {{name}} and {{message}}."

    static let notifier = Shape.variants(
        VariantRule(
            by: "channel", "How messages are sent.",
            common: [
                description,
                Field(
                    "events", .list(.text(128), count: 1...64),
                    "Kinds of events to send, such as rotation.failed; `*` stands for the rest of a name. All by default."
                ),
                Field(
                    "minimumInterval", .durationOrZero, "Equal messages are sent at most once in this time.",
                    default: "5m"),
            ], refused: noLiteralCredentials + noLiteralCommand,
            [
                (
                    "webhook", "A signed HTTP request.",
                    [
                        channel, signingKeyFrom,
                    ]
                ),
                (
                    "slack", "A message to a channel of Slack, or of what understands the same.",
                    [channel, Field("template", .format(.messageTemplate), template)]
                ),
                (
                    "smtp", "An e-mail.",
                    [
                        channel,
                        Field("to", .list(.format(.email), count: 1...64), "Receivers.", required: true),
                        Field("credentialsFrom", credentials, "Where the credentials of the mail server are."),
                        Field("subject", .format(.messageTemplate), "Subject, with placeholders as in `template`."),
                        Field("template", .format(.messageTemplate), template),
                    ]
                ),
                (
                    "exec", "A command of the controller's configuration; it reads the message from its input.",
                    [Field("command", .configName, "Name of the command.", required: true)]
                ),
            ]))

    static let alertRule = Shape.object([
        description,
        Field(
            "when",
            .choice([
                Field("expiresWithin", .duration, "A secret expires within this time."),
                Field("rotationOverdueBy", .durationOrZero, "A rotation is late by this time."),
                Field("driftFor", .duration, "The vault has differed from Git for this time."),
                Field("reconcileFailingFor", .duration, "Reconciling has failed for this time."),
                Field("writeBackPendingFor", .duration, "A rotated value has not reached Git for this time."),
                Field(
                    "auditEvents",
                    .object([
                        Field(
                            "actions", .list(.text(128), count: 1...64), "Actions, such as vault.secret.read.",
                            required: true),
                        Field("result", .oneOf("allowed", "denied", "failed"), "Outcome; any by default."),
                        Field("count", .integer(1...1_000_000), "Events needed.", default: 1),
                        Field("within", .duration, "Time in which they happen.", default: "5m"),
                    ]), "Matching audit records were written."),
            ]), "Condition that raises the alert.", required: true),
        Field(
            "match",
            .object([
                Field("names", .list(.format(.glob), count: 1...64), "Secrets, by patterns of their names."),
                Field(
                    "types", .list(.string(StringRule(.oneOf(SecretType.allCases.map(\.rawValue))))),
                    "Types of secrets."),
                Field(
                    "labels", .map(MapRule(key: labelKey, value: .text(256), count: 1...64)), "Labels they must have."),
            ]), "Secrets that are watched; all by default."),
        Field("severity", .oneOf("info", "warning", "critical"), "How bad it is.", default: "warning"),
        Field("notify", .references(.notifier), "Notifiers to tell.", required: true),
        Field("repeatEvery", .duration, "Tell again after this time while the condition lasts.", default: "24h"),
    ])

    static let backupPolicy = Shape.object([
        description,
        Field("schedule", .format(.cron), "When a backup is made (UTC).", required: true),
        Field("target", .configName, "Backup target that the controller's configuration defines.", required: true),
        Field(
            "retention",
            .object([
                Field("last", .integer(1...10_000), "Newest backups to keep.", default: 7),
                Field("daily", .integer(0...3660), "Days of which the last backup is kept."),
                Field("weekly", .integer(0...520), "Weeks of which the last backup is kept."),
                Field("monthly", .integer(0...1200), "Months of which the last backup is kept."),
            ]), "Which backups stay."),
        Field(
            "recipients", .list(.format(.recipient), count: 1...64),
            "Further age recipients that may open the backup; the controller's is always one."),
        Field("verify", .boolean, "Read every backup back and check it.", default: true),
        notify,
    ])
}
