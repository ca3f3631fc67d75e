package import ResealSealing
internal import ResealCore

/// A passphrase to seal with. It is always the only recipient of a file.
package struct ScryptRecipient: LabeledRecipient {
    static let stanzaType = "scrypt"
    static let saltBytes = 16
    /// About a second and 256 MiB.
    package static let defaultLogN = 18
    private let passphrase: SecretBytes
    private let logN: Int

    /// - Parameter logN: base-two logarithm of the work factor, 1 to 22; only tests have a reason to lower it.
    /// - Throws: ``AgeFailure/Kind/passphrase`` for an empty passphrase.
    package init(_ passphrase: SecretBytes, logN: Int = defaultLogN) throws(AgeFailure) {
        precondition((1...ScryptIdentity.defaultMaximumLogN).contains(logN), "the work factor is out of range")
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        self.passphrase = passphrase
        self.logN = logN
    }

    package func wrapWithLabels(_ fileKey: SecretBytes) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        let salt = try sealing { () throws(SealingFailure) in try SystemRandom.bytes(Self.saltBytes) }
        let key = try Self.wrapKey(passphrase, salt: salt, logN: logN)
        let stanza = Stanza(
            type: Self.stanzaType, arguments: [Base64.encode(salt, padded: false), "\(logN)"],
            body: try FileKey.wrap(fileKey, with: key))
        // A label that nobody else has, so that a passphrase goes with no other recipient, another passphrase included.
        let label = try sealing { () throws(SealingFailure) in Hex.encode(try SystemRandom.bytes(16)) }
        return ([stanza], [label])
    }

    static func wrapKey(_ passphrase: SecretBytes, salt: [UInt8], logN: Int) throws(AgeFailure) -> SecretBytes {
        try sealing { () throws(SealingFailure) in
            try KDF.scrypt(passphrase, salt: Array("age-encryption.org/v1/scrypt".utf8) + salt, logN: logN)
        }
    }
}

/// A passphrase to open with.
package struct ScryptIdentity: Identity {
    /// 4 GiB and about 15 seconds.
    package static let defaultMaximumLogN = 22
    private let passphrase: SecretBytes
    private let maximumLogN: Int

    /// - Parameter maximumLogN: the highest work factor, as its base-two logarithm, that a file may ask for.
    /// - Throws: ``AgeFailure/Kind/passphrase`` for an empty passphrase.
    package init(_ passphrase: SecretBytes, maximumLogN: Int = defaultMaximumLogN) throws(AgeFailure) {
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        self.passphrase = passphrase
        self.maximumLogN = maximumLogN
    }

    /// True if the header is that of a file sealed with a passphrase, so that it is time to ask for one.
    ///
    /// Throws ``AgeFailure/Kind/header`` for one that no passphrase could open: malformed, or with a work factor above
    /// the limit.
    package static func recognizes(
        _ stanzas: [Stanza], maximumLogN: Int = defaultMaximumLogN
    ) throws(AgeFailure) -> Bool {
        try ScryptStanza(of: stanzas, maximumLogN: maximumLogN) != nil
    }

    package func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        guard let stanza = try ScryptStanza(of: stanzas, maximumLogN: maximumLogN) else { return nil }
        let key = try ScryptRecipient.wrapKey(passphrase, salt: stanza.salt, logN: stanza.logN)
        return try FileKey.unwrap(stanza.body, with: key)
    }
}

/// A passphrase stanza that was found to be well-formed.
private struct ScryptStanza {
    let salt: [UInt8]
    let logN: Int
    let body: [UInt8]

    /// `nil` if there is none.
    init?(of stanzas: [Stanza], maximumLogN: Int) throws(AgeFailure) {
        guard let stanza = stanzas.first(where: { $0.type == ScryptRecipient.stanzaType }) else { return nil }
        guard stanzas.count == 1 else { throw .header("a passphrase stanza must be the only stanza") }
        guard stanza.arguments.count == 2 else { throw .header("a passphrase stanza has two arguments") }
        guard let salt = Base64.decode(stanza.arguments[0].utf8, padded: false),
            salt.count == ScryptRecipient.saltBytes
        else { throw .header("the salt of a passphrase stanza is not base64 of 16 bytes") }
        guard stanza.body.count == FileKey.wrappedBytes else {
            throw .header("the body of a passphrase stanza has the wrong size")
        }
        self.salt = salt
        logN = try Self.workFactor(stanza.arguments[1], limit: maximumLogN)
        body = stanza.body
    }

    /// A decimal number without leading zero or sign, refused before any work if it is too high.
    private static func workFactor(_ text: String, limit: Int) throws(AgeFailure) -> Int {
        let digits = text.utf8
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits.first != UInt8(ascii: "0")
        else { throw .header("the work factor of a passphrase stanza is no decimal number") }
        guard digits.count <= 2, let logN = Int(text), logN <= limit else {
            throw .header("the work factor of the passphrase is above the limit of 2^\(limit)")
        }
        return logN
    }
}

extension AgeFailure {
    static var emptyPassphrase: AgeFailure {
        AgeFailure(.passphrase, "the passphrase is empty", hint: "type a passphrase of several words")
    }
}
