internal import ResealAge
internal import ResealSealing

/// Reads the keys that a command line names.
enum AgeKeys {
    static func recipients(_ texts: [String], files: [String]) throws -> [any Recipient] {
        var recipients: [any Recipient] = []
        for text in texts { recipients.append(try RecipientFile.recipient(text)) }
        for path in files { recipients += try RecipientFile.parse(AgeInput.keys(path), name: shown(path)) }
        return recipients
    }

    static func identities(files: [String]) throws -> [any Identity] {
        try files.flatMap { try identities(file: $0) }
    }

    /// An identity file may itself be sealed with a passphrase.
    static func identities(file path: String) throws -> [any Identity] {
        var bytes = try AgeInput.keys(path)
        let isSealed = Armor.isArmored(bytes) || bytes.starts(with: "age-encryption.org/".utf8)
        if isSealed {
            let question = "Passphrase of the identity file \(shown(path))"
            let opened = try Age.decrypt(bytes, with: [PromptingIdentity(question: question)])
            return try IdentityFile.parse(opened, name: shown(path))
        }
        return try IdentityFile.parse(SecretBytes(consuming: &bytes), name: shown(path))
    }

    private static func shown(_ path: String) -> String { path == "-" ? "standard input" : path }
}
