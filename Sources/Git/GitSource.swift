internal import Glibc
internal import ResealCore

/// Where desired state comes from: a repository and a branch, tag or commit in it.
package struct GitSource: Sendable, Hashable {
    package enum Transport: String, Sendable, Hashable {
        /// A folder, opened where it is.
        case path
        case file, ssh, https, http, git
    }

    /// As it was given. Show ``displayLocation`` instead.
    package let location: String
    /// Whatever ``GitRepository/resolve(_:)`` takes.
    package let ref: String
    package let transport: Transport
    /// User, host and port as the location states them; `nil` for `path` and `file`.
    package let user: String?
    package let host: String?
    package let port: Int?

    /// Reads `PATH`, `file:///PATH`, `ssh://[USER@]HOST[:PORT]/PATH`, `[USER@]HOST:PATH`, `https://HOST/PATH`,
    /// `http://…` and `git://…`. The last two travel in the clear, without any proof of who answers, and need
    /// `allowInsecure` unless the host is this machine.
    ///
    /// A password in the location is refused: locations are stored and shown. So is all that Git would run a program
    /// for.
    package init(_ location: String, ref: String = "HEAD", allowInsecure: Bool = false) throws(GitFailure) {
        let parts = try GitLocation(parsing: location)
        self.location = location
        self.ref = ref
        transport = parts.transport
        user = parts.user
        host = parts.host
        port = parts.port
        let isPlain = transport == .http || transport == .git
        guard !isPlain || allowInsecure || parts.isThisMachine else {
            throw GitFailure(
                .invalidLocation, "\(parts.display) would be read in the clear, and anyone on the way could change it",
                hint: "use https:// or ssh://, or allow insecure sources explicitly")
        }
        guard !ref.isEmpty, !ref.hasPrefix("-"), ref.utf8.count <= 1024, GitLocation.isPrintable(ref) else {
            throw GitFailure(
                .invalidLocation, "`\(GitText.cleaned(String(ref.prefix(80))))` cannot name a branch, tag or commit")
        }
    }

    /// Fit for messages: without user, password, query and fragment.
    package var displayLocation: String { GitLocation.display(location) }

    /// True for a folder that is opened where it is; every other source goes through a ``GitMirror``.
    package var isLocal: Bool { transport == .path }
}

/// The parts of a location.
struct GitLocation {
    let transport: GitSource.Transport
    let user: String?
    let host: String?
    let port: Int?
    /// The repository at the host.
    let path: Path
    let display: String

    enum Path {
        /// As it was given.
        case plain(String)
        /// Of a URL: with percent signs for what a URL cannot hold.
        case url(String)
    }

    init(parsing text: String) throws(GitFailure) {
        display = Self.display(text)
        guard !text.isEmpty, text.utf8.count <= 4096, Self.isPrintable(text) else {
            throw GitFailure(
                .invalidLocation,
                "a location is 1 to 4096 printable characters, and \(text.isEmpty ? "this" : "one") is not",
                hint: Self.forms)
        }
        guard !text.hasPrefix("-") else { throw Self.invalid(display, "begins with `-`") }
        if let mark = text.firstRange(of: "://") {
            let scheme = String(text[..<mark.lowerBound]).lowercased()
            let authority = text[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            let path = text[authority.endIndex...]
            self.path = .url(String(path))
            transport = try Self.transport(scheme, display)
            guard transport != .file else {
                guard authority.isEmpty || authority == "localhost", path.count > 1 else {
                    throw Self.invalid(display, "needs an absolute path, as in file:///srv/config.git")
                }
                (user, host, port) = (nil, nil, nil)
                return
            }
            guard path.hasPrefix("/"), path.count > 1 else { throw Self.invalid(display, "names no repository") }
            (user, host, port) = try Self.authority(authority, display)
        } else if let colon = Self.endOfRemoteHost(text) {
            transport = .ssh
            let path = text[text.index(after: colon)...]
            self.path = .plain(String(path))
            guard !path.hasPrefix(":") else {
                throw Self.invalid(display, "names a helper program, which is never run")
            }
            guard (try? Self.transport(text[..<colon].lowercased(), display)) == nil else {
                throw Self.invalid(display, "lacks the `//` behind its scheme")
            }
            guard !path.isEmpty, !path.hasPrefix("-") else { throw Self.invalid(display, "names no repository") }
            (user, host, port) = try Self.authority(text[..<colon], display)
        } else {
            transport = .path
            path = .plain(text)
            (user, host, port) = (nil, nil, nil)
        }
    }

    /// As clients of HTTP take it: without the user.
    var webAddress: String {
        let host = host ?? ""
        let port = port.map { ":\($0)" } ?? ""
        let path = if case .url(let text) = path { text } else { "" }
        return "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host)\(port)\(path)"
    }

    var isThisMachine: Bool { host.map(Loopback.isHost) ?? false }

    private static let forms =
        "give a folder, or file:///PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or https://HOST/PATH"

    private static func invalid(_ display: String, _ what: String) -> GitFailure {
        GitFailure(.invalidLocation, "the location `\(display)` \(what)", hint: forms)
    }

    private static func transport(_ scheme: String, _ display: String) throws(GitFailure) -> GitSource.Transport {
        switch scheme {
        case "file": return .file
        case "ssh", "git+ssh", "ssh+git": return .ssh
        case "https": return .https
        case "http": return .http
        case "git": return .git
        default: throw invalid(display, "has an unknown scheme")
        }
    }

    private static func authority(
        _ text: Substring, _ display: String
    ) throws(GitFailure) -> (user: String?, host: String, port: Int?) {
        let at = text.lastIndex(of: "@")
        let user = at.map { String(text[..<$0]) }
        guard user?.contains(":") != true else {
            throw GitFailure(
                .invalidLocation, "the location `\(display)` holds a password",
                hint: "take it out of the location, and give it as the token")
        }
        var host = at.map { text[text.index(after: $0)...] } ?? text
        var port: Int?
        // Of an IPv6 address, whose colons are no port.
        let end = host.hasPrefix("[") ? host.firstIndex(of: "]") : nil
        if let colon = host.lastIndex(of: ":"), end.map({ colon > $0 }) ?? true {
            guard let number = Int(host[host.index(after: colon)...]), (1...65_535).contains(number) else {
                throw invalid(display, "has a port that is not one of 1 to 65535")
            }
            port = number
            host = host[..<colon]
        }
        if end != nil { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.hasPrefix("-"), user?.hasPrefix("-") != true, user != "",
            host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._:%".contains($0)) })
        else { throw invalid(display, "has no valid host") }
        return (user, host.lowercased(), port)
    }

    /// Git's rule: a colon without a slash before it separates a host from a path.
    private static func endOfRemoteHost(_ text: String) -> String.Index? {
        let start = text.firstIndex(of: "[").flatMap { open in text[open...].firstIndex(of: "]") } ?? text.startIndex
        guard let colon = text[start...].firstIndex(of: ":"), colon != text.startIndex,
            !text[..<colon].contains("/")
        else { return nil }
        return colon
    }

    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f || $0 == " " }
    }

    static func display(_ location: String) -> String {
        let text = GitText.cleaned(String(location.prefix(512)))
        guard text.contains("://") else {
            guard let colon = endOfRemoteHost(text), let at = text[..<colon].lastIndex(of: "@") else { return text }
            return String(text[text.index(after: at)...])
        }
        return String(text.prefix { $0 != "?" && $0 != "#" })
    }
}
