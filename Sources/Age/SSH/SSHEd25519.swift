internal import ResealCore
package import ResealSealing

/// What both sides of an ssh-ed25519 stanza agree on: an X25519 exchange with the key in its other form, tied to the
/// SSH key by a second factor that is derived from it.
private enum SSHEd25519 {
    static let label = "age-encryption.org/v1/ssh-ed25519"

    static func wrapKey(
        _ exchanged: SecretBytes, share: [UInt8], recipient: [UInt8], wire: [UInt8]
    ) throws(SealingFailure) -> SecretBytes {
        let tweak = try X25519PrivateKey(KDF.hkdf(SecretBytes([]), salt: wire, info: label))
        return try KDF.hkdf(tweak.sharedSecret(with: exchanged), salt: share + recipient, info: label)
    }
}

/// An SSH public key of type `ssh-ed25519`. A stanza for it names the key by 32 bits of its hash.
package struct SSHEd25519Recipient: ListedRecipient, Hashable {
    static let stanzaType = "ssh-ed25519"
    package var stanzaType: String? { Self.stanzaType }
    let publicKey: SSHPublicKey
    /// The key in X25519's form.
    fileprivate let point: [UInt8]

    init(_ publicKey: SSHPublicKey, _ key: Ed25519PublicKey) throws(AgeFailure) {
        self.publicKey = publicKey
        do throws(SealingFailure) { point = try key.agreementKey() } catch {
            throw AgeFailure(.recipient, error.message, hint: "use another key")
        }
    }

    package var description: String { publicKey.text }

    package func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza] {
        let key: SecretBytes
        let share: [UInt8]
        do throws(SealingFailure) {
            let ephemeral = try X25519PrivateKey()
            share = ephemeral.publicKey
            key = try SSHEd25519.wrapKey(
                ephemeral.sharedSecret(with: point), share: share, recipient: point, wire: publicKey.wire)
        } catch {
            if error.kind != .invalidKey { throw AgeFailure(.native, error.message) }
            throw AgeFailure(
                .recipient, "the recipient is a point of low order, which anyone could open",
                hint: "generate a new key pair")
        }
        return [
            Stanza(
                type: Self.stanzaType, arguments: [publicKey.tag, Base64.encode(share, padded: false)],
                body: try FileKey.wrap(fileKey, with: key))
        ]
    }
}

/// An SSH private key of type `ssh-ed25519`.
struct SSHEd25519Identity: RecipientDeriving {
    private let key: X25519PrivateKey
    private let recipient: SSHEd25519Recipient

    /// Throws ``AgeFailure/Kind/identity`` if `publicKey` is that of another key.
    init(_ key: Ed25519PrivateKey, _ publicKey: SSHPublicKey) throws(AgeFailure) {
        guard publicKey.kind == .ed25519(key.publicKey) else { throw .mismatchedSSHKey }
        self.key = try sealing { () throws(SealingFailure) in try key.agreementKey() }
        recipient = try SSHEd25519Recipient(publicKey, key.publicKey)
    }

    func recipients() -> [any Recipient] { [recipient] }

    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        for stanza in stanzas where stanza.type == SSHEd25519Recipient.stanzaType {
            guard stanza.arguments.count == 2 else { throw .header("an ssh-ed25519 stanza has two arguments") }
            guard let share = Base64.decode(stanza.arguments[1].utf8, padded: false), share.count == 32 else {
                throw .header("the share of an ssh-ed25519 stanza is not base64 of 32 bytes")
            }
            if stanza.arguments[0] == recipient.publicKey.tag { return try unwrap(stanza, share) }
        }
        return nil
    }

    /// The tag says that the stanza is for this key, so that whatever keeps it from opening is a defect.
    private func unwrap(_ stanza: Stanza, _ share: [UInt8]) throws(AgeFailure) -> SecretBytes {
        guard stanza.body.count == FileKey.wrappedBytes else {
            throw .header("the body of an ssh-ed25519 stanza has the wrong size")
        }
        let wrapKey: SecretBytes
        do throws(SealingFailure) {
            wrapKey = try SSHEd25519.wrapKey(
                key.sharedSecret(with: share), share: share, recipient: recipient.point, wire: recipient.publicKey.wire)
        } catch {
            throw error.kind == .invalidKey
                ? .header("the share of an ssh-ed25519 stanza is a point of low order")
                : AgeFailure(.native, error.message)
        }
        guard let fileKey = try FileKey.unwrap(stanza.body, with: wrapKey) else {
            throw .header("the ssh-ed25519 stanza for this key does not open")
        }
        return fileKey
    }
}

extension AgeFailure {
    static var mismatchedSSHKey: AgeFailure {
        AgeFailure(.identity, "the public and the private half of the SSH key belong to different keys")
    }
}
