import ResealCore
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct HybridTests {
    // The example of the specification; the recipient is known by its SHA-256, since it has 1959 characters.
    private static let identityText = "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"
    private static let recipientHash = "a091dd7e0ee9d62b75173dcc98441a0424baa941e66a8776e570a4ae60ff61ea"
    private let text = SecretBytes(utf8: "a text")
    private let identity: HybridIdentity

    init() throws { identity = try HybridIdentity() }

    /// The text of a recipient with these bytes.
    private func text(_ bytes: [UInt8]) -> String {
        var text = [UInt8](
            repeating: 0, count: Bech32.encodedCount(prefix: HybridRecipient.prefix, bytes: bytes.count))
        text.withUnsafeMutableBytes { text in
            bytes.withUnsafeBytes { Bech32.encode($0, prefix: HybridRecipient.prefix, into: text) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func bytes(_ recipient: HybridRecipient) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1216)
        let isValid = bytes.withUnsafeMutableBytes { bytes in
            Array(recipient.description.utf8).withUnsafeBytes {
                Bech32.decode($0, prefix: HybridRecipient.prefix, into: bytes)
            }
        }
        #expect(isValid)
        return bytes
    }

    @Test func readsAndWritesTheTextOfTheSpecification() throws {
        let identity = try HybridIdentity(SecretBytes(utf8: Self.identityText))
        #expect(Hex.encode(SHA256.hash(Array(identity.recipient.description.utf8))) == Self.recipientHash)
        #expect(identity.revealText().revealText() == Self.identityText)
        #expect(try HybridRecipient(identity.recipient.description) == identity.recipient)
    }

    @Test func sealsAndOpens() throws {
        let other = try HybridIdentity()
        let bind = Stanza(type: "reseal.dev/bind", body: [1, 2, 3])
        let read = try RecipientFile.recipient(identity.recipient.description, access: .unattended)
        let file = try Age.encrypt(text, to: [other.recipient, read], extraStanzas: [bind])
        for identity in [identity, other] { #expect(try Age.decrypt(file, with: [identity]).isEqual(to: text)) }
        #expect(throws: AgeFailure(.noMatch, "")) { try Age.decrypt(file, with: [HybridIdentity()]) }
        #expect(try SealedFile(parsing: file).header.stanzas.last == bind)
    }

    @Test func isReadFromFilesOfKeys() throws {
        let lines = "# keys\n\(Self.identityText)\n\(KeyTests.identityText)\n"
        let identities = try IdentityFile.parse(SecretBytes(utf8: lines), name: "keys", access: .unattended)
        #expect(identities.map { "\(type(of: $0))" } == ["HybridIdentity", "X25519Identity"])
    }

    @Test func sharesNoFileWithOtherKinds() throws {
        let ssh = try SSHKeyFile("-t", "ed25519").recipient()
        let passphrase = try ScryptRecipient(SecretBytes(utf8: "correct horse"), logN: 2)
        for other: any Recipient in [try X25519Identity().recipient, ssh, passphrase] {
            for mixture in [[identity.recipient, other], [other, identity.recipient]] {
                #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(text, to: mixture) }
            }
        }
    }

    @Test func malformedRecipientsAreRefused() throws {
        let good = bytes(identity.recipient)
        #expect(try HybridRecipient(text(good)) == identity.recipient)
        // A coefficient of 4095, which is above the modulus; a point of low order; and wrong sizes.
        let tooLarge = [0xff, 0xff] + good.dropFirst(2)
        let lowOrder = good.dropLast(32) + [UInt8](repeating: 0, count: 32)
        for bad in [tooLarge, Array(lowOrder), Array(good.dropLast()), good + [0], []] {
            #expect(throws: AgeFailure(.recipient, "")) { try HybridRecipient(text(bad)) }
        }
        let line = identity.recipient.description
        for bad in [line.uppercased(), String(line.dropLast()), line + "q", "age1pq1", KeyTests.recipientText] {
            #expect(throws: AgeFailure(.recipient, "")) { try HybridRecipient(bad) }
        }
    }

    @Test func malformedIdentitiesAreRefused() throws {
        for bad in [
            Self.identityText.lowercased(), Self.identityText + "Q", "AGE-SECRET-KEY-PQ-1", KeyTests.identityText,
        ] {
            #expect(throws: AgeFailure(.identity, "")) { try HybridIdentity(SecretBytes(utf8: bad)) }
        }
    }

    @Test func anIdentityShowsNothingOfItself() throws {
        let identity = try HybridIdentity(SecretBytes(utf8: Self.identityText))
        var dumped = ""
        dump(identity, to: &dumped)
        for text in ["\(identity)", String(reflecting: identity), dumped] {
            #expect(text.contains("[REDACTED]") || text == dumped)
        }
        #expect(!dumped.contains("76JRAL") && !dumped.contains("age1pq1"))
    }
}
