package import ResealSealing
internal import ResealCore

/// A file of identities: one a line, `#` comments and empty lines aside; or one SSH private key; or either of these
/// sealed with a passphrase.
package enum IdentityFile {
    /// The largest file of keys that is worth reading, in bytes.
    package static let maximumBytes = 1 << 20

    /// Reads all identities. An error names file and line, never what the line says. Passphrases are not asked for
    /// before an identity is used.
    ///
    /// - Parameter publicKey: the content of the file with `.pub` behind its name. It is read for encrypted keys that
    ///   do not tell their public half.
    /// - Throws: ``AgeFailure/Kind/identity``, also if there is none at all; ``AgeFailure/Kind/pluginForbidden``;
    ///   ``AgeFailure/Kind/armor`` and ``AgeFailure/Kind/header`` for a damaged sealed file.
    package static func parse(
        _ bytes: SecretBytes, name: String, access: KeyAccess, publicKey: () -> [UInt8]? = { nil }
    ) throws(AgeFailure) -> [any RecipientDeriving] {
        let isSealed = bytes.withUnsafeBytes { Armor.isArmored($0) || $0.starts(with: "age-encryption.org/") }
        guard isSealed else { return try parsePlain(bytes, name: name, access: access, publicKey: publicKey) }
        // The file is ciphertext, so a copy of it reveals nothing.
        return [try SealedIdentityFile(bytes.revealBytes(), name: name, access: access)]
    }

    static func parsePlain(
        _ bytes: SecretBytes, name: String, access: KeyAccess, publicKey: () -> [UInt8]?
    ) throws(AgeFailure) -> [any RecipientDeriving] {
        if bytes.withUnsafeBytes({ $0.starts(with: "-----BEGIN ") }) {
            return [try SSHPrivateKeyFile.identity(bytes, name: name, access: access, publicKey: publicKey)]
        }
        let identities = try bytes.withUnsafeBytes { (bytes) throws(AgeFailure) in
            try KeyLines.map(bytes, name: name) { (line, _) throws(AgeFailure) -> any RecipientDeriving in
                try identity(SecretBytes(copying: line), access: access)
            }
        }
        guard !identities.isEmpty else {
            throw AgeFailure(
                .identity, "there is no identity in \(name)", hint: "`reseal keygen -o FILE` writes a new one")
        }
        return identities
    }

    /// Reads one identity of any kind that is written in a line.
    private static func identity(_ text: SecretBytes, access: KeyAccess) throws(AgeFailure) -> any RecipientDeriving {
        let (isHybrid, isPlugin) = text.withUnsafeBytes {
            ($0.starts(with: "AGE-SECRET-KEY-PQ-1"), $0.starts(with: "AGE-PLUGIN-"))
        }
        if isHybrid { return try HybridIdentity(text) }
        if isPlugin { return try PluginIdentity(text, access: access) }
        return try X25519Identity(text)
    }

    /// Why `text` is no identity that can be used; tells what it is instead where that helps.
    static func refusal(of text: UnsafeRawBufferPointer) -> AgeFailure {
        if text.starts(with: "age1") || text.starts(with: "ssh-") {
            return AgeFailure(
                .identity, "this is a recipient, not an identity",
                hint: "the identity is the private key, which begins with `AGE-SECRET-KEY-` in the files of age")
        }
        if text.starts(with: "-----BEGIN") {
            return AgeFailure(
                .identity, "an SSH key stands among other identities", hint: "keep it in a file of its own")
        }
        return AgeFailure(
            .identity, "the identity is malformed",
            hint: "an identity is one line `AGE-SECRET-KEY-1…` in upper case, unbroken")
    }
}

/// An identity file that is sealed with a passphrase, which is asked for when an identity is first needed.
struct SealedIdentityFile: RecipientDeriving {
    private let content: LockedKeys<[any RecipientDeriving]>

    init(_ bytes: [UInt8], name: String, access: KeyAccess) throws(AgeFailure) {
        let place = SourceSpan(file: name, line: 1)
        let file: SealedFile
        do throws(AgeFailure) {
            file = try SealedFile(parsing: bytes)
            guard try ScryptIdentity.recognizes(file.header.stanzas) else {
                throw AgeFailure(
                    .identity, "the identity file is sealed, but not with a passphrase",
                    hint: "open it with `reseal age -d` first")
            }
        } catch { throw error.at(place) }
        content = LockedKeys { () throws(AgeFailure) in
            let question = "Passphrase of the identity file \(name)"
            let prompt = PromptedPassphrase(question: question, interaction: access.interaction)
            let text: SecretBytes
            do throws(AgeFailure) { text = try file.open(with: [prompt]) } catch { throw error.at(place) }
            return try IdentityFile.parsePlain(text, name: name, access: access) { nil }
        }
    }

    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        try FileKey.unwrap(stanzas, with: content.keys())
    }

    func recipients() throws(AgeFailure) -> [any Recipient] {
        var recipients: [any Recipient] = []
        for identity in try content.keys() { recipients += try identity.recipients() }
        return recipients
    }
}
