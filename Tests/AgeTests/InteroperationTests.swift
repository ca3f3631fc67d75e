import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

/// The `age` command and this module read what the other wrote, for all kinds of key that the command knows.
@Suite struct InteroperationTests {
    private let folder: TemporaryFolder
    private let text = SecretBytes(utf8: "a text\0 with bytes \u{1}\n")

    init() throws { folder = try TemporaryFolder() }

    private func check(_ key: SSHKeyFile) throws {
        let sealed = try Age.encrypt(text, to: [X25519Identity().recipient, key.recipient()])
        let opened = try Command.check("age", ["-d", "-i", key.path], stdin: sealed)
        #expect(opened.stdout == text.revealBytes())
        try folder.write(key.publicLine + "\n# no more\n", to: "people")
        for options in [["-r", key.publicLine], ["-R", folder.file("people"), "-a"], ["-e", "-i", key.path]] {
            let answer = try Command.check("age", options, stdin: text.revealBytes())
            #expect(try Age.decrypt(answer.stdout, with: key.identities()).isEqual(to: text))
        }
    }

    @Test func sshKeys() throws {
        try check(SSHKeyFile("-t", "ed25519"))
        try check(SSHKeyFile("-t", "rsa", "-b", "2048"))
        try check(SSHKeyFile("-t", "rsa", "-b", "3072", "-m", "PEM"))
        try check(SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PKCS8"))
    }

    @Test func lockedSSHKeysAreAskedAboutAlike() throws {
        let passphrase = SSHKeyFile.passphrase
        for key in [
            try SSHKeyFile("-t", "ed25519", passphrase: passphrase),
            try SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PEM", passphrase: passphrase),
        ] {
            try folder.write(Age.encrypt(text, to: [key.recipient()]), to: "sealed")
            for program in ["age", try BuiltProduct.reseal()] {
                let command = program == "age" ? [] : ["age"]
                let result = try PseudoTerminal.run(
                    program, command + ["-d", "-i", key.path, "-o", folder.file("opened"), folder.file("sealed")],
                    dialogue: [.init("assphrase", "\(passphrase)\n")])
                #expect(result.status == 0, "\(result.screen)")
                #expect(try folder.read("opened") == text.revealBytes())
                try FileManager.default.removeItem(atPath: folder.file("opened"))
            }
        }
    }

    @Test func sealedIdentityFiles() throws {
        let plain = try Command.check("age-keygen", []).stdout
        // `age` asks for passphrases at a terminal only, so that the file is sealed here and read by both.
        let passphrase = SecretBytes(utf8: "correct horse")
        let sealed = try Age.encrypt(SecretBytes(plain), to: [ScryptRecipient(passphrase, logN: 10)])
        let file = try Age.encrypt(
            text,
            to: IdentityFile.parse(SecretBytes(plain), name: "k", access: .unattended).flatMap { try $0.recipients() })
        try folder.write(file, to: "sealed")
        for bytes in [sealed, Armor.encode(sealed)] {
            try folder.write(bytes, to: "key")
            for program in ["age", try BuiltProduct.reseal()] {
                let command = program == "age" ? [] : ["age"]
                let result = try PseudoTerminal.run(
                    program,
                    command + ["-d", "-i", folder.file("key"), "-o", folder.file("opened"), folder.file("sealed")],
                    dialogue: [.init("assphrase", "correct horse\n")])
                #expect(result.status == 0, "\(result.screen)")
                #expect(try folder.read("opened") == text.revealBytes())
                try FileManager.default.removeItem(atPath: folder.file("opened"))
            }
        }
    }

    @Test func plugins() throws {
        let plugins = try Plugins.all()
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(plugins.folder.path):\(environment["PATH"] ?? "")"
        try folder.write(Plugins.identity("honest"), to: "key")
        let recipient = try RecipientFile.recipient(Plugins.recipient("honest"), access: plugins.access())
        let identities = try IdentityFile.parse(
            SecretBytes(folder.read("key")), name: "key", access: plugins.access())

        let sealed = try Age.encrypt(text, to: [recipient, X25519Identity().recipient])
        for options in [["-i", folder.file("key")], ["-j", "honest"]] {
            let opened = try Command.check("age", ["-d"] + options, stdin: sealed, environment: environment)
            #expect(opened.stdout == text.revealBytes())
        }
        for options in [["-r", recipient.description], ["-e", "-i", folder.file("key")]] {
            let answer = try Command.check("age", options, stdin: text.revealBytes(), environment: environment)
            #expect(try Age.decrypt(answer.stdout, with: identities).isEqual(to: text))
        }
    }

    @Test func pluginsWithAnotherClient() throws {
        let plugins = try Plugins.all()
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(plugins.folder.path):\(environment["PATH"] ?? "")"
        let recipient = try RecipientFile.recipient(Plugins.recipient("honest"), access: plugins.access())
        let program = """
            import pyrage, sys
            from pyrage import plugin
            class User:
                def display_message(self, message): pass
                def confirm(self, message, yes, no): return None
                def request_public_string(self, description): return None
                def request_passphrase(self, description): return None
            name, recipient, identity = sys.argv[1:]
            opener = plugin.IdentityPluginV1(name, [plugin.Identity.from_str(identity)], User())
            text = pyrage.decrypt(sys.stdin.buffer.read(), [opener])
            sealer = plugin.RecipientPluginV1(name, [plugin.Recipient.from_str(recipient)], [], User())
            sys.stdout.buffer.write(pyrage.encrypt(text, [sealer]))
            """
        let sealed = try Age.encrypt(text, to: [recipient])
        let answer = try Command.check(
            "python3", ["-c", program, "honest", recipient.description, Plugins.identity("honest")], stdin: sealed,
            environment: environment)
        let identity = try PluginIdentity(plugin: "honest", access: plugins.access())
        #expect(try Age.decrypt(answer.stdout, with: [identity]).isEqual(to: text))
    }
}
