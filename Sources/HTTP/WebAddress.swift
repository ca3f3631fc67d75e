internal import ResealCore

/// An address of the web (RFC 3986, `http` and `https` only), without user information and fragment.
package struct WebAddress: Sendable, Hashable {
    package enum Scheme: String, Sendable {
        case http, https
        /// HTTP over a socket of this machine. No address of a manifest or a setting can have it: only
        /// ``WebAddress/init(socket:)`` makes one.
        case unix
    }

    package let scheme: Scheme
    /// Lower case; an IPv6 address without its brackets. The path of a socket.
    package let host: String
    package let port: Int
    /// Path and query; begins with a slash.
    package let target: String

    /// Throws ``HTTPFailure`` for anything else. The text is not repeated in it, since people put tokens into addresses.
    package init(_ text: String) throws(HTTPFailure) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains("#"), !text.contains("\\") else {
            throw .invalid("it has characters that an address may not have")
        }
        guard let mark = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased()), scheme != .unix
        else { throw .invalid("it does not begin with https:// or http://") }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard !rest[..<end].contains("@") else {
            throw .invalid("it has a user name or password in it; credentials have settings of their own")
        }
        guard let (host, port) = Self.authority(rest[..<end]) else { throw .invalid("its host or its port is wrong") }
        self.scheme = scheme
        self.host = host
        self.port = port ?? (scheme == .https ? 443 : 80)
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    /// What answers at a socket of this machine. Throws ``HTTPFailure`` for a path that no socket can have.
    package init(socket path: String) throws(HTTPFailure) {
        guard path.hasPrefix("/"), !path.utf8.contains(0), path.utf8.count <= Self.longestSocketPath else {
            throw HTTPFailure(
                .invalidAddress,
                "the path of a socket is absolute, and not longer than \(Self.longestSocketPath) bytes",
                hint: "write it like unix:///run/reseal/agent.sock")
        }
        self.init(scheme: .unix, host: path, port: 0, target: "/")
    }

    private init(scheme: Scheme, host: String, port: Int, target: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
    }

    /// What the kernel's `sockaddr_un` has room for, but for the byte at its end.
    package static let longestSocketPath = 107

    private static func authority(_ text: Substring) -> (String, Int?)? {
        var host = text
        var port: Int?
        let colon = text.lastIndex(of: ":")
        if let colon, text.hasPrefix("[") ? text[..<colon].hasSuffix("]") : true {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
            (host, port) = (text[..<colon], Int(number))
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.utf8.allSatisfy({ Self.isHex($0) || $0 == 0x3a || $0 == 0x2e }) else { return nil }
        } else {
            guard host.utf8.allSatisfy(Self.isHostCharacter) else { return nil }
        }
        return host.isEmpty || host.utf8.count > 253 ? nil : (host.lowercased(), port)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || byte == 0x2d || byte == 0x2e || byte == 0x5f
    }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

    /// The whole address, for the request itself. It may hold a secret; messages use ``place``.
    package var text: String {
        guard scheme != .unix else { return "http+unix://\(PercentEncoding.encode(host))\(target)" }
        return "\(scheme.rawValue)://\(bracketedHost):\(port)\(target)"
    }

    /// Host and port, or a socket, which can be shown.
    package var place: String { scheme == .unix ? host : "\(bracketedHost):\(port)" }

    /// True where what is sent stays on this machine.
    package var isLoopback: Bool { scheme == .unix || Loopback.isHost(host) }

    /// This address with `path` after its own, which may end in a slash or not.
    package func appending(_ path: String) throws(HTTPFailure) -> WebAddress {
        let base = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard scheme != .unix else {
            return WebAddress(scheme: scheme, host: host, port: port, target: "\(base)/\(path)")
        }
        return try WebAddress("\(scheme.rawValue)://\(place)\(base)/\(path)")
    }
}

extension HTTPFailure {
    fileprivate static func invalid(_ reason: String) -> HTTPFailure {
        HTTPFailure(
            .invalidAddress, "an address cannot be used: \(reason)",
            hint: "write it like https://hooks.example.com/path")
    }
}
