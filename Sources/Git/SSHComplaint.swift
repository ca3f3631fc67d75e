internal import ResealCore

/// What `ssh` said before it ended, and what that means.
struct SSHComplaint {
    private let status: Int32
    private let lines: [String]
    /// Type and fingerprint of the key that the server showed.
    private let hostKey: (type: String, fingerprint: String)?

    /// The status of `ssh` for failures of its own; every other one is that of the program at the other end.
    private static let ownFailure: Int32 = 255
    private static let hostKeyMark = "debug1: Server host key: "
    /// What it says at the level that tells the host key, besides that key.
    private static let chatter = [
        "debug", "OpenSSH_", "Authenticated to ", "Authenticated using ", "Transferred: ", "Bytes per second: ",
    ]

    init(_ result: GitProgram.Result) {
        status = result.status
        let all = String(decoding: result.error, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            GitText.cleaned(String($0.prefix(300))).split(separator: " ").joined(separator: " ")
        }
        lines = all.filter { line in !line.isEmpty && !Self.chatter.contains { line.hasPrefix($0) } }
        let shown = all.last { $0.hasPrefix(Self.hostKeyMark) }?.dropFirst(Self.hostKeyMark.count).split(separator: " ")
        hostKey = shown.flatMap { $0.count >= 2 ? (String($0[0]), String($0[1])) : nil }
    }

    private func says(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
    private var lastLine: String { lines.last ?? "it ended with status \(status)" }

    func failure(
        _ place: GitLocation, _ request: TransportRequest, user: String, hasHeardPeer: Bool
    ) -> GitFailure {
        guard status == Self.ownFailure else { return remoteFailure(place, request, hasHeardPeer: hasHeardPeer) }
        if says("Host key verification failed") || says("host key is known for") || says("REVOKED HOST KEY") {
            return hostKeyFailure(place, request)
        }
        let refusals = ["Permission denied", "Too many authentication failures", "No more authentication methods"]
        if !hasHeardPeer, refusals.contains(where: says) { return loginFailure(place, request, user: user) }
        return GitFailure(
            .unreachable, "no SSH connection to \(place.display): \(lastLine)",
            hint: "check the address and the network; `ssh -v \(place.host ?? "")` tells more")
    }

    private func remoteFailure(
        _ place: GitLocation, _ request: TransportRequest, hasHeardPeer: Bool
    ) -> GitFailure {
        guard !hasHeardPeer else {
            return GitFailure(.unreachable, "\(place.display) broke off: \(lastLine)", hint: "try again")
        }
        return GitFailure(
            .remoteNotFound, "\(place.display) gives no repository: \(lastLine)",
            hint: "check the address, and that the credentials may \(request.right) it")
    }

    private func loginFailure(_ place: GitLocation, _ request: TransportRequest, user: String) -> GitFailure {
        guard request.credentials.sshKeyFile != nil || request.credentials.useAgent else {
            return GitFailure(
                .authentication, "\(place.display) asks for an SSH key, and none is configured",
                hint: "give a key file, or allow the SSH agent")
        }
        if let unreadable = lines.first(where: { $0.hasPrefix("Load key ") }) {
            return GitFailure(
                .authentication, "the SSH key for \(place.display) cannot be used: \(unreadable)",
                hint: "check the passphrase, and that the file is a private key as ssh-keygen writes it")
        }
        return GitFailure(
            .authentication,
            "\(place.display) refused the SSH key of user `\(GitText.cleaned(user))`: \(lastLine)",
            hint: "check that the public key is registered there; a key with a passphrase has to be in the agent")
    }

    // MARK: Who they are

    private func hostKeyFailure(_ place: GitLocation, _ request: TransportRequest) -> GitFailure {
        let host = place.host ?? ""
        let address = place.port.map { "[\(host)]:\($0)" } ?? host
        let file = request.credentials.knownHostsFile.map { GitText.cleaned($0) } ?? "known_hosts"
        let name = hostKey.map { "\($0.type) key \($0.fingerprint)" } ?? "key"
        if says("REVOKED HOST KEY") || says("is marked as revoked") {
            return GitFailure(
                .hostKey, "the \(name) of \(address) is marked as revoked in \(file)",
                hint: "do not connect before its owner has given it a new key")
        }
        if says("HOST IDENTIFICATION HAS CHANGED") {
            return GitFailure(
                .hostKey, "\(address) shows the \(name), which differs from the one in \(file)",
                hint: "someone may be listening in; only if its owner confirms the new key, replace the old line "
                    + "(ssh-keygen -R '\(address)')")
        }
        let port = place.port.map { "-p \($0) " } ?? ""
        return GitFailure(
            .hostKey, "the \(name) of \(address) is not in \(file)",
            hint: "compare it with what the server's owner publishes, then add it: "
                + "ssh-keyscan -t \(scanName) \(port)\(host) >> known_hosts")
    }

    private var scanName: String {
        guard let type = hostKey?.type else { return "ed25519" }
        return type.hasPrefix("ecdsa") ? "ecdsa" : (type.hasPrefix("ssh-") ? String(type.dropFirst(4)) : type)
    }
}
