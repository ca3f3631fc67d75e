package import ResealSealing
internal import ResealCore

/// A file of identities: one a line, `#` comments and empty lines aside.
package enum IdentityFile {
    /// The largest file of keys that is worth reading, in bytes.
    package static let maximumBytes = 1 << 20

    /// Reads all identities. An error names file and line, never what the line says.
    ///
    /// - Throws: ``AgeFailure/Kind/identity``, also if there is none at all.
    package static func parse(_ bytes: SecretBytes, name: String) throws(AgeFailure) -> [any Identity] {
        let identities = try bytes.withUnsafeBytes { (bytes) throws(AgeFailure) in
            try KeyLines.map(bytes, name: name) { (line) throws(AgeFailure) -> any Identity in
                try X25519Identity(SecretBytes(copying: line))
            }
        }
        guard !identities.isEmpty else {
            throw AgeFailure(
                .identity, "there is no identity in \(name)", hint: "`reseal keygen -o FILE` writes a new one")
        }
        return identities
    }

    /// Why `text` is no identity that can be used; tells what it is instead where that helps.
    static func refusal(of text: UnsafeRawBufferPointer) -> AgeFailure {
        if text.starts(with: "age1") {
            return AgeFailure(
                .identity, "this is a recipient, not an identity",
                hint: "the identity is the private key, which begins with `AGE-SECRET-KEY-1`")
        }
        if text.starts(with: "AGE-SECRET-KEY-PQ-1") {
            return AgeFailure(.identity, "post-quantum identities are not supported", hint: "use an X25519 identity")
        }
        if text.starts(with: "AGE-PLUGIN-") {
            return AgeFailure(.identity, "identities of plugins are not supported", hint: "use an X25519 identity")
        }
        if text.starts(with: "-----BEGIN") {
            return AgeFailure(.identity, "SSH and PEM keys are not supported", hint: "use an X25519 identity")
        }
        return AgeFailure(
            .identity, "the identity is malformed",
            hint: "an identity is one line `AGE-SECRET-KEY-1…` in upper case, unbroken")
    }
}

/// A file of recipients: one a line, `#` comments and empty lines aside.
package enum RecipientFile {
    /// Reads all recipients. An error names file and line, never what the line says: the file may have been named by
    /// mistake.
    ///
    /// - Throws: ``AgeFailure/Kind/recipient``, also if there is none at all.
    package static func parse(_ bytes: [UInt8], name: String) throws(AgeFailure) -> [any Recipient] {
        let recipients = try bytes.withRawBytes { (bytes) throws(AgeFailure) in
            try KeyLines.map(bytes, name: name) { (line) throws(AgeFailure) -> any Recipient in
                try recipient(String(decoding: line, as: UTF8.self))
            }
        }
        guard !recipients.isEmpty else {
            throw AgeFailure(.recipient, "there is no recipient in \(name)", hint: "put one `age1…` in each line")
        }
        return recipients
    }

    /// Reads one recipient of any known kind.
    package static func recipient(_ text: String) throws(AgeFailure) -> any ListedRecipient {
        try X25519Recipient(text)
    }

    /// Why `text` is no recipient that can be used; tells what it is instead where that helps.
    static func refusal(of text: [UInt8]) -> AgeFailure {
        if text.starts(with: "AGE-SECRET-KEY-".utf8) {
            return AgeFailure(
                .recipient, "this is an identity, not a recipient",
                hint: "keep it secret; `reseal keygen -y FILE` prints the recipient of an identity file")
        }
        if text.starts(with: "age1pq1".utf8) || text.starts(with: "age1tag".utf8) {
            return AgeFailure(
                .recipient, "post-quantum and hardware recipients are not supported", hint: "use an X25519 recipient")
        }
        if text.starts(with: "ssh-".utf8) || text.starts(with: "ecdsa-".utf8) {
            return AgeFailure(.recipient, "SSH recipients are not supported", hint: "use an X25519 recipient")
        }
        if text.starts(with: "age1".utf8), text.dropFirst(4).contains(UInt8(ascii: "1")) {
            return AgeFailure(.recipient, "recipients of plugins are not supported", hint: "use an X25519 recipient")
        }
        return AgeFailure(
            .recipient, "the recipient is malformed",
            hint: "a recipient is `age1` and 58 characters in lower case; one of them may be mistyped or missing")
    }
}

/// The lines of a file of keys.
private enum KeyLines {
    /// Calls `read` for each line that is neither empty nor a comment, without the whitespace around it.
    static func map<T>(
        _ bytes: UnsafeRawBufferPointer, name: String,
        _ read: (UnsafeRawBufferPointer) throws(AgeFailure) -> T
    ) throws(AgeFailure) -> [T] {
        var keys: [T] = []
        for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            var line = line.drop(while: Armor.isWhitespace)
            while let last = line.last, Armor.isWhitespace(last) { line.removeLast() }
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            do throws(AgeFailure) { keys.append(try read(UnsafeRawBufferPointer(rebasing: line))) } catch {
                throw error.at(SourceSpan(file: name, line: index + 1))
            }
        }
        return keys
    }
}
