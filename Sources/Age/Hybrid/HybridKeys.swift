internal import Crypto
internal import FoundationEssentials
internal import ResealCore
package import ResealSealing

/// What both sides of an `mlkem768x25519` stanza agree on.
private enum Hybrid {
    static let stanzaType = "mlkem768x25519"
    static let info = Data("age-encryption.org/mlkem768x25519".utf8)
    static let suite = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .chaChaPoly)
    static let publicKeyBytes = 1216
    static let seedBytes = 32
    static let encapsulationBytes = 1120
    /// The X25519 part comes last, in public keys and encapsulations.
    static let pointBytes = 32

    private static let probe = Result { try X25519PrivateKey() }

    /// Such a point makes X25519's secret zero for every key. X-Wing itself goes on with it, relying on ML-KEM alone.
    static func endsInPointOfLowOrder(_ bytes: [UInt8]) -> Bool {
        do { _ = try probe.get().sharedSecret(with: Array(bytes.suffix(pointBytes))) } catch {
            return (error as? SealingFailure)?.kind == .invalidKey
        }
        return false
    }
}

/// The label of recipients that a quantum computer would not help to attack. They never share a file with others, which
/// would make them pointless.
enum PostQuantum {
    static let labels: Set<String> = ["postquantum"]
}

/// A post-quantum public key, written `age1pq1…`: ML-KEM-768 and X25519 together (X-Wing), both of which an attacker
/// would have to break.
package struct HybridRecipient: ListedRecipient, LabeledRecipient, Hashable {
    package var stanzaType: String? { Hybrid.stanzaType }
    static let prefix: StaticString = "age1pq"
    /// The canonical text, `age1pq1…`, of about 2,000 characters.
    package let description: String
    private let key: XWingMLKEM768X25519.PublicKey

    /// Reads `age1pq1…`. Throws ``AgeFailure/Kind/recipient``.
    package init(_ text: String) throws(AgeFailure) {
        var bytes = [UInt8](repeating: 0, count: Hybrid.publicKeyBytes)
        let isValid = bytes.withUnsafeMutableBytes { bytes in
            Array(text.utf8).withUnsafeBytes { Bech32.decode($0, prefix: Self.prefix, into: bytes) }
        }
        // Sealing once is what checks the numbers in an ML-KEM key.
        guard isValid, let key = try? XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes),
            (try? key.encapsulate()) != nil, !Hybrid.endsInPointOfLowOrder(bytes)
        else { throw RecipientFile.refusal(of: Array(text.utf8)) }
        self.key = key
        description = text
    }

    fileprivate init(_ key: XWingMLKEM768X25519.PublicKey) {
        self.key = key
        description = key.rawRepresentation.withUnsafeBytes { key in
            var text = [UInt8](repeating: 0, count: Bech32.encodedCount(prefix: Self.prefix, bytes: key.count))
            text.withUnsafeMutableBytes { Bech32.encode(key, prefix: Self.prefix, into: $0) }
            return String(decoding: text, as: UTF8.self)
        }
    }

    package static func == (a: Self, b: Self) -> Bool { a.description == b.description }
    package func hash(into hasher: inout Hasher) { hasher.combine(description) }

    package func wrapWithLabels(
        _ fileKey: SecretBytes
    ) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        do {
            var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Hybrid.suite, info: Hybrid.info)
            let body = try fileKey.withUnsafeBytes { try sender.seal($0) }
            let share = Base64.encode(Array(sender.encapsulatedKey), padded: false)
            return ([Stanza(type: Hybrid.stanzaType, arguments: [share], body: Array(body))], PostQuantum.labels)
        } catch { throw AgeFailure(.native, "cannot seal for a post-quantum recipient") }
    }
}

/// A post-quantum private key, written `AGE-SECRET-KEY-PQ-1…`.
package struct HybridIdentity: RecipientDeriving, CustomStringConvertible, CustomReflectable {
    static let prefix: StaticString = "AGE-SECRET-KEY-PQ-"
    private let key: XWingMLKEM768X25519.PrivateKey
    /// The recipient whose files this identity opens.
    package let recipient: HybridRecipient

    /// Generates a new key.
    package init() throws(AgeFailure) {
        try self.init(seed: sealing { () throws(SealingFailure) in try SystemRandom.secret(Hybrid.seedBytes) })
    }

    /// Reads `AGE-SECRET-KEY-PQ-1…`. Throws ``AgeFailure/Kind/identity``.
    package init(_ text: SecretBytes) throws(AgeFailure) {
        let seed = try SecretBytes(count: Hybrid.seedBytes) { (seed) throws(AgeFailure) in
            try text.withUnsafeBytes { (text) throws(AgeFailure) in
                guard Bech32.decode(text, prefix: Self.prefix, into: seed) else {
                    throw IdentityFile.refusal(of: text)
                }
            }
        }
        try self.init(seed: seed)
    }

    private init(seed: SecretBytes) throws(AgeFailure) {
        do {
            key = try seed.withUnsafeBytes {
                try XWingMLKEM768X25519.PrivateKey(seedRepresentation: $0, publicKey: nil)
            }
        } catch { throw AgeFailure(.native, "cannot make a post-quantum key") }
        recipient = HybridRecipient(key.publicKey)
    }

    /// The text `AGE-SECRET-KEY-PQ-1…`.
    package func revealText() -> SecretBytes {
        var seed = key.seedRepresentation
        defer { seed.withUnsafeMutableBytes { explicitZero($0) } }
        return SecretBytes(count: Bech32.encodedCount(prefix: Self.prefix, bytes: seed.count)) { text in
            seed.withUnsafeBytes { Bech32.encode($0, prefix: Self.prefix, into: text) }
        }
    }

    package func recipients() -> [any Recipient] { [recipient] }
    package var description: String { SecretBytes.redacted }
    package var customMirror: Mirror { Mirror(self, children: []) }

    package func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        for stanza in stanzas where stanza.type == Hybrid.stanzaType {
            if let fileKey = try unwrap(stanza) { return fileKey }
        }
        return nil
    }

    private func unwrap(_ stanza: Stanza) throws(AgeFailure) -> SecretBytes? {
        guard stanza.arguments.count == 1 else { throw .header("an mlkem768x25519 stanza has one argument") }
        guard let share = Base64.decode(stanza.arguments[0].utf8, padded: false),
            share.count == Hybrid.encapsulationBytes
        else { throw .header("the share of an mlkem768x25519 stanza is not base64 of 1120 bytes") }
        guard stanza.body.count == FileKey.wrappedBytes else {
            throw .header("the body of an mlkem768x25519 stanza has the wrong size")
        }
        guard !Hybrid.endsInPointOfLowOrder(share) else {
            throw .header("the share of an mlkem768x25519 stanza has a point of low order")
        }
        do {
            var opener = try HPKE.Recipient(
                privateKey: key, ciphersuite: Hybrid.suite, info: Hybrid.info, encapsulatedKey: Data(share))
            // A share for another key gives another secret, which only the tag tells.
            guard var opened = try? opener.open(stanza.body) else { return nil }
            defer { opened.withUnsafeMutableBytes { explicitZero($0) } }
            return opened.withUnsafeBytes { SecretBytes(copying: $0) }
        } catch { throw AgeFailure(.native, "cannot open with a post-quantum identity") }
    }
}
