internal import ArgumentParser
internal import ResealCore
internal import ResealVault

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List secrets, without values.",
        discussion: """
            STATE is active, deleted, or drifted when somebody changed by hand what a manifest describes.

            EXAMPLES
              reseal list
              reseal list prod/
              reseal list --deleted --json
            """)

    @OptionGroup var vault: VaultOptions

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
        let infos = try await vault.openVault().list(
            organization: organization, prefix: prefix, includingDeleted: deleted, by: try vault.context())
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
        [
            "name": .string(info.id.name), "organization": .string(info.id.organization),
            "version": .integer(info.currentVersion), "active": .bool(info.isActive),
            "managed_by_git": .bool(info.isManaged), "drift": info.drift.map { .string($0) } ?? .null,
            "updated_at": .string(info.updatedAt.description), "manifest": (try? JSON(parsing: info.spec)) ?? .null,
        ]
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

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let versions = try await vault.openVault().versions(of: try organization.id(name), by: try vault.context())
        if json {
            Terminal.print(JSON.array(versions.map(document)).canonical)
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

    private func document(_ version: VersionInfo) -> JSON {
        [
            "version": .integer(version.number), "state": .string(version.state), "origin": .string(version.origin),
            "created_at": .string(version.createdAt.description),
            "created_by": .string(version.createdBy.description),
            "source": version.source.map { .string($0) } ?? .null,
            "restored_from": version.restoredFrom.map { .integer($0) } ?? .null,
            "kept_until": version.keptUntil.map { .string($0.description) } ?? .null,
            "destroyed_at": version.destroyedAt.map { .string($0.description) } ?? .null,
        ]
    }
}
