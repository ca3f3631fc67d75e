internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct RotationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotation", abstract: "Show and steer rotations.",
        subcommands: [RotationListCommand.self, RotationCancelCommand.self, RotationWriteBackCommand.self])
}

struct RotationListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List rotations: state, next start, last success, failures.",
        discussion: """
            STATE is scheduled, due, running (interrupted or failed before the new value became current), failed (taken \
            back), writeBackPending (the vault is newer than Git) or manual (only when asked).

            EXAMPLES
              reseal rotation list
              reseal rotation list --json
            """)

    @OptionGroup var vault: VaultOptions

    @Option(
        name: [.customLong("organization"), .customLong("org")],
        help: ArgumentHelp("Only secrets of this organization. Default: all.", valueName: "name"))
    var organization: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let items = try RotationSurvey.items(try vault.openCore(), organization: organization)
        RotationReportView(json: json).show(items)
    }
}

struct RotationCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Take back a rotation that did not come to its end.",
        discussion: """
            The target gets the value before, then the new one is destroyed. When the target cannot be reached, nothing \
            changes: a value that may be valid there is kept.

            EXAMPLES
              reseal rotation cancel prod/orders-db
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @OptionGroup var lockOption: RotationLockOption

    @Argument(help: "The secret's name.")
    var name: String

    func run() async throws {
        let id = try organization.id(name)
        let core = try vault.openCore()
        let lock = try await lockOption.take(vault.vaultHome)
        defer { withExtendedLifetime(lock) {} }
        let rotator = Rotator(core: core, targets: ControllerTargets(vault.vaultHome, core: core))
        try await RotationService(rotator).cancel(id, by: try vault.context())
        Terminal.note("took the rotation of \(id) back; its value is the one before")
    }
}

struct RotationWriteBackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write-back", abstract: "Seal new values that Git does not hold yet into the work tree.",
        discussion: """
            Without names, all of them; adopted values too. The commit is yours; the next apply of it ends the rotation. \
            A value that cannot be sealed is named, and hinders none of the others.

            EXAMPLES
              reseal rotation write-back --repo . && git commit -am "Rotated values"
              reseal rotation write-back prod/orders-db

            \(ExitStatus.help)
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption
    @OptionGroup(title: "Git") var workTree: WorkTreeOptions

    @OptionGroup var lockOption: RotationLockOption

    @Argument(help: "Names of secrets.")
    var names: [String] = []

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let home = vault.vaultHome
        let wanted = try names.map(organization.id)
        let core = try vault.openCore()
        let lock = try await lockOption.take(home)
        defer { withExtendedLifetime(lock) {} }
        let place = try workTree.place(home)
        let rotator = Rotator(
            core: core, targets: ControllerTargets(home, core: core),
            writeBack: WorkTreeWriteBack(root: place.root, folder: place.folder, access: place.access))
        let service = RotationService(rotator)
        let context = try vault.context()
        let waiting = try RotationSurvey.items(core).filter(\.isWriteBackPending).map(\.id)
        var written: [(SecretID, WriteBackOutcome)] = []
        var failures: [(SecretID, any UserFacingFailure)] = []
        for id in wanted.isEmpty ? waiting : wanted {
            do {
                if let outcome = try await service.writeBack(id, by: context) { written.append((id, outcome)) }
            } catch { failures.append((id, UnexpectedFailure.wrapping(error))) }
        }
        // One that fails alone is the answer of the command, with its own exit code.
        if written.isEmpty, failures.count == 1 { throw failures[0].1 }
        RotationReportView(json: json).show(written, failures)
        if !failures.isEmpty { throw ExitCode((written.isEmpty ? ExitStatus.failed : .partial).rawValue) }
    }
}
