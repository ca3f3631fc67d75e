internal import ResealCore
internal import ResealSealing

/// An SSH public key (RFC 4253, section 6.6; RFC 8709) of a kind that age seals for.
package struct SSHPublicKey: Sendable, Hashable {
    enum Kind: Hashable {
        case ed25519(Ed25519PublicKey)
        case rsa(RSAPublicKey)
    }

    let kind: Kind
    /// The key in SSH's binary format.
    let wire: [UInt8]

    /// Reads a line of `authorized_keys` without options, or of a `.pub` file: type, base64, and perhaps a comment.
    ///
    /// Throws ``AgeFailure/Kind/recipient``.
    package init(_ line: String) throws(AgeFailure) {
        guard let (type, wire) = Self.split(line) else { throw Self.malformed }
        try self.init(wire: wire)
        guard type == self.type else { throw Self.malformed }
    }

    /// Throws ``AgeFailure/Kind/recipient``.
    init(wire: [UInt8]) throws(AgeFailure) {
        self.wire = wire
        kind = try wire.withRawBytes { (wire) throws(AgeFailure) in
            do { return try Self.parse(wire) } catch let failure as AgeFailure { throw failure } catch let failure
                as SealingFailure
            {
                throw AgeFailure(.recipient, failure.message, hint: "use another key")
            } catch { throw Self.malformed }
        }
    }

    private static func parse(_ wire: UnsafeRawBufferPointer) throws -> Kind {
        var reader = SSHReader(wire)
        let type = try reader.name()
        let kind: Kind
        switch type {
        case SSHEd25519Recipient.stanzaType: kind = .ed25519(Ed25519PublicKey(bytes: Array(try reader.string())))
        case SSHRSARecipient.stanzaType:
            let exponent = try Array(reader.number())
            kind = .rsa(try RSAPublicKey(modulus: Array(reader.number()), exponent: exponent))
        default: throw unsupported(type)
        }
        try reader.end()
        return kind
    }

    var type: String {
        switch kind {
        case .ed25519: SSHEd25519Recipient.stanzaType
        case .rsa: SSHRSARecipient.stanzaType
        }
    }

    /// What names the key in a stanza: the first 32 bits of its hash.
    var tag: String { Base64.encode(Array(SHA256.hash(wire).prefix(4)), padded: false) }

    /// Type and base64, without a comment.
    var text: String { "\(type) \(Base64.encode(wire, padded: true))" }

    /// Throws ``AgeFailure/Kind/recipient`` for an Ed25519 key that is no point of the curve.
    package func recipient() throws(AgeFailure) -> any ListedRecipient {
        switch kind {
        case .ed25519(let key): try SSHEd25519Recipient(self, key)
        case .rsa(let key): SSHRSARecipient(self, key)
        }
    }

    // MARK: Lines of text

    /// True for a line that begins as SSH public keys do.
    static func isMeant(by line: String) -> Bool {
        ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].contains { line.hasPrefix($0) }
    }

    /// The type of a well-formed SSH public key that cannot be used with age, such as `ecdsa-sha2-nistp256`.
    static func unsupportedType(of line: String) -> String? {
        guard isMeant(by: line), let (type, wire) = split(line),
            type != SSHEd25519Recipient.stanzaType, type != SSHRSARecipient.stanzaType
        else { return nil }
        return wire.withUnsafeBytes {
            var reader = SSHReader($0)
            return (try? reader.name()) == type ? type : nil
        }
    }

    private static func split(_ line: String) -> (type: String, wire: [UInt8])? {
        let words = line.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
        guard words.count >= 2, let wire = Base64.decode(words[1].utf8, padded: true) else { return nil }
        return (String(words[0]), wire)
    }

    private static var malformed: AgeFailure {
        AgeFailure(
            .recipient, "the SSH public key is malformed",
            hint: "copy the whole line of the `.pub` file: its type, its base64, and perhaps a comment")
    }

    static func unsupported(_ type: String) -> AgeFailure {
        AgeFailure(
            .recipient, "an SSH key of type `\(type)` cannot be used with age",
            hint: "use an ssh-ed25519 or ssh-rsa key, or one of age's own")
    }
}
