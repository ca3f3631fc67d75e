internal import ArgumentParser
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

struct OffboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offboard",
        abstract:
            "Take a recipient out, reseal what it could open, and keep account until the credentials are changed.",
        discussion: """
            Lists every value that the recipient could open, in the whole history of the repository; keeps the list in \
            \(OffboardingReport.folder); takes the recipient out of the rules; and reseals the values with fresh file \
            keys.

            Whoever could open a value may know it for ever: the report turns green only when each credential is \
            another. A new value that is sealed after the report counts by itself. --rotated and --retired note what \
            reseal cannot see. With --identity, --status opens old and new values and compares them.

            --status exits with 0 when everything is green, else with 1.

            EXAMPLES
              reseal offboard alice --identity key.txt
              reseal offboard alice --dry-run
              reseal offboard --status
              reseal offboard --status alice --identity key.txt
              reseal offboard alice --retired prod/old-api --reason "account closed"
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var tree: WorkTreeOptions

    @Argument(help: "The recipient: the whole public key, its fingerprint, or its name.")
    var recipient: String?

    @OptionGroup var keys: IdentityOptions

    @Flag(help: "Show how far the rotation is, of all who were offboarded or of one.")
    var status = false

    @Option(help: ArgumentHelp("Note that these values were changed where reseal cannot see it.", valueName: "value"))
    var rotated: [String] = []

    @Option(
        help: ArgumentHelp("Note that these credentials are not valid any more, or never were any.", valueName: "value")
    )
    var retired: [String] = []

    @Option(help: ArgumentHelp("Why, for --retired.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("Write the list into a Markdown file as well.", valueName: "file"), completion: .file())
    var report: String?

    @Flag(help: "Do not reseal; someone with an identity runs `reseal rekey` later.")
    var noRekey = false

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let notes = !rotated.isEmpty || !retired.isEmpty
        guard status || recipient != nil else { throw ValidationError("name a recipient, or ask for --status") }
        guard !(status && notes) else { throw ValidationError("--status goes with neither --rotated nor --retired") }
        guard retired.isEmpty || reason?.isEmpty == false else { throw ValidationError("--retired needs a --reason") }
        guard !notes || !(dryRun || noRekey || report != nil) else {
            throw ValidationError("--rotated and --retired only note something; they offboard nobody")
        }
    }

    func run() async throws {
        if status { return try showStatus() }
        guard let recipient else { return }
        if !rotated.isEmpty || !retired.isEmpty { return try acknowledge(recipient) }
        try offboard(recipient)
    }

    // MARK: Offboarding

    private func offboard(_ recipient: String) throws {
        // Asked for first, so that nothing is half done for want of it.
        let settings = try keys.settings(vault.vaultHome)
        let identities = noRekey || dryRun ? [] : try settings.identities()
        let access = settings.repositoryAccess
        let offboarding = try Offboarding(try tree.checkout(vault.vaultHome), now: WallClock.system.now())
        let outcome = try offboarding.remove(try offboarding.recipient(recipient), isDryRun: dryRun)
        let view = OffboardingView(outcome: outcome, isDryRun: dryRun)
        if let report { try AtomicFile.write(view.markdown, to: report, mode: 0o644) }
        if !json { Terminal.print(view.text(Style())) }
        guard !noRekey, !dryRun else {
            if json { return Terminal.print(view.document.canonical) }
            return Terminal.note(RecipientsChangeView(outcome: outcome.change).rekeying)
        }
        let rekeyed = try RekeyRun.run(
            try tree.checkout(vault.vaultHome), identities: identities, access: access,
            selection: ValueSelection([]), isDryRun: false)
        let rekeyView = RekeyView(report: rekeyed, isDryRun: false)
        if json {
            var members = view.document.objectValue ?? [:]
            members["rekey"] = rekeyView.document
            Terminal.print(JSON.object(members).canonical)
        } else {
            rekeyView.note()
        }
        // The rules are changed already, so whatever is left makes it a part.
        if rekeyView.exitStatus != nil { throw ExitCode(ExitStatus.partial.rawValue) }
    }

    // MARK: Afterwards

    private func acknowledge(_ recipient: String) throws {
        let now = WallClock.system.now()
        let offboarding = try Offboarding(try tree.checkout(vault.vaultHome), now: now)
        let who = try offboarding.recipient(recipient)
        let by = try vault.context().principal.description
        var count = 0
        for (claim, subjects) in [(OffboardingReport.Acknowledgement.Claim.rotated, rotated), (.retired, retired)]
        where !subjects.isEmpty {
            count += try offboarding.acknowledge(
                subjects, of: who, OffboardingReport.Acknowledgement(claim, at: now, by: by, reason: reason))
        }
        Terminal.note("noted \(count) value(s) in the report about \(SafeText.line(who.label))")
    }

    private func showStatus() throws {
        let checkout = try tree.checkout(vault.vaultHome)
        var statuses = try RotationStatus.all(checkout)
        if let recipient {
            statuses.removeAll { status in
                ![status.report.name, status.report.fingerprint, status.report.recipient].contains(recipient)
            }
            guard !statuses.isEmpty else {
                throw ReconcileFailure(
                    .unknownRecipient, "there is no report about a recipient of that text, fingerprint or name",
                    hint: "`reseal offboard --status` shows all reports")
            }
        }
        var notes: [Diagnostic] = []
        if !keys.identity.isEmpty {
            let proof = RotationProof(checkout, identities: try keys.settings(vault.vaultHome).identities())
            for index in statuses.indices { notes += try proof.check(&statuses[index]) }
        }
        let isGreen = statuses.allSatisfy(\.due.isEmpty)
        if json {
            let document: JSON = [
                "green": .bool(isGreen), "reports": .array(statuses.map(RotationView.document)),
                "diagnostics": .array(notes.map(DiagnosticView.json)),
            ]
            Terminal.print(document.canonical)
        } else {
            Terminal.print(RotationView.text(statuses, Style()))
            for note in notes { Terminal.note(DiagnosticView.text(note, Style(descriptor: 2))) }
        }
        if !isGreen { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
