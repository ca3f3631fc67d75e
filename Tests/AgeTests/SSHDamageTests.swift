import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

/// Damaged keys and stanzas end in a failure of the module.
@Suite struct SSHDamageTests {
    private let text = SecretBytes(utf8: "a text")

    @Test(arguments: [
        "", " ", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA", "ssh-ed25519 ####",
        // Ed25519: a key of 31 bytes, bytes behind the key, and another type in front.
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4=",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOgHCfLmL3bHTSoq3LDlvVZGBQ0wm0mYj5l6X6eFLZAtAA==",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm",
        // No point of the curve.
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB",
    ])
    func malformedPublicKeysAreRefused(line: String) {
        #expect(throws: AgeFailure(.recipient, "")) { try RecipientFile.recipient(line, access: .unattended) }
    }

    @Test func aNumberHasOneSpelling() throws {
        let line = try SSHKeyFile("-t", "rsa", "-b", "2048").publicLine
        let wire = try SSHPublicKey(line).wire
        // The exponent 65537 with one more zero in front.
        let marker: [UInt8] = [0, 0, 0, 3, 1, 0, 1]
        let place = try #require(wire.firstRange(of: marker))
        let padded = Array(wire[..<place.lowerBound]) + [0, 0, 0, 4, 0, 1, 0, 1] + wire[place.upperBound...]
        let failure = #expect(throws: AgeFailure.self) { try SSHPublicKey(wire: padded) }
        #expect(failure?.kind == .recipient)
    }

    @Test func aPointOfLowOrderIsRefused() throws {
        let neutral = [1] + [UInt8](repeating: 0, count: 31)
        let wire: [UInt8] = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + neutral
        let recipient = try SSHPublicKey(wire: wire).recipient()
        #expect(throws: AgeFailure(.recipient, "")) { try Age.encrypt(text, to: [recipient]) }
    }

    @Test(arguments: ["ed25519", "rsa"], [false, true])
    func damagedPrivateKeysNeverOpenForOthers(type: String, isEncrypted: Bool) throws {
        let passphrase = isEncrypted ? SSHKeyFile.passphrase : ""
        let key = try SSHKeyFile("-t", type, "-b", "2048", passphrase: passphrase)
        let bytes = try key.bytes
        let file = try Age.encrypt(text, to: [key.recipient()])
        let access = KeyAccess(interaction: ScriptedUser(secret: SSHKeyFile.passphrase), plugins: .none)
        for _ in 0..<(isEncrypted ? 10 : 100) {
            var damaged = bytes
            let place = Int.random(in: 0..<bytes.count)
            if Bool.random() {
                damaged[place] ^= 1 << UInt8.random(in: 0..<8)
            } else {
                damaged.removeSubrange(place...)
            }
            do throws(AgeFailure) {
                let identities = try IdentityFile.parse(SecretBytes(damaged), name: "key", access: access)
                // Only what says nothing of the key, such as its comment, may be changed unnoticed.
                #expect(try Age.decrypt(file, with: identities).isEqual(to: text))
            } catch {
                #expect([.identity, .passphrase, .header, .noMatch].contains(error.kind), "\(error)")
            }
        }
    }

    @Test func malformedStanzasForTheKeyAreDefects() throws {
        for key in [try SSHKeyFile("-t", "ed25519"), try SSHKeyFile("-t", "rsa", "-b", "2048")] {
            let identity = try #require(try key.identities().first)
            let fileKey = try FileKey.generate()
            let stanza = try #require(try key.recipient().wrap(fileKey).first)
            #expect(try identity.unwrap([stanza])?.isEqual(to: fileKey) == true)
            var arguments = stanza.arguments
            var bad = [
                Stanza(type: stanza.type, arguments: arguments + ["x"], body: stanza.body),
                Stanza(type: stanza.type, body: stanza.body),
                Stanza(type: stanza.type, arguments: arguments, body: Array(stanza.body.dropLast())),
                Stanza(type: stanza.type, arguments: arguments, body: stanza.body.reversed()),
                Stanza(type: stanza.type, arguments: arguments, body: []),
            ]
            if arguments.count == 2 {
                for share in ["", "AAAA", Base64.encode([UInt8](repeating: 0, count: 32), padded: false), "?"] {
                    arguments[1] = share
                    bad.append(Stanza(type: stanza.type, arguments: arguments, body: stanza.body))
                }
            }
            for stanza in bad { #expect(throws: AgeFailure(.header, "")) { try identity.unwrap([stanza]) } }
            // One for another key is none of its business.
            let foreign = Stanza(
                type: stanza.type, arguments: ["AAAAAA"] + stanza.arguments.dropFirst(), body: stanza.body)
            #expect(try identity.unwrap([foreign]) == nil)
        }
    }

    @Test func costlyDerivationsAreRefused() throws {
        let key = try SSHKeyFile("-t", "ed25519", passphrase: SSHKeyFile.passphrase)
        let text = try changed(key) { wire in
            let place = try #require(wire.firstRange(of: [0, 0, 0, 2, 0, 0, 0, 1]))
            wire.replaceSubrange(place, with: [0, 0, 0x27, 0x11, 0, 0, 0, 1])
        }
        #expect(throws: AgeFailure(.identity, "")) {
            try IdentityFile.parse(text, name: "key", access: .unattended)
        }
    }

    @Test func aPublicHalfThatIsNoPointIsADefectOfTheFile() throws {
        let key = try SSHKeyFile("-t", "ed25519", passphrase: SSHKeyFile.passphrase)
        let text = try changed(key) { wire in
            let type = try #require(wire.firstRange(of: Array("ssh-ed25519".utf8)))
            let half = type.upperBound + 4..<type.upperBound + 36
            wire.replaceSubrange(half, with: [2] + [UInt8](repeating: 0, count: 31))
        }
        #expect(throws: AgeFailure(.identity, "")) {
            try IdentityFile.parse(text, name: "key", access: .unattended)
        }
    }

    /// The key file of OpenSSH's own format with other bytes inside.
    private func changed(_ key: SSHKeyFile, _ change: (inout [UInt8]) throws -> Void) throws -> SecretBytes {
        let lines = String(decoding: try key.bytes, as: UTF8.self).split(separator: "\n")
        var wire = try #require(Base64.decode(lines.dropFirst().dropLast().joined().utf8, padded: true))
        try change(&wire)
        return SecretBytes(utf8: "\(lines[0])\n\(Base64.encode(wire, padded: true))\n\(lines[lines.count - 1])\n")
    }
}
