import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal age` and `reseal keygen` beside the stock `age`.
@Suite struct AgeCommandTests {
    private static let shared = Result { try Installation() }
    static let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 5_000_000]
    let user: Installation
    let recipient: String
    let folder: TemporaryFolder

    init() throws {
        user = try Self.shared.get()
        recipient = try user.recipient()
        folder = try TemporaryFolder()
    }

    private func text(_ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) } }

    private func age(_ arguments: String..., stdin: [UInt8] = []) throws -> [UInt8] {
        try Command.check("age", arguments, stdin: stdin).stdout
    }

    private func reseal(_ arguments: String..., stdin: [UInt8] = []) throws -> [UInt8] {
        let result = try user.reseal(["age"] + arguments, stdin: stdin, directory: folder.path)
        guard result.status == 0 else { throw Command.Failure(description: "\(arguments): \(result.errorText)") }
        #expect(result.errorText == "")
        return result.stdout
    }

    // MARK: Both ways

    @Test(arguments: sizes, [false, true])
    func eachOpensTheOthersFiles(size: Int, armored: Bool) throws {
        let text = text(size)
        let armor = armored ? ["-a"] : []
        let ours = try user.reseal(["age", "-r", recipient] + armor, stdin: text).stdout
        #expect(ours.starts(with: (armored ? "-----BEGIN AGE ENCRYPTED FILE-----\n" : "age-encryption.org/v1\n").utf8))
        #expect(try age("-d", "-i", user.identity, stdin: ours) == text)
        let theirs = try Command.check("age", ["-r", recipient] + armor, stdin: text).stdout
        #expect(try reseal("-d", "-i", user.identity, stdin: theirs) == text)
        #expect(try reseal("-d", "-i", user.identity, stdin: ours) == text)
    }

    @Test func filesOfRecipientsAndSeveralOfThem() throws {
        let other = try Command.check("age-keygen", []).stdout
        let key = try folder.write(other, to: "other.txt")
        let list = try folder.write("# people\n\n\(recipient)\n", to: "recipients")
        let sealed = try reseal("-e", "-R", list, "-i", key, "--armor", stdin: Array("for both".utf8))
        for identity in [user.identity, key] {
            #expect(try age("-d", "-i", identity, stdin: sealed) == Array("for both".utf8))
        }
        let theirs = try age("-e", "-R", list, "-r", recipient, stdin: Array("x".utf8))
        #expect(try reseal("--decrypt", "--identity", key, "--identity", user.identity, stdin: theirs) == [0x78])
        // Lists on standard input.
        let file = try folder.write("content", to: "plain")
        let fromList = try reseal("-R", "-", file, stdin: Array("\(recipient)\n".utf8))
        #expect(try age("-d", "-i", user.identity, stdin: fromList) == Array("content".utf8))
    }

    @Test func passphrasesBothWays() throws {
        let file = try folder.write("sealed by words", to: "plain")
        let ours = folder.file("ours.age")
        let made = try user.atTerminal(
            ["age", "-p", "-o", ours, file],
            dialogue: [
                .init("Passphrase (leave empty to have a strong one made): ", "many words\n"),
                .init("Passphrase again: ", "many words\n"),
            ])
        #expect(made.status == 0, "\(made.screen)")
        let opened = try PseudoTerminal.run(
            "age", ["-d", ours], dialogue: [.init("Enter passphrase: ", "many words\n")])
        #expect(opened.status == 0 && opened.screen.contains("sealed by words"), "\(opened.screen)")
        let theirs = folder.file("theirs.age")
        let their = try PseudoTerminal.run(
            "age", ["-p", "-o", theirs, file],
            dialogue: [
                .init("autogenerate a secure one): ", "many words\n"), .init("Confirm passphrase: ", "many words\n"),
            ])
        #expect(their.status == 0, "\(their.screen)")
        let back = try user.atTerminal(["age", "-d", theirs], dialogue: [.init("Passphrase: ", "many words\n")])
        #expect(back.status == 0 && back.screen.contains("sealed by words"), "\(back.screen)")
        let wrong = try user.atTerminal(["age", "-d", theirs], dialogue: [.init("Passphrase: ", "other words\n")])
        #expect(wrong.status == 6 && wrong.screen.contains("the passphrase is wrong [age.no-match]"), "\(wrong.screen)")
    }

    @Test func aMadeUpPassphraseOpens() throws {
        let file = try folder.write("content", to: "plain")
        let sealed = folder.file("made.age")
        let made = try user.atTerminal(
            ["age", "-p", "-o", sealed, file], dialogue: [.init("strong one made): ", "\n")])
        let words = try #require(made.screen.firstMatch(of: /The passphrase is ([a-z2-9-]{34})\n/)?.output.1)
        let opened = try user.atTerminal(["age", "-d", sealed], dialogue: [.init("Passphrase: ", "\(words)\n")])
        #expect(opened.screen.contains("content"), "\(opened.screen)")
    }

    // MARK: Output

    @Test func anOutputFileIsWholeOrNotThere() throws {
        let sealed = try folder.write(age("-r", recipient, stdin: text(200_000)), to: "whole.age")
        let output = folder.file("out")
        _ = try reseal("-d", "-i", user.identity, "-o", output, sealed)
        #expect(try folder.read("out") == text(200_000))
        var info = stat()
        #expect(stat(output, &info) == 0 && info.st_mode & 0o777 == 0o600)
        let cut = try folder.write(Array(try folder.read("whole.age").dropLast(10)), to: "cut.age")
        for target in ["new", "out"] {
            let result = try user.reseal(["age", "-d", "-i", user.identity, "-o", folder.file(target), cut])
            #expect(result.status == 1 && result.errorText.contains("[age.payload]"), "\(result.errorText)")
        }
        #expect(try folder.read("out") == text(200_000))
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["whole.age", "out", "cut.age"])
    }

    @Test func aTerminalGetsTextOnly() throws {
        let file = try folder.write(text(1000), to: "binary")
        let sealed = try user.atTerminal(["age", "-r", recipient, file])
        #expect(sealed.status == 1 && sealed.screen.contains("[age.output]"), "\(sealed.screen)")
        #expect(try user.atTerminal(["age", "-a", "-r", recipient, file]).screen.hasPrefix("-----BEGIN AGE"))
    }

    // MARK: Errors

    @Test(arguments: [
        (["-e", "-d"], "choose one of them"), (["-d", "-a"], "recognised by themselves"),
        (["-d", "-p"], "recognised by themselves"), (["-d", "-r", "age1x"], "-i/--identity"),
        (["-d", "-R", "x"], "-i/--identity"), (["-i", "x"], "-d/--decrypt"), (["-p", "-r", "age1x"], "the only way"),
        (["-p", "-R", "x"], "the only way"), (["-p", "-i", "x"], "the only way"), ([], "-r/--recipient"),
        (["-r", "age1x", "a", "b"], "give the input last"), (["-R", "-", "-"], "`-` to one option only"),
    ])
    func clashesAreRefusedOneByOne(options: [String], hint: String) throws {
        let result = try user.reseal(["age"] + options)
        #expect(result.status == 64)
        #expect(result.errorText.contains("[age.usage]\n  hint: "), "\(result.errorText)")
        #expect(result.errorText.contains(hint), "\(result.errorText)")
    }

    @Test func whatCannotBeOpened() throws {
        let stranger = try Command.check("age-keygen", []).stdout
        let key = try folder.write(stranger, to: "stranger.txt")
        let sealed = try folder.write(age("-r", recipient, stdin: [1]), to: "x.age")
        let result = try user.reseal(["age", "-d", "-i", key, sealed])
        #expect(result.status == 6 && result.errorText.contains("[age.no-match]"))
        #expect(try user.reseal(["age", "-d", sealed]).errorText.contains("name an identity file with `-i FILE`"))
        #expect(try user.reseal(["age", "-d", "-i", "nowhere", sealed]).errorText.contains("[file.unreadable]"))
        let same = try user.reseal(["age", "-r", recipient, "-o", sealed, sealed])
        #expect(same.status == 64 && same.errorText.contains("the same file"))
    }

    // MARK: Keys

    @Test func keysAreTheStockOnes() throws {
        let ours = try user.expect("keygen", notes: ["Public key: age1"])
        let key = try folder.write(ours.stdout, to: "ours.txt")
        let public1 = try Command.check("age-keygen", ["-y", key]).text
        #expect(ours.text.contains("# public key: \(public1)") && ours.errorText == "Public key: \(public1)")
        let theirs = try folder.write(Command.check("age-keygen", []).stdout, to: "theirs.txt")
        let public2 = try Command.check("age-keygen", ["-y", theirs]).text
        #expect(try user.expect("keygen", "-y", theirs, notes: nil).text == public2)
        #expect(try user.reseal(["keygen", "-y"], stdin: ours.stdout).text == public1)
    }

    @Test func anExistingKeyIsNeverOverwritten() throws {
        let path = folder.file("key.txt")
        try user.expect("keygen", "-o", path, notes: ["Public key: age1"])
        let before = try folder.read("key.txt")
        try user.expectFailure("keygen", "-o", path, code: "file.exists", hasJSON: false)
        #expect(try folder.read("key.txt") == before)
        var info = stat()
        #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
        try user.expectFailure("keygen", "input.txt", exits: 64, code: "age.usage", hasJSON: false)
        try user.expectFailure("keygen", "-o", "/nonexistent/key.txt", code: "file.unwritable", hasJSON: false)
    }
}
