internal import Glibc

/// Through which proxy requests go. Only HTTP proxies that understand CONNECT, as all do.
package enum WebProxy: Sendable, Hashable {
    /// What `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` of the environment say when a request is made. None
    /// for this machine: what may go there in the clear must not leave it.
    case environment
    case none
    case server(Server)

    package struct Server: Sendable, Hashable {
        package var host: String
        package var port: Int
        /// `user:password`, decoded.
        package var credentials: String?

        /// From `http://user:password@host:port`; scheme and credentials may be left out. `nil` for anything else.
        package init?(_ text: String) {
            var rest = text[...]
            if let mark = rest.firstRange(of: "://") {
                guard rest[..<mark.lowerBound].lowercased() == "http" else { return nil }
                rest = rest[mark.upperBound...]
            }
            if let at = rest.lastIndex(of: "@") {
                guard let decoded = PercentEncoding.decode(rest[..<at]) else { return nil }
                credentials = decoded
                rest = rest[rest.index(after: at)...]
            }
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            guard let address = try? WebAddress("http://\(rest)"), address.target == "/" else { return nil }
            host = address.host
            port = address.port
        }
    }

    /// From settings: an address, or `none`; `nil` for anything else.
    package init?(setting text: String) {
        if text == "none" {
            self = .none
        } else if let server = Server(text) {
            self = .server(server)
        } else {
            return nil
        }
    }

    /// The one for `address`, `nil` for none. Throws ``HTTPFailure`` where the environment names something else.
    package func server(
        for address: WebAddress, variable: (String) -> String? = Self.variable
    ) throws(HTTPFailure) -> Server? {
        switch self {
        case .none: return nil
        case .server(let server): return server
        case .environment:
            guard !address.isLoopback else { return nil }
            // HTTP_PROXY in capitals is left out: a CGI server sets it from a header of a stranger's request.
            let names = address.scheme == .https ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
            let text = (names + ["all_proxy", "ALL_PROXY"]).compactMap(variable).first { !$0.isEmpty }
            guard let text, !Self.isExcepted(address, by: variable("no_proxy") ?? variable("NO_PROXY") ?? "") else {
                return nil
            }
            guard let server = Server(text) else {
                throw HTTPFailure(
                    .settings, "the environment names a proxy that cannot be used",
                    hint: "set https_proxy to http://HOST:PORT")
            }
            return server
        }
    }

    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Names with all that is below them, as curl reads them; `*` for all; a port may follow.
    static func isExcepted(_ address: WebAddress, by list: String) -> Bool {
        list.split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            var name = entry.lowercased()[...]
            if name == "*" { return true }
            if name.count(where: { $0 == ":" }) == 1, let colon = name.lastIndex(of: ":") {
                guard name[name.index(after: colon)...] == "\(address.port)" else { return false }
                name = name[..<colon]
            }
            if name.hasPrefix(".") { name = name.dropFirst() }
            return !name.isEmpty && (address.host == name || address.host.hasSuffix("." + name))
        }
    }
}
