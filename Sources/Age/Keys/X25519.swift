package import ResealSealing
internal import ResealCore

/// What both sides of an X25519 stanza agree on.
private enum X25519 {
    static let stanzaType = "X25519"
    static let keyBytes = 32

    static func wrapKey(_ shared: SecretBytes, share: [UInt8], recipient: [UInt8]) throws(AgeFailure) -> SecretBytes {
        try sealing { () throws(SealingFailure) in
            try KDF.hkdf(shared, salt: share + recipient, info: "age-encryption.org/v1/X25519")
        }
    }
}

/// A native public key, written `age1…`.
package struct X25519Recipient: ListedRecipient, Hashable {
    static let prefix: StaticString = "age"
    /// The public key, 32 bytes.
    package let bytes: [UInt8]
    /// The canonical text, `age1…`.
    package let description: String

    /// Reads `age1…`. Throws ``AgeFailure/Kind/recipient``.
    package init(_ text: String) throws(AgeFailure) {
        var key = [UInt8](repeating: 0, count: X25519.keyBytes)
        let letters = Array(text.utf8)
        let isValid = key.withUnsafeMutableBytes { key in
            letters.withUnsafeBytes { Bech32.decode($0, prefix: Self.prefix, into: key) }
        }
        guard isValid else { throw Self.refusal(of: text) }
        bytes = key
        description = text
    }

    private static func refusal(of text: String) -> AgeFailure {
        // The letters of the data do not include `1`, so that a second one ends the name of another kind.
        guard text.hasPrefix("age1") && text.dropFirst(4).contains("1") || SSHPublicKey.isMeant(by: text) else {
            return RecipientFile.refusal(of: Array(text.utf8))
        }
        return AgeFailure(
            .recipient, "the recipient is of a kind that cannot be used here",
            hint: "use an X25519 recipient, `age1` and 58 characters, as `reseal keygen` makes them")
    }

    init(publicKey: [UInt8]) {
        bytes = publicKey
        var text = [UInt8](
            repeating: 0, count: Bech32.encodedCount(prefix: Self.prefix, bytes: publicKey.count))
        text.withUnsafeMutableBytes { text in
            publicKey.withUnsafeBytes { Bech32.encode($0, prefix: Self.prefix, into: text) }
        }
        description = String(decoding: text, as: UTF8.self)
    }

    package var stanzaType: String? { X25519.stanzaType }

    package static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    package func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza] {
        let ephemeral = try sealing { () throws(SealingFailure) in try X25519PrivateKey() }
        let shared: SecretBytes
        do throws(SealingFailure) { shared = try ephemeral.sharedSecret(with: bytes) } catch {
            if error.kind != .invalidKey { throw AgeFailure(.native, error.message) }
            throw AgeFailure(
                .recipient, "the recipient is a point of low order, which anyone could open",
                hint: "generate a new key pair")
        }
        let share = ephemeral.publicKey
        let key = try X25519.wrapKey(shared, share: share, recipient: bytes)
        return [
            Stanza(
                type: X25519.stanzaType, arguments: [Base64.encode(share, padded: false)],
                body: try FileKey.wrap(fileKey, with: key))
        ]
    }
}

/// A native private key, written `AGE-SECRET-KEY-1…`.
package struct X25519Identity: RecipientDeriving, CustomStringConvertible, CustomReflectable {
    static let prefix: StaticString = "AGE-SECRET-KEY-"
    private let key: X25519PrivateKey
    /// The recipient whose files this identity opens.
    package let recipient: X25519Recipient

    /// Generates a new key.
    package init() throws(AgeFailure) {
        self.init(try sealing { () throws(SealingFailure) in try X25519PrivateKey() })
    }

    /// Reads `AGE-SECRET-KEY-1…`. Throws ``AgeFailure/Kind/identity``.
    package init(_ text: SecretBytes) throws(AgeFailure) {
        let key = try SecretBytes(count: X25519.keyBytes) { (key) throws(AgeFailure) in
            try text.withUnsafeBytes { (text) throws(AgeFailure) in
                guard Bech32.decode(text, prefix: Self.prefix, into: key) else {
                    throw IdentityFile.refusal(of: text)
                }
            }
        }
        self.init(try sealing { () throws(SealingFailure) in try X25519PrivateKey(key) })
    }

    private init(_ key: X25519PrivateKey) {
        self.key = key
        recipient = X25519Recipient(publicKey: key.publicKey)
    }

    /// The text `AGE-SECRET-KEY-1…`.
    package func revealText() throws(AgeFailure) -> SecretBytes {
        let bytes = try sealing { () throws(SealingFailure) in try key.privateBytes() }
        return SecretBytes(count: Bech32.encodedCount(prefix: Self.prefix, bytes: bytes.count)) { text in
            bytes.withUnsafeBytes { Bech32.encode($0, prefix: Self.prefix, into: text) }
        }
    }

    package func recipients() -> [any Recipient] { [recipient] }
    package var description: String { SecretBytes.redacted }
    package var customMirror: Mirror { Mirror(self, children: []) }

    package func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        for stanza in stanzas where stanza.type == X25519.stanzaType {
            if let fileKey = try unwrap(stanza) { return fileKey }
        }
        return nil
    }

    private func unwrap(_ stanza: Stanza) throws(AgeFailure) -> SecretBytes? {
        guard stanza.arguments.count == 1 else { throw .header("an X25519 stanza has one argument") }
        guard let share = Base64.decode(stanza.arguments[0].utf8, padded: false), share.count == X25519.keyBytes else {
            throw .header("the share of an X25519 stanza is not base64 of 32 bytes")
        }
        guard stanza.body.count == FileKey.wrappedBytes else {
            throw .header("the body of an X25519 stanza has the wrong size")
        }
        let shared: SecretBytes
        do throws(SealingFailure) { shared = try key.sharedSecret(with: share) } catch {
            throw error.kind == .invalidKey
                ? .header("the share of an X25519 stanza is a point of low order")
                : AgeFailure(.native, error.message)
        }
        let wrapKey = try X25519.wrapKey(shared, share: share, recipient: recipient.bytes)
        return try FileKey.unwrap(stanza.body, with: wrapKey)
    }
}
