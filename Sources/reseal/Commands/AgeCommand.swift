internal import ArgumentParser
internal import ResealAge

/// `reseal age`: seals and opens age files, with the options of the `age` command.
struct AgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "age", abstract: "Seal and open age files.",
        usage: """
            reseal age [--encrypt] (-r RECIPIENT | -R FILE | -e -i FILE)... [--armor] [-o OUTPUT] [INPUT]
            reseal age [--encrypt] --passphrase [--armor] [-o OUTPUT] [INPUT]
            reseal age --decrypt [-i FILE]... [-o OUTPUT] [INPUT]
            """,
        discussion: """
            INPUT is standard input unless given, OUTPUT standard output. An output file appears when it is complete \
            and replaces an older one. RECIPIENT is a public key `age1…`; files of recipients and identities hold one a \
            line, with `#` comments, and `-` reads them from standard input. An identity file may be sealed with a \
            passphrase. Armored and passphrase-sealed files are recognised by themselves.

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
            let identities =
                identity.isEmpty
                ? [PromptingIdentity(question: "Passphrase")] : try AgeKeys.identities(files: identity)
            try Age.decrypt(from: input.read, with: identities, into: output.write)
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

    private func recipients() throws -> [any Recipient] {
        if passphrase { return [try ScryptRecipient(AgePassphrase.forEncryption())] }
        var recipients = try AgeKeys.recipients(recipient, files: recipientsFile)
        for identity in try AgeKeys.identities(files: identity) {
            guard let identity = identity as? any RecipientDeriving else {
                throw AgeFailure(.identity, "an identity has no recipient to seal for", hint: "name it with -r")
            }
            recipients.append(identity.derivedRecipient)
        }
        return recipients
    }
}
