internal import ResealCore
package import ResealSealing

/// What a server may ask for, and what decides whether we trust it.
package struct GitCredentials: Sendable {
    /// SSH: the account, unless the location names one (`git` if neither does). HTTPS: the user that goes with the
    /// token (`x-access-token` if the location names none).
    package var username: String?
    /// A private key in a format that OpenSSH writes, Ed25519 or ECDSA; readable by its owner only.
    package var sshKeyFile: String?
    package var sshKeyPassphrase: SecretBytes?
    /// Ask the agent behind `SSH_AUTH_SOCK`.
    package var useAgent: Bool
    /// `nil` for `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`.
    package var knownHostsFile: String?
    /// Sent as the password of HTTPS.
    package var token: SecretBytes?
    /// PEM certificates to trust instead of the system's.
    package var caFile: String?

    package init(
        username: String? = nil, sshKeyFile: String? = nil, sshKeyPassphrase: SecretBytes? = nil,
        useAgent: Bool = false, knownHostsFile: String? = nil, token: SecretBytes? = nil, caFile: String? = nil
    ) {
        self.username = username
        self.sshKeyFile = sshKeyFile
        self.sshKeyPassphrase = sshKeyPassphrase
        self.useAgent = useAgent
        self.knownHostsFile = knownHostsFile
        self.token = token
        self.caFile = caFile
    }
}
