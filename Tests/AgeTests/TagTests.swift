import Crypto
import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

/// What a hardware token would do with the stanzas that are made for it.
private struct Token {
    let lattice: MLKEM768.PrivateKey
    let curve: P256.KeyAgreement.PrivateKey

    init() throws { (lattice, curve) = (try .init(), .init()) }

    init(seeds: [UInt8]) throws {
        lattice = try .init(seedRepresentation: seeds.prefix(64), publicKey: nil)
        curve = try .init(rawRepresentation: seeds.dropFirst(64))
    }

    var recipient: String { text("age1tag", Array(curve.publicKey.compressedRepresentation)) }

    var hybridBytes: [UInt8] { Array(lattice.publicKey.rawRepresentation + curve.publicKey.x963Representation) }

    var hybridRecipient: String { text("age1tagpq", hybridBytes) }

    func text(_ start: String, _ bytes: [UInt8]) -> String {
        Array(start.utf8).withUnsafeBytes { start in
            var text = [UInt8](repeating: 0, count: Bech32.encodedCount(prefix: start, bytes: bytes.count))
            text.withUnsafeMutableBytes { text in
                bytes.withUnsafeBytes { Bech32.encode($0, prefix: start, into: text) }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }

    func secret(_ encapsulation: [UInt8]) throws -> SecretBytes {
        let share = Data(encapsulation.dropFirst(1088))
        return MLKEM768P256PublicKey.combine(
            try lattice.decapsulate(Data(encapsulation.prefix(1088))),
            try curve.sharedSecretFromKeyAgreement(with: .init(x963Representation: share)), share: share,
            point: curve.publicKey.x963Representation)
    }
}

extension Token: Identity {
    func unwrap(_ stanzas: [Stanza]) throws(AgeFailure) -> SecretBytes? {
        do { return try stanzas.compactMap(open).first } catch { throw AgeFailure(.native, "\(error)") }
    }

    private func open(_ stanza: Stanza) throws -> SecretBytes? {
        let words = stanza.arguments.compactMap { Base64.decode($0.utf8, padded: false) }
        guard words.count == 2, stanza.body.count == 32 else { return nil }
        let (tag, share) = (words[0], words[1])
        let label = "age-encryption.org/\(stanza.type)"
        switch stanza.type {
        case "p256tag":
            let recipient = Array(curve.publicKey.compressedRepresentation)
            guard try tag == RecipientTag.tag(label: label, share: share, recipient: recipient) else { return nil }
            var opener = try HPKE.Recipient(
                privateKey: curve,
                ciphersuite: .init(kem: .P256_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly),
                info: Data(label.utf8), encapsulatedKey: Data(share))
            return SecretBytes(Array(try opener.open(stanza.body)))
        case "mlkem768p256tag":
            let recipient = Array(curve.publicKey.x963Representation)
            guard try tag == RecipientTag.tag(label: label, share: share, recipient: recipient) else { return nil }
            let schedule = try HPKEKeySchedule(
                secret(share), kem: MLKEM768P256PublicKey.kem, info: Array(label.utf8))
            return try AEAD.chaCha20Poly1305.open(stanza.body, key: schedule.key, nonce: schedule.nonce)
        default: return nil
        }
    }
}

@Suite struct TagTests {
    private let text = SecretBytes(utf8: "a text")
    private let token: Token

    init() throws { token = try Token() }

    private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

    @Test func theSecretIsThatOfTheDraft() throws {
        let token = try Token(seeds: bytes(TagVector.seeds))
        let secret = try token.secret(bytes(TagVector.encapsulation))
        #expect(Hex.encode(secret.revealBytes()) == TagVector.secret)
    }

    /// The draft has the same suite with another KEM, of which only the number goes into the schedule.
    @Test func theKeyScheduleIsThatOfTheDraft() throws {
        let secret = SecretBytes(try bytes("b90cf181d95351d1091569487caaf6c3434eeb181a2c4c04631980ce139afa67"))
        let info = try bytes("34663634363532303666366532303631323034373732363536333639363136653230353537323665")
        let schedule = try HPKEKeySchedule(secret, kem: 0x647a, info: info)
        #expect(
            Hex.encode(schedule.key.revealBytes()) == "4a4c042267e8ec360c83b2baf0d5e3dcca73a86531cdf67ec41d95bccfe12387"
        )
        #expect(Hex.encode(schedule.nonce) == "5ddfaaee10a4dfd0d8e1b49f")
    }

    @Test func sealsForTokens() throws {
        for line in [token.recipient, token.hybridRecipient] {
            let recipient = try RecipientFile.recipient(line, access: .unattended)
            #expect(recipient.description == line)
            let file = try Age.encrypt(text, to: [recipient])
            #expect(try Age.decrypt(file, with: [token]).isEqual(to: text))
            #expect(throws: AgeFailure(.noMatch, "")) { try Age.decrypt(file, with: [Token()]) }
        }
    }

    @Test func tokensOpenWhatAnotherProgramSealed() throws {
        let program = """
            import pyrage, sys
            for line in sys.stdin:
                kind = pyrage.tagpq if line.startswith("age1tagpq1") else pyrage.tag
                print(pyrage.encrypt(b"a text", [kind.Recipient.from_str(line.strip())]).hex())
            """
        let lines = "\(token.recipient)\n\(token.hybridRecipient)\n"
        let answer = try Command.check("python3", ["-c", program], stdin: Array(lines.utf8)).text.split(separator: "\n")
        #expect(answer.count == 2)
        for file in answer { #expect(try Age.decrypt(bytes(String(file)), with: [token]).isEqual(to: text)) }
    }

    @Test func mixesOnlyWithItsKind() throws {
        let classical = try RecipientFile.recipient(token.recipient, access: .unattended)
        let hybrid = try RecipientFile.recipient(token.hybridRecipient, access: .unattended)
        let ours = (try X25519Identity(), try HybridIdentity())
        for (recipients, identity): ([any Recipient], any Identity) in [
            ([classical, ours.0.recipient], ours.0), ([hybrid, ours.1.recipient], ours.1),
        ] {
            let file = try Age.encrypt(text, to: recipients)
            #expect(try Age.decrypt(file, with: [token]).isEqual(to: text))
            #expect(try Age.decrypt(file, with: [identity]).isEqual(to: text))
        }
        for mixture: [any Recipient] in [
            [classical, hybrid], [hybrid, ours.0.recipient], [classical, ours.1.recipient],
        ] {
            #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(text, to: mixture) }
        }
    }

    @Test func malformedRecipientsAreRefused() throws {
        let point = Array(token.curve.publicKey.compressedRepresentation)
        let long = token.hybridBytes
        for bad in [
            token.text("age1tag", [5] + point.dropFirst()), token.text("age1tag", point + [0]),
            token.text("age1tag", [2] + [UInt8](repeating: 0xff, count: 32)), token.text("age1tag", []),
            token.text("age1tagpq", Array(long.dropLast())), token.text("age1tagpq", [0xff, 0xff] + long.dropFirst(2)),
            token.text("age1tagpq", long.dropLast(64) + [UInt8](repeating: 1, count: 64)),
            token.recipient.uppercased(), token.recipient + "q", token.hybridRecipient + "q",
        ] { #expect(throws: AgeFailure(.recipient, "")) { try RecipientFile.recipient(bad, access: .unattended) } }
    }
}
