import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

@Suite struct SSHKeyTests {
    private static let ciphers = [
        "3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc", "aes128-ctr", "aes192-ctr", "aes256-ctr",
        "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
    ]
    private let text = SecretBytes(utf8: "a text")

    /// Seals for the key and opens with it, and expects the passphrase to be asked for as often as said.
    private func check(_ key: SSHKeyFile, questions: Int) throws {
        let user = ScriptedUser(secret: SSHKeyFile.passphrase)
        let identities = try key.identities(user)
        #expect(user.questions.isEmpty)
        let file = try Age.encrypt(text, to: [X25519Identity().recipient, key.recipient()])
        for _ in 0..<2 { #expect(try Age.decrypt(file, with: identities).isEqual(to: text)) }
        #expect(user.questions.count == questions)
        let derived = try identities.flatMap { try $0.recipients() }
        #expect(try Age.decrypt(Age.encrypt(text, to: derived), with: identities).isEqual(to: text))
    }

    @Test(arguments: ciphers)
    func opensWithKeysInEveryCipher(cipher: String) throws {
        try check(SSHKeyFile("-t", "ed25519", "-Z", cipher, passphrase: SSHKeyFile.passphrase), questions: 1)
    }

    @Test func opensWithPlainKeys() throws {
        try check(SSHKeyFile("-t", "ed25519"), questions: 0)
        try check(SSHKeyFile("-t", "rsa", "-b", "3072"), questions: 0)
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PEM"), questions: 0)
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PKCS8"), questions: 0)
        try check(SSHKeyFile(ed25519ByOpenSSL: nil), questions: 0)
    }

    @Test func opensWithOtherEncryptedKeys() throws {
        let passphrase = SSHKeyFile.passphrase
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", passphrase: passphrase), questions: 1)
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PEM", passphrase: passphrase), questions: 1)
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PKCS8", passphrase: passphrase), questions: 1)
        try check(SSHKeyFile(ed25519ByOpenSSL: passphrase), questions: 1)
    }

    @Test func aWrongPassphraseIsAskedForOnce() throws {
        for options in [["-Z", "aes256-ctr"], ["-Z", "aes256-gcm@openssh.com"], ["-m", "PEM", "-t", "rsa"]] {
            let type = options.contains("rsa") ? [] : ["-t", "ed25519"]
            let folder = try TemporaryFolder()
            try Command.check(
                "ssh-keygen", ["-q", "-N", "hunter22", "-a", "1", "-f", folder.file("k")] + options + type)
            let line = String(decoding: try folder.read("k.pub"), as: UTF8.self)
            let user = ScriptedUser(secret: "hunter23")
            let access = KeyAccess(interaction: user, plugins: .none)
            let identities = try IdentityFile.parse(SecretBytes(folder.read("k")), name: "k", access: access) {
                Array(line.utf8)
            }
            let file = try Age.encrypt(text, to: [RecipientFile.recipient(line, access: .unattended)])
            for _ in 0..<2 {
                let failure = #expect(throws: AgeFailure(.passphrase, "")) { try Age.decrypt(file, with: identities) }
                #expect(failure?.span == SourceSpan(file: "k", line: 1))
                #expect(failure?.description.contains("hunter") == false)
            }
            #expect(user.questions == ["Passphrase of the SSH key k"])
        }
    }

    @Test func nothingIsAskedWithoutAStanzaForTheKey() throws {
        let key = try SSHKeyFile("-t", "ed25519", passphrase: SSHKeyFile.passphrase)
        let other = try SSHKeyFile("-t", "ed25519")
        let file = try Age.encrypt(text, to: [other.recipient(), X25519Identity().recipient])
        let user = ScriptedUser(secret: SSHKeyFile.passphrase)
        #expect(throws: AgeFailure(.noMatch, "")) { try Age.decrypt(file, with: key.identities(user)) }
        #expect(user.questions.isEmpty)
        // A key that can be used without a question comes after it and opens the file.
        #expect(try Age.decrypt(file, with: key.identities(user) + other.identities()).isEqual(to: text))
        #expect(try key.identities(user).flatMap { try $0.recipients() }.count == 1)
        #expect(user.questions.isEmpty)
    }

    @Test func anEncryptedPEMNeedsItsPublicFile() throws {
        let key = try SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PEM", passphrase: SSHKeyFile.passphrase)
        for publicFile: [UInt8]? in [nil, [], Array("ssh-rsa AAAA".utf8), Array("ssh-dss AAAAB3NzaC1kc3M=".utf8)] {
            let failure = #expect(throws: AgeFailure(.identity, "")) {
                try IdentityFile.parse(SecretBytes(key.bytes), name: "key", access: .unattended) { publicFile }
            }
            #expect(failure?.message.contains("key.pub") == true)
        }
        // The file of another key is noticed when the passphrase is known.
        let other = try SSHKeyFile("-t", "rsa", "-b", "2048")
        let user = KeyAccess(interaction: ScriptedUser(secret: SSHKeyFile.passphrase), plugins: .none)
        let identities = try IdentityFile.parse(SecretBytes(key.bytes), name: "key", access: user) {
            Array(other.publicLine.utf8)
        }
        let file = try Age.encrypt(text, to: [other.recipient()])
        #expect(throws: AgeFailure(.identity, "")) { try Age.decrypt(file, with: identities) }
    }

    @Test func weakAndForeignKeysAreRefused() throws {
        let weak = try SSHKeyFile("-t", "rsa", "-b", "1024")
        #expect(throws: AgeFailure(.recipient, "")) { try weak.recipient() }
        #expect(throws: AgeFailure(.identity, "")) { try weak.identities() }
        let elliptic = try SSHKeyFile("-t", "ecdsa")
        #expect(throws: AgeFailure(.recipient, "")) { try elliptic.recipient() }
        #expect(throws: AgeFailure(.identity, "")) { try elliptic.identities() }
        let pem = try SSHKeyFile("-t", "ecdsa", "-m", "PKCS8")
        #expect(throws: AgeFailure(.identity, "")) { try pem.identities() }
        // Among recipients, keys of other kinds are passed over, but a weak one is an error.
        let good = try SSHKeyFile("-t", "ed25519")
        var skipped: [Diagnostic] = []
        let recipients = try RecipientFile.parse(
            Array("# people\n\(elliptic.publicLine)\n\n\(good.publicLine)\n".utf8), name: "people",
            access: .unattended
        ) { skipped.append($0) }
        #expect(
            recipients.map(\.description) == [good.publicLine.split(separator: " ").prefix(2).joined(separator: " ")])
        #expect(skipped.map(\.span) == [SourceSpan(file: "people", line: 2)])
        #expect(throws: AgeFailure(.recipient, "")) {
            try RecipientFile.parse(Array(elliptic.publicLine.utf8), name: "people", access: .unattended)
        }
        let failure = #expect(throws: AgeFailure(.recipient, "")) {
            try RecipientFile.parse(Array("\n\(weak.publicLine)".utf8), name: "people", access: .unattended)
        }
        #expect(failure?.span == SourceSpan(file: "people", line: 2))
    }
}
