internal import ArgumentParser
internal import ResealCore
internal import ResealSealing
internal import ResealServer
internal import ResealVault

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list and revoke the tokens that callers of the API show.",
        discussion: """
            A token acts for one principal of one organization, whose permissions stand in the manifests, and can be \
            narrowed further. The vault keeps only a keyed digest of it; the audit trail names it by its accessor.

            EXAMPLES
              reseal token create service:orders --ttl 12h
              reseal token list
              reseal token revoke 5f0c2a9be8d14477a1b0c9d2
            """,
        subcommands: [
            TokenCreateCommand.self, TokenListCommand.self, TokenLookupCommand.self, TokenRevokeCommand.self,
        ])
}

struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a token, and print it this once.",
        discussion: """
            With --break-glass, permissions do not count: the token opens everything of its organization, for 1h at \
            most. Its making and each of its uses stand in the audit trail with the reason.

            EXAMPLES
              reseal token create service:orders --ttl 12h --prefix prod/orders
              reseal token create user:ada --ttl 10m --uses 1 --allow read
              reseal token create service:orders --wrap-ttl 5m     # for `bao unwrap`, once
              reseal token create user:ada --break-glass --reason "INC-42: orders down, on-call locked out"
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "Who it acts for: user:NAME or service:NAME.")
    var principal: String

    @Option(
        help: ArgumentHelp("How long it lasts, or a renewal. Default: 24h; 1h with --break-glass.", valueName: "time"))
    var ttl: String?
    @Option(help: ArgumentHelp("How long it can last with renewals. Default: 32d.", valueName: "time"))
    var maxTtl: String?
    @Flag(help: "It cannot be renewed.")
    var notRenewable = false
    @Option(help: ArgumentHelp("It ends after so many requests.", valueName: "n"))
    var uses: Int64?
    @Option(help: ArgumentHelp("Only secrets whose name starts with this; may be repeated.", valueName: "prefix"))
    var prefix: [String] = []
    @Option(help: ArgumentHelp("Only this action; may be repeated.", valueName: "action"))
    var allow: [AccessAction] = []
    @Flag(help: "For emergencies: everything of the organization, 1h at most.")
    var breakGlass = false
    @Option(help: ArgumentHelp("Why, with --break-glass.", valueName: "text"))
    var reason: String?
    @Option(
        help: ArgumentHelp(
            "Hand it over: print a wrapping token that opens it once, within this time.", valueName: "time"))
    var wrapTtl: String?
    @Flag(help: "Print the token with what is known of it as JSON.")
    var json = false

    func validate() throws {
        guard breakGlass == (reason != nil) else {
            throw ValidationError("--break-glass and --reason go together")
        }
    }

    func run() async throws {
        guard let who = Principal(principal) else {
            throw UsageFailure("`\(principal)` is no principal", hint: "write user:NAME or service:NAME")
        }
        let lifetime = try span(ttl, "--ttl") ?? TimeSpan(seconds: breakGlass ? 3600 : 86_400)
        let request = TokenRequest(
            who, organization: organization.organization, ttl: lifetime,
            maxTTL: breakGlass ? lifetime : try span(maxTtl, "--max-ttl"), isRenewable: !notRenewable, uses: uses,
            scope: TokenScope(prefixes: prefix, actions: allow.isEmpty ? nil : Set(allow)), breakGlassReason: reason)
        if let wrapping = try span(wrapTtl, "--wrap-ttl") { return try await handOver(request, for: wrapping) }
        let (token, record) = try await vault.openVault().createToken(request, by: try vault.context())
        show(token, record, extra: [:], note: "for \(record.principal), until \(record.expiresAt)")
    }

    /// Makes the token inside of an answer as the API gives one, for `bao unwrap` and the like.
    private func handOver(_ request: TokenRequest, for ttl: TimeSpan) async throws {
        let now = WallClock.system.now()
        let context = try vault.context()
        let (token, wrapping, record) = try await vault.openVault().createToken(
            request, wrappedFor: ttl, path: "auth/token/create", by: context
        ) { token, record in TokenDocument.answer(record, token: token, requestID: context.requestID, at: now) }
        show(
            token, record,
            extra: [
                "wrapping_accessor": .string(wrapping.accessor),
                "wrapping_expires_at": .string(wrapping.expiresAt.description),
            ],
            note: "opens a token for \(record.principal), once, until \(wrapping.expiresAt)")
    }

    private func show(_ token: SecretBytes, _ record: TokenRecord, extra: [String: JSON], note: String) {
        let text = token.revealText() ?? ""
        if json {
            var members = record.document(at: WallClock.system.now()).merging(extra) { $1 }
            members[extra.isEmpty ? "token" : "wrapping_token"] = .string(text)
            return Terminal.print(JSON.object(members).canonical)
        }
        Terminal.print(text)
        Terminal.note("\(note), accessor \(record.accessor)")
        if breakGlass {
            Terminal.note("warning: permissions do not bind this token; each use is recorded as break-glass")
        }
    }

    private func span(_ text: String?, _ option: String) throws -> TimeSpan? {
        guard let text else { return nil }
        guard let span = TimeSpan(text) else {
            throw UsageFailure("`\(text)` is no time for \(option)", hint: "write for example 30m, 12h or 7d")
        }
        return span
    }
}

struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List tokens by their accessors.",
        discussion: """
            EXAMPLES
              reseal token list
              reseal token list --all --json
            """)

    @OptionGroup var vault: VaultOptions

    @Flag(help: "Also tokens that ended within the last 30 days.")
    var all = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let records = try await vault.openVault().tokens(all: all, by: try vault.context())
        let now = WallClock.system.now()
        if json { return Terminal.print(JSON.array(records.map { .object($0.document(at: now)) }).canonical) }
        Terminal.print(
            TextTable.render(
                ["ACCESSOR", "PRINCIPAL", "ORGANIZATION", "STATE", "EXPIRES", "BY", "NOTE"],
                records.map { record in
                    [
                        record.accessor, record.principal.description, record.organization, record.state(at: now),
                        record.expiresAt.description, record.createdBy.description,
                        record.breakGlassReason.map { "break-glass: \(SafeText.line($0))" } ?? "-",
                    ]
                }))
    }
}

struct TokenLookupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookup", abstract: "Show what is known of a token.",
        discussion: """
            EXAMPLES
              reseal token lookup 5f0c2a9be8d14477a1b0c9d2
            """)

    @OptionGroup var vault: VaultOptions

    @Argument(help: "The token's accessor.")
    var accessor: String

    @Flag(help: "Print JSON on one line.")
    var json = false

    func run() async throws {
        let record = try await vault.openVault().token(accessor: accessor, by: try vault.context())
        let document = JSON.object(record.document(at: WallClock.system.now()))
        Terminal.print(json ? document.canonical : document.pretty())
    }
}

struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a token, and every token that was made with it.",
        discussion: """
            EXAMPLES
              reseal token revoke 5f0c2a9be8d14477a1b0c9d2
            """)

    @OptionGroup var vault: VaultOptions

    @Argument(help: "The token's accessor.")
    var accessor: String

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let ended = try await vault.openVault().revokeToken(accessor: accessor, by: try vault.context())
        if json { return Terminal.print(JSON.object(["revoked": .array(ended.map(JSON.string))]).canonical) }
        Terminal.note(ended.isEmpty ? "the token had ended already" : "revoked \(ended.count) token(s)")
    }
}

extension TokenRecord {
    fileprivate func document(at now: Timestamp) -> [String: JSON] {
        [
            "accessor": .string(accessor), "principal": .string(principal.description),
            "organization": .string(organization), "state": .string(state(at: now)), "scope": scope.json,
            "created_at": .string(createdAt.description), "created_by": .string(createdBy.description),
            "parent": parent.map(JSON.string) ?? .null, "ttl": .string(ttl.description),
            "expires_at": .string(expiresAt.description), "ends_at": .string(endsAt.description),
            "renewable": .bool(isRenewable), "uses_left": usesLeft.map(JSON.integer) ?? .null,
            "break_glass_reason": breakGlassReason.map(JSON.string) ?? .null,
            "revoked_at": revokedAt.map { .string($0.description) } ?? .null,
        ]
    }
}
