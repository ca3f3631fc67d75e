internal import ResealSealing

/// Asks for a passphrase that will lock a vault.
enum NewPassphrase {
    private static let minimumBytes = 8

    /// From the first line of `file`, else at a hidden prompt, twice.
    static func read(file: String?) throws -> SecretBytes {
        let first = try file.map(ValueInput.firstLine(ofFile:)) ?? HiddenPrompt.read("New passphrase of the vault")
        guard first.count >= minimumBytes else {
            throw UsageFailure(
                "the passphrase is shorter than \(minimumBytes) bytes",
                hint: "take several random words; whoever copies the store can try passphrases at leisure")
        }
        if file == nil {
            guard try HiddenPrompt.read("Passphrase again").isEqual(to: first) else {
                throw UsageFailure("the two passphrases differ", hint: "run the command again")
            }
        }
        return first
    }
}
