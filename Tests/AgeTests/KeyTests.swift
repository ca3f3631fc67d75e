import ResealCore
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct KeyTests {
    // The example of the specification.
    static let identityText = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    static let recipientText = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    @Test func readsAndWritesTheTextOfTheSpecification() throws {
        let identity = try X25519Identity(SecretBytes(utf8: Self.identityText))
        #expect(identity.recipient.description == Self.recipientText)
        #expect(try identity.revealText().revealText() == Self.identityText)
        #expect(try X25519Recipient(Self.recipientText) == identity.recipient)
        #expect(identity.recipient.fingerprint == Hex.encode(SHA256.hash(Array(Self.recipientText.utf8)).prefix(8)))
    }

    @Test func newKeysSurviveTheirText() throws {
        for _ in 0..<50 {
            let identity = try X25519Identity()
            let again = try X25519Identity(identity.revealText())
            #expect(again.recipient == identity.recipient)
            #expect(try X25519Recipient(identity.recipient.description) == identity.recipient)
        }
    }

    @Test func anyChangedLetterIsNoticed() throws {
        for (text, isRecipient) in [(Self.recipientText, true), (Self.identityText, false)] {
            for place in text.utf8.indices {
                for letter in "qpQP1 b\u{0}é" where !text[place...].hasPrefix(String(letter)) {
                    var changed = text
                    changed.replaceSubrange(place...place, with: String(letter))
                    if isRecipient {
                        #expect(throws: AgeFailure(.recipient, "")) { try X25519Recipient(changed) }
                    } else {
                        #expect(throws: AgeFailure(.identity, "")) { try X25519Identity(SecretBytes(utf8: changed)) }
                    }
                }
            }
        }
    }

    @Test(arguments: [
        "", "age1", "1", recipientText.uppercased(), recipientText + "q", String(recipientText.dropLast()),
        " " + recipientText, "AGE1" + recipientText.dropFirst(4), identityText, "ssh-ed25519 AAAA", "age1pq1qqqq",
        // Bytes of a key, but padding bits that are not zero or a key of another size.
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    ])
    func refusesOtherRecipients(text: String) {
        #expect(throws: AgeFailure(.recipient, "")) { try X25519Recipient(text) }
    }

    @Test func aRecipientOfLowOrderIsRefused() throws {
        let recipient = X25519Recipient(publicKey: [UInt8](repeating: 0, count: 32))
        #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(SecretBytes([1]), to: [recipient]) }
    }

    @Test func anIdentityShowsNothingOfItself() throws {
        let identity = try X25519Identity(SecretBytes(utf8: Self.identityText))
        var dumped = ""
        dump(identity, to: &dumped)
        for text in ["\(identity)", String(reflecting: identity), dumped] {
            #expect(!text.contains("GFPYY"))
            #expect(!text.contains("zvkyg"))
        }
    }

    @Test func readsFilesOfKeys() throws {
        let text = "# a comment\r\n\n  \(Self.identityText)\t\r\n#\(Self.identityText)\n\(Self.identityText)"
        #expect(try IdentityFile.parse(SecretBytes(utf8: text), name: "key.txt", access: .unattended).count == 2)
        let recipients = "# people\n\(Self.recipientText)\n\n\(Self.recipientText)\n"
        #expect(try RecipientFile.parse(Array(recipients.utf8), name: "people.txt", access: .unattended).count == 2)
    }

    @Test func aMistakeInAFileIsNamedByItsLineOnly() throws {
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ-hunter2"
        let identities = #expect(throws: AgeFailure.self) {
            try IdentityFile.parse(
                SecretBytes(utf8: "# ok\n\(Self.identityText)\n\n\(secret)\n"), name: "key.txt", access: .unattended)
        }
        let recipients = #expect(throws: AgeFailure.self) {
            try RecipientFile.parse(
                Array("\(Self.recipientText)\n\(secret)".utf8), name: "people.txt", access: .unattended)
        }
        #expect(identities?.kind == .identity)
        #expect(identities?.span == SourceSpan(file: "key.txt", line: 4))
        #expect(recipients?.kind == .recipient)
        #expect(recipients?.span == SourceSpan(file: "people.txt", line: 2))
        for failure in [identities, recipients] {
            #expect(failure?.description.contains("hunter2") == false)
            #expect(failure?.description.contains("GFPYY") == false)
        }
    }

    @Test func filesWithoutKeysAreRefused() {
        #expect(throws: AgeFailure(.identity, "")) {
            try IdentityFile.parse(SecretBytes(utf8: "# x\n"), name: "k", access: .unattended)
        }
        #expect(throws: AgeFailure(.recipient, "")) { try RecipientFile.parse([], name: "k", access: .unattended) }
    }
}
