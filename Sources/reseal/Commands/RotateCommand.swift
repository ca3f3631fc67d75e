internal import ArgumentParser
internal import ResealClient
internal import ResealCore
internal import ResealReconciler
internal import ResealSealing
internal import ResealVault

struct RotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Renew values now: make them, hand them over, check them, make them current.",
        discussion: """
            Makes a new value by the secret's `rotation.generate`, or takes one from stdin, stores it encrypted, hands it to \
            the target of `rotation.handler`, uses it there, and only then makes it current. The value before stays for \
            `keepPrevious`. A rotation that was interrupted or failed is gone on with, whatever step it died in.

            With --notify, the notifiers that want such events are told of it, also of a rotation that failed; a controller \
            tells them only of those that it does itself. Status 8: a notifier could not be told.

            Afterwards the vault is newer than Git; nothing undoes that (`reseal status`: WriteBackPending). With --write, \
            the new value is also sealed into its manifest in the work tree, and the commit is yours.

            EXAMPLES
              reseal rotate prod/orders-db
              reseal rotate prod/orders-db --write --repo . && git commit -am "Rotate orders"
              printf %s "$NEW" | reseal rotate prod/mail-api --value-from-stdin
              reseal rotate --due
              reseal rotate --all --label team=orders
              reseal rotate prod/orders-db --server https://vault.example.org:8200
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String?

    @Flag(help: "Do everything that is due: rotations, resuming what was interrupted, retiring old values.")
    var due = false

    @Flag(help: "Rotate every secret that has all the labels given, due or not. For a compromise.")
    var all = false

    @Option(help: ArgumentHelp("A label that secrets must have; may be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("The field that gets the new value.", valueName: "field"))
    var field: String?

    @Flag(help: "Read the new value from stdin, or ask for it at a hidden prompt.")
    var valueFromStdin = false

    @Flag(help: "Tell the notifiers of the secret about it.")
    var notify = false

    @OptionGroup(title: "Git") var sealing: RotationSealingOptions
    @OptionGroup var lockOption: RotationLockOption

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func validate() throws {
        guard [name != nil, due, all].count(where: { $0 }) == 1 else {
            throw ValidationError("name a secret, or give --due, or --all with --label")
        }
        guard !all || !label.isEmpty, all || label.isEmpty else {
            throw ValidationError("--all and --label go together: which secrets are to be rotated?")
        }
        guard name != nil || !valueFromStdin && field == nil else {
            throw ValidationError("--value-from-stdin and --field are for one secret")
        }
    }

    func run() async throws {
        let wanted = try name.map(organization.id)
        let field = try self.field.map { try FieldOption.path($0) }
        if let remote = try openRemote(), let wanted { return try await rotate(wanted, at: remote) }
        let vault = secrets.vault
        let labels = try Self.pairs(label)
        let core = try vault.openCore()
        let lock = try await lockOption.take(vault.vaultHome)
        defer { withExtendedLifetime(lock) {} }
        let service = RotationService(try sealing.rotator(core, vault.vaultHome))
        let context = try vault.context()
        let view = RotationReportView(json: json)
        let notices = notify ? RotationNotices(vault.vaultHome, core: core, by: context) : nil
        if let wanted {
            let value = try readValue(of: wanted)
            do {
                view.show(try await service.rotate(wanted, to: value, field: field, by: context))
            } catch {
                // Whoever could not be told was named; what the rotation failed of is what counts.
                if let notices { _ = try? await notices.tell(wanted, failure: UnexpectedFailure.wrapping(error)) }
                throw error
            }
            if let notices, try await notices.tell(wanted) > 0 { throw ExitCode(ExitStatus.partial.rawValue) }
            return
        }
        let run =
            due
            ? try await service.runDue(by: context)
            : await service.run(try selected(labels, core), by: context)
        view.show(run)
        let untold = if let notices { try await tell(of: run, notices) } else { 0 }
        guard run.failures == 0 else {
            throw ExitCode((run.failures == run.endings.count ? ExitStatus.failed : .partial).rawValue)
        }
        guard untold == 0 else { throw ExitCode(ExitStatus.partial.rawValue) }
    }

    private func tell(of run: RotationRun, _ notices: RotationNotices) async throws -> Int {
        var untold = 0
        for (id, ending) in run.endings {
            switch ending {
            case .rotated: untold += try await notices.tell(id)
            case .failed(let failure): untold += try await notices.tell(id, failure: failure)
            case .retired: break
            }
        }
        return untold
    }

    private func readValue(of id: SecretID) throws -> SecretBytes? {
        valueFromStdin ? try ValueInput.standardInput(prompt: "New value of \(id)") : nil
    }

    /// `nil` for a vault of this machine. What is more than one secret, or a work tree, is never meant for a server.
    private func openRemote() throws -> RemoteSecrets? {
        guard name != nil, !sealing.write, !notify else {
            guard secrets.server.server == nil else {
                throw UsageFailure(
                    "--server rotates one secret, and takes neither --write nor --notify",
                    hint: "name the secret; that vault's controller writes back and notifies by itself")
            }
            return nil
        }
        return try secrets.openRemote(organization.organization)
    }

    private func rotate(_ id: SecretID, at remote: RemoteSecrets) async throws {
        let rotation = try await remote.client.rotate(id.name, to: readValue(of: id), field: field)
        RotationReportView(json: json).show(rotation)
    }

    private func selected(_ labels: [String: String], _ core: VaultCore) throws -> [SecretID] {
        let found = try RotationSurvey.secrets(core, organization: organization.organization, labels: labels)
        guard !found.isEmpty else {
            throw UsageFailure(
                "no secret has the label(s) \(labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", "))",
                hint: "`reseal list --json` shows the labels of each manifest")
        }
        return found
    }

    private static func pairs(_ texts: [String]) throws -> [String: String] {
        try texts.reduce(into: [:]) { pairs, text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw UsageFailure("`\(text)` is no label", hint: "write --label key=value")
            }
            pairs[String(parts[0])] = String(parts[1])
        }
    }
}

/// Whether, and where, rotated values are sealed.
struct RotationSealingOptions: ParsableArguments {
    @Flag(help: "Seal the new value into its manifest in the work tree too.")
    var write = false

    @OptionGroup var workTree: WorkTreeOptions

    func validate() throws {
        guard write || workTree.repo == nil && workTree.path == nil else {
            throw ValidationError("--repo and --path say where --write seals; add --write")
        }
    }

    func rotator(_ core: VaultCore, _ home: VaultHome) throws -> Rotator {
        var writeBack: WorkTreeWriteBack?
        if write {
            let place = try workTree.place(home)
            writeBack = WorkTreeWriteBack(root: place.root, folder: place.folder, access: place.access)
        }
        return Rotator(core: core, targets: ControllerTargets(home, core: core), writeBack: writeBack)
    }
}
