/// What `reseal lint` looks for. The raw values are stable: they stand in configurations, ignore comments and reports.
package enum LintRule: String, Sendable, CaseIterable, Codable {
    case privateKey = "private-key"
    case knownToken = "known-token"
    case plainSecret = "plain-secret"
    case unsealedMark = "unsealed-mark"
    case randomText = "random-text"
    case wildcardPermission = "wildcard-permission"
    case missingRotation = "missing-rotation"
    case expired
    case expiringSoon = "expiring-soon"
    case unboundValue = "unbound-value"
    case unnamedRecipient = "unnamed-recipient"
    case unusedGroup = "unused-group"
    case fileTooLarge = "file-too-large"
    case invalidIgnore = "invalid-ignore"
    case unusedIgnore = "unused-ignore"

    package var id: String { rawValue }

    /// Where no configuration says otherwise.
    package var defaultLevel: LintLevel {
        switch self {
        case .privateKey, .knownToken, .plainSecret, .unsealedMark, .expired, .invalidIgnore: .error
        case .randomText, .wildcardPermission, .expiringSoon, .unboundValue, .unnamedRecipient, .unusedIgnore: .warning
        case .missingRotation, .unusedGroup, .fileTooLarge: .note
        }
    }

    /// What it finds, in one sentence without a full stop.
    package var summary: String {
        switch self {
        case .privateKey: "A private key in plain text: PEM, OpenSSH, PGP, or an age identity"
        case .knownToken:
            "Text in the shape of a provider's credential, such as a GitHub token, or a URL with a password"
        case .plainSecret: "A field or setting whose name says that it is confidential holds plain text"
        case .unsealedMark: "A value is marked with `!seal` and was never sealed"
        case .randomText: "Text that looks random, as keys and tokens do"
        case .wildcardPermission: "A permission is granted to everyone (`*`)"
        case .missingRotation: "A secret with a sealed value has no rotation"
        case .expired: "`expiresAt` has passed"
        case .expiringSoon: "`expiresAt` comes up soon, and nothing renews the value"
        case .unboundValue: "A sealed value says neither where it belongs nor how old it is"
        case .unnamedRecipient: "A recipient can open values, and nothing says who holds its identity"
        case .unusedGroup: "A group of recipients that no rule uses"
        case .fileTooLarge: "A file is larger than the limit and was not looked at"
        case .invalidIgnore: "An ignore comment without a reason, or with an unknown rule; it ignores nothing"
        case .unusedIgnore: "An ignore comment that matches nothing"
        }
    }

    /// What to do about a finding.
    package var remedy: String {
        switch self {
        case .privateKey, .knownToken, .randomText:
            "seal it (`reseal seal`), or read it from the vault; if it was ever pushed, replace it as well"
        case .plainSecret:
            "seal it with `reseal seal NAME --field FIELD`; if it was ever pushed, replace it as well"
        case .unsealedMark: "run `reseal seal --file FILE`; if it was ever pushed, replace the value as well"
        case .wildcardPermission: "name users, services or roles"
        case .missingRotation: "add `rotation: {every: 90d}`, with a generator or handler where one fits"
        case .expired: "renew the value and set a new `expiresAt`, or delete the secret"
        case .expiringSoon: "renew the value, or set `autoRenew: true` with a generator"
        case .unboundValue: "seal it anew with `reseal seal`, instead of plain age"
        case .unnamedRecipient: "write the holder's name in a comment behind it, or take the recipient out"
        case .unusedGroup: "use it in a rule as `group:NAME`, or remove it"
        case .fileTooLarge: "raise `maximumFileBytes`, or exclude the file"
        case .invalidIgnore: "write `reseal-lint: ignore RULE -- reason`; `reseal lint --rules` lists the rules"
        case .unusedIgnore: "remove the comment"
        }
    }

    /// GitHub's scale from 0 to 10 for findings of security; `nil` for matters of order.
    package var securitySeverity: String? {
        switch self {
        case .privateKey, .knownToken: "9.0"
        case .plainSecret, .unsealedMark: "8.0"
        case .wildcardPermission: "6.5"
        case .randomText, .unboundValue, .expired, .unnamedRecipient: "5.0"
        case .expiringSoon, .missingRotation: "3.0"
        case .unusedGroup, .fileTooLarge, .invalidIgnore, .unusedIgnore: nil
        }
    }

    /// Findings about the comments themselves cannot be ignored by comments.
    var isIgnorable: Bool { self != .invalidIgnore && self != .unusedIgnore }
}

/// How much a finding weighs.
package enum LintLevel: String, Sendable, CaseIterable, Comparable {
    case note, warning, error

    package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .note: 0
        case .warning: 1
        case .error: 2
        }
    }
}
