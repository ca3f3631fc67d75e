internal import ArgumentParser
internal import ResealAge

/// `reseal age`: seals and opens age files, with the options of the `age` command.
struct AgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "age", abstract: "Seal and open age files.",
        usage: """
            reseal age [--encrypt] (-r RECIPIENT | -R FILE)... [--armor] [-o OUTPUT] [INPUT]
            reseal age --encrypt (-r RECIPIENT | -R FILE | -i FILE | -j PLUGIN)... [--armor] [-o OUTPUT] [INPUT]
            reseal age [--encrypt] --passphrase [--armor] [-o OUTPUT] [INPUT]
            reseal age --decrypt [-i FILE | -j PLUGIN]... [-o OUTPUT] [INPUT]
            """,
        discussion: """
            INPUT is standard input unless given, OUTPUT standard output. An output file appears when it is complete \
            and replaces an older one. RECIPIENT is a public key `age1…`, a post-quantum one `age1pq1…`, one of a \
            plugin `age1NAME1…`, or an SSH public key `ssh-ed25519 …` or `ssh-rsa …`. Files of recipients and \
            identities hold one a line, with `#` comments, and `-` reads them from standard input. An identity file \
            may also be an SSH private key, and it may be sealed with a passphrase. Armored and passphrase-sealed \
            files are recognised by themselves.

            For recipients and identities of plugins, the program `age-plugin-NAME` is run. It is looked for in the \
            absolute folders of PATH; AGEDEBUG=plugin shows what it writes to standard error.

            EXAMPLES
              reseal age -r age1… -o backup.tar.age backup.tar
              reseal age -d -i key.txt backup.tar.age > backup.tar
              tar c etc | reseal age -p -a -o etc.age
            """)

    @Flag(name: .shortAndLong, help: "Seal the input; this is the default.")
    var encrypt = false

    @Flag(name: .shortAndLong, help: "Open the input.")
    var decrypt = false

    @Option(name: .shortAndLong, help: "Seal for this recipient. Can be repeated.")
    var recipient: [String] = []

    @Option(
        name: [.customShort("R"), .long],
        help: ArgumentHelp("Seal for the recipients of this file. Can be repeated.", valueName: "file"))
    var recipientsFile: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Use the identities of this file. Can be repeated.", valueName: "file"))
    var identity: [String] = []

    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp("Use the identity of this plugin that holds no data. Can be repeated.", valueName: "plugin"))
    var plugin: [String] = []

    @Flag(name: .shortAndLong, help: "Seal with a passphrase, which is asked for.")
    var passphrase = false

    @Flag(name: .shortAndLong, help: "Write ASCII armor.")
    var armor = false

    @Option(name: .shortAndLong, help: "Write to this file; `-` is standard output, terminal or not.")
    var output: String?

    @Argument(help: ArgumentHelp("The file to read.", valueName: "input"))
    var inputs: [String] = []

    func run() throws {
        try AgeOptionCheck(self).check()
        let input = try AgeInput(inputs.first)
        let output = AgeOutput(output, isSecret: decrypt)
        try output.requireOther(than: input)
        if decrypt {
            try Age.decrypt(from: input.read, with: identities(), into: output.write)
        } else {
            guard armor || !output.isTerminal else {
                throw AgeFailure(
                    .output, "an age file is binary, which would garble the terminal",
                    hint: "write text with -a/--armor, name a file with `-o FILE`, or force it with `-o -`")
            }
            try Age.encrypt(from: input.read, to: recipients(), armored: armor, into: output.write)
        }
        try output.finish()
    }

    private func identities() throws -> [any Identity] {
        if identity.isEmpty, plugin.isEmpty {
            return [PromptedPassphrase(question: "Passphrase", interaction: AgeKeys.access.interaction)]
        }
        return try namedIdentities()
    }

    private func namedIdentities() throws -> [any RecipientDeriving] {
        try AgeKeys.identities(files: identity) + plugin.map { try PluginIdentity(plugin: $0, access: AgeKeys.access) }
    }

    private func recipients() throws -> [any Recipient] {
        if passphrase { return [try ScryptRecipient(AgePassphrase.forEncryption(AgeKeys.access.interaction))] }
        return try AgeKeys.recipients(recipient, files: recipientsFile)
            + namedIdentities().flatMap { try $0.recipients() }
    }
}
