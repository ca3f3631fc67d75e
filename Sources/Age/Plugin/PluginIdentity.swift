package import ResealSealing

/// An identity that a plugin opens with, `AGE-PLUGIN-NAME-1…`. It need not be a key; it may only say where the plugin
/// finds one.
package struct PluginIdentity: RecipientDeriving {
    private let plugin: PluginName
    private let text: SecretBytes
    private let access: KeyAccess

    /// Throws ``AgeFailure/Kind/identity`` or ``AgeFailure/Kind/pluginForbidden``.
    package init(_ text: SecretBytes, access: KeyAccess) throws(AgeFailure) {
        guard let plugin = PluginName(ofIdentity: text) else { throw text.withUnsafeBytes(IdentityFile.refusal) }
        try self.init(plugin, text, access)
    }

    /// The identity of a plugin that needs to be told nothing. Throws ``AgeFailure/Kind/identity`` for what is no name
    /// of a plugin.
    package init(plugin name: String, access: KeyAccess) throws(AgeFailure) {
        guard let plugin = PluginName(name) else {
            throw AgeFailure(
                .identity, "this is no name of a plugin",
                hint: "the plugin of the program `age-plugin-NAME` is called NAME")
        }
        try self.init(plugin, plugin.identityWithoutData, access)
    }

    private init(_ plugin: PluginName, _ text: SecretBytes, _ access: KeyAccess) throws(AgeFailure) {
        try access.plugins.check(plugin)
        (self.plugin, self.text, self.access) = (plugin, text, access)
    }

    package func recipients() -> [any Recipient] {
        [PluginIdentityRecipient(plugin: plugin, identity: text, access: access)]
    }

    /// Runs the state machine `identity-v1`.
    package func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        let conversation = try PluginConversation(plugin, machine: "identity-v1", access: access)
        try conversation.send("add-identity", secretWord: text)
        try conversation.sendGrease()
        for stanza in stanzas {
            try conversation.send(["recipient-stanza", "0", stanza.type] + stanza.arguments, body: stanza.body)
        }
        try conversation.send("done")
        var fileKey: SecretBytes?
        try conversation.listen { (message) throws(AgeFailure) in
            guard message.type == "file-key" else { return false }
            // There is one file, whose number is 0.
            guard message.arguments == ["0"], fileKey == nil, message.body.count == FileKey.bytes else {
                throw conversation.failure("sends a file key that cannot be one")
            }
            fileKey = message.body
            return true
        }
        return fileKey
    }
}
