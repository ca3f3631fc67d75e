internal import ResealAge
internal import ResealCore
internal import ResealSealing

/// Reads the keys that the user named: on the command line, in his environment, or in his own settings. Those may ask
/// him and run the plugins that they name.
enum AgeKeys {
    static let access = KeyAccess(interaction: AgeTerminal(), plugins: .all)

    static func recipients(_ texts: [String], files: [String]) throws -> [any Recipient] {
        var recipients: [any Recipient] = []
        for text in texts { recipients.append(try RecipientFile.recipient(text, access: access)) }
        for path in files {
            recipients += try RecipientFile.parse(AgeInput.keys(path), name: shown(path), access: access) { skipped in
                Terminal.note(DiagnosticView.text(skipped, Style(descriptor: 2)))
            }
        }
        return recipients
    }

    static func identities(files: [String]) throws -> [any RecipientDeriving] {
        try files.flatMap { try identities(file: $0) }
    }

    static func identities(file path: String) throws -> [any RecipientDeriving] {
        var bytes = try AgeInput.keys(path)
        return try IdentityFile.parse(SecretBytes(consuming: &bytes), name: shown(path), access: access) {
            path == "-" ? nil : try? AtomicFile.read("\(path).pub", limit: IdentityFile.maximumBytes)
        }
    }

    private static func shown(_ path: String) -> String { path == "-" ? "standard input" : path }
}
