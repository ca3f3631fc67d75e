package import ResealCore

/// A message that did not arrive. Never holds what the other side says.
package struct NotifyFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// No Notifier of that name, or one that lacks what it needs.
        case notConfigured = "notify.not-configured"
        /// The receiver says no.
        case refused = "notify.refused"
        /// There is no connection to the mail server, or it ended.
        case mailUnreachable = "notify.mail-unreachable"
        /// The mail server has no encryption, or shows no certificate that is accepted.
        case mailTLS = "notify.mail-tls"
        case commandFailed = "notify.command-failed"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?
    package let retry: RetryAdvice

    package init(_ kind: Kind, _ message: String, hint: String? = nil, retry: RetryAdvice = .afterFix) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retry = retry
    }

    package var code: String { kind.rawValue }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
