internal import CLibGit2
internal import Glibc
internal import ResealCore

extension TransportSession {
    /// libssh2 takes the host key type that it likes best, which need not be one that known_hosts lists. libgit2
    /// narrows the choice to the type of the first line for the host in `$HOME/.ssh/known_hosts`. So each listed type
    /// is tried in turn with a file of just that line, and at last none: the key shown then makes a better message than
    /// "no common algorithm". Whatever is negotiated, our own reading of known_hosts decides.
    ///
    /// One empty attempt for every other protocol.
    func hostKeyAttempts() throws(GitFailure) -> [HostKey?] {
        guard request.isPrivate, let host = request.host, !request.location.lowercased().hasPrefix("https:") else {
            return [nil]
        }
        // Once: from the first attempt on, this process has another home.
        if knownHosts == nil { knownHosts = try readKnownHosts() }
        let knownHosts = knownHosts ?? KnownHosts(parsing: "")
        var attempts: [HostKey?] = []
        for key in knownHosts.keys(of: host, port: request.port ?? KnownHosts.standardPort)
        where HostKey.types.contains(key.type) && !attempts.contains(where: { $0?.type == key.type }) {
            attempts.append(key)
        }
        return attempts + [nil]
    }

    /// How messages name the files.
    var knownHostsName: String { request.credentials.knownHostsFile.map { GitText.cleaned($0) } ?? "known_hosts" }

    private func readKnownHosts() throws(GitFailure) -> KnownHosts {
        if let file = request.credentials.knownHostsFile { return try read(file) }
        var all = KnownHosts(parsing: "")
        let own = homeFolder().map { "\($0)/.ssh/known_hosts" }
        for file in [own, "/etc/ssh/ssh_known_hosts"] {
            if let file, access(file, F_OK) == 0 { all.append(try read(file)) }
        }
        return all
    }

    private func read(_ file: String) throws(GitFailure) -> KnownHosts {
        do {
            return KnownHosts(parsing: String(decoding: try AtomicFile.read(file, limit: 16 << 20), as: UTF8.self))
        } catch {
            throw GitFailure(.hostKey, "the known hosts cannot be read: \(error.message)", hint: error.hint)
        }
    }

    private func homeFolder() -> String? {
        if let home = getenv("HOME") { return String(cString: home) }
        return getpwuid(getuid()).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) }
    }

    /// Writes the file that libgit2 reads, into the mirror, and makes that folder this process's home.
    func preferHostKey(_ key: HostKey?) throws(GitFailure) {
        guard let host = request.host else { return }
        let home = "\(request.repository)/\(GitMirror.homeName)"
        let line = key.map {
            "[\(host)]:\(request.port ?? KnownHosts.standardPort) \($0.type) \(Base64.encode($0.blob, padded: true))\n"
        }
        do {
            try AtomicFile.createPrivateFolder("\(home)/.ssh")
            try AtomicFile.write(line ?? "", to: "\(home)/.ssh/known_hosts")
        } catch {
            throw GitFailure(.file, error.message, hint: error.hint)
        }
        setenv("HOME", home, 1)
    }
}
