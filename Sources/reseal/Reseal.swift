internal import ArgumentParser

/// The root of the command line.
struct Reseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "A GitOps vault: secrets sealed in Git, planned, applied, versioned and audited.",
        discussion: ExitStatus.help,
        version: ResealVersion.current,
        groupedSubcommands: [
            CommandGroup(name: "Start", subcommands: [InitCommand.self, KeygenCommand.self, StatusCommand.self]),
            CommandGroup(
                name: "Git",
                subcommands: [
                    SealCommand.self, ValidateCommand.self, SchemaCommand.self, PlanCommand.self, ApplyCommand.self,
                ]),
            CommandGroup(
                name: "Recipients",
                subcommands: [RecipientsCommand.self, RekeyCommand.self, OffboardCommand.self]),
            CommandGroup(
                name: "Secrets",
                subcommands: [
                    GetCommand.self, GetManyCommand.self, SetCommand.self, ListCommand.self, VersionsCommand.self,
                    RollbackCommand.self, DeleteCommand.self,
                ]),
            CommandGroup(name: "Vault", subcommands: [AuditCommand.self, KeyCommand.self]),
            CommandGroup(
                name: "Tools",
                subcommands: [AgeCommand.self, CompletionCommand.self, GitTransportCommand.self]),
        ])
}
