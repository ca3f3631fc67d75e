internal import ResealSealing

/// The 16 random bytes that each age file has of its own, and what is derived of them.
enum FileKey {
    static let bytes = 16
    /// A file key with its authentication tag: the body of every native stanza.
    static let wrappedBytes = bytes + AEAD.tagBytes

    static func generate() throws(AgeFailure) -> SecretBytes {
        try sealing { () throws(SealingFailure) in try SystemRandom.secret(bytes) }
    }

    static func headerMAC(_ fileKey: SecretBytes, over text: UnsafeRawBufferPointer) throws(AgeFailure) -> [UInt8] {
        try sealing { () throws(SealingFailure) in
            try HMAC.code(text, key: try KDF.hkdf(fileKey, info: "header"))
        }
    }

    static func payloadKey(_ fileKey: SecretBytes, nonce: [UInt8]) throws(AgeFailure) -> SecretBytes {
        try sealing { () throws(SealingFailure) in try KDF.hkdf(fileKey, salt: nonce, info: "payload") }
    }

    // The wrap key serves once, so a fixed nonce is safe.
    private static let wrapNonce = [UInt8](repeating: 0, count: AEAD.nonceBytes)

    static func wrap(_ fileKey: SecretBytes, with key: SecretBytes) throws(AgeFailure) -> [UInt8] {
        try sealing { () throws(SealingFailure) in
            try AEAD.chaCha20Poly1305.seal(fileKey, key: key, nonce: wrapNonce)
        }
    }

    /// `nil` if `key` is not the one that `body` was wrapped with. The caller has checked the length of `body`, which
    /// keeps one ciphertext from being made for many keys (a partitioning oracle).
    static func unwrap(_ body: [UInt8], with key: SecretBytes) throws(AgeFailure) -> SecretBytes? {
        do throws(SealingFailure) {
            return try AEAD.chaCha20Poly1305.open(body, key: key, nonce: wrapNonce)
        } catch {
            if error.kind == .notAuthentic { return nil }
            throw AgeFailure(.native, error.message)
        }
    }

    /// Lets the identities try the header in turn, and checks its MAC, which covers `text`, with the key that is found.
    static func find(
        in header: Header, covering text: UnsafeRawBufferPointer, with identities: [any Identity]
    ) throws(AgeFailure) -> SecretBytes {
        if header.stanzas.count > 1, header.stanzas.contains(where: \.isScrypt) {
            throw .header("a passphrase stanza must be the only stanza")
        }
        guard let fileKey = try unwrap(header.stanzas, with: identities) else {
            throw noMatch(header, identities.count)
        }
        guard fileKey.count == bytes else { throw .header("a file key has the wrong size") }
        guard constantTimeEqual(try headerMAC(fileKey, over: text), header.mac) else {
            throw AgeFailure(
                .hmac, "the age header was changed after it was written: its MAC does not fit",
                hint: "restore the file from where it was sealed, or seal it again")
        }
        return fileKey
    }

    /// Lets the identities try in turn. A plugin that fails does not keep those behind it from trying.
    static func unwrap(
        _ stanzas: [Stanza], with identities: [any Identity]
    ) throws(AgeFailure) -> SecretBytes? {
        var failure: AgeFailure?
        for identity in identities {
            do throws(AgeFailure) {
                if let fileKey = try identity.unwrap(stanzas) { return fileKey }
            } catch {
                guard error.isOfPlugin else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return nil
    }

    private static func noMatch(_ header: Header, _ identities: Int) -> AgeFailure {
        let outcome =
            switch identities {
            case 0: "no identity was given for the file"
            case 1: "the identity does not open the file"
            default: "none of the \(identities) identities opens the file"
            }
        return AgeFailure(
            .noMatch, "\(outcome), whose header has \(header.summary)",
            hint: header.stanzas.contains(where: \.isScrypt)
                ? "the file is sealed with a passphrase: open it with that, without an identity"
                : "use the identity of one of the file's recipients, or have the file sealed anew for yours")
    }
}
