import Foundation
import ResealCore
import TestSupport
import Testing

/// `reseal edit` at a terminal: what is asked, and what becomes of the answers.
@Suite struct EditDialogueTests {
    private static let question = "Press Enter to go on editing, or type q to give up: "
    private static let consent = "Type plain to let it stand there, or press Enter to go on editing: "
    let desk: Desk

    init() throws { desk = try Desk() }

    /// A script that does something else each time, and says nothing.
    private func rounds(_ scripts: String...) -> String {
        let count = desk.user.folder.file("rounds")
        let cases = scripts.enumerated().map { "\($0 + 1)) \($1);;" }.joined(separator: "\n")
        return "echo >> \(count)\ncase $(wc -l < \(count)) in\n\(cases)\n*) exit 77;;\nesac"
    }

    @Test func anInvalidResultIsEditedUntilItIsGood() throws {
        let result = try desk.editAtTerminal(
            "prod/orders-db",
            rounds(
                "sed -i 's/!sealed .*/!sealed second try/; s/type: /typ: /' \"$1\"",
                // The text is as the person left it.
                "grep -q 'sealed second try' \"$1\"; sed -i 's/port:/\\tport:/; s/typ: /type: /' \"$1\"",
                "sed -i 's/\\t//' \"$1\""),
            dialogue: [.init(Self.question, "\n"), .init(Self.question, "\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(result.screen.contains("prod-orders-db.yaml:5:3: error: unknown key `typ`"), "\(result.screen)")
        #expect(result.screen.contains("[yaml.syntax]"))
        #expect(result.screen.contains("wrote manifests/all.yaml") && result.echoes)
        #expect(try desk.opened("password", in: try desk.text()) == Array("second try".utf8))
    }

    @Test(arguments: ["q\n", "\u{3}"])
    func givingUpChangesNothing(answer: String) throws {
        let before = try desk.text()
        let result = try desk.editAtTerminal(
            "prod/orders-db", "sed -i 's/!sealed .*/!sealed mine/; s/type: /typ: /' \"$1\"",
            dialogue: [.init(Self.question, answer)])
        #expect(result.status == (answer == "q\n" ? 1 : 130), "\(result.screen)")
        if answer == "q\n" { #expect(result.screen.contains("given up; nothing was written [edit.given-up]")) }
        #expect(try desk.text() == before && result.echoes)
    }

    @Test func consentIsGivenByAWord() throws {
        let refused = try desk.editAtTerminal(
            "prod/orders-db", rounds("sed -i 's/!sealed //' \"$1\"", "sed -i 's/database-password/!sealed &/' \"$1\""),
            dialogue: [.init(Self.consent, "y\n")])
        #expect(refused.status == 0 && refused.screen.hasSuffix("nothing was changed\n"), "\(refused.screen)")
        let given = try desk.editAtTerminal(
            "prod/orders-db", "sed -i 's/!sealed //' \"$1\"", dialogue: [.init(Self.consent, "plain\n")])
        #expect(given.status == 0, "\(given.screen)")
        #expect(given.screen.contains("warning: `password` of prod/orders-db has no tag any more"))
        #expect(given.screen.contains("`password` stands in Git unencrypted [manifest.plain-secret]"))
        #expect(try desk.text().contains("password: database-password\n"))
    }

    @Test func twoChangesAreBroughtTogether() throws {
        let result = try desk.editAtTerminal(
            "prod/orders-db",
            rounds(
                "sed -i 's/!sealed .*/!sealed mine/' \"$1\"; sed -i 's/host: db.internal/host: theirs/' \(desk.manifest)",
                "grep -q 'host: theirs' \"$1\"; grep -q '!sealed mine' \"$1\""),
            dialogue: [.init(Self.question, "\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(result.screen.contains("was changed by someone else while you edited it"))
        #expect(result.screen.contains("were brought together"))
        let text = try desk.text()
        #expect(text.contains("    host: theirs\n"))
        #expect(try desk.opened("password", in: text) == Array("mine".utf8))
    }

    @Test func twoChangesOfOneLineAreShownBoth() throws {
        let other = try desk.editor("sed -i 's/!sealed .*/!sealed theirs/' \"$1\"")
        let another =
            "EDITOR='\(other)' " + ([try BuiltProduct.reseal()] + desk.line("prod/orders-db")).joined(separator: " ")
        let result = try desk.editAtTerminal(
            "prod/orders-db",
            rounds(
                "sed -i 's/!sealed .*/!sealed mine/' \"$1\"; \(another)",
                "grep -q '<<<<<<< your text' \"$1\"; grep -q '!sealed theirs' \"$1\"; grep -q '>>>>>>> on disk' \"$1\"",
                "sed -i '/^<<<<<<</d; /^=======/,/^>>>>>>>/d' \"$1\""),
            dialogue: [.init(Self.question, "\n"), .init(Self.question, "\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(result.screen.contains("differ in the same lines"))
        #expect(result.screen.contains("counter 3"))
        #expect(try desk.opened("password", in: try desk.text()) == Array("mine".utf8))
    }

    @Test func aFileThatBecomesUnreadableLosesNothing() throws {
        // There is nothing to bring the text together with: it is asked again, and the text stays where it is.
        let result = try desk.editAtTerminal(
            "prod/orders-db",
            rounds("sed -i 's/!sealed .*/!sealed mine/' \"$1\"; echo '{' >> \(desk.manifest)"),
            dialogue: [.init(Self.question, "\n"), .init(Self.question, "\n"), .init(Self.question, "q\n")])
        #expect(result.status == 1, "\(result.screen)")
        #expect(result.screen.components(separatedBy: "[edit.unreadable]").count == 3, "\(result.screen)")
        #expect(try desk.text().hasSuffix("\n{\n"))
    }

    @Test func anEditorThatCrashesIsStartedAgain() throws {
        let result = try desk.editAtTerminal(
            "prod/orders-db", rounds("sed -i 's/!sealed .*/!sealed kept/' \"$1\"; kill -9 $$", "true"),
            dialogue: [.init(Self.question, "\n")])
        #expect(result.status == 0, "\(result.screen)")
        #expect(result.screen.contains("the editor was ended by signal 9"))
        #expect(try desk.opened("password", in: try desk.text()) == Array("kept".utf8))
    }

    @Test func controlCBelongsToTheEditor() throws {
        let result = try desk.editAtTerminal(
            "prod/orders-db", "trap 'sed -i s/5432/99/ \"$1\"; exit 0' INT; echo ready; while :; do sleep 0.05; done",
            dialogue: [.init("ready", "\u{3}")])
        #expect(result.status == 0 && result.screen.contains("wrote manifests/all.yaml"), "\(result.screen)")
        #expect(try desk.text().contains("port: 99\n"))
    }
}
