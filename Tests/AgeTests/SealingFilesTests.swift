import ResealCore
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct SealingFilesTests {
    private let identity: X25519Identity
    private let bind = Stanza(type: "reseal.dev/bind", arguments: ["v1"], body: Array(#"{"secret":"orders-db"}"#.utf8))

    init() throws { identity = try X25519Identity() }

    private func text(_ count: Int) throws -> SecretBytes { try SystemRandom.secret(count) }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    func roundTrips(size: Int) throws {
        let text = try text(size)
        let file = try Age.encrypt(text, to: [X25519Identity().recipient, identity.recipient])
        #expect(try Age.decrypt(file, with: [X25519Identity(), identity]).isEqual(to: text))
        let armored = Armor.encode(file)
        let sealed = try SealedFile(parsing: armored)
        #expect(sealed.isArmored)
        #expect(sealed.plaintextCount == size)
        #expect(try Armor.decode(armored) == file)
        #expect(try sealed.open(with: [identity]).isEqual(to: text))
    }

    @Test(arguments: [0, 1, 65_536, 65_537, 131_072], [false, true])
    func streamsWriteWhatWholeFilesRead(size: Int, armored: Bool) throws {
        let text = try text(size)
        var rest = text.revealBytes()[...]
        var file: [UInt8] = []
        try Age.encrypt(
            from: { out in
                let count = min(out.count, rest.count, 7777)
                out.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                return count
            }, to: [identity.recipient], extraStanzas: [bind], armored: armored, into: { file += $0 })
        #expect(Armor.isArmored(file) == armored)
        let sealed = try SealedFile(parsing: file)
        #expect(sealed.header.stanzas.last == bind)
        #expect(try sealed.open(with: [identity]).isEqual(to: text))
        if armored { #expect(try Armor.encode(Armor.decode(file)) == file) }
    }

    @Test func extraStanzasAreReadableWithoutAKeyAndCoveredByTheMAC() throws {
        var file = try Age.encrypt(text(10), to: [identity.recipient], extraStanzas: [bind])
        #expect(try SealedFile(parsing: file).header.stanzas.filter { $0.type == "reseal.dev/bind" } == [bind])
        // `v1` becomes `v2`: still a header, but not the one that was written.
        let place = try #require(file.indices.dropLast(3).first { file[$0..<$0 + 3].elementsEqual(" v1".utf8) })
        file[place + 2] = UInt8(ascii: "2")
        #expect(throws: AgeFailure(.hmac, "")) { try Age.decrypt(file, with: [identity]) }
    }

    @Test func stanzasThatCannotBeWrittenAreRefused() throws {
        for stanza in [Stanza(type: ""), Stanza(type: "a b"), Stanza(type: "x", arguments: ["é"]), Stanza(type: "x\n")]
        {
            #expect(throws: AgeFailure(.recipient, "")) {
                try Age.encrypt(SecretBytes([1]), to: [identity.recipient], extraStanzas: [stanza])
            }
        }
    }

    @Test func aPassphraseStandsAlone() throws {
        let passphrase = try ScryptRecipient(SecretBytes(utf8: "correct horse"), logN: 2)
        let file = try Age.encrypt(text(5), to: [passphrase])
        #expect(try Age.decrypt(file, with: [ScryptIdentity(SecretBytes(utf8: "correct horse"))]).count == 5)
        #expect(throws: AgeFailure(.noMatch, "")) {
            try Age.decrypt(file, with: [ScryptIdentity(SecretBytes(utf8: "incorrect horse"))])
        }
        for mixture: [any Recipient] in [[passphrase, identity.recipient], [passphrase, passphrase]] {
            #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(SecretBytes([1]), to: mixture) }
        }
        #expect(throws: AgeFailure(.recipient, "")) {
            try Age.encrypt(SecretBytes([1]), to: [passphrase], extraStanzas: [bind])
        }
        #expect(throws: AgeFailure(.passphrase, "")) { try ScryptRecipient(SecretBytes([])) }
    }

    @Test func aCostlyPassphraseIsRefusedBeforeAnyWork() throws {
        let passphrase = SecretBytes(utf8: "correct horse")
        let file = try Age.encrypt(text(5), to: [ScryptRecipient(passphrase, logN: 11)])
        #expect(throws: AgeFailure(.header, "")) {
            try Age.decrypt(file, with: [ScryptIdentity(passphrase, maximumLogN: 10)])
        }
        #expect(try Age.decrypt(file, with: [ScryptIdentity(passphrase, maximumLogN: 11)]).count == 5)
    }

    @Test func noMatchTellsWhatTheFileHas() throws {
        let file = try Age.encrypt(
            text(5), to: [X25519Identity().recipient, X25519Identity().recipient], extraStanzas: [bind])
        let failure = #expect(throws: AgeFailure.self) { try Age.decrypt(file, with: [identity]) }
        #expect(failure?.message.contains("2 X25519, 1 reseal.dev/bind") == true)
        #expect(throws: AgeFailure(.noMatch, "")) { try Age.decrypt(file, with: []) }
        #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(SecretBytes([1]), to: []) }
    }

    @Test func sealingTwiceGivesDifferentFiles() throws {
        let text = try text(100)
        let files = try (0..<2).map { _ in try Age.encrypt(text, to: [identity.recipient]) }
        #expect(zip(files[0].suffix(132), files[1].suffix(132)).count { $0 == $1 } < 20)
    }

    @Test(arguments: 0...200)
    func headersOfAnySizeParseToWhatWasWritten(size: Int) throws {
        let stanza = Stanza(type: "x", arguments: ["a", "!~"], body: try SystemRandom.bytes(size))
        let header = try Header(stanzas: [stanza, Stanza(type: "y")], fileKey: FileKey.generate())
        #expect(try Header(parsing: header.encoded() + [1, 2, 3]) == header)
    }
}
