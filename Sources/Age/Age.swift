package import ResealSealing
internal import ResealCore

/// The age file format, version 1 (c2sp.org/age).
///
/// To seal: ``encrypt(_:to:extraStanzas:)`` for any number of ``Recipient``s, of which only public keys are needed. To
/// look into a file without a key: ``SealedFile`` and its ``Header``. To open: ``SealedFile/open(with:)``. For files of
/// any size in constant memory there are ``encrypt(from:to:extraStanzas:armored:into:)`` and
/// ``decrypt(from:with:into:)``.
///
/// Each file has a fresh file key. Recipients therefore cannot be taken out of a file; it is sealed anew.
package enum Age {
    /// Seals `plaintext` as a binary file; ``Armor`` makes text of it.
    ///
    /// - Parameter extraStanzas: notes that go into the header as they are, behind the recipients' stanzas: readable by
    ///   anyone, covered by the header's MAC, and ignored by every identity.
    /// - Throws: ``AgeFailure/Kind/recipient`` if there is no recipient, or if they may not be mixed.
    package static func encrypt(
        _ plaintext: SecretBytes, to recipients: [any Recipient], extraStanzas: [Stanza] = []
    ) throws(AgeFailure) -> [UInt8] {
        let (start, key) = try begin(recipients, extraStanzas)
        var sealer = ChunkSealer(key: key)
        let chunks = Payload.chunks(forPlaintext: plaintext.count)
        var file = start
        file += [UInt8](repeating: 0, count: plaintext.count + chunks * AEAD.tagBytes)
        try file.withMutableRawBytes { (file) throws(AgeFailure) in
            try plaintext.withUnsafeBytes { (text) throws(AgeFailure) in
                var place = start.count
                for i in 0..<chunks {
                    let chunk = text[i * Payload.chunkBytes..<min((i + 1) * Payload.chunkBytes, text.count)]
                    let end = place + chunk.count + AEAD.tagBytes
                    try sealer.seal(
                        UnsafeRawBufferPointer(rebasing: chunk), isLast: i == chunks - 1,
                        into: UnsafeMutableRawBufferPointer(rebasing: file[place..<end]))
                    place = end
                }
            }
        }
        return file
    }

    /// Opens a binary or armored file that is wholly in memory.
    package static func decrypt(_ file: [UInt8], with identities: [any Identity]) throws(AgeFailure) -> SecretBytes {
        try SealedFile(parsing: file).open(with: identities)
    }

    /// Header and payload nonce of a new file, and its payload key.
    static func begin(
        _ recipients: [any Recipient], _ extraStanzas: [Stanza]
    ) throws(AgeFailure) -> (start: [UInt8], key: SecretBytes) {
        let fileKey = try FileKey.generate()
        let stanzas = try wrap(fileKey, for: recipients, extraStanzas)
        let nonce = try sealing { () throws(SealingFailure) in try SystemRandom.bytes(Payload.nonceBytes) }
        let header = try Header(stanzas: stanzas, fileKey: fileKey).encoded()
        guard header.count <= Header.maximumBytes, stanzas.count <= Header.maximumStanzas else {
            throw AgeFailure(.recipient, "the recipients make a header that is too large", hint: "use fewer recipients")
        }
        return (header + nonce, try FileKey.payloadKey(fileKey, nonce: nonce))
    }

    private static func wrap(
        _ fileKey: SecretBytes, for recipients: [any Recipient], _ extraStanzas: [Stanza]
    ) throws(AgeFailure) -> [Stanza] {
        guard !recipients.isEmpty else {
            throw AgeFailure(
                .recipient, "there is no recipient to seal for", hint: "name at least one `age1…` recipient")
        }
        var stanzas: [Stanza] = []
        var common: Set<String>?
        for recipient in recipients {
            let (wrapped, labels) =
                if let labeled = recipient as? any LabeledRecipient { try labeled.wrapWithLabels(fileKey) } else {
                    (try recipient.wrap(fileKey), Set<String>())
                }
            guard common == nil || common == labels else { throw mixture }
            common = labels
            stanzas += wrapped
        }
        stanzas += extraStanzas
        // A plugin may have made one, too.
        if stanzas.count > 1, stanzas.contains(where: \.isScrypt) { throw mixture }
        guard stanzas.allSatisfy(\.isWellFormed) else {
            throw AgeFailure(.recipient, "a stanza has an empty argument or one with unprintable characters")
        }
        return stanzas
    }

    private static var mixture: AgeFailure {
        AgeFailure(
            .recipient, "these kinds of recipient cannot share a file",
            hint: "a passphrase stands alone, and post-quantum recipients do not mix with others")
    }
}
