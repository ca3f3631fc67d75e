internal import ArgumentParser
internal import ResealCore
internal import ResealVault

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Show who may do what, and why.",
        discussion: """
            What no manifest allows is denied. Secrets that no manifest describes follow the section `access` of the \
            vault's settings (docs/access.md). Each look is recorded in the audit trail.

            EXAMPLES
              reseal access explain service:orders prod/orders-db
              reseal access who prod/orders-db
              reseal access list user:alice
            """,
        subcommands: [AccessExplainCommand.self, AccessWhoCommand.self, AccessListCommand.self])
}

struct AccessExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say whether a principal may do something, and which lines decide it.",
        discussion: """
            Exits with 0 when it is allowed and with 1 when it is not.

            EXAMPLES
              reseal access explain service:orders prod/orders-db
              reseal access explain user:alice prod/orders-db --action write --json
              reseal access explain service:ci prod/orders-db --provider github --claim repository=octo-org/shop
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption
    @OptionGroup(title: "Logins") var login: LoginProofOptions

    @Argument(help: "user:NAME, service:NAME or role:NAME.")
    var principal: String

    @Argument(help: "The secret's name.")
    var secret: String

    @Option(
        help: ArgumentHelp(
            "read, write, rotate, delete or list; generate or revoke for a dynamic secret.",
            valueName: "action"))
    var action: AccessAction = .read

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let who = try AccessWords.principal(principal)
        let key = ResourceKey(
            action.isOfDynamicSecret ? .dynamicSecret : .secret, try organization.id(secret).name,
            organization: organization.organization)
        let verdict = try await vault.openVault().explainAccess(
            of: Asker(who, organization: key.organization, identity: login.identity), to: action, key,
            settings: try AccessSettings.load(vault.vaultHome), by: try vault.context())
        if json {
            let document: JSON = [
                "allowed": .bool(verdict.isAllowed), "principal": .string(who.description),
                "action": .string(action.rawValue), "resource": .string(key.description),
                "reasons": .array(
                    verdict.reasons.map { ["place": .string($0.place), "text": .string($0.text)] }),
            ]
            Terminal.print(document.canonical)
        } else {
            let word = verdict.isAllowed ? "allowed" : "denied"
            Terminal.print("\(word): \(who) \(action.rawValue) \(key)")
            for reason in verdict.reasons { Terminal.print("  \(SafeText.line(reason.line))") }
        }
        if !verdict.isAllowed { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

struct AccessWhoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "who", abstract: "List who may do what with a secret, members of roles included.",
        discussion: """
            Who holds a role by the claims of an identity provider's token, or by a client certificate, is listed by \
            what the role asks for.

            EXAMPLES
              reseal access who prod/orders-db
              reseal access who prod/orders-readonly --dynamic --json
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var secret: String

    @Flag(help: "The name is that of a dynamic secret.")
    var dynamic = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let key = ResourceKey(
            dynamic ? .dynamicSecret : .secret, try organization.id(secret).name,
            organization: organization.organization)
        let reports = try await vault.openVault().accessors(
            of: key, settings: try AccessSettings.load(vault.vaultHome), by: try vault.context())
        AccessWords.print(reports, head: "PRINCIPAL", json: json) { $0.holder.description }
    }
}

struct AccessListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what a principal may do with which secrets.",
        discussion: """
            EXAMPLES
              reseal access list user:alice
              reseal access list service:orders --organization acme --json
              reseal access list service:orders --certificate orders.internal
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption
    @OptionGroup(title: "Logins") var login: LoginProofOptions

    @Argument(help: "user:NAME, service:NAME or role:NAME.")
    var principal: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let asker = Asker(
            try AccessWords.principal(principal), organization: organization.organization, identity: login.identity)
        let reports = try await vault.openVault().reach(
            of: asker, settings: try AccessSettings.load(vault.vaultHome), by: try vault.context())
        AccessWords.print(reports, head: "RESOURCE", json: json) { $0.key.description }
    }
}

/// What the commands about access read and write alike.
private enum AccessWords {
    static func principal(_ text: String) throws(UsageFailure) -> Principal {
        guard let principal = Principal(text), principal.kind != nil else {
            throw UsageFailure("`\(text)` is no principal", hint: "write user:NAME, service:NAME or role:NAME")
        }
        return principal
    }

    static func print(_ reports: [AccessReport], head: String, json: Bool, _ name: (AccessReport) -> String) {
        if json {
            let documents = reports.map { report -> JSON in
                var document = report.holder.json
                document["resource"] = .string(report.key.description)
                document["actions"] = .array(report.actions.map { .string($0.rawValue) })
                return .object(document)
            }
            return Terminal.print(JSON.array(documents).canonical)
        }
        Terminal.print(
            TextTable.render(
                [head, "ACTIONS"],
                reports.map { [name($0), $0.actions.map(\.rawValue).joined(separator: ", ")] }))
    }
}

extension AccessAction: ExpressibleByArgument {}
