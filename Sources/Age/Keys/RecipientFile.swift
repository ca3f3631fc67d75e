package import ResealCore

/// A file of recipients: one a line, `#` comments and empty lines aside.
package enum RecipientFile {
    /// Reads all recipients. An error names file and line, never what the line says: the file may have been named by
    /// mistake.
    ///
    /// - Parameter onSkip: told of SSH public keys of a kind that cannot be used with age, such as ECDSA. They are
    ///   passed over, since files of people's public keys often hold some.
    /// - Throws: ``AgeFailure/Kind/recipient``, also if there is none at all; ``AgeFailure/Kind/pluginForbidden``.
    package static func parse(
        _ bytes: [UInt8], name: String, access: KeyAccess, onSkip: (Diagnostic) -> Void = { _ in }
    ) throws(AgeFailure) -> [any ListedRecipient] {
        let lines = try bytes.withRawBytes { (bytes) throws(AgeFailure) in
            try KeyLines.map(bytes, name: name) { (line, place) throws(AgeFailure) -> (any ListedRecipient)? in
                let text = String(decoding: line, as: UTF8.self)
                guard let type = SSHPublicKey.unsupportedType(of: text) else {
                    return try recipient(text, access: access)
                }
                let failure = SSHPublicKey.unsupported(type)
                onSkip(Diagnostic(.warning, code: failure.code, "\(failure.message) and is passed over", at: place))
                return nil
            }
        }
        let recipients = lines.compactMap { $0 }
        guard !recipients.isEmpty else {
            throw AgeFailure(.recipient, "there is no recipient in \(name)", hint: "put one `age1…` in each line")
        }
        return recipients
    }

    /// Reads one recipient of any kind: `age1…`, `age1pq1…`, `age1tag1…`, `age1tagpq1…`, `age1NAME1…` of a plugin,
    /// or an SSH public key as it stands in `.pub` files.
    package static func recipient(_ text: String, access: KeyAccess) throws(AgeFailure) -> any ListedRecipient {
        if text.hasPrefix("age1pq1") { return try HybridRecipient(text) }
        if text.hasPrefix("age1tag1") { return try TagRecipient(text) }
        if text.hasPrefix("age1tagpq1") { return try HybridTagRecipient(text) }
        if text.hasPrefix("age1"), text.dropFirst(4).contains("1") { return try PluginRecipient(text, access: access) }
        if SSHPublicKey.isMeant(by: text) { return try SSHPublicKey(text).recipient() }
        if text.hasPrefix("github:") {
            throw AgeFailure(
                .recipient, "`github:` recipients are not supported, since sealing does without the network",
                hint: "save https://github.com/USER.keys as a file and name it as a file of recipients")
        }
        return try X25519Recipient(text)
    }

    /// Why `text` is no recipient that can be used; tells what it is instead where that helps.
    static func refusal(of text: [UInt8]) -> AgeFailure {
        if text.starts(with: "AGE-SECRET-KEY-".utf8) || text.starts(with: "AGE-PLUGIN-".utf8) {
            return AgeFailure(
                .recipient, "this is an identity, not a recipient",
                hint: "keep it secret; `reseal keygen -y FILE` prints the recipient of an identity file")
        }
        return AgeFailure(
            .recipient, "the recipient is malformed",
            hint: "a recipient is `age1` and 58 characters in lower case; one of them may be mistyped or missing")
    }
}
