import ResealSealing
import TestSupport
import Testing

@testable import ResealGit

/// The program that `ssh` runs to ask for a passphrase.
@Suite struct PassphraseTests {
    @Test func onlyTheKeysOwnQuestionIsAnswered() throws {
        let asked = try SSHPassphrase(SecretBytes(utf8: "open sesame"))
        defer { withExtendedLifetime(asked) {} }
        let variable = try #require(asked.variables.first { $0.hasPrefix("SSH_ASKPASS=") })
        let program = String(variable.dropFirst("SSH_ASKPASS=".count))
        for question in ["git@example.org's password: ", "(git@example.org) Enter passphrase for key: ", ""] {
            let answer = try Command.run(program, [question])
            #expect(answer.status != 0 && answer.text.isEmpty, "\(question)")
        }
        let question = "Enter passphrase for key '/keys/id': "
        #expect(try Command.run(program, [question]).text == "open sesame")
        #expect(try Command.run(program, [question]).status != 0)
    }
}
