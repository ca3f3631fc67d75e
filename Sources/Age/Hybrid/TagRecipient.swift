internal import Crypto
internal import FoundationEssentials
internal import ResealCore
package import ResealSealing

/// A P-256 key on a hardware token, written `age1tag1…`. A stanza for it carries a tag, by which the token's plugin
/// knows whether it is worth a touch; the identity lives in the plugin.
package struct TagRecipient: ListedRecipient, Hashable {
    static let prefix: StaticString = "age1tag"
    private static let stanzaType = "p256tag"
    package var stanzaType: String? { Self.stanzaType }
    private static let label = "age-encryption.org/p256tag"
    private static let suite = HPKE.Ciphersuite(kem: .P256_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly)
    private static let publicKeyBytes = 33

    /// The canonical text, `age1tag1…`.
    package let description: String
    /// The compressed point.
    private let bytes: [UInt8]

    /// Reads `age1tag1…`. Throws ``AgeFailure/Kind/recipient``.
    package init(_ text: String) throws(AgeFailure) {
        var bytes = [UInt8](repeating: 0, count: Self.publicKeyBytes)
        let isValid = bytes.withUnsafeMutableBytes { bytes in
            Array(text.utf8).withUnsafeBytes { Bech32.decode($0, prefix: Self.prefix, into: bytes) }
        }
        guard isValid, (try? P256.KeyAgreement.PublicKey(compressedRepresentation: bytes)) != nil else {
            throw RecipientFile.refusal(of: Array(text.utf8))
        }
        self.bytes = bytes
        description = text
    }

    package func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza] {
        do {
            let key = try P256.KeyAgreement.PublicKey(compressedRepresentation: bytes)
            var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: Data(Self.label.utf8))
            let body = try fileKey.withUnsafeBytes { try sender.seal($0) }
            return [
                try RecipientTag.stanza(
                    Self.stanzaType, label: Self.label, share: Array(sender.encapsulatedKey), recipient: bytes,
                    body: Array(body))
            ]
        } catch { throw AgeFailure(.native, "cannot seal for a tagged recipient") }
    }
}

/// The tag of a stanza for a hardware token: whoever knows the public key can recompute it, others cannot link two.
enum RecipientTag {
    static func stanza(
        _ type: String, label: String, share: [UInt8], recipient: [UInt8], body: [UInt8]
    ) throws(SealingFailure) -> Stanza {
        let tag = try tag(label: label, share: share, recipient: recipient)
        return Stanza(
            type: type, arguments: [tag, share].map { Base64.encode($0, padded: false) }, body: body)
    }

    /// The first 4 bytes of HKDF-Extract, which is HMAC, of the share and 4 bytes of the recipient's hash.
    static func tag(label: String, share: [UInt8], recipient: [UInt8]) throws(SealingFailure) -> [UInt8] {
        let hash = ResealSealing.SHA256.hash(recipient).prefix(4)
        return Array(try ResealSealing.HMAC.code(share + hash, key: SecretBytes(utf8: label)).prefix(4))
    }
}
