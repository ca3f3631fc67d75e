import ResealAge
import ResealCore
import TestSupport
import Testing

@testable import ResealManifests

/// What `git diff` compares.
@Suite struct OutlineTests {
    let texts: Texts

    init() throws { texts = try Texts() }

    private func outline(_ text: String, names: RecipientNames = RecipientNames()) -> String {
        String(decoding: SealedOutline.text(of: Array(text.utf8), names: names), as: UTF8.self)
    }

    private func summary(_ armor: String, names: RecipientNames = RecipientNames()) -> String {
        SealedSummary.line(Array(armor.utf8), names: names)
    }

    @Test(arguments: ["\n", "\r\n"]) func everythingElseStaysAsItIs(lineBreak: String) throws {
        let armor = try texts.sealed("v", 7)
        let quoted = armor.replacing("\n", with: "\\n")
        let block = armor.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        func file(_ a: String, _ f: String, _ b: String, _ c: String) -> String {
            """
            # A comment.
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: a}
            spec:
              value:
                a: \(a)
                f: \(f)

                # behind a blank line
                b:   \(b)   # quoted
                c: {d: \(c)}
                host:  'x' # plain
            """.replacing("\n", with: lineBreak)
        }
        let line = summary(armor)
        #expect(line.firstMatch(of: /^<sealed [0-9a-f]{16} #7, 2 recipients: [0-9a-f]{16}, [0-9a-f]{16}>$/) != nil)
        let found = outline(file("|-\n\(block)", "|2  # why\n\(block)", "\"\(quoted)\"", "\"\(quoted)\""))
        #expect(found == file(line, "\(line)  # why", line, line))
    }

    @Test func namesComeFromTheRules() throws {
        let manifest = """
            apiVersion: reseal/v1
            kind: Recipients
            metadata: {name: recipients}
            spec:
              controller: \(texts.people[0].recipient.description)
              groups:
                sre:
                  - \(texts.people[1].recipient.description) # alice
              rules: [{names: ["**"], recipients: ["group:sre"]}]
            """
        let names = try #require(SealedOutline.names(in: ManifestFile(path: "r.yaml", bytes: Array(manifest.utf8))))
        #expect(try summary(texts.sealed("v"), names: names).hasSuffix(" #1, 2 recipients: alice, controller>"))
        #expect(try summary(texts.sealed("v", for: 3), names: names).contains(" #1, 3 recipients: "))
        #expect(SealedOutline.names(in: ManifestFile(path: "x", bytes: Array("kind: Recipients\n".utf8))) == nil)
    }

    @Test func unboundValuesShowTheirStanzas() throws {
        let folder = try TemporaryFolder()
        try Command.check("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder.file("key")])
        let person = texts.people[0].recipient.description
        let sealed = try Command.check(
            "age", ["-a", "-r", person, "-r", person, "-R", folder.file("key.pub")], stdin: [1]
        )
        let line = SealedSummary.line(sealed.stdout, names: RecipientNames())
        #expect(
            line.firstMatch(of: /^<sealed [0-9a-f]{16}, 3 recipients: X25519 ×2, ssh-ed25519 [A-Za-z0-9+\/]{6}>$/)
                != nil,
            "\(line)")
        // The same file in binary is another file; white space around an armor is nothing.
        #expect(SealedSummary.line(sealed.stdout + [0x0a], names: RecipientNames()) == line)
    }

    @Test func whatIsNoManifestIsPassedThrough() throws {
        let armor = try texts.sealed("v")
        let damaged = armor.replacing("AGE ENCRYPTED FILE-----\nY", with: "AGE ENCRYPTED FILE-----\nZ")
        #expect(outline("a: \(Texts.block(damaged, indent: 2))\n").hasSuffix(", damaged>\n"))
        for text in [
            "", "\n", "text", "a: [\n", "a: \(Texts.block(armor, indent: 2))\nb: [\n", "\u{0}\u{1}", "- 1\n- 2\n",
        ] {
            #expect(outline(text) == text)
        }
        #expect(SealedOutline.text(of: [0xff, 0xfe, 0x00], names: RecipientNames()) == [0xff, 0xfe, 0x00])
        #expect(outline(armor) == summary(armor) + "\n")
    }
}
