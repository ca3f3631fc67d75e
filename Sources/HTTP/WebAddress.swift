internal import ResealCore

/// An address of the web (RFC 3986, `http` and `https` only), without user information and fragment.
package struct WebAddress: Sendable, Hashable {
    package enum Scheme: String, Sendable { case http, https }

    package let scheme: Scheme
    /// Lower case; an IPv6 address without its brackets.
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
            let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
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
    package var text: String { "\(scheme.rawValue)://\(bracketedHost):\(port)\(target)" }

    /// Host and port, which can be shown.
    package var place: String { "\(bracketedHost):\(port)" }

    /// True where what is sent stays on this machine.
    package var isLoopback: Bool { Loopback.isHost(host) }

    /// This address with `path` after its own, which may end in a slash or not.
    package func appending(_ path: String) throws(HTTPFailure) -> WebAddress {
        let base = target.hasSuffix("/") ? String(target.dropLast()) : target
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
