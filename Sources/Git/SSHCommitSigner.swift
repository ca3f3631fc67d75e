internal import ResealCore

/// Signs commits with an SSH key, by running `ssh-keygen`. The private key stays in its file or its agent and never
/// enters this process.
package struct SSHCommitSigner: Sendable, Hashable {
    /// A private key without a passphrase, readable by its owner only; or a public key whose private half the agent
    /// behind `SSH_AUTH_SOCK` holds.
    package var keyFile: String

    package init(keyFile: String) { self.keyFile = keyFile }

    private static let hint = "install OpenSSH's client programs, which commits are signed with"

    /// The armored signature, without a line end, as Git stores it in a commit.
    func sign(_ content: [UInt8]) throws(GitFailure) -> String {
        let program = try GitProgram("ssh-keygen", hint: Self.hint)
        // Whatever it may want to ask has no answer here, least of all at a terminal.
        let variables =
            ["SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"] + GitProgram.inherited(["SSH_AUTH_SOCK"])
        let result = try program.run(
            ["-Y", "sign", "-n", "git", "-f", keyFile], input: content, variables: variables)
        let lines = result.text.split(whereSeparator: \.isNewline)
        guard result.status == 0, lines.first == "-----BEGIN SSH SIGNATURE-----",
            lines.last == "-----END SSH SIGNATURE-----"
        else {
            throw GitFailure(
                .signingKey, "the key \(GitText.cleaned(keyFile)) cannot sign a commit: \(result.complaint)",
                hint: "give a private key without a passphrase and with mode 600, or a public key that the agent holds")
        }
        return lines.joined(separator: "\n")
    }
}
