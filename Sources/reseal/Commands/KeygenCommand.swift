internal import ArgumentParser
internal import Glibc
internal import ResealAge
internal import ResealCore
internal import ResealSealing

/// `reseal keygen`: makes an age identity, or shows the recipients of one.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make an age identity, or print the recipients of an identity file.",
        usage: """
            reseal keygen [--pq] [-o OUTPUT]
            reseal keygen -y [-o OUTPUT] [INPUT]
            """,
        discussion: """
            The file is for its owner only, and an existing one is never overwritten: it may be the only way to open \
            what was sealed for it. The recipient is the public key, to be given to those who seal.

            A post-quantum identity (--pq) stands up to quantum computers, too. Its recipient has some 2,000 \
            characters, needs age 1.3 or newer, and shares no file with recipients of other kinds.

            EXAMPLES
              reseal keygen -o key.txt
              reseal keygen -y key.txt
            """)

    @Option(name: .shortAndLong, help: "Write to this file.")
    var output: String?

    @Flag(help: "Make a post-quantum identity (ML-KEM-768 with X25519).")
    var pq = false

    @Flag(name: [.customShort("y"), .customLong("recipients")], help: "Print the recipients of an identity file.")
    var recipients = false

    @Argument(help: ArgumentHelp("The identity file for -y; standard input unless given.", valueName: "input"))
    var input: String?

    func run() throws {
        guard recipients || input == nil else {
            throw AgeFailure(
                .usage, "an input file is only read with -y", hint: "name the file to write with -o/--output")
        }
        guard !recipients || !pq else {
            throw AgeFailure(.usage, "--pq can't be used with -y", hint: "choose one of them")
        }
        if recipients { try printRecipients() } else { try generate() }
    }

    private func generate() throws {
        let (key, recipient) = try Self.newKey(isPostQuantum: pq)
        let created = Timestamp(seconds: Int64(time(nil)))
        let comments = Array("# created: \(created)\n# public key: \(recipient)\n".utf8)
        let text = SecretBytes(count: comments.count + key.count + 1) { text in
            text.copyBytes(from: comments)
            key.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: text[comments.count...]).copyMemory(from: $0)
            }
            text[text.count - 1] = 0x0a
        }
        try write(text, mode: 0o600)
        if output != nil || isatty(STDOUT_FILENO) == 0 {
            let note = Array("Public key: \(recipient)\n".utf8)
            _ = Glibc.write(STDERR_FILENO, note, note.count)
        }
    }

    private static func newKey(isPostQuantum: Bool) throws -> (text: SecretBytes, recipient: String) {
        if isPostQuantum {
            let identity = try HybridIdentity()
            return (identity.revealText(), identity.recipient.description)
        }
        let identity = try X25519Identity()
        return (try identity.revealText(), identity.recipient.description)
    }

    private func printRecipients() throws {
        let lines = try AgeKeys.identities(file: input ?? "-").flatMap { try $0.recipients() }.map { recipient in
            guard let recipient = recipient as? any ListedRecipient else {
                throw AgeFailure(
                    .identity, "the recipient of a plugin's identity is known to the plugin only",
                    hint: "the plugin prints its recipient when it makes the identity")
            }
            return "\(recipient)\n"
        }
        try write(SecretBytes(utf8: lines.joined()), mode: 0o644)
    }

    private func write(_ text: SecretBytes, mode: UInt32) throws {
        try text.withUnsafeBytes { text in
            if let output, output != "-" {
                try AtomicFile.write(text, to: output, mode: mode, replacing: false)
            } else {
                let output = AgeOutput("-", isSecret: true)
                try output.write(text)
                try output.finish()
            }
        }
    }
}
