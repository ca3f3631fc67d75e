internal import ArgumentParser
internal import ResealCore
internal import ResealSealing
internal import ResealVault

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Write a new version of a secret by hand.",
        discussion: """
            The value is read from stdin, a file or a hidden prompt. With --field, only that field of a structured value \
            changes. For a secret that a manifest describes, the next apply sees drift and follows the secret's policy.

            EXAMPLES
              printf %s "$TOKEN" | reseal set ci/deploy-token
              reseal set prod/orders-db --field password
              reseal set prod/tls --field key --from-file tls.key
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @OptionGroup var input: ValueInput

    @Option(help: ArgumentHelp("Replace or add one field of a structured value.", valueName: "field"))
    var field: String?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        _ = try organization.id(name)
        let path = try FieldOption.path(field)
        let bytes = try input.read(prompt: FieldOption.question(name, field))
        let value = SecretValue(scalar: bytes, type: bytes.isUTF8 ? .string : .binary)
        let writing = try await secrets.open(organization.organization).set(name, field: path, to: value)
        WritingView.show(writing, done: "wrote", json: json)
    }
}

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make an older value of a secret current again, as a new version.",
        discussion: """
            Also brings a deleted secret back, as long as its values are kept. For a secret that a manifest describes, the \
            next apply sees drift and follows the secret's policy.

            EXAMPLES
              reseal rollback prod/orders-db
              reseal versions prod/orders-db && reseal rollback prod/orders-db --to 3
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The version to go back to. Default: the one before.", valueName: "n"))
    var version: Int64?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let writing = try await secrets.open(organization.organization).rollback(name, to: version)
        WritingView.show(writing, done: "rolled back", json: json)
    }
}

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a secret; its values stay for `keepPrevious`, so that rollback can bring it back.",
        discussion: """
            With --destroy, keys and ciphertexts of all versions go at once; a backup of the vault is then the only way \
            back. A secret with `deletionProtection` is not deleted. A secret that a manifest describes is deleted by \
            removing the manifest; deleted here, the next apply sees drift and follows the secret's policy.

            EXAMPLES
              reseal delete ci/old-token
              reseal delete ci/leaked-token --destroy
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Flag(help: "Destroy all values at once and for good.")
    var destroy = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let writing = try await secrets.open(organization.organization).delete(name, destroying: destroy)
        WritingView.show(writing, done: destroy ? "destroyed" : "deleted", json: json)
    }
}

/// The outcome of a write by hand, and the warning that Git knows nothing of it.
enum WritingView {
    static func show(_ writing: SecretWriting, done: String, json: Bool) {
        if json {
            Terminal.print(writing.document.canonical)
        } else {
            Terminal.note("\(done) \(writing.id), version \(writing.version)")
        }
        if writing.isManaged {
            Terminal.note(
                "warning: Git manages \(writing.id); where it differs from Git now, the next apply sees drift and follows "
                    + "its policy\n"
                    + "  hint: change it in Git with `reseal seal \(writing.id.name)` to keep the value")
        }
    }
}
