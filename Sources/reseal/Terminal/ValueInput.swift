internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealSealing

/// How a secret value reaches the program: stdin, a file, a hidden prompt, and never the command line by accident.
struct ValueInput: ParsableArguments {
    private static let limit = 16 << 20

    @Option(
        name: .customLong("from-file"),
        help: ArgumentHelp("Read the value from a file, as it is; `-` is stdin.", valueName: "file"),
        completion: .file())
    var fromFile: String?

    @Option(
        name: .customLong("insecure-value"),
        help: ArgumentHelp(
            "The value itself. It stays in your shell's history and is shown to every user by `ps`.",
            valueName: "value"))
    var insecureValue: String?

    @Flag(name: .customLong("keep-newline"), help: "Keep the line break at the end of a value from stdin.")
    var keepNewline = false

    // Taken up only to be refused without repeating them: such a word is most likely a value.
    @Argument(help: .hidden)
    var strayWords: [String] = []

    func validate() throws {
        guard strayWords.isEmpty else {
            throw ValidationError(
                "a value is not taken from the command line, where `ps` and the shell's history show it; "
                    + "give it on stdin, at the prompt or with --from-file, or insist with --insecure-value")
        }
        guard insecureValue == nil || fromFile == nil else {
            throw ValidationError("--insecure-value and --from-file exclude each other")
        }
    }

    /// True if the command line says where the value comes from.
    var isGiven: Bool { fromFile != nil || insecureValue != nil || keepNewline }

    /// Asks at a hidden prompt when stdin is a terminal, otherwise reads stdin; there, one line break at the end of
    /// text is dropped, since `echo` adds one. Bytes that are no text stay as they are.
    func read(prompt: String) throws -> SecretBytes {
        if let insecureValue { return SecretBytes(utf8: insecureValue) }
        if let fromFile, fromFile != "-" {
            var bytes = try AtomicFile.read(fromFile, limit: Self.limit)
            return SecretBytes(consuming: &bytes)
        }
        return try Self.standardInput(prompt: prompt, keepNewline: keepNewline)
    }

    static func standardInput(prompt: String, keepNewline: Bool = false) throws -> SecretBytes {
        if Terminal.isTerminal(STDIN_FILENO) { return try HiddenPrompt.read(prompt) }
        var bytes = try AtomicFile.read(descriptor: STDIN_FILENO, name: "stdin", limit: limit)
        let value = SecretBytes(consuming: &bytes)
        return keepNewline || !value.isUTF8 ? value : withoutLineBreak(value)
    }

    static func firstLine(ofFile path: String) throws -> SecretBytes {
        var bytes = try AtomicFile.read(path, limit: 1 << 16)
        if let end = bytes.firstIndex(of: 0x0a) {
            bytes.withUnsafeMutableBytes { explicitZero(UnsafeMutableRawBufferPointer(rebasing: $0[end...])) }
            bytes.removeSubrange(end...)
        }
        if bytes.last == 0x0d { bytes.removeLast() }
        return SecretBytes(consuming: &bytes)
    }

    private static func withoutLineBreak(_ value: SecretBytes) -> SecretBytes {
        let end = value.withUnsafeBytes { bytes in
            guard bytes.last == 0x0a else { return bytes.count }
            return bytes.count - (bytes.dropLast().last == 0x0d ? 2 : 1)
        }
        return end == value.count ? value : value.slice(0..<end)
    }
}
