internal import ResealCore
internal import ResealSealing

/// Files that hold one SSH private key: OpenSSH's own format, and PEM.
enum SSHPrivateKeyFile {
    /// Reads the key, or what can be known of it before its passphrase is needed.
    static func identity(
        _ text: SecretBytes, name: String, access: KeyAccess, publicKey: () -> [UInt8]?
    ) throws(AgeFailure) -> any RecipientDeriving {
        let question = "Passphrase of the SSH key \(name)"
        let place = SourceSpan(file: name, line: 1)
        do throws(AgeFailure) {
            if text.withUnsafeBytes({ $0.starts(with: OpenSSHContainer.firstLine.utf8) }) {
                let container = try OpenSSHContainer(text)
                guard container.isEncrypted else {
                    return try container.privateKey().identity(container.publicKey)
                }
                return try LockedSSHIdentity(container.publicKey, place) { () throws(AgeFailure) in
                    try container.privateKey(passphrase: access.interaction.secret(question))
                }
            }
            guard isEncryptedPEM(text) else {
                let key = try pem(text, passphrase: nil)
                return try key.identity(key.publicKey())
            }
            return try LockedSSHIdentity(readPublicKey(name, publicKey), place) { () throws(AgeFailure) in
                try pem(text, passphrase: access.interaction.secret(question))
            }
        } catch { throw error.at(place) }
    }

    private static func isEncryptedPEM(_ text: SecretBytes) -> Bool {
        text.withUnsafeBytes {
            $0.split(separator: 0x0a).prefix(2).contains {
                $0.starts(with: "-----BEGIN ENCRYPTED ".utf8) || $0.starts(with: "Proc-Type: 4,ENCRYPTED".utf8)
            }
        }
    }

    private static func pem(_ text: SecretBytes, passphrase: SecretBytes?) throws(AgeFailure) -> AsymmetricPrivateKey {
        do throws(SealingFailure) { return try AsymmetricPrivateKey(pem: text, passphrase: passphrase) } catch {
            guard error.kind == .invalidKey else { throw AgeFailure(.native, error.message) }
            guard passphrase == nil else {
                throw AgeFailure(
                    .passphrase, "the SSH key cannot be opened: \(error.message), or the passphrase is wrong",
                    hint: "try again; letter case and spaces count")
            }
            throw AgeFailure(
                .identity, error.message, hint: "use a private key of ssh-keygen, of type ed25519 or rsa")
        }
    }

    /// PEM tells nothing of an encrypted key, and the file beside it has to say whose it is.
    private static func readPublicKey(_ name: String, _ read: () -> [UInt8]?) throws(AgeFailure) -> SSHPublicKey {
        guard let bytes = read() else {
            throw AgeFailure(
                .identity, "the encrypted SSH key does not tell its public half, and there is no file \(name).pub",
                hint: "write that file with `ssh-keygen -y`, or change the format with `ssh-keygen -p -f \(name)`")
        }
        let line = String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
        do throws(AgeFailure) { return try SSHPublicKey(line) } catch {
            throw AgeFailure(.identity, "\(name).pub: \(error.message)", hint: error.hint)
        }
    }
}

/// An SSH key whose passphrase is asked for when a file has a stanza for it.
private struct LockedSSHIdentity: RecipientDeriving {
    private let publicKey: SSHPublicKey
    private let recipient: any ListedRecipient
    private let key: LockedKeys<any RecipientDeriving>

    init(
        _ publicKey: SSHPublicKey, _ place: SourceSpan,
        unlock: @escaping @Sendable () throws(AgeFailure) -> AsymmetricPrivateKey
    ) throws(AgeFailure) {
        self.publicKey = publicKey
        do throws(AgeFailure) { recipient = try publicKey.recipient() } catch {
            throw AgeFailure(.identity, error.message, hint: "the file is damaged; restore it from a copy")
        }
        key = LockedKeys { () throws(AgeFailure) in
            do throws(AgeFailure) { return try unlock().identity(publicKey) } catch { throw error.at(place) }
        }
    }

    func recipients() -> [any Recipient] { [recipient] }

    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        guard stanzas.contains(where: { $0.type == publicKey.type && $0.arguments.first == publicKey.tag }) else {
            return nil
        }
        return try key.keys().unwrap(stanzas)
    }
}

extension AsymmetricPrivateKey {
    /// Throws ``AgeFailure/Kind/identity`` if `publicKey` is that of another key.
    fileprivate func identity(_ publicKey: SSHPublicKey) throws(AgeFailure) -> any RecipientDeriving {
        switch self {
        case .ed25519(let key): try SSHEd25519Identity(key, publicKey)
        case .rsa(let key): try SSHRSAIdentity(key, publicKey)
        }
    }

    fileprivate func publicKey() throws(AgeFailure) -> SSHPublicKey {
        switch self {
        case .ed25519(let key): try SSHPublicKey(wire: SSHWriter.wire("ssh-ed25519", [key.publicKey.bytes]))
        case .rsa(let key):
            try SSHPublicKey(
                wire: SSHWriter.wire("ssh-rsa", [key.publicKey.exponent, key.publicKey.modulus].map(SSHWriter.number)))
        }
    }
}

/// Writes SSH's binary formats.
private enum SSHWriter {
    static func wire(_ type: String, _ fields: [[UInt8]]) -> [UInt8] {
        ([Array(type.utf8)] + fields).reduce(into: []) { wire, field in
            for shift in stride(from: 24, through: 0, by: -8) {
                wire.append(UInt8(truncatingIfNeeded: field.count >> shift))
            }
            wire += field
        }
    }

    /// An `mpint`, which a zero keeps from being taken for a negative number.
    static func number(_ bytes: [UInt8]) -> [UInt8] { (bytes.first ?? 0) & 0x80 != 0 ? [0] + bytes : bytes }
}
