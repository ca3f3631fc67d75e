import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealAge
@testable import ResealSealing

/// `reseal age` and `reseal keygen` with keys of all kinds.
@Suite struct AgeCommandTests {
    private let reseal: String
    private let folder: TemporaryFolder

    init() throws {
        reseal = try BuiltProduct.reseal()
        folder = try TemporaryFolder()
    }

    private func run(_ arguments: String..., stdin: String = "a text", plugins: Plugins? = nil) throws -> Command.Result
    {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(plugins.map { "\($0.folder.path):" } ?? "")\(environment["PATH"] ?? "")"
        return try Command.run(reseal, arguments, stdin: Array(stdin.utf8), environment: environment)
    }

    @Test func generatesPostQuantumKeys() throws {
        let made = try run("keygen", "--pq", "-o", folder.file("key"))
        #expect(made.errorText.hasPrefix("Public key: age1pq1"))
        let recipient = try run("keygen", "-y", folder.file("key")).text
        #expect(made.errorText == "Public key: \(recipient)")
        let sealed = try run("age", "-a", "-r", recipient)
        #expect(try run("age", "-d", "-i", folder.file("key"), stdin: sealed.text + "\n").text == "a text")
        #expect(try run("keygen", "-y", "--pq").status != 0)
    }

    @Test func printsRecipientsOfEveryKind() throws {
        let keys = [
            try SSHKeyFile("-t", "ed25519", passphrase: SSHKeyFile.passphrase),
            try SSHKeyFile("-t", "rsa", "-b", "2048", "-m", "PEM", passphrase: SSHKeyFile.passphrase),
            try SSHKeyFile("-t", "rsa", "-b", "2048"),
        ]
        for key in keys {
            // Without the comment; and no passphrase is asked for, as nobody could be asked.
            let expected = key.publicLine.split(separator: " ").prefix(2).joined(separator: " ")
            #expect(try run("keygen", "-y", key.path).text == expected)
        }
        try folder.write("\(KeyTests.identityText)\n\(KeyTests.identityText)\n", to: "keys")
        #expect(
            try run("keygen", "-y", folder.file("keys")).text == "\(KeyTests.recipientText)\n\(KeyTests.recipientText)")
        let plugin = try run("keygen", "-y", stdin: Plugins.identity("honest"))
        #expect(plugin.status == 1)
        #expect(plugin.errorText.contains("[age.identity]"))
    }

    @Test func sealsForManyAndOpensWithAnyOfThem() throws {
        let plugins = try Plugins.all()
        let ssh = try SSHKeyFile("-t", "ed25519")
        try folder.write("# keys\n\(KeyTests.identityText)\n\(Plugins.identity("honest"))\n", to: "mixed")
        try folder.write("\(KeyTests.recipientText)\n\(ssh.publicLine)\n", to: "people")
        let sealed = try run(
            "age", "-a", "-R", folder.file("people"), "-r", Plugins.recipient("honest"), plugins: plugins)
        #expect(sealed.status == 0, "\(sealed.errorText)")
        for options in [
            ["-i", folder.file("mixed")], ["-i", ssh.path], ["-j", "honest"], ["-j", "empty", "-i", ssh.path],
        ] {
            let opened = try Command.run(
                reseal, ["age", "-d"] + options, stdin: sealed.stdout,
                environment: ["PATH": "\(plugins.folder.path):/usr/bin:/bin"])
            #expect(opened.text == "a text", "\(options): \(opened.errorText)")
        }
        let own = try run("age", "-e", "-a", "-j", "honest", "-i", folder.file("mixed"), plugins: plugins)
        #expect(try run("age", "-d", "-j", "honest", stdin: own.text + "\n", plugins: plugins).text == "a text")
    }

    @Test func refusesWithTheReason() throws {
        let ecdsa = try SSHKeyFile("-t", "ecdsa").publicLine
        let hybrid = try HybridIdentity().recipient.description
        for (arguments, code, word) in [
            (["-r", "github:somebody"], "age.recipient", "https://github.com/USER.keys"),
            (["-r", ecdsa], "age.recipient", "ecdsa-sha2-nistp256"),
            (["-r", hybrid, "-r", KeyTests.recipientText], "age.recipient", "post-quantum"),
            (["-r", Plugins.recipient("absent")], "age.plugin-missing", "age-plugin-absent"),
            (["-d", "-j", "absent"], "age.plugin-missing", "age-plugin-absent"),
            (["-j", "absent"], "age.usage", "-j/--plugin"),
            (["-e", "-j", "../absent"], "age.identity", "age-plugin-NAME"),
        ] {
            let sealed = String(
                decoding: Armor.encode(try Age.encrypt(SecretBytes([1]), to: [X25519Identity().recipient])),
                as: UTF8.self)
            let result = try Command.run(
                reseal, ["age"] + arguments + (arguments.contains("-d") ? [] : ["-a"]), stdin: Array(sealed.utf8))
            #expect(result.status != 0)
            #expect(result.errorText.contains("[\(code)]") && result.errorText.contains(word), "\(result.errorText)")
        }
    }

    @Test func passesOverForeignSSHKeysWithAWarning() throws {
        let (ecdsa, good) = (try SSHKeyFile("-t", "ecdsa"), try SSHKeyFile("-t", "ed25519"))
        try folder.write("\(good.publicLine)\n\(ecdsa.publicLine)\n", to: "people")
        let sealed = try run("age", "-a", "-R", folder.file("people"))
        #expect(sealed.status == 0)
        #expect(sealed.errorText.contains("people:2"))
        #expect(sealed.errorText.contains("warning"))
        #expect(try run("age", "-d", "-i", good.path, stdin: sealed.text + "\n").text == "a text")
    }

    @Test func pluginsTalkToTheUser() throws {
        let plugins = try Plugins.all()
        try folder.write("a text", to: "text")
        let result = try PseudoTerminal.run(
            "env",
            [
                "PATH=\(plugins.folder.path):/usr/bin:/bin", reseal, "age", "-r", Plugins.recipient("asking"), "-o",
                folder.file("sealed"), folder.file("text"),
            ],
            dialogue: [
                .init("1: here, 2: skip", "maybe\n"), .init("1: here, 2: skip", "2\n"), .init("Enter: here", "\n"),
                .init("name", "Zoe\n"), .init("PIN", "1234\n"),
            ])
        #expect(result.status == 0, "\(result.screen)")
        #expect(result.screen.contains("age-plugin-asking: touch  [31m the token"))
        #expect(result.screen.contains("Zoe") && !result.screen.contains("1234"))
        #expect(result.echoes)
        let stanza = try Header(parsing: folder.read("sealed")).stanzas.first
        #expect(stanza?.arguments == ["ok", "okno", "okyes", "ok-5a6f65", "ok-31323334"])
    }

    @Test func appliesWithASealedIdentityFile() throws {
        let identity = try X25519Identity()
        let repository = try GitFixture()
        try Command.check(
            reseal, ["init", "--manifests", "manifests", "-r", identity.recipient.description],
            directory: repository.path)
        try repository.write(
            "manifests/token.yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata:
              name: token
            spec:
              type: generic
              description: a token
              value: ""
            """)
        let seal = ["seal", "token", "--insecure-value", "hunter2"]
        try Command.check(reseal, seal, directory: repository.path)
        try repository.commit()
        let home = folder.file("home")
        try Command.check(reseal, ["init", "--home", home])
        let key = try ScryptRecipient(SecretBytes(utf8: "correct horse"), logN: 10)
        try folder.write(Armor.encode(Age.encrypt(identity.revealText(), to: [key])), to: "key")
        let result = try PseudoTerminal.run(
            reseal, ["apply", "--home", home, "--repo", repository.path, "--identity", folder.file("key"), "--yes"],
            dialogue: [.init("Passphrase of the identity file", "correct horse\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(try Command.check(reseal, ["get", "token", "--home", home]).text == "hunter2")
    }
}
