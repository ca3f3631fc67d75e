internal import ResealCore
internal import ResealHTTP

/// How the system's `ssh` is run: by us, and by the `git` program.
///
/// The user's configuration, agent, hardware keys, certificates and known hosts count as they do for him, but nothing may
/// ask a question, take a host on trust, or outlive the connection.
struct SSHCommand {
    private static let always = [
        "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "ClearAllForwardings=yes", "RemoteCommand=none",
        // A connection that is shared with others would show another login than the one that was set, and stay.
        "ControlMaster=no", "ControlPath=none",
        // Where the process that would end it is gone, it ends by itself.
        "ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4",
    ]

    /// As arguments of `ssh`.
    ///
    /// - Parameter asksForPassphrase: whether a program stands ready that answers.
    static func options(_ credentials: GitCredentials, asksForPassphrase: Bool = false) -> [String] {
        var settings = always
        if asksForPassphrase {
            settings += ["PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "NumberOfPasswordPrompts=1"]
        } else {
            settings.append("BatchMode=yes")
        }
        if let file = credentials.knownHostsFile {
            settings += ["UserKnownHostsFile=\(quoted(file))", "GlobalKnownHostsFile=none"]
        }
        if let file = credentials.sshKeyFile {
            settings += ["IdentitiesOnly=yes", "IdentityFile=\(quoted(file))"]
        } else if !credentials.useAgent {
            settings += ["IdentitiesOnly=yes", "IdentityFile=none"]
        }
        if !credentials.useAgent { settings.append("IdentityAgent=none") }
        return settings.flatMap { ["-o", $0] }
    }

    /// Options, then the host and what is to be run there.
    static func arguments(
        _ place: GitLocation, user: String, _ service: GitService, options: [String]
    ) -> [String] {
        // The host key that a server shows is told at this level only.
        var words = ["-T", "-o", "LogLevel=DEBUG1"] + options
        if let port = place.port { words += ["-p", String(port)] }
        return words + ["-l", user, "--", place.host ?? "", "\(service.program) \(shellQuoted(path(place.path)))"]
    }

    /// Git's rules: of a URL, the path is decoded, and `/~ada/x` is a path in the home of ada.
    private static func path(_ path: GitLocation.Path) -> String {
        switch path {
        case .plain(let text): return text
        case .url(let text):
            let decoded = PercentEncoding.decode(text).flatMap { $0.utf8.contains(0) ? nil : $0 } ?? text
            return decoded.hasPrefix("/~") ? String(decoded.dropFirst()) : decoded
        }
    }

    /// As Git does, for shells that give `!` a meaning too.
    static func shellQuoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "'\\''").replacing("!", with: "'\\!'"))'"
    }

    /// A file in ssh's configuration, where percent signs begin tokens.
    private static func quoted(_ file: String) -> String {
        let escaped = file.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
        return "\"\(escaped)\""
    }
}
