internal import ArgumentParser
internal import ResealCore
internal import ResealVault

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List secrets, without values.",
        discussion: """
            STATE is active, deleted, or drifted when somebody changed by hand what a manifest describes. A server shows \
            those that the token may see, and no manifests with --json.

            EXAMPLES
              reseal list
              reseal list prod/
              reseal list --deleted --json
            """)

    @OptionGroup var secrets: SecretsOptions

    @Argument(help: "Only names that start with this.")
    var prefix = ""

    @Option(
        name: [.customLong("organization"), .customLong("org")],
        help: ArgumentHelp("Only secrets of this organization. Default: all.", valueName: "name"))
    var organization: String?

    @Flag(help: "Show deleted secrets too.")
    var deleted = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let infos = try await secrets.open(organization).list(prefix: prefix, includingDeleted: deleted)
        if json {
            Terminal.print(JSON.array(infos.map(document)).canonical)
        } else {
            Terminal.print(
                TextTable.render(
                    ["SECRET", "VERSION", "STATE", "SOURCE", "UPDATED"],
                    infos.map { info in
                        [
                            info.id.description, info.currentVersion == 0 ? "-" : "\(info.currentVersion)", state(info),
                            info.isManaged ? "git" : "manual", info.updatedAt.description,
                        ]
                    }))
        }
    }

    private func state(_ info: SecretInfo) -> String {
        info.drift.map { "drifted (\($0))" } ?? (info.isActive ? "active" : "deleted")
    }

    private func document(_ info: SecretInfo) -> JSON {
        var members = info.document.objectValue ?? [:]
        members["manifest"] = (try? JSON(parsing: info.spec)) ?? .null
        return .object(members)
    }
}

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "List the versions of a secret: who made them, from where, until when.",
        discussion: """
            STATE is current, previous (kept for a rollback until KEPT UNTIL) or destroyed. ORIGIN is git, manual, \
            rollback or rotation; SOURCE is the place in Git.

            EXAMPLES
              reseal versions prod/orders-db
              reseal versions prod/orders-db --json
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let versions = try await secrets.open(organization.organization).versions(of: name)
        if json {
            Terminal.print(JSON.array(versions.map(\.document)).canonical)
        } else {
            Terminal.print(
                TextTable.render(
                    ["VERSION", "STATE", "ORIGIN", "CREATED", "BY", "KEPT UNTIL", "SOURCE"],
                    versions.map { version in
                        [
                            "\(version.number)", version.state,
                            version.restoredFrom.map { "\(version.origin) to \($0)" } ?? version.origin,
                            version.createdAt.description, version.createdBy.description,
                            version.keptUntil?.description ?? "-", version.source.map(SafeText.line) ?? "-",
                        ]
                    }))
        }
    }
}
