package import ResealCore

/// What went wrong between us and an HTTP server. Texts name a host and a port, never a path, a query, a header or what
/// the server says: any of them may hold a secret.
package struct HTTPFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// An address that is none, or that nothing may be sent to.
        case invalidAddress = "http.invalid-address"
        /// A certificate or key of the configuration that cannot be used, or a proxy that is none.
        case settings = "http.settings"
        /// The name, the port or the network; nothing was sent.
        case unreachable = "http.unreachable"
        /// The certificate of one side is not accepted; nothing was sent.
        case tls = "http.tls"
        /// The proxy does not let us through; nothing was sent.
        case proxy = "http.proxy"
        /// No answer in time. Whether the request took effect is not known.
        case timeout = "http.timeout"
        /// The connection ended before the answer. Whether the request took effect is not known.
        case connectionLost = "http.connection-lost"
        /// More than an answer may have.
        case tooLarge = "http.too-large"
        case cancelled = "http.cancelled"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

    package var retry: RetryAdvice {
        switch kind {
        case .unreachable, .proxy, .timeout, .connectionLost, .cancelled: .later
        case .invalidAddress, .settings, .tls, .tooLarge: .afterFix
        }
    }

    /// True where the server certainly never saw the request.
    package var isUnsent: Bool {
        switch kind {
        case .invalidAddress, .settings, .unreachable, .tls, .proxy: true
        case .timeout, .connectionLost, .tooLarge, .cancelled: false
        }
    }
}
