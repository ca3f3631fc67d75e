internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealReconciler
internal import ResealVault

struct RekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Reseal the values that do not fit the rules, and nothing else. Needs an identity that opens them.",
        discussion: """
            Each value gets a fresh file key and stays what it is, so that the next apply sees no change of it. Values \
            without a binding become bound to the place where they stand: look at them before. Every other byte of the \
            files stays, and each file is replaced whole: after a kill at any moment, run it again for the rest.

            A value that cannot be opened stops none of the others; all of them are named at the end, with those who \
            could open them. Exits with 6 then.

            EXAMPLES
              reseal rekey --identity key.txt
              reseal rekey prod/orders-db manifests/staging --identity key.txt
              reseal rekey --dry-run
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup var tree: WorkTreeOptions

    @OptionGroup var keys: IdentityOptions

    @Argument(help: "Only the values of these secrets, files or folders; patterns with * and ** too.")
    var selection: [String] = []

    @Flag(help: "Say what would be resealed, and write nothing. With an identity, tries to open the values.")
    var dryRun = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let settings = try keys.settings(location.vaultHome)
        let report = try RekeyRun.run(
            try tree.checkout(location.vaultHome), identities: try identities(settings),
            access: settings.repositoryAccess, selection: ValueSelection(selection), isDryRun: dryRun)
        let view = RekeyView(report: report, isDryRun: dryRun)
        if json {
            Terminal.print(view.document.canonical)
        } else {
            if dryRun { Terminal.print(view.list) }
            view.note()
        }
        if let status = view.exitStatus { throw ExitCode(status.rawValue) }
    }

    private func identities(_ settings: GitSettings) throws -> [any Identity] {
        dryRun && !settings.hasIdentity ? [] : try settings.identities()
    }
}

/// Resealing with its progress shown.
enum RekeyRun {
    static func run(
        _ checkout: Checkout, identities: [any Identity], access: KeyAccess, selection: ValueSelection,
        isDryRun: Bool
    ) throws -> RekeyReport {
        let progress = Progress("resealed values:")
        defer { progress.finish() }
        return try Rekeying(
            root: checkout.workTree ?? checkout.repositoryPath, folder: checkout.source.path, identities: identities,
            access: access, now: WallClock.system.now(), progress: { progress.update($0) }
        ).run(selection, isDryRun: isDryRun)
    }
}
