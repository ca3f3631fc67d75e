internal import ArgumentParser

/// The root of the command line.
struct Reseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "A GitOps vault: secrets sealed in Git, planned, applied, versioned and audited.",
        discussion: """
            EXAMPLES
              reseal keygen -o key.txt
              reseal init --manifests manifests --recipient age1…
              reseal seal prod/orders-db --field password
              git add manifests && git commit -m "Add the password of orders"
              reseal init --repo . --identity key.txt
              reseal plan && reseal apply
              reseal get prod/orders-db --field password

            `reseal --version` prints the version.

            \(ExitStatus.help)
            """,
        groupedSubcommands: [
            CommandGroup(name: "Start", subcommands: [InitCommand.self, KeygenCommand.self, StatusCommand.self]),
            CommandGroup(
                name: "Git",
                subcommands: [
                    NewCommand.self, SealCommand.self, EditCommand.self, GenerateCommand.self, ValidateCommand.self,
                    LintCommand.self, HookCommand.self, SchemaCommand.self, PlanCommand.self, ApplyCommand.self,
                    VerifyCommitsCommand.self, GitCommand.self,
                ]),
            CommandGroup(
                name: "Recipients",
                subcommands: [RecipientsCommand.self, RekeyCommand.self, OffboardCommand.self]),
            CommandGroup(
                name: "Secrets",
                subcommands: [
                    GetCommand.self, GetManyCommand.self, SetCommand.self, ListCommand.self, VersionsCommand.self,
                    RollbackCommand.self, DeleteCommand.self, RotateCommand.self, RotationCommand.self,
                    LoginCommand.self, LogoutCommand.self,
                ]),
            CommandGroup(name: "Programs", subcommands: [ExecCommand.self, TemplateCommand.self, AgentCommand.self]),
            CommandGroup(
                name: "Controller",
                subcommands: [
                    RunCommand.self, ServeCommand.self, WaitCommand.self, SuspendCommand.self, ResumeCommand.self,
                    NotifyCommand.self, ConfigCommand.self,
                ]),
            CommandGroup(name: "Other tools", subcommands: [ImportCommand.self, ExportCommand.self]),
            CommandGroup(
                name: "Vault", subcommands: [AccessCommand.self, TokenCommand.self, AuditCommand.self, KeyCommand.self]),
            CommandGroup(
                name: "Tools",
                subcommands: [
                    AgeCommand.self, CompletionCommand.self, GitTransportCommand.self, EditGuardianCommand.self,
                ]),
        ])
}
