internal import ArgumentParser
internal import Glibc
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealVault

/// `reseal export`: from the vault into files of other tools.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write secrets of the vault as files of another tool.",
        subcommands: [SOPSExportCommand.self])
}

struct SOPSExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sops",
        abstract: "Write secrets as files that SOPS opens, every value encrypted.",
        discussion: """
            The name of the file tells its format, as with SOPS: .yaml, .json, .env, and anything else for one scalar \
            as a binary file. A scalar in YAML, JSON or dotenv becomes the field `value`. The files are for the \
            recipients of the rules that were last applied, or for those given with -r instead. Every read is recorded \
            in the audit trail.

            EXAMPLES
              reseal export sops prod/orders-db -o orders-db.enc.yaml
              reseal export sops prod/tls-key -o tls.key.enc -r age1…
              reseal export sops --all -o backup/
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String?

    @Flag(help: "Write every secret that has a value, each into a file NAME.enc.yaml.")
    var all = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write, or with --all the folder.", valueName: "file|dir"), completion: .file())
    var output: String

    @Option(
        name: [.customShort("r"), .customLong("recipient")],
        help: ArgumentHelp(
            "Encrypt for this age recipient instead of those of the rules; may be repeated.", valueName: "age1…"))
    var recipients: [String] = []

    @Option(help: ArgumentHelp("With --all: yaml or json.", valueName: "format"))
    var format: String?

    @Flag(help: "Replace files that are there.")
    var force = false

    func validate() throws {
        guard all != (name != nil) else { throw ValidationError("name one secret, or give --all") }
        guard all || format == nil else {
            throw ValidationError("--format goes with --all; a file's name tells its format")
        }
        guard [nil, "yaml", "json"].contains(format) else { throw ValidationError("--format is yaml or json") }
    }

    func run() async throws {
        let core = try vault.openCore()
        let vault = Vault(core: core)
        let context = try self.vault.context()
        let targets = try await targets(vault, context)
        if !force, let taken = targets.first(where: { FileProbe.exists($0.path) }) {
            throw FileFailure(.exists, "\(taken.path) exists already", hint: "choose another place, or give --force")
        }
        var rules = AppliedRecipients(core)
        let given = try recipients.map {
            (text: $0, recipient: try RecipientFile.recipient($0, access: AgeKeys.access))
        }
        // Recipients first: without them nothing is read.
        let keys = try targets.map { given.isEmpty ? try rules.recipients(of: $0.id) : given }
        let readings = try await vault.getMany(targets.map(\.id), by: context)
        var files: [(path: String, bytes: [UInt8])] = []
        for (reading, (target, keys)) in zip(readings, zip(targets, keys)) {
            files.append((target.path, try file(reading, target.path, keys)))
        }
        for file in files {
            if all, let end = file.path.lastIndex(of: "/") {
                try AtomicFile.createPrivateFolder(String(file.path[..<end]))
            }
            try AtomicFile.write(file.bytes, to: file.path, mode: 0o644, replacing: force)
        }
        Terminal.note("wrote \(files.count) file(s) of SOPS")
    }

    private func targets(_ vault: Vault, _ context: ActionContext) async throws -> [(id: SecretID, path: String)] {
        if let name { return [(try organization.id(name), output)] }
        let folder = output.hasSuffix("/") ? String(output.dropLast()) : output
        return try await vault.list(organization: organization.organization, by: context)
            .filter { $0.isActive && $0.currentVersion > 0 }
            .map { ($0.id, "\(folder)/\($0.id.name).enc.\(format ?? "yaml")") }
    }

    private func file(
        _ reading: SecretReading, _ path: String, _ keys: [(text: String, recipient: any Recipient)]
    ) throws -> [UInt8] {
        let fields = reading.value.leaves.map { SOPSField(path: $0.path, value: SOPSValue($0)) }
        do {
            return try SOPSWriter.write(
                fields, as: try SOPSFormat(path: path), to: keys, at: WallClock.system.now())
        } catch let failure as ManifestFailure {
            throw ManifestFailure(
                failure.kind, "\(reading.id) cannot be written to \(path): \(failure.message)", hint: failure.hint)
        }
    }
}

extension SOPSValue {
    fileprivate init(_ leaf: SecretValue.Leaf) {
        let kind: Kind =
            switch leaf.type {
            case .string: .string
            case .integer: .integer
            case .number: .number
            case .boolean: .boolean
            case .null: .null
            case .binary: .binary
            }
        self.init(kind, leaf.bytes, isEncrypted: true)
    }
}
