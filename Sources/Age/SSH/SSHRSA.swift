package import ResealSealing
internal import ResealCore

/// An SSH public key of type `ssh-rsa`, of 2048 bits or more. A stanza for it names the key by 32 bits of its hash.
package struct SSHRSARecipient: ListedRecipient, Hashable {
    static let stanzaType = "ssh-rsa"
    package var stanzaType: String? { Self.stanzaType }
    fileprivate static let label = "age-encryption.org/v1/ssh-rsa"
    let publicKey: SSHPublicKey
    private let key: RSAPublicKey

    init(_ publicKey: SSHPublicKey, _ key: RSAPublicKey) {
        self.publicKey = publicKey
        self.key = key
    }

    package var description: String { publicKey.text }

    package func wrap(_ fileKey: SecretBytes) throws(AgeFailure) -> [Stanza] {
        let body = try sealing { () throws(SealingFailure) in try key.encryptOAEP(fileKey, label: Self.label) }
        return [Stanza(type: Self.stanzaType, arguments: [publicKey.tag], body: body)]
    }
}

/// An SSH private key of type `ssh-rsa`.
struct SSHRSAIdentity: RecipientDeriving {
    private let key: RSAPrivateKey
    private let recipient: SSHRSARecipient

    /// Throws ``AgeFailure/Kind/identity`` if `publicKey` is that of another key.
    init(_ key: RSAPrivateKey, _ publicKey: SSHPublicKey) throws(AgeFailure) {
        guard publicKey.kind == .rsa(key.publicKey) else { throw .mismatchedSSHKey }
        self.key = key
        recipient = SSHRSARecipient(publicKey, key.publicKey)
    }

    func recipients() -> [any Recipient] { [recipient] }

    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        for stanza in stanzas where stanza.type == SSHRSARecipient.stanzaType {
            guard stanza.arguments.count == 1 else { throw .header("an ssh-rsa stanza has one argument") }
            guard stanza.arguments[0] == recipient.publicKey.tag else { continue }
            do throws(SealingFailure) { return try key.decryptOAEP(stanza.body, label: SSHRSARecipient.label) } catch {
                throw error.kind == .notAuthentic
                    ? .header("the ssh-rsa stanza for this key does not open") : AgeFailure(.native, error.message)
            }
        }
        return nil
    }
}
