internal import Crypto
internal import FoundationEssentials
internal import ResealCore
package import ResealSealing

/// A P-256 key on a hardware token together with an ML-KEM-768 key, written `age1tagpq1…`.
package struct HybridTagRecipient: ListedRecipient, LabeledRecipient, Hashable {
    static let prefix: StaticString = "age1tagpq"
    private static let stanzaType = "mlkem768p256tag"
    package var stanzaType: String? { Self.stanzaType }
    private static let label = "age-encryption.org/mlkem768p256tag"

    /// The canonical text, `age1tagpq1…`.
    package let description: String
    private let key: MLKEM768P256PublicKey

    /// Reads `age1tagpq1…`. Throws ``AgeFailure/Kind/recipient``.
    package init(_ text: String) throws(AgeFailure) {
        var bytes = [UInt8](repeating: 0, count: MLKEM768P256PublicKey.bytes)
        let isValid = bytes.withUnsafeMutableBytes { bytes in
            Array(text.utf8).withUnsafeBytes { Bech32.decode($0, prefix: Self.prefix, into: bytes) }
        }
        guard isValid, let key = try? MLKEM768P256PublicKey(bytes) else {
            throw RecipientFile.refusal(of: Array(text.utf8))
        }
        self.key = key
        description = text
    }

    package static func == (a: Self, b: Self) -> Bool { a.description == b.description }
    package func hash(into hasher: inout Hasher) { hasher.combine(description) }

    package func wrapWithLabels(
        _ fileKey: SecretBytes
    ) throws(AgeFailure) -> (stanzas: [Stanza], labels: Set<String>) {
        do {
            let (secret, share) = try key.encapsulate()
            let schedule = try HPKEKeySchedule(
                secret, kem: MLKEM768P256PublicKey.kem, info: Array(Self.label.utf8))
            let body = try AEAD.chaCha20Poly1305.seal(fileKey, key: schedule.key, nonce: schedule.nonce)
            let stanza = try RecipientTag.stanza(
                Self.stanzaType, label: Self.label, share: share, recipient: Array(key.point.x963Representation),
                body: body)
            return ([stanza], PostQuantum.labels)
        } catch { throw AgeFailure(.native, "cannot seal for a tagged recipient") }
    }
}

/// The KEM MLKEM768-P256 (draft-ietf-hpke-pq-03): the secrets of both parts, and the public bytes of the P-256 part,
/// hashed together.
struct MLKEM768P256PublicKey: Sendable {
    /// Its number in HPKE.
    static let kem: UInt16 = 0x0050
    static let bytes = latticeBytes + 65
    private static let latticeBytes = 1184
    private static let label = "MLKEM768-P256"

    private let lattice: MLKEM768.PublicKey
    let point: P256.KeyAgreement.PublicKey

    /// An ML-KEM key and an uncompressed point.
    init(_ bytes: [UInt8]) throws {
        lattice = try MLKEM768.PublicKey(rawRepresentation: bytes.prefix(Self.latticeBytes))
        point = try P256.KeyAgreement.PublicKey(x963Representation: bytes.dropFirst(Self.latticeBytes))
        // Sealing once is what checks the numbers in an ML-KEM key.
        _ = try lattice.encapsulate()
    }

    func encapsulate() throws -> (secret: SecretBytes, share: [UInt8]) {
        let outer = try lattice.encapsulate()
        let ephemeral = P256.KeyAgreement.PrivateKey()
        let share = ephemeral.publicKey.x963Representation
        let inner = try ephemeral.sharedSecretFromKeyAgreement(with: point)
        let secret = Self.combine(outer.sharedSecret, inner, share: share, point: point.x963Representation)
        return (secret, Array(outer.encapsulated) + share)
    }

    static func combine(_ outer: SymmetricKey, _ inner: SharedSecret, share: Data, point: Data) -> SecretBytes {
        var hash = SHA3_256()
        outer.withUnsafeBytes { hash.update(bufferPointer: $0) }
        inner.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(data: share)
        hash.update(data: point)
        hash.update(data: Data(label.utf8))
        return hash.finalize().withUnsafeBytes { SecretBytes(copying: $0) }
    }
}

/// The key schedule of HPKE in base mode (RFC 9180, section 5.1) with HKDF-SHA-256 and ChaCha20-Poly1305, for the KEMs
/// that the library has no HPKE for.
struct HPKEKeySchedule {
    let key: SecretBytes
    /// The nonce of the first message; no key serves for a second one here.
    let nonce: [UInt8]

    init(_ secret: SecretBytes, kem: UInt16, info: [UInt8]) throws(SealingFailure) {
        let suite = Array("HPKE".utf8) + [UInt8(kem >> 8), UInt8(truncatingIfNeeded: kem), 0, 1, 0, 3]
        let none = SecretBytes([])
        let context =
            try [0] + Self.extract(suite, salt: none, "psk_id_hash", []).revealBytes()
            + Self.extract(suite, salt: none, "info_hash", info).revealBytes()
        // The empty PSK is the input here, and the shared secret the salt.
        let base = try Self.extract(suite, salt: secret, "secret", [])
        key = try Self.expand(suite, base, "key", context, count: AEAD.keyBytes)
        nonce = try Self.expand(suite, base, "base_nonce", context, count: AEAD.nonceBytes).revealBytes()
    }

    private static func extract(
        _ suite: [UInt8], salt: SecretBytes, _ label: String, _ input: [UInt8]
    ) throws(SealingFailure) -> SecretBytes {
        var code = try ResealSealing.HMAC.code(Array("HPKE-v1".utf8) + suite + Array(label.utf8) + input, key: salt)
        return SecretBytes(consuming: &code)
    }

    /// One round of HKDF-Expand is enough for 32 bytes.
    private static func expand(
        _ suite: [UInt8], _ key: SecretBytes, _ label: String, _ info: [UInt8], count: Int
    ) throws(SealingFailure) -> SecretBytes {
        let labeled = [0, UInt8(count)] + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info + [1]
        var code = try ResealSealing.HMAC.code(labeled, key: key)
        return SecretBytes(consuming: &code).slice(0..<count)
    }
}
