internal import ArgumentParser
internal import ResealCore
internal import ResealNotify
internal import ResealReconciler
internal import ResealVault

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Try notifiers.", subcommands: [NotifyTestCommand.self])
}

struct NotifyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test message by one notifier, and say whether it arrived.",
        discussion: """
            The Notifier has to be applied, and its endpoint or command to stand in the vault's folder \
            (docs/notifications.md). Whatever events it wants, it gets this one, at once and without further attempts.

            EXAMPLES
              reseal notify test on-call
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The Notifier's name.")
    var name: String

    func run() async throws {
        let notifiers = ControllerNotifiers(vault.vaultHome, core: try vault.openCore(), by: try vault.context())
        let notifier = try notifiers.named(name, organization: try organization.id(name).organization)
        let event = NotificationEvent(.test, .notifier(notifier.key), at: WallClock.system.now())
        try await notifiers.send(event, to: notifier)
        Terminal.note("sent a test message by \(name)")
    }
}
