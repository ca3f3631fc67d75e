package import ResealSealing

/// What reading and using keys may do: whom to ask, and which plugins to run. Nothing is asked and nothing is run unless
/// this says so.
package struct KeyAccess: Sendable {
    package let interaction: any KeyInteraction
    package let plugins: PluginPolicy

    package init(interaction: any KeyInteraction, plugins: PluginPolicy) {
        self.interaction = interaction
        self.plugins = plugins
    }

    /// For keys that are used while nobody is there: no question, no plugin.
    package static let unattended = KeyAccess(interaction: NoInteraction(), plugins: .none)
}

/// The person who is asked while keys are used. May be called from any thread; questions come one at a time, since
/// whoever implements this has one terminal.
package protocol KeyInteraction: Sendable {
    /// Asks for a passphrase or PIN, which is not shown while it is typed.
    func secret(_ question: String) throws(AgeFailure) -> SecretBytes
    /// Asks for a line that may be shown.
    func line(_ question: String) throws(AgeFailure) -> SecretBytes
    /// Asks for one of two things, named by `yes` and `no`; without `no`, for an acknowledgement.
    func confirm(_ question: String, yes: String, no: String?) throws(AgeFailure) -> Bool
    /// Shows a message.
    func show(_ message: String) throws(AgeFailure)
}

/// Nobody is there: every question fails.
package struct NoInteraction: KeyInteraction {
    package init() {}

    package func secret(_ question: String) throws(AgeFailure) -> SecretBytes { throw Self.failure(question) }
    package func line(_ question: String) throws(AgeFailure) -> SecretBytes { throw Self.failure(question) }
    package func confirm(_ question: String, yes: String, no: String?) throws(AgeFailure) -> Bool {
        throw Self.failure(question)
    }
    package func show(_ message: String) throws(AgeFailure) { throw Self.failure(message) }

    private static func failure(_ question: String) -> AgeFailure {
        AgeFailure(.passphrase, "there is nobody to ask: \(question)", hint: "run the command in a terminal")
    }
}

/// A passphrase that is asked for when a file turns out to be sealed with one. It has to be.
package struct PromptedPassphrase: Identity {
    private let question: String
    private let interaction: any KeyInteraction

    package init(question: String, interaction: any KeyInteraction) {
        self.question = question
        self.interaction = interaction
    }

    package func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        // A malformed or too costly file is refused before anyone is asked for anything.
        guard try ScryptIdentity.recognizes(stanzas) else {
            throw AgeFailure(
                .noMatch, "no identity was given, and the file is not sealed with a passphrase",
                hint: "name an identity file with `-i FILE`")
        }
        let passphrase = try interaction.secret(question)
        guard let fileKey = try ScryptIdentity(passphrase).unwrap(stanzas) else {
            throw AgeFailure(.noMatch, "the passphrase is wrong", hint: "try again; letter case and spaces count")
        }
        return fileKey
    }
}
