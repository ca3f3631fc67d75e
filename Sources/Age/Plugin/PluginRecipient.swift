internal import ResealCore
package import ResealSealing

/// A recipient that a plugin seals for, `age1NAME1…`.
package struct PluginRecipient: ListedRecipient, LabeledRecipient {
    package let description: String
    /// What a plugin writes is its own affair.
    package var stanzaType: String? { nil }
    private let plugin: PluginName
    private let access: KeyAccess

    /// Runs nothing yet: whether the plugin may be run is asked when something is sealed. Throws
    /// ``AgeFailure/Kind/recipient``.
    package init(_ text: String, access: KeyAccess) throws(AgeFailure) {
        guard let plugin = PluginName(ofRecipient: text) else { throw RecipientFile.refusal(of: Array(text.utf8)) }
        self.plugin = plugin
        self.access = access
        description = text
    }

    package func wrapWithLabels(
        _ fileKey: SecretBytes
    ) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        try access.plugins.check(plugin)
        return try PluginWrapping.run(plugin, fileKey, access) { (conversation) throws(AgeFailure) in
            try conversation.send("add-recipient", description)
        }
    }
}

/// Whoever can use an identity of a plugin.
struct PluginIdentityRecipient: LabeledRecipient {
    let plugin: PluginName
    let identity: SecretBytes
    let access: KeyAccess

    func wrapWithLabels(_ fileKey: SecretBytes) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        try PluginWrapping.run(plugin, fileKey, access) { (conversation) throws(AgeFailure) in
            try conversation.send("add-identity", secretWord: identity)
        }
    }
}

/// Sealing by a plugin: the state machine `recipient-v1`.
private enum PluginWrapping {
    static func run(
        _ plugin: PluginName, _ fileKey: SecretBytes, _ access: KeyAccess,
        addTarget: (PluginConversation) throws(AgeFailure) -> Void
    ) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        let conversation = try PluginConversation(plugin, machine: "recipient-v1", access: access)
        try addTarget(conversation)
        try conversation.sendGrease()
        try conversation.send(["wrap-file-key"], body: fileKey)
        try conversation.send("extension-labels")
        try conversation.send("done")
        var stanzas: [Stanza] = []
        var labels: [String]?
        try conversation.listen { (message) throws(AgeFailure) in
            switch message.type {
            case "recipient-stanza": stanzas.append(try stanza(of: message, conversation))
            case "labels":
                guard labels == nil, Set(message.arguments).count == message.arguments.count else {
                    throw conversation.failure("repeats its labels")
                }
                labels = message.arguments
            default: return false
            }
            return true
        }
        guard !stanzas.isEmpty else { throw conversation.failure("sealed nothing") }
        return (stanzas, Set(labels ?? []))
    }

    private static func stanza(
        of message: PluginMessage, _ conversation: PluginConversation
    ) throws(AgeFailure) -> Stanza {
        // There is one file, whose number is 0.
        guard message.arguments.count >= 2, message.arguments[0] == "0" else {
            throw conversation.failure("sends a stanza for no file")
        }
        return Stanza(
            type: message.arguments[1], arguments: Array(message.arguments.dropFirst(2)),
            body: message.body.revealBytes())
    }
}
