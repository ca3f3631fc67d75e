internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealVault

struct SuspendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Have the controller leave a source alone until it is resumed.",
        discussion: """
            A round that runs is finished. The suspension outlives restarts of the controller, and is recorded in the \
            audit trail.

            EXAMPLES
              reseal suspend
              reseal suspend prod
            """)

    @OptionGroup var suspension: SuspensionOptions

    func run() throws { try suspension.record(.suspend) { try $0.add($1) } }
}

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Have the controller look at a suspended source again.",
        discussion: """
            EXAMPLES
              reseal resume
              reseal resume prod
            """)

    @OptionGroup var suspension: SuspensionOptions

    func run() throws { try suspension.record(.resume) { try $0.remove($1) } }
}

struct SuspensionOptions: ParsableArguments {
    @OptionGroup var vault: VaultOptions
    @OptionGroup var config: ConfigFileOption

    @Argument(help: ArgumentHelp("The source. Default: all.", valueName: "source"))
    var source: String?

    /// The record comes first: a change that is not in the trail must not be.
    func record(_ action: AuditAction, _ change: (Suspensions, String) throws -> Void) throws {
        let known = try config.load(vault.vaultHome).sources.map(\.name)
        let names = source.map { [$0] } ?? known
        for name in names where !known.contains(name) {
            let nearest = NearestName.suggestion(for: name, in: known)
            throw UsageFailure(
                "there is no source \(SafeText.line(name))",
                hint: nearest.map { "did you mean `\($0)`?" } ?? "known: \(known.joined(separator: ", "))")
        }
        let context = try vault.context()
        let core = try vault.openCore()
        try core.write { transaction in
            for name in names { try transaction.audit.record(action, "source/\(name)", by: context) }
        }
        for name in names { try change(Suspensions(vault.vaultHome), name) }
        if let pid = ControllerReport(vault.vaultHome)?.pid { kill(pid_t(pid), SIGHUP) }
    }
}
